"""The sections on costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from chalicelib.domain.breakdown import group, top
from chalicelib.domain.cost import BASES, CostDay
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.exact import add_known, percent, plain
from chalicelib.domain.names import NONE, OTHERS
from chalicelib.domain.period import buckets
from chalicelib.domain.report import Block, Change, Chart, Column, KeyFigure, KeyFigures, Row, Series, Table, Text
from chalicelib.domain.spend import Chosen, by_key
from chalicelib.usecases.answers.costs import lines_of
from chalicelib.usecases.answers.values import text_of
from chalicelib.usecases.reports.documents.asked import Answer, Asked
from chalicelib.usecases.reports.documents.layout import joined, point_label, span, table_or

BASIS_LABELS = {"billed": "Billed cost", "effective": "Effective cost", "list": "List cost"}
LARGEST_BARS, STACKED, LEAST_TOLD = 10, 5, 3
STATES = {"new": "new", "vanished": "gone"}


def figures(asked: Asked) -> Iterator[Block]:
    answer, change = asked.costs, asked.costs["change"]
    unit, against = answer["currency"] or "", _against(change)
    ahead = answer["forecast"]
    yield KeyFigures(
        "Costs",
        (
            KeyFigure(BASIS_LABELS[answer["cost"]], answer["total"], "money", unit, Change(change["percent"], "%", against, "down")),
            KeyFigure("Previous period", change["previous_total"], "money", unit),
            KeyFigure("Change", change["amount"], "money", unit),
            KeyFigure(f"Forecast for {ahead['month']}", ahead["amount"] if unit else None, "money", unit),
            KeyFigure("Difference to the source's own total", answer["reconciliation"]["difference"], "money", unit),
        ),
    )


def _against(change: Answer) -> str:
    return span(change["previous_window"]) if change["previous_window"] else "nothing to compare with"


def trend(asked: Asked) -> Iterator[Block]:
    """The total, and what it is made of, over time."""
    answer = asked.costs
    unit, series = answer["currency"] or "", answer["series"]
    points = tuple((point_label(entry["start"]), entry["amount"]) for entry in series)
    estimated, known = (sum(map(of, (entry["estimated"] for entry in series))) for of in (bool, lambda told: told is not None))
    note = f"{estimated} of {known} known {answer['window']['granularity']}s are estimated and may change." if estimated else ""
    yield Chart(f"Total by {answer['window']['granularity']}", "line", (Series("Cost", points),), unit, note=note)
    stacks = _stacks(asked)
    if len(stacks) > 1:
        yield Chart(f"By {' and '.join(asked.cost_question.by)}", "stacked", stacks, unit)


def _stacks(asked: Asked) -> tuple[Series, ...]:
    """The largest names of the whole window and the others, by bucket; a bucket without a known day is a gap."""
    question, answer = asked.cost_question, asked.costs
    chosen = Chosen(question.selection, answer["currency"])
    names = tuple(top(answer["breakdown"], STACKED)) if answer["breakdown"] else ()
    points: dict[str, list[tuple[str, Decimal | None]]] = {name: [] for name in names}
    for bucket in buckets(question.window, question.granularity):
        days = [day for day in asked.cost_days if bucket.start.date() <= day.day < bucket.end.date()]
        parts = group(by_key(days, question.basis, chosen), question.by)
        label = point_label(text_of(bucket.start) or "")
        for name in names:
            points[name].append((label, _named(parts, name, names) if days else None))
    return tuple(Series(name, tuple(found)) for name, found in points.items())


def _named(parts: dict[str, Decimal | None], name: str, names: tuple[str, ...]) -> Decimal | None:
    if name == OTHERS:  # also where something is really called so
        return add_known(amount for other, amount in parts.items() if other == OTHERS or other not in names)
    return parts.get(name, Decimal(0))


def breakdown(asked: Asked) -> Iterator[Block]:
    answer = asked.costs
    yield Chart(
        f"Largest by {' and '.join(asked.cost_question.by)}",
        "bar",
        (Series("Cost", tuple(answer["breakdown"].items())[:LARGEST_BARS]),),
        answer["currency"] or "",
    )
    yield _by_line("Cost by line", "Name", answer, answer["breakdown"])
    yield _by_line("Cost by charge", "Charge", answer, answer["charges"])


def accounts(asked: Asked) -> Iterator[Block]:
    yield _by_line("Cost by account", "Account", asked.costs, asked.costs_by("account")["breakdown"])


def regions(asked: Asked) -> Iterator[Block]:
    yield _by_line("Cost by region", "Region", asked.costs, asked.costs_by("region")["breakdown"])


def _by_line(title: str, name: str, answer: Answer, parts: dict[str, Decimal | None]) -> Table:
    total = answer["total"]
    columns = (Column(name), Column("Cost", "money", answer["currency"] or ""), Column("Share", "percent", "%"))
    return Table(title, columns, tuple((part, amount, _share(amount, total)) for part, amount in parts.items()), ("Total", total, ""))


def _share(amount: Decimal | None, total: Decimal | None) -> Decimal | None:
    """None of an unknown amount, or of a total of 0; all shares of a total sum to 100, a negative one's, too."""
    if amount is None or not total:
        return None
    found = percent(amount, total)
    return None if found is None else plain(found if total > 0 else -found)


