"""The report value: equal content is one value, whatever format it will have."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from chalicelib.domain.report import Column, Report, Section, Table, Text


def _report(cost: Decimal | None) -> Report:
    table = Table("Costs", (Column("Service"), Column("Cost", "money", "USD")), (("EC2", cost),), ("Total", cost))
    section = Section("Costs", (Text("Billed cost."), table))
    return Report("costs", "Costs", "customer-1", "Customer", datetime(2026, 11, 1, tzinfo=UTC), (("Period", "30d"),), (section,))


def test_reports_of_equal_content_are_equal_and_hashable() -> None:
    assert _report(Decimal("1.50")) == _report(Decimal("1.50"))
    assert len({_report(Decimal("1.50")), _report(Decimal("1.50"))}) == 1


def test_unknown_is_another_report_than_zero() -> None:
    assert _report(None) != _report(Decimal(0))


def test_a_report_cannot_be_changed_after_it_was_built() -> None:
    with pytest.raises(FrozenInstanceError):
        _report(None).title = "Other"  # type: ignore[misc]
