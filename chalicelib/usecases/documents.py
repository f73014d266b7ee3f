"""What each report says: answers of the API (the very same values) and their detail lines, laid out as sections."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from chalicelib.domain.consumption import HEADLINE, UNITS
from chalicelib.domain.cost import BASES, CostLine
from chalicelib.domain.exact import add_known, percent, plain
from chalicelib.domain.names import NONE
from chalicelib.domain.report import Chart, Column, KeyFigure, KeyFigures, Report, Section, Series, Table, Text

Answer = Mapping[str, Any]
LABELS = {"api_calls": "API calls", "storage_gb": "Storage", "compute_hours": "Compute", "data_transfer_gb": "Data transfer"}
BASIS_LABELS = {"billed": "Billed cost", "effective": "Effective cost", "list": "List cost"}
TITLES = {"usage": "Usage report", "compliance": "Compliance report", "costs": "Cost report", "executive": "Executive report"}
LARGEST_BARS = 10


def report(kind: str, customer_id: str, name: str, at: datetime, facts: Iterable[tuple[str, str]], sections: Iterable[Section]) -> Report:
    return Report(kind, f"{TITLES[kind]} for {name}", customer_id, name, at, tuple(facts), tuple(sections))


def window_facts(answer: Answer) -> list[tuple[str, str]]:
    window = answer["window"]
    return [
        ("Period", f"{answer['period']}: {window['start']} to {window['end']} (end not included)"),
        ("Data through", answer["data_through"] or "no data yet"),
    ]


def cost_facts(answer: Answer) -> list[tuple[str, str]]:
    return [
        *window_facts(answer),
        ("Amounts", f"{BASIS_LABELS[answer['cost']]} in {answer['currency'] or 'no currency'}"),
        ("Status", _status(answer)),
    ]


def _status(answer: Answer) -> str:
    """Final is said only of a period whose every day is known and final."""
    present, expected = answer["coverage"]["days_present"], answer["coverage"]["days_expected"]
    if not present:
        return "unknown: no day of this period is known"
    if answer["estimated"]:
        return "estimated: the bill of this period is not final"
    return "final" if present >= expected else f"final for {present} of {expected} days: the others are unknown"


def cost_summary(answer: Answer) -> Section:
    currency, change, held = answer["currency"] or "", answer["change"], answer["reconciliation"]
    figures = (
        KeyFigure(BASIS_LABELS[answer["cost"]], answer["total"], "money", currency),
        KeyFigure("Previous period", change["previous_total"], "money", currency),
        KeyFigure("Change", change["amount"], "money", currency),
        KeyFigure("Change in percent", change["percent"], "percent", "%"),
        KeyFigure("Difference to the source's own total", held["difference"], "money", currency),
    )
    trend = Chart("Cost over time", "line", (Series("Cost", _points(answer, "amount")),), currency)
    return Section("Costs", (KeyFigures("Key figures", figures), trend, _ranked(answer), cost_table(answer)))


def _points(answer: Answer, member: str) -> tuple[tuple[str, Decimal | None], ...]:
    return tuple(
        (entry["start"][:10] if entry["start"].endswith("T00:00:00Z") else entry["start"][:13], entry[member]) for entry in answer["series"]
    )


def _ranked(answer: Answer) -> Chart:
    largest = tuple(answer["breakdown"].items())[:LARGEST_BARS]
    return Chart("Largest lines", "bar", (Series("Cost", largest),), answer["currency"] or "")


def cost_table(answer: Answer) -> Table:
    total = answer["total"]
    shares = {
        name: plain(percent(amount, total) or Decimal(0)) for name, amount in answer["breakdown"].items() if amount is not None and total
    }
    rows = tuple((name, amount, shares.get(name)) for name, amount in answer["breakdown"].items())
    columns = (Column("Name"), Column("Cost", "money", answer["currency"] or ""), Column("Share", "percent", "%"))
    note = "" if answer["reconciliation"]["note"] is None else answer["reconciliation"]["note"]
    return Table("Cost by line", columns, rows, ("Total", total, ""), note)


def cost_detail(found: Sequence[tuple[date, CostLine]], currency: str) -> Section:
    """Every line of every day, in all three bases; the totals are of the unrounded amounts."""
    rows = tuple(
        (
            day,
            line.service or NONE,
            line.region or NONE,
            line.account or NONE,
            line.charge_category or NONE,
            *(_shown(line.amount(basis)) for basis in BASES),
        )
        for day, line in found
    )
    money = tuple(Column(BASIS_LABELS[basis], "money", currency) for basis in BASES)
    columns = (Column("Day", "date"), Column("Service"), Column("Region"), Column("Account"), Column("Charge"), *money)
    totals = tuple(_shown(add_known(line.amount(basis) for _, line in found)) for basis in BASES)
    return Section("Cost lines", (Table("Cost lines by day", columns, rows, ("Total", "", "", "", "", *totals)),))


def _shown(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else plain(amount)


def usage_summary(answer: Answer) -> Section:
    figures = []
    for metric in HEADLINE:
        figures.append(KeyFigure(LABELS[metric], answer["metrics"][metric], "number", UNITS[metric]))
        figures.append(KeyFigure(f"{LABELS[metric]}: change", answer["trends"][f"{metric}_change"], "percent", "%"))
    charts = tuple(
        Chart(f"{LABELS[metric]} over time", "line", (Series(LABELS[metric], _points(answer, metric)),), UNITS[metric])
        for metric in HEADLINE
    )
    coverage = answer["coverage"]
    text = Text(f"{coverage['hours_present']} of {coverage['hours_expected'] or 0} account-region hours of this period have been read.")
    return Section("Usage", (KeyFigures("Key figures", tuple(figures)), text, *charts))


def usage_detail(answer: Answer) -> Section:
    tables = [
        Table(
            f"{LABELS[metric]} by line",
            (Column("Name"), Column(LABELS[metric], "number", UNITS[metric])),
            tuple(answer["breakdown"][metric].items()),
            ("Total", answer["metrics"][metric]),
        )
        for metric in HEADLINE
    ]
    columns = (Column("Start", "time"), *(Column(LABELS[metric], "number", UNITS[metric]) for metric in HEADLINE))
    rows = tuple((datetime.fromisoformat(entry["start"]), *(entry[metric] for metric in HEADLINE)) for entry in answer["series"])
    totals = ("Whole period", *(answer["metrics"][metric] for metric in HEADLINE))
    note = "Storage is the mean of its hours, everything else a sum; n/a was not read."
    return Section("Usage in detail", (*tables, Table("Usage over time", columns, rows, totals, note)))


def compliance_facts(answer: Answer) -> list[tuple[str, str]]:
    return [
        ("As of", answer["data_through"] or "no data yet"),
        ("Product", answer["score"]["product"] or NONE),
        ("Definition", answer["score"]["definition"]),
    ]


def compliance_summary(answer: Answer) -> Section:
    score = answer["score"]
    names = (("passed", "Passed"), ("failed", "Failed"), ("unknown", "Unknown"), ("no_data", "No data"), ("disabled", "Disabled"))
    figures = (
        KeyFigure("Score", answer["current_score"], "integer", "of 100"),
        KeyFigure("Points gained in 30 days", answer["trend"], "integer", "points"),
        *(KeyFigure(f"Controls: {label}", score[name], "integer") for name, label in names),
    )
    severities = tuple((severity.capitalize(), count) for severity, count in answer["findings"].items())
    findings = Table(
        "Failed findings by severity", (Column("Severity"), Column("Failed findings", "integer")), severities, ("Total", _sum(severities))
    )
    bars = Chart(
        "Failed findings", "bar", (Series("Findings", tuple((name, None if n is None else Decimal(n)) for name, n in severities)),)
    )
    return Section("Compliance", (KeyFigures("Key figures", figures), bars, findings))


def _sum(counts: tuple[tuple[str, int | None], ...]) -> int | None:
    known = [count for _, count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def compliance_detail(answer: Answer) -> Section:
    counts = ("score", "passed", "failed", "unknown", "no_data")
    frameworks = Table(
        "Frameworks",
        (Column("Framework"), *(Column(name.replace("_", " ").capitalize(), "integer") for name in counts)),
        tuple((framework["id"], *(framework[name] for name in counts)) for framework in answer["frameworks"]),
    )
    issues = Table(
        "Failing controls",
        (Column("Control"), Column("Title"), Column("Severity"), Column("Failed resources", "integer")),
        tuple((issue["control_id"], issue["title"], issue["severity"], issue["failed_resources"]) for issue in answer["top_issues"]),
    )
    return Section("Compliance in detail", (frameworks, issues))
