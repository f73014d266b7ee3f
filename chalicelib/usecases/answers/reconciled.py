"""What the lines of costs sum to, what their sources say they sum to, and why that isn't the AWS invoice."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain.breakdown import Parts
from chalicelib.domain.cost import USAGE_CHARGE, CostDay
from chalicelib.domain.exact import plain
from chalicelib.domain.spend import Difference, Reconciliation
from chalicelib.usecases.answers.values import Answer, shown

BASIS_WORDS = {
    "billed": "what is billed for each day",
    "effective": "each day's share of what is paid, up-front fees spread over the time that they are for",
    "list": "public list prices without any discount",
}
MOST_FLAGGED = 100
FLAGGED, NO_TOTAL, NO_DAYS = (
    "on the flagged days an account's lines don't sum to its source's own total",
    "a source gives no amount in this basis for a part of the window",
    "no day of the window is known",
)


def reconciliation(days: Sequence[CostDay], found: Reconciliation, differences: Sequence[Difference], note: str) -> Answer:
    """`difference` is 0, or `reason` says why it isn't; `flagged` are the days and accounts of it, the first hundred."""
    basis = next((day.basis for day in days if day.basis), "")
    return {
        "lines_total": shown(found.lines),
        "source_total": shown(found.own),
        "difference": shown(found.difference),
        "reason": _reason(days, found),
        "flagged": [
            {
                "day": one.day.isoformat(),
                "account": one.account,
                "lines_total": shown(one.lines),
                "source_total": shown(one.own),
                "difference": shown(one.difference),
            }
            for one in differences[:MOST_FLAGGED]
        ],
        "sources": sorted({source for day in days for source in day.sources}),
        "note": f"billed is {basis}: the net amount is not available" if basis else None,
        "invoice_note": note,
    }


def _reason(days: Sequence[CostDay], found: Reconciliation) -> str | None:
    if not days:
        return NO_DAYS
    if found.difference is None:
        return NO_TOTAL
    return FLAGGED if found.difference else None


def invoice_note(days: Sequence[CostDay], basis: str, currency: str | None, charges: Parts, rate_basis: str) -> str:
    """Why this isn't the AWS invoice, in a paragraph with this window's own figures. `charges` are all lines by charge category."""
    if not days:
        return "Nothing is known of this window yet, so there is nothing to hold against an AWS invoice."
    if currency is None:
        return f"All {len(days)} days that are known cost nothing, so there is nothing to hold against an AWS invoice."
    estimated = sum(day.estimated for day in days)
    others = [
        f"{'an unknown amount' if amount is None else f'{plain(amount)} {currency}'} of {name}"
        for name, amount in charges.items()
        if name != USAGE_CHARGE
    ]
    sentences = [
        f"These are {basis} costs in {currency}: {BASIS_WORDS[basis]}, by UTC day of use.",
        "An AWS invoice is of a calendar month, of the paying account, and of its closing.",
        f"{estimated} of {len(days)} days are still estimated and may change." if estimated else f"All {len(days)} days are final.",
        f"Beside usage they hold {', '.join(others)}; charges=usage leaves that out." if others else "They hold nothing but usage.",
        "Only this customer's own accounts are counted, and what the payer shares among accounts is where its source puts it.",
    ]
    if rate_basis:
        sentences.append(f"Amounts are at this customer's own rates ({rate_basis}), not what the payer pays AWS.")
    return " ".join(sentences)
