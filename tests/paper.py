"""What a PDF document has to show of a report, by the places that are stated for paper; worked out from the JSON document alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

import pypdfium2

IN_ORDER_UP_TO = 6
"""Columns of a table whose rows are surely read from a page in their order."""
_CONTEXT = Context(prec=200, rounding=ROUND_HALF_EVEN)
_FIGURE = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:E[+-]\d+)?|n/a")
_CHANGE_PLACES = range(1, 5)


def text_of(document: bytes) -> str:
    with pypdfium2.PdfDocument(document) as pdf:
        return "\n".join(page.get_textpage().get_text_bounded() for page in pdf)


def missing_on_paper(report: dict[str, Any], document: bytes) -> list[str]:
    """Figures that aren't there as often as they have to be, and tables whose figures aren't there in their order."""
    found = _FIGURE.findall(text_of(document))
    left = Counter(found)
    missing = []
    for section in report["sections"]:
        for block in section["blocks"]:
            shown = list(_shown(block))
            for choices in shown:
                taken = next((text for text in choices if left[text]), None)
                if taken is None:
                    missing.append(f"pdf: {choices[0]} of {block.get('title') or section['title']!r} is missing")
                else:
                    left[taken] -= 1
            if block["kind"] == "table" and len(block["columns"]) <= IN_ORDER_UP_TO and not _in_order(shown, found):
                missing.append(f"pdf: the figures of {block['title'] or section['title']!r} are not in their order")
    return missing


def _in_order(shown: list[list[str]], found: list[str]) -> bool:
    rest = iter(found)
    return all(choices[0] in rest for choices in shown)


def _shown(block: dict[str, Any]) -> Iterator[list[str]]:
    """The texts of which one has to be on paper, for each of a block's figures."""
    if block["kind"] == "table":
        yield from _of_table(block)
    elif block["kind"] == "key_figures":
        for figure in block["figures"]:
            if not isinstance(figure["value"], str):
                yield [on_paper(figure["value"], figure["kind"])]
            if figure["change"] and figure["change"]["value"] is not None:
                yield list(_of_change(figure["change"]["value"]))
    elif block["kind"] == "chart" and block["chart"] == "bar":
        values = [value for series in block["series"] for _, value in series["points"]]
        kind = "money" if any(value is not None and value != value.to_integral_value() for value in values) else "integer"
        if any(value is not None for value in values):
            yield from ([on_paper(value, kind)] for value in values)


def _of_table(table: dict[str, Any]) -> Iterator[list[str]]:
    rows = [*table["rows"], *([table["totals"]] if table["totals"] else [])]
    for row in rows:
        for cell, column in zip(row, table["columns"], strict=True):
            if not isinstance(cell, str):
                yield [on_paper(cell, column["kind"])]


def _of_change(value: Decimal) -> Iterator[str]:
    """With any usual number of places, with or without its sign, which an arrow may stand for."""
    for count in _CHANGE_PLACES if value != value.to_integral_value() else (0, *_CHANGE_PLACES):
        text = f"{_rounded(value, count):,f}"
        yield from (text, text.removeprefix("-"))


def places(value: Decimal) -> int:
    """Two for money and percent; of what is less than a hundredth its first two digits that aren't 0, at most eleven places."""
    if not value or abs(value) >= Decimal("0.01"):
        return 2
    digits = f"{abs(value):f}".partition(".")[2].rstrip("0")
    first = len(digits) - len(digits.lstrip("0"))
    return min(11, len(digits), first + 2)


def on_paper(value: Decimal | None, kind: str) -> str:
    if value is None:
        return "n/a"
    if value and not -11 <= value.adjusted() <= 60:
        return f"{value:.3E}"
    if kind in ("money", "percent"):
        return f"{_rounded(value, places(value)):,f}"
    text = f"{_rounded(value, 6 if abs(value) >= Decimal('0.000001') else 11):,f}"
    return text.rstrip("0").rstrip(".")


def _rounded(value: Decimal, count: int) -> Decimal:
    """Half-even; nothing has no sign."""
    return value.quantize(Decimal(1).scaleb(-count), context=_CONTEXT) if value else Decimal(0).quantize(Decimal(1).scaleb(-count))
