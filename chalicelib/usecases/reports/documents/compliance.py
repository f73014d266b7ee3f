"""The sections on compliance."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.exceptions import Exceptions
from chalicelib.domain.findings import FAILED
from chalicelib.domain.report import Block, Change, Chart, Column, KeyFigure, KeyFigures, Row, Series, Table, Text
from chalicelib.usecases.answers.choices import choice_of
from chalicelib.usecases.answers.declarations import shown_declaration
from chalicelib.usecases.reports.documents.asked import Answer, Asked
from chalicelib.usecases.reports.documents.layout import decimal, instant, span, table_or, total_of, words

COUNTS = (("passed", "Passed"), ("failed", "Failed"), ("unknown", "Unknown"), ("no_data", "No data"), ("disabled", "Disabled"))
NOT_TOLD = "What is known doesn't tell of each control."


def figures(asked: Asked) -> Iterator[Block]:
    answer = asked.compliance
    score, findings = answer["score"], answer["findings"]
    gained = Change(answer["trend"], "points", "30 days before", "up")
    yield KeyFigures(
        "Compliance",
        (
            KeyFigure("Score", answer["current_score"], "integer", "of 100", gained),
            KeyFigure("Score with exceptions", answer["score_with_exceptions"], "integer", "of 100"),
            KeyFigure("Controls failed", score["failed"], "integer"),
            KeyFigure("Failed findings, critical or high", total_of((findings["critical"], findings["high"])), "integer"),
        ),
    )


def score(asked: Asked) -> Iterator[Block]:
    """The score by itself comes first, and asks for nothing else."""
    answer = asked.compliance
    yield Chart("Security Hub score", "gauge", (Series("Score", (("Score", decimal(answer["current_score"])),)),), "", Decimal(100))
    counts = tuple(KeyFigure(f"Controls: {label}", answer["score"][name], "integer") for name, label in COUNTS)
    yield KeyFigures("What the score is made of", counts)
    points = tuple((entry["date"], decimal(entry["score"])) for entry in asked.changes["series"])
    yield Chart("Score over the last 30 days", "line", (Series("Score", points),), "of 100")
    severities = tuple((severity.capitalize(), count) for severity, count in answer["findings"].items())
    bars = tuple((name, decimal(count)) for name, count in severities)
    yield Chart("Failed findings", "bar", (Series("Findings", bars),))
    columns = (Column("Severity"), Column("Failed findings", "integer"))
    yield Table("Failed findings by severity", columns, severities, ("Total", total_of(count for _, count in severities)))


def frameworks(asked: Asked) -> Iterator[Block]:
    names = ("score", "passed", "failed", "unknown", "no_data")
    columns = (Column("Framework"), *(Column(words(name), "integer") for name in names))
    rows = ((one["id"], *(one[name] for name in names)) for one in asked.compliance["frameworks"])
    yield table_or("No framework is known.", "Frameworks", columns, rows)


def failing(asked: Asked) -> Iterator[Block]:
    found = asked.controls(asked.framework, (FAILED,))["controls"]
    if found is None:
        yield from _issues(asked)
        return
    columns = (
        Column("Control"),
        Column("Title"),
        Column("Severity"),
        Column("Failed resources", "integer"),
        Column("Failing since", "time"),
    )
    rows = (
        (one["control_id"], one["title"], one["severity"], one["failed_resources"], instant(one["failing_since"]), one["owner"], _fix(one))
        for one in found
    )
    yield table_or("No control fails.", "Failing controls", (*columns, Column("Owner"), Column("How to fix it")), rows)


def _issues(asked: Asked) -> Iterator[Block]:
    """Where the day doesn't tell of each control: what it says of those that fail."""
    columns = (Column("Control"), Column("Title"), Column("Severity"), Column("Failed resources", "integer"))
    rows = ((one["control_id"], one["title"], one["severity"], one["failed_resources"]) for one in asked.compliance["top_issues"])
    known = asked.compliance["score"]["failed"] is not None
    yield table_or("No control fails." if known else "Nothing is known of it.", "Failing controls", columns, rows)


def _fix(control: Answer) -> str:
    fix = control["fix"]
    return "" if fix is None else fix["url"] or fix["text"]


def resources(asked: Asked) -> Iterator[Block]:
    """Every resource that fails a control."""
    found = asked.controls(asked.framework, (FAILED,))["controls"]
    if found is None:
        yield Text(NOT_TOLD)
        return
    names = ("Control", "Severity", "Account", "Region", "Resource", "Type")
    rows = (row for control in found for row in _resource_rows(control, asked.control(control["control_id"])))
    columns = (*(Column(name) for name in names), Column("Found", "time"), Column("Exception until", "time"))
    yield table_or("No resource fails.", "Failing resources", columns, rows)


def _resource_rows(control: Answer, answer: Answer) -> Iterator[Row]:
    for one in answer["failing_resources"]:
        exception = one["exception"] or control["exception"]
        until = instant(exception["expires_at"]) if exception else ""
        place = (one["account"], one["region"], one["resource"], one["type"] or "")
        yield (control["control_id"], one["severity"], *place, instant(one["updated_at"]), until)


