"""What a question adds up of the days of cost: of one currency, through its filters, exactly, and held against the sources' totals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from chalicelib.domain.amounts import pieces, summed
from chalicelib.domain.breakdown import Selection
from chalicelib.domain.cost import BASES, SUMS, CostDay, CostKey, currencies_of
from chalicelib.domain.exact import ZERO, add_known, subtract


class Chosen:
    """Which of a day's keys count: those of one currency that the filters let through, worked out once per tuple of keys."""

    def __init__(self, selection: Selection, currency: str | None) -> None:
        self._selection, self.currency = selection, currency
        self._places: dict[int, tuple[tuple[CostKey, ...], int | None, Sequence[int]]] = {}

    def admits(self, key: CostKey) -> bool:
        return key.currency == self.currency and self._selection.admits(key)

    def total(self, day: CostDay, basis: int) -> Decimal | None:
        """The exact sum of what is chosen; None when an amount of it is unknown in that basis."""
        _, summed_up, places = self._places.get(id(day.keys)) or self._looked_up(day.keys)
        if summed_up is not None:
            return day.amounts.amount(SUMS + basis, summed_up)
        return day.amounts[basis].total(places)

    def place_of_sum(self, keys: tuple[CostKey, ...]) -> int | None:
        """The place of the sum, among a day's sums, that is all that is chosen of it; None where it is only a part."""
        return (self._places.get(id(keys)) or self._looked_up(keys))[1]

    def _looked_up(self, keys: tuple[CostKey, ...]) -> tuple[tuple[CostKey, ...], int | None, Sequence[int]]:
        """(the keys, the place of the currency's sum where all of it is chosen, the places of what is chosen)"""
        places = [place for place, key in enumerate(keys) if self.admits(key)]
        whole = bool(places) and len(places) == sum(key.currency == self.currency for key in keys)
        found = self._places[id(keys)] = keys, currencies_of(keys).index(str(self.currency)) if whole else None, places
        return found


def by_day(days: Iterable[CostDay], basis: str, chosen: Chosen) -> dict[date, Decimal | None]:
    """Per day the exact sum of what is chosen; None when an amount of it is unknown in that basis."""
    place = BASES.index(basis)
    return {day.day: chosen.total(day, place) for day in days}


def total_of(days: Iterable[CostDay], basis: str, chosen: Chosen) -> Decimal | None:
    """What the days come to: the same as the sum of `by_day`, but all days at once where all of them is chosen."""
    days, place = list(days), SUMS + BASES.index(basis)
    if any(chosen.place_of_sum(day.keys) is None for day in days):
        return add_known(by_day(days, basis, chosen).values())
    sums = []
    for keys, amounts in pieces((day.amounts for day in days), place):
        number, width = chosen.place_of_sum(keys), len(currencies_of(keys))
        assert number is not None
        sums.append(amounts.total(range(number, len(amounts.units), width)))
    return add_known(sums)


def by_key(days: Iterable[CostDay], basis: str, chosen: Chosen) -> list[tuple[CostKey, Decimal | None]]:
    """The exact sum of every key that is chosen."""
    keys, sums = summed(pieces((day.amounts for day in days), BASES.index(basis)))
    return [(key, sums[number]) for number, key in enumerate(keys) if chosen.admits(key)]


def currencies(days: Iterable[CostDay]) -> list[str]:
    """Every currency that the days' lines are in."""
    seen = {id(day.keys): day.keys for day in days}
    return sorted({key.currency for keys in seen.values() for key in keys})


@dataclass(frozen=True)
class Reconciliation:
    """The sum of all lines of a currency and what the sources themselves say they sum to; None where that is unknown."""

    lines: Decimal | None
    own: Decimal | None

    @property
    def difference(self) -> Decimal | None:
        return None if self.lines is None or self.own is None else subtract(self.lines, self.own)

    def of_charges(self, charges: Decimal | None) -> Reconciliation:
        """The same difference, told of what is charged for these lines instead of what they cost the payer."""
        return Reconciliation(charges, None if charges is None or self.difference is None else subtract(charges, self.difference))


def reconcile(days: Iterable[CostDay], basis: str, currency: str, lines: Mapping[date, Decimal | None]) -> Reconciliation:
    """`lines` are the days' sums of that currency, whatever filters an answer has."""
    days = list(days)
    if not any(day.own for day in days):
        total = add_known(lines[day.day] for day in days)
        return Reconciliation(total, total)
    place, known, own = BASES.index(basis), [], []
    for day in days:
        known.append(lines[day.day])
        owned = [number for number, (_, of) in enumerate(day.owners) if of == currency] if day.own else []
        own.append(day.own[place].total(owned) if day.own else lines[day.day])
    return Reconciliation(add_known(known), add_known(own))


@dataclass(frozen=True)
class Difference:
    """A day on which what an account's lines sum to isn't what their source says; either is None where it is unknown."""

    day: date
    account: str
    lines: Decimal | None
    own: Decimal | None
    difference: Decimal | None

    def alone(self) -> Difference:
        """Without the amounts: for whoever must not see what the payer pays."""
        return Difference(self.day, self.account, None, None, self.difference)


def differences(days: Iterable[CostDay], basis: str, currency: str) -> list[Difference]:
    """In order of days and accounts."""
    place, found = BASES.index(basis), []
    for day in days:
        for number, (account, of) in enumerate(day.owners if day.own else ()):
            places = [at for at, key in enumerate(day.keys) if key.account == account and key.currency == of]
            lines, own = day.amounts[place].total(places), day.own[place][number]
            if of == currency and lines != own:
                found.append(Difference(day.day, account, lines, own, Reconciliation(lines, own).difference))
    return found


def largest_difference(days: Iterable[CostDay]) -> Decimal:
    """By how much at most an account's day differs from its source's own total, in any basis and currency; 0 when none does."""
    apart = [day for day in days if day.own]
    found = [one for basis in BASES for currency in currencies(apart) for one in differences(apart, basis, currency)]
    return max((abs(one.difference) for one in found if one.difference is not None), default=ZERO)
