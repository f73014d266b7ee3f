"""An answer that nobody has kept: from the table to its values."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from bench.case import DETAILED, Bench, asked
from bench.measure import Row, in_turns

LIMITS = {"30d": 4.0, "365d": 12.0}


class Recorded:
    """A store that notes what it, or a part of it, is asked."""

    def __init__(self, store: Any, asked: list[tuple[str, str, tuple[Any, ...], dict[str, Any]]] | None = None, part: str = "") -> None:
        self._store, self._part = store, part
        self.asked = [] if asked is None else asked

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if not callable(found):
            return Recorded(found, self.asked, name)

        def asking(*arguments: Any, **named: Any) -> Any:
            self.asked.append((self._part, name, arguments, named))
            return found(*arguments, **named)

        return asking


def run(bench: Bench) -> Iterator[Row]:
    status = bench.status()
    for period, limit in LIMITS.items():
        _, answer = asked("costs", period=period, **DETAILED)
        recorded = Recorded(bench.cold_store())
        answer(recorded, status)
        timings = in_turns(
            {
                "bare": bench.get_item,
                "answer": lambda answer=answer: answer(bench.cold_store(), status),  # type: ignore[misc]
                "read": partial(_again, bench, recorded),
            }
        )
        yield Row(f"cold {period} costs / get_item", timings.ratio("answer", "bare"), "x", limit)
        yield Row("  of which the store's read / get_item", timings.ratio("read", "bare"), "x")
        yield Row("  get_item", timings.milliseconds("bare"), " ms")
        yield Row("  answer", timings.milliseconds("answer"), " ms")


def _again(bench: Bench, recorded: Recorded) -> list[Any]:
    """Only what the answer asked of the store."""
    store = bench.cold_store()
    parts = [(getattr(store, part) if part else store, name, arguments, named) for part, name, arguments, named in recorded.asked]
    answers = [getattr(part, name)(*arguments, **named) for part, name, arguments, named in parts]
    return [list(answer) if isinstance(answer, Iterator) else answer for answer in answers]
