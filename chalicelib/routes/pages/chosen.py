"""What a page's address says: which view, of which period, narrowed to what; and the addresses of its neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from urllib.parse import urlencode

from chalicelib.domain.breakdown import TAG
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.period import DEFAULT_PERIOD
from chalicelib.usecases.questions.parameters import FILTERS, Parameters, is_tag, one, texts_of

OVERVIEW, LAST_DAY = "overview", date(2999, 12, 31)
PERIODS = {"7d": "7 days", "30d": "30 days", "90d": "90 days", "12m": "12 months"}
MONTHS = {"mtd": "This month", "lastmonth": "Last month"}
COMPARISONS = {"previous": "the time before", "yoy": "a year before", "none": "nothing"}
DIMENSIONS = {"service": "Service", "region": "Region", "account": "Account", "category": "Category"}
ASKED = ("compare", "currency", "cost", "framework", "breakdown")
"""What goes to the API's own questions as it is."""
WINDOW = ("period", "first", "last")
OF_VIEWS = ("view", *WINDOW, *ASKED, "control", "cursor", "report", "schedule", "done")
LASTING = (*WINDOW, "compare", "currency", "cost")
"""What goes along from view to view."""


@dataclass(frozen=True)
class Chosen:
    """`values` are the address's, those that pages know; `prefix` is what stands before every path."""

    prefix: str
    view: str = OVERVIEW
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def one(self, name: str, default: str = "") -> str:
        return next(iter(self.values.get(name, ())), default)

    @property
    def custom(self) -> bool:
        return "first" in self.values or "last" in self.values

    @property
    def period(self) -> str:
        """'' of a period of the reader's own."""
        return "" if self.custom else self.one("period", DEFAULT_PERIOD)

    @property
    def compare(self) -> str:
        return self.one("compare", "previous")

    @property
    def breakdown(self) -> str:
        return self.one("breakdown", "service")

    @property
    def filters(self) -> list[tuple[str, str]]:
        return [(name, value) for name, values in self.values.items() if _is_filter(name) for value in values]

    @property
    def lasting(self) -> list[tuple[str, str]]:
        """What a form that changes the period sends along: all but the period, and what to compare with."""
        given = {name: values for name, values in self.values.items() if name not in (*WINDOW, "compare")}
        kept = [(name, value) for name, values in given.items() for value in values]
        return [("view", self.view), *kept] if self.view != OVERVIEW else kept

    def to(self, view: str | None = None, **changes: str | None) -> str:
        """The address of this view with these changes, or of another one, which keeps the period alone; None takes one away."""
        there = self if view is None else self.at(view)
        return self._address(there.view, {**there.values, **{name: (value,) if value else () for name, value in changes.items()}})

    def choosing(self, **values: str) -> Chosen:
        return Chosen(self.prefix, self.view, {**self.values, **{name: (value,) for name, value in values.items()}})

    def at(self, view: str) -> Chosen:
        """Another view, of the same period."""
        return Chosen(self.prefix, view, {name: given for name, given in self.values.items() if name in LASTING})

    def into(self, dimension: str, value: str, breakdown: str) -> str:
        """One step down: only what has this value, broken down by something else."""
        return self._address(self.view, {**self.values, dimension: (value,), "breakdown": (breakdown,)})

    def without(self, name: str, value: str) -> str:
        left = tuple(one for one in self.values.get(name, ()) if one != value)
        return self._address(self.view, {**self.values, name: left})

    def over(self, period: str) -> str:
        left = {name: given for name, given in self.values.items() if name not in WINDOW}
        return self._address(self.view, {**left, "period": (period,)})

    def _address(self, view: str, values: Mapping[str, Sequence[str]]) -> str:
        pairs = [("view", view)] if view != OVERVIEW else []
        pairs += [(name, value) for name, given in values.items() for value in given]
        return f"{self.prefix}/" + (f"?{urlencode(pairs)}" if pairs else "")

    def parameters(self) -> dict[str, tuple[str, ...]]:
        """As the API and reports call them; InvalidInput names what is wrong as the page calls it."""
        given = {name: values for name, values in self.values.items() if name in ASKED or _is_filter(name)}
        if not self.custom:
            return {**given, "period": (self.period,)}
        first, last = (_day(self.values, name) for name in ("first", "last"))
        if last < first:
            raise InvalidInput(("last", "must not be before the first day"))
        return {**given, "start": (first.isoformat(),), "end": ((last + timedelta(days=1)).isoformat(),)}


def chosen_of(values: Parameters, prefix: str, views: Sequence[str]) -> Chosen:
    """What is no page's is left out: mail programs put words of their own into addresses."""
    known = {name: texts_of(values, name) for name in values if (name in OF_VIEWS or _is_filter(name)) and any(values[name])}
    if "tag" in values and any(values["tag"]):  # a form has a field for the key
        known["breakdown"] = (f"{TAG}{one(values, 'tag')}",)
    repeated = [name for name in known if not _is_filter(name) and len(known[name]) > 1]
    if repeated:
        raise InvalidInput(*((name, "is given more than once") for name in repeated))
    view = one(known, "view") or OVERVIEW
    if view not in views:
        raise InvalidInput(("view", "must be one of " + ", ".join(views)))
    return Chosen(prefix, view, {name: given for name, given in known.items() if name != "view"})


def _is_filter(name: str) -> bool:
    return name in FILTERS or is_tag(name)


def _day(values: Mapping[str, Sequence[str]], name: str) -> date:
    try:
        day = date.fromisoformat(values[name][0])
    except (KeyError, IndexError, ValueError):
        raise InvalidInput((name, "must be a day like 2026-11-01")) from None
    if day > LAST_DAY:
        raise InvalidInput((name, "lies too far ahead"))
    return day
