"""Usage charges by service and day, with the accounts and regions that they are of, as whole units: what anomalies are looked for in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby

from chalicelib.domain.amounts import Amounts
from chalicelib.domain.cost import BASES, CostDay, CostKey

USAGE = "Usage"
Place = tuple[str, str]
"""(account, region)"""


@dataclass
class Series:
    """A service's units by day, None where they are unknown; `lines` are their parts, 0 on days without one."""

    total: list[int | None]
    lines: dict[Place, list[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Outlays:
    """Consecutive days from `first` on, in units of 10**exponent; on a known day a service without a line costs nothing."""

    first: date
    exponent: int
    known: list[bool]
    services: dict[str, Series]

    @staticmethod
    def of(days: Iterable[CostDay], basis: str, admits: Callable[[CostKey], bool]) -> Outlays:
        """From days in order; only charge category Usage counts."""
        place = BASES.index(basis)
        columns = [(day.day, day.keys, day.amounts[place]) for day in days]
        if not columns:
            return Outlays(date.min, 0, [], {})
        first, length = columns[0][0], (columns[-1][0] - columns[0][0]).days + 1
        exponent = min(amounts.exponent for _, _, amounts in columns)
        outlays = Outlays(first, exponent, [False] * length, {})
        for _, together in groupby(columns, key=lambda column: id(column[1])):
            same = list(together)
            chosen = [
                (number, key.service, (key.account, key.region))
                for number, key in enumerate(same[0][1])
                if key.charge_category == USAGE and admits(key)
            ]
            for day, _, amounts in same:
                outlays.known[(day - first).days] = True
                outlays._add((day - first).days, chosen, amounts)
        for series in outlays.services.values():
            series.total = [amount if known else None for amount, known in zip(series.total, outlays.known, strict=True)]
        return outlays

    def _add(self, place: int, chosen: Sequence[tuple[int, str, Place]], amounts: Amounts) -> None:
        factor = 10 ** (amounts.exponent - self.exponent)
        for number, service, where in chosen:
            series = self.services.get(service) or self.services.setdefault(service, Series([0] * len(self.known)))
            total = series.total[place]
            if number in amounts.unknown or total is None:
                series.total[place] = None
            elif unit := amounts.units[number] * factor:
                series.total[place] = total + unit
                line = series.lines.get(where) or series.lines.setdefault(where, [0] * len(self.known))
                line[place] += unit
