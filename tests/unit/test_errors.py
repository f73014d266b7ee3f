"""What an error says to the reader of an answer, and what it carries for whoever catches it."""

from __future__ import annotations

from chalicelib.domain.errors import InvalidInput, SourceUnavailable, Unauthorized


def test_everything_that_is_wrong_with_a_request_is_told_by_its_field() -> None:
    error = InvalidInput(("name", "is missing"), ("period", "must be like 7d"))
    assert str(error) == "name: is missing; period: must be like 7d"
    assert error.problems == (("name", "is missing"), ("period", "must be like 7d"))


def test_bad_credentials_are_all_alike() -> None:
    assert str(Unauthorized()) == "the request carries no valid credential"


def test_a_source_that_fails_is_named_with_its_reason_and_what_it_concerns() -> None:
    one, everything = SourceUnavailable("cloudwatch", "AccessDenied", "1/eu-west-1"), SourceUnavailable("cost_explorer", "BillExpired")
    assert (str(one), one.source, one.reason, one.scope) == (
        "cloudwatch: AccessDenied (1/eu-west-1)",
        "cloudwatch",
        "AccessDenied",
        "1/eu-west-1",
    )
    assert (str(everything), everything.scope) == ("cost_explorer: BillExpired", "")
