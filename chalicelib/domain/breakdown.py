"""Breakdowns: parts by one or two dimensions that always sum to the whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from operator import attrgetter
from typing import Any, Protocol

from chalicelib.domain.exact import EXACT, add_known
from chalicelib.domain.names import NONE, OTHERS

DIMENSIONS = ("service", "region", "account", "category", "provider")
TAG = "tag:"
JOINED = " / "
Parts = dict[str, Decimal | None]


class Dimensioned(Protocol):
    """What can be filtered and broken down; '' is no value for that dimension."""

    @property
    def service(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def account(self) -> str: ...
    @property
    def category(self) -> str: ...
    @property
    def provider(self) -> str: ...
    def tag(self, key: str) -> str: ...


@dataclass(frozen=True)
class Selection:
    """Filters: per dimension the names let through; an empty tuple lets everything through. `tags` are (key, names let through)."""

    service: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    account: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    provider: tuple[str, ...] = ()
    charge_category: tuple[str, ...] = ()
    tags: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def admits(self, line: Dimensioned) -> bool:
        return all(name_of(line, dimension) in wanted for dimension, wanted in self.chosen)

    @cached_property
    def chosen(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The dimensions that are filtered, with the names let through."""
        return tuple((dimension, wanted) for dimension, wanted in self.filters() if wanted)

    def filters(self) -> Iterable[tuple[str, tuple[str, ...]]]:
        named = ((dimension, getattr(self, dimension)) for dimension in (*DIMENSIONS, "charge_category"))
        return (*named, *((f"{TAG}{key}", wanted) for key, wanted in self.tags))


def name_of(line: Dimensioned, dimension: str) -> str:
    """The line's name in that dimension (`service` ... `tag:<key>`), `(none)` where it has none."""
    value = line.tag(dimension.removeprefix(TAG)) if dimension.startswith(TAG) else getattr(line, dimension)
    return value or NONE


def group(lines: Iterable[tuple[Dimensioned, Decimal | None]], by: tuple[str, ...]) -> Parts:
    """The sum per name (two dimensions joined by ' / '), largest first; a part with something unknown in it is None."""
    sums: Parts = {}
    naming = _naming(by)
    for line, amount in lines:
        name = naming(line)
        if name not in sums:
            sums[name] = amount
            continue
        known = sums[name]
        sums[name] = None if known is None or amount is None else EXACT.add(known, amount)
    return ranked(sums)


def _naming(by: tuple[str, ...]) -> Callable[[Dimensioned], str]:
    """What gives a line its name; plain dimensions are looked up in C."""
    if any(dimension.startswith(TAG) for dimension in by):
        return lambda line: JOINED.join(name_of(line, dimension) for dimension in by)
    get: Callable[[Any], Any] = attrgetter(*by)
    return (lambda line: get(line) or NONE) if len(by) == 1 else (lambda line: JOINED.join([value or NONE for value in get(line)]))


def ranked(parts: Mapping[str, Decimal | None]) -> Parts:
    """Largest amount first whatever its sign, unknown ones last, equal ones by name."""
    return dict(sorted(parts.items(), key=lambda part: (part[1] is None, -abs(part[1] or Decimal(0)), part[0])))


def top(parts: Parts, count: int | None) -> Parts:
    """The first `count` parts and `(others)` with the sum of the rest, so that the whole stays the same."""
    if count is None or len(parts) <= count:
        return parts
    names = list(parts)
    kept = {name: parts[name] for name in names[:count]}
    kept[OTHERS] = add_known([kept.get(OTHERS, Decimal(0)), *(parts[name] for name in names[count:])])
    return kept
