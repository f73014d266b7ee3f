"""Shares of a total: signed as it is, and 100 in all."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.domain.report import Table
from chalicelib.usecases.reports.documents.costs import breakdown


@pytest.mark.parametrize("parts", [{"A": "12", "B": "-33"}, {"A": "12", "B": "33"}, {"A": "-1", "B": "-3"}, {"A": "5", "B": "-4"}])
def test_shares_sum_to_a_hundred_also_where_the_total_is_negative(parts: dict[str, str]) -> None:
    amounts = {name: Decimal(amount) for name, amount in parts.items()}
    answer = {"breakdown": amounts, "charges": {}, "total": sum(amounts.values()), "currency": "USD"}
    asked: Any = SimpleNamespace(costs=answer, cost_question=SimpleNamespace(by=("service",)))
    table = next(block for block in breakdown(asked) if isinstance(block, Table))
    shares = {str(row[0]): row[2] for row in table.rows}
    assert abs(sum(share for share in shares.values() if isinstance(share, Decimal)) - 100) < Decimal("0.00001")
    assert all((Decimal(str(shares[name])) > 0) == (amount / answer["total"] > 0) for name, amount in amounts.items())


def test_there_is_no_share_of_nothing() -> None:
    answer = {"breakdown": {"A": Decimal(1), "B": Decimal(-1)}, "charges": {}, "total": Decimal(0), "currency": "USD"}
    asked: Any = SimpleNamespace(costs=answer, cost_question=SimpleNamespace(by=("service",)))
    table = next(block for block in breakdown(asked) if isinstance(block, Table))
    assert [row[2] for row in table.rows] == [None, None]
