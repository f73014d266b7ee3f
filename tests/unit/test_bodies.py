"""JSON bodies: what isn't exactly as documented is refused by its member's name."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from chalice.app import Request

from chalicelib.domain.errors import InvalidInput
from chalicelib.routes.parameters import of_body, of_body_as
from chalicelib.usecases.billing.budget_request import BudgetBody
from chalicelib.usecases.questions.paging import limit_of
from chalicelib.usecases.questions.parameters import FILTERS

GOOD: dict[str, Any] = {"name": "all of it", "amount": 5}


def sent(body: Any) -> Request:
    content = body if isinstance(body, str) else json.dumps(body)
    context = {"resourcePath": "/", "httpMethod": "POST", "identity": {}}
    rest = dict.fromkeys(("multiValueQueryStringParameters", "pathParameters", "stageVariables"))
    return Request({"requestContext": context, "headers": {}, "body": content, "isBase64Encoded": False, **rest}, None)


def refused(body: Any) -> set[str]:
    with pytest.raises(InvalidInput) as raised:
        of_body_as(sent(body), BudgetBody)
    return {field for field, _ in raised.value.problems}


@pytest.mark.parametrize(
    ("text", "amount"), [("12.50", "12.50"), ("0.1234567891", "0.1234567891"), ('"12.50"', "12.50"), ("1e3", "1000"), ("7", "7")]
)
def test_an_amount_is_a_number_or_a_plain_decimal_as_text(text: str, amount: str) -> None:
    body, named = of_body_as(sent(f'{{"name": "a", "amount": {text}}}'), BudgetBody)
    assert (body.amount, named) == (Decimal(amount), None)


@pytest.mark.parametrize("text", [" 5", "5 ", "1_0", "1e3", "١٢", "", "+5", "-5", "NaN", "Infinity", "0x10", "1" * 16, "1.00000000001"])
def test_a_text_that_is_no_plain_decimal_is_no_amount(text: str) -> None:
    assert refused({**GOOD, "amount": text}) == {"amount"}
    assert refused({**GOOD, "thresholds": [{"percent": text}]}) == {"thresholds.percent"}


def test_a_member_that_is_unknown_is_named_at_any_depth() -> None:
    assert refused({**GOOD, "sudo": 1, "extra": None}) == {"sudo", "extra"}
    assert refused({**GOOD, "thresholds": [{"percent": 80}, {"percent": 80, "sudo": 1}]}) == {"thresholds.sudo"}


def test_names_in_a_scope_are_data() -> None:
    body, _ = of_body_as(sent({**GOOD, "scope": {"tag:team": ["web"]}, "thresholds": None, "customer_id": "acme"}), BudgetBody)
    assert body.scope == {"tag:team": ["web"]}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"type": ["costs"]}, "type"),
        ({"period": ["7d"]}, "period"),
        ({"region": 5}, "region"),
        ({"region": []}, "region"),
        ({"region": ["a", 5]}, "region"),
        ({"region": {"a": 1}}, "region"),
        ({"top": True}, "top"),
        ({"top": 5.0}, "top"),
        ({"top": [5]}, "top"),
        ({"cost": 1}, "cost"),
    ],
)
def test_a_member_of_the_wrong_kind_is_named(body: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        of_body(sent(body), FILTERS.__contains__, ("top",))
    assert [name for name, _ in raised.value.problems] == [field]


def test_members_become_parameters() -> None:
    body = {"type": "costs", "region": ["eu-west-1", "(none)"], "service": "AWS Lambda", "top": 5, "period": None, "customer_id": " "}
    found, named = of_body(sent(body), FILTERS.__contains__, ("top",))
    assert found == {"type": ["costs"], "region": ["eu-west-1", "(none)"], "service": ["AWS Lambda"], "top": ["5"]}
    assert named is None


def test_a_list_of_customers_names_all_of_them() -> None:
    assert of_body(sent({"customer_id": ["acme", "other"]}))[1] == "acme\nother"


@pytest.mark.parametrize("text", ["0", "007", "-1", "1.0", "101", "٣", " 5", "1_0", "9" * 299])
def test_a_limit_is_a_plain_whole_number(text: str) -> None:
    with pytest.raises(InvalidInput):
        limit_of({"limit": [text]})


def test_a_limit_that_is_not_given_is_the_usual_one() -> None:
    assert [limit_of(values, usual=20) for values in ({}, {"limit": ["100"]})] == [20, 100]


def test_a_member_that_stands_twice_is_refused_by_name() -> None:
    twice = b'{"customer_id": "other", "name": "a", "amount": 1, "customer_id": "mine"}'
    with pytest.raises(InvalidInput) as refused:
        of_body_as(sent(twice.decode()), BudgetBody)
    assert [field for field, _ in refused.value.problems] == ["customer_id"]


def test_a_number_of_thousands_of_digits_is_refused_like_any_other() -> None:
    assert refused('{"name": "a", "amount": ' + "9" * 5000 + "}") <= {"amount", "body"}