def evidence(asked: Asked) -> Iterator[Block]:
    """Per framework every control with what its state rests on."""
    scores = {one["id"]: one["score"] for one in asked.compliance["frameworks"]}
    for framework in [asked.framework] if asked.framework else list(scores) or [None]:
        found = asked.controls(framework)["controls"]
        if found is None:
            yield Text(NOT_TOLD)
            continue
        known = scores.get(framework) if framework else asked.compliance["current_score"]
        note = f"Score: {'n/a' if known is None else known} of 100. Resources are those of the findings that count."
        yield table_or(
            "There are no controls.", f"Controls of {framework or 'all standards'}", EVIDENCE, map(_evidence_row, found), None, note
        )


EVIDENCE = (
    Column("Control"),
    Column("Title"),
    Column("Severity"),
    Column("State"),
    *(Column(name, "integer") for name in ("Failed", "Passed", "Unknown")),
    Column("First seen", "time"),
    Column("Failing since", "time"),
    Column("Said of it"),
)


def _evidence_row(one: Answer) -> Row:
    counts = (one["failed_resources"], one["passed_resources"], one["unknown_resources"])
    since = instant(one["failing_since"]) if one["state"] == FAILED else ""
    said = [declaration for declaration in (one["exception"], one["attestation"]) if declaration]
    told = ", ".join(f"{declaration['kind']} until {declaration['expires_at'][:10]}" for declaration in said)
    return (one["control_id"], one["title"], one["severity"], words(one["state"]), *counts, instant(one["first_seen"]), since, told)


def exceptions(asked: Asked) -> Iterator[Block]:
    """All that was said and is still in effect, or has ended in the last 30 days."""
    found: list[Answer] = [
        shown_declaration(one, asked.at) for one in choice_of(asked.metrics, asked.customer_id, Exceptions, asked.status).declarations
    ]
    columns = [Column(name) for name in ("Kind", "Control", "Resource", "Status", "Reason", "Approver")]
    rows = (
        (
            *(
                words(one[name]) if name in ("kind", "status") else one[name] or ""
                for name in ("kind", "control_id", "resource", "status", "reason", "approver")
            ),
            instant(one["created_at"]),
            instant(one["expires_at"]),
        )
        for one in found
    )
    text = "There are no exceptions and no attestations."
    yield table_or(text, "Exceptions and attestations", (*columns, Column("Said", "time"), Column("Until", "time")), rows)


def bridge(asked: Asked) -> Iterator[Block]:
    """From the score of 30 days ago to today's; the contributions sum to the change of the unrounded score."""
    answer = asked.changes
    if answer["by_category"] is None:
        yield Text(f"There is no score of {answer['from']} to compare with.")
        return
    then, now = answer["then"], answer["now"]
    sides = (("then", then), ("now", now))
    yield KeyFigures(
        f"From {answer['from']} to {answer['to']}",
        (
            *(KeyFigure(f"Unrounded score {when}", side["unrounded"], "number", "of 100") for when, side in sides),
            KeyFigure("Change of it", answer["change"], "number", "points"),
        ),
    )
    causes = (
        (words(name), one["controls"], one["contribution"], one["contribution_with_exceptions"])
        for name, one in answer["by_category"].items()
    )
    points = (Column("Points", "number"), Column("Points with exceptions", "number"))
    moved = [row for row in causes if row[1]]
    yield table_or("No control changed.", "What changed the score", (Column("What"), Column("Controls", "integer"), *points), moved)
    rows = (
        (
            *(one[name] for name in ("control_id", "title", "severity")),
            *(words(one[name] or "not there") for name in ("from", "to")),
            one["contribution"],
            one["contribution_with_exceptions"],
        )
        for one in answer["changes"]
    )
    if moved:
        names = ("Control", "Title", "Severity", "Before", "Now")
        yield table_or("", "Controls that changed", (*(Column(name) for name in names), *points), rows)


def at_risk(asked: Asked) -> Iterator[Block]:
    """What is spent where CRITICAL and HIGH controls fail, whatever the framework."""
    try:
        answer = asked.risk
    except InvalidInput as problem:
        yield Text(f"What is spent there can't be told: {problem}.")
        return
    if answer["at_risk"] is None:
        yield Text(NOT_TOLD)
        return
    columns = (Column("Account"), Column("Service"), Column("Cost", "money", answer["currency"] or ""), Column("Failing controls"))
    rows = ((one["account"], one["service"], one["amount"], _named(one)) for one in answer["at_risk"])
    of_all = " It is of the controls of all standards." if asked.framework else ""
    note = f"From {span(answer['window'])}. An exception takes no risk away, so it takes nothing off here.{of_all}"
    nothing = "No critical or high control fails on a service that can be told."
    yield table_or(nothing, "Spend at risk", columns, rows, ("Total", "", answer["total"], ""), note)
    if answer["service_unknown"]:
        untold = tuple((one["account"], _named(one)) for one in answer["service_unknown"])
        yield Table("Where the service can't be told, nor what it costs", (Column("Account"), Column("Failing controls")), untold)


def _named(one: Answer) -> str:
    return ", ".join(f"{control['control_id']} ({control['severity']})" for control in one["controls"])
