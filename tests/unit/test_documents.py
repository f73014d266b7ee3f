"""What a report says of itself, beside its numbers."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.usecases.reports.documents.compose import cost_facts


def answer(present: int, expected: int, estimated: bool | None) -> dict[str, Any]:
    return {
        "period": "lastmonth",
        "window": {"start": "2026-10-01T00:00:00Z", "end": "2026-11-01T00:00:00Z"},
        "data_through": None,
        "cost": "billed",
        "currency": None,
        "estimated": estimated,
        "coverage": {"days_present": present, "days_expected": expected},
    }


@pytest.mark.parametrize(
    ("present", "expected", "estimated", "said"),
    [
        (31, 31, False, "final"),
        (31, 31, True, "estimated: the bill of this period is not final"),
        (10, 31, True, "estimated: the bill of this period is not final"),
        (10, 31, False, "final for 10 of 31 days: the others are unknown"),
        (0, 31, None, "unknown: no day of this period is known"),
        (0, 0, None, "unknown: no day of this period is known"),
    ],
)
def test_a_bill_is_called_final_only_where_every_day_of_it_is(present: int, expected: int, estimated: bool | None, said: str) -> None:
    assert dict(cost_facts(answer(present, expected, estimated)))["Status"] == said
