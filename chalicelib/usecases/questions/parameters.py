"""Parameters of a request or of a report, each parsed in one place, or refused by an error that names it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.breakdown import DIMENSIONS, TAG, Selection
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.period import DEFAULT_PERIOD, Window, default_granularity, parse_period, parse_range

Parameters = Mapping[str, Sequence[str]]
FILTERS = DIMENSIONS
WINDOW_PARAMETERS = ("period", "start", "end", "granularity")
LONGEST_TOP = 1000
LONGEST_TEXT = 300
MOST_VALUES = 50
PREVIOUS, YOY, NO_COMPARISON = "previous", "yoy", "none"
_COUNT = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)


@dataclass(frozen=True)
class Comparison:
    """What a window is compared with: the same elapsed length just before (`previous`), the same days a year before (`yoy`), nothing
    (`none`), or `window`, however it is called. Only who asks for a comparison gets it `explained`, which takes as long as the rest."""

    name: str = PREVIOUS
    window: Window | None = None
    explained: bool = False


def check_names(parameters: Parameters, allowed: Sequence[str], tags: bool = False) -> None:
    """InvalidInput naming every parameter that isn't allowed; with `tags`, any `tag:<key>` is."""
    unknown = [(name, "is not a parameter here") for name in parameters if name not in allowed and not (tags and is_tag(name))]
    if unknown:
        raise InvalidInput(*unknown)


def one(parameters: Parameters, name: str) -> str | None:
    """The parameter's value, None when it isn't given; given twice, empty or too long is refused."""
    values = texts_of(parameters, name)
    if len(values) > 1:
        raise InvalidInput((name, "is given more than once"))
    return values[0] if values else None


def texts_of(parameters: Parameters, name: str) -> tuple[str, ...]:
    values = tuple(parameters.get(name, ()))
    if any(not value or len(value) > LONGEST_TEXT for value in values):
        raise InvalidInput((name, f"must hold 1 to {LONGEST_TEXT} characters"))
    if len(values) > MOST_VALUES:
        raise InvalidInput((name, f"may be given {MOST_VALUES} times"))
    return values


def window_of(parameters: Parameters, now: datetime) -> tuple[str, Window]:
    period, start, end = (one(parameters, name) for name in ("period", "start", "end"))
    if start is None and end is None:
        return period or DEFAULT_PERIOD, parse_period(period or DEFAULT_PERIOD, now)
    if period is not None:
        raise InvalidInput(("period", "can't be given with start and end"))
    if start is None or end is None:
        raise InvalidInput(("start" if start is None else "end", "must be given, too"))
    window = parse_range(start, end)
    if not is_whole_hours(window):
        raise InvalidInput(("start" if window.start.minute or window.start.second else "end", "must be a whole hour"))
    return f"{start}/{end}", window


def comparison_of(parameters: Parameters, finest: str) -> Comparison:
    """What `compare` asks for; the edges of a window that it names are whole days, or hours where that is the finest."""
    name = one(parameters, "compare")
    if name is None:
        return Comparison()
    if name in (PREVIOUS, YOY, NO_COMPARISON):
        return Comparison(name, explained=True)
    start, slash, end = name.partition("/")
    if not slash:
        raise InvalidInput(("compare", f"must be {PREVIOUS}, {YOY}, {NO_COMPARISON} or <start>/<end>"))
    try:
        window = parse_range(start, end)
    except InvalidInput as problem:
        raise InvalidInput(*(("compare", f"{field} {message}") for field, message in problem.problems)) from None
    if not window.whole_days if finest == "day" else not is_whole_hours(window):
        raise InvalidInput(("compare", f"must begin and end with a whole {finest}"))
    return Comparison(name, window, explained=True)


def is_whole_hours(window: Window) -> bool:
    return not any(edge.minute or edge.second for edge in (window.start, window.end))


def granularity_of(parameters: Parameters, window: Window, finest: str) -> str:
    granularity = one(parameters, "granularity") or default_granularity(window, finest)
    allowed = ("hour", "day", "month")[0 if finest == "hour" else 1 :]
    if granularity not in allowed:
        raise InvalidInput(("granularity", "must be one of " + ", ".join(allowed)))
    return granularity


def breakdown_of(parameters: Parameters) -> tuple[str, ...]:
    by = tuple((one(parameters, "breakdown") or "service").split(","))
    known = all(name in DIMENSIONS or is_tag(name) for name in by)
    if not known or len(by) > 2 or len(set(by)) != len(by):
        raise InvalidInput(("breakdown", f"must be one or two of {', '.join(DIMENSIONS)} or tag:<key>, joined by a comma"))
    return by


def is_tag(name: str) -> bool:
    return name.startswith(TAG) and len(TAG) < len(name) <= LONGEST_TEXT


def selection_of(parameters: Parameters) -> Selection:
    service, region, account, category, provider = (texts_of(parameters, name) for name in FILTERS)
    return Selection(service, region, account, category, provider)


def top_of(parameters: Parameters) -> int | None:
    text = one(parameters, "top")
    if text is None:
        return None
    if not _COUNT.fullmatch(text) or int(text) > LONGEST_TOP:
        raise InvalidInput(("top", f"must be a whole number from 1 to {LONGEST_TOP}"))
    return int(text)