def drivers(asked: Asked) -> Iterator[Block]:
    """What the change is made of, line by line; they sum to it."""
    answer, change = asked.costs, asked.costs["change"]
    unit, lines = answer["currency"] or "", change["lines"]
    if lines is None:
        yield Text("There is nothing whole to compare with, so the change can't be told line by line.")
        return
    moved = tuple((line["name"], line["amount"]) for line in lines if line["amount"])[:LARGEST_BARS]
    if moved:
        yield Chart("Largest changes", "bar", (Series("Change", moved),), unit)
    money = (Column("Before", "money", unit), Column("Now", "money", unit), Column("Change", "money", unit))
    states = [STATES.get(line["state"], "") for line in lines]
    told = any(states)  # a column of nothing says nothing
    columns = (Column("Name"), *money, Column("Percent", "percent"), *([Column("State")] if told else []))
    rows = (
        (line["name"], line["previous"], line["current"], line["amount"], line["percent"], *([state] if told else []))
        for line, state in zip(lines, states, strict=True)
    )
    sums = (change["previous_total"], add_known(line["current"] for line in lines), change["amount"], change["percent"])
    price = change["price_effect"]
    note = joined((f"Before is {_against(change)}.", f"{price} {unit} of the change comes of other rates." if price else ""))
    yield table_or("Nothing changed.", "Change by line", columns, rows, ("Total", *sums, *([""] if told else [])), note)


def anomalies(asked: Asked) -> Iterator[Block]:
    if asked.cost_question.as_of:
        yield Text("Unusual days are told as of now alone, not as of an earlier instant.")
        return
    try:
        answer = asked.anomalies
    except InvalidInput as problem:  # nothing is known of the window, and what was before it is in several currencies
        yield Text(f"Unusual days can't be told: {problem}.")
        return
    unit = answer["currency"] or ""
    money = (Column("Expected", "money", unit), Column("Actual", "money", unit), Column("Impact", "money", unit))
    rows = (
        (one["day"], one["service"], one["expected"], one["actual"], one["impact"], one["percent"], _causes(one, unit))
        for one in answer["anomalies"]
    )
    columns = (Column("Day"), Column("Service"), *money, Column("Percent", "percent"), Column("Where"))
    definition = answer["definition"]
    looked = f"{answer['days_checked']} days were looked at, each against its weekday in the {definition['weeks']} weeks before"
    note = f"{looked} ({definition['id']})."
    if not answer["days_checked"]:
        yield Text("Whether a day was unusual can't be told: of none enough weeks before it are known.")
        return
    totals = ("Total", "", "", "", answer["total_impact"], "", "")
    yield table_or(f"Nothing unusual. {note}", "Unusual days", columns, rows, totals, note)


def _causes(one: Answer, unit: str) -> str:
    """Each with its exact share where there are several; the impact of one alone stands in its row."""
    several = len(one["causes"]) > 1
    shares = (f": {cause['impact']} {unit}" if several else "" for cause in one["causes"])
    return joined(f"{cause['account']} in {cause['region']}{share}" for cause, share in zip(one["causes"], shares, strict=True))


def forecast(asked: Asked) -> Iterator[Block]:
    answer = asked.costs
    ahead, unit = answer["forecast"], answer["currency"] or ""
    if ahead["amount"] is None or not unit:
        yield Text(f"There is no forecast: {ahead['reason'] or 'no costs are known in this period'}.")
        return
    yield KeyFigures(
        f"Forecast for {ahead['month']}",
        (
            KeyFigure("Expected", ahead["amount"], "money", unit),
            KeyFigure(f"Low ({ahead['interval_percent']} % interval)", ahead["low"], "money", unit),
            KeyFigure(f"High ({ahead['interval_percent']} % interval)", ahead["high"], "money", unit),
            KeyFigure("This month, as it will end", ahead["this_month"], "money", unit),
        ),
    )
    yield Text(f"Made by {ahead['method']} from {ahead['days']} days.{_record(ahead['backtest'])}")


def _record(told: Answer | None) -> str:
    """How such forecasts did so far, where that says anything."""
    if not told or told["months"] < LEAST_TOLD:
        return " Too few past months could be told in the same way to say how good such forecasts are here."
    return f" Of {told['months']} past months told in the same way, {told['coverage']} % were inside the interval."


def reconciliation(asked: Asked) -> Iterator[Block]:
    """The lines against the source's own total."""
    answer = asked.costs
    held, unit = answer["reconciliation"], answer["currency"] or ""
    whole = not asked.cost_question.selection.chosen
    yield KeyFigures(
        f"{'The' if whole else 'All'} lines{'' if whole else ', whatever the filters,'} against the source's own total",
        (
            KeyFigure("Sum of lines", held["lines_total"], "money", unit),
            KeyFigure("The source's own total", held["source_total"], "money", unit),
            KeyFigure("Difference", held["difference"], "money", unit),
        ),
    )
    said = joined((held["reason"] or "", held["note"] or "", (held["invoice_note"] or "") if whole else ""))
    if said:
        yield Text(said)


def lines(asked: Asked) -> Iterator[Block]:
    """Every line of every day, in all three bases; the totals are of the unrounded amounts."""
    currency = asked.costs["currency"]
    rows = asked.within_limits(_rows(asked.cost_days, asked, currency))
    money = tuple(Column(BASIS_LABELS[basis], "money", currency or "") for basis in BASES)
    columns = (Column("Day", "date"), Column("Service"), Column("Region"), Column("Account"), Column("Charge"), *money)
    known = len(asked.cost_days) > 0
    totals = tuple(_shown(add_known(row[5 + at] for row in rows)) if known else None for at in range(len(BASES)))  # type: ignore[misc]
    yield Table("Cost lines by day", columns, rows, ("Total", "", "", "", "", *totals))


def _rows(days: Iterable[CostDay], asked: Asked, currency: str | None) -> Iterator[Row]:
    for day in days:
        for line in lines_of(day, asked.cost_question, currency):
            names = (line.service or NONE, line.region or NONE, line.account or NONE, line.charge_category or NONE)
            yield (day.day, *names, *(_shown(line.amount(basis)) for basis in BASES))


def _shown(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else plain(amount)
