"""The audit's chain: whoever changes, drops, adds or swaps an entry is found out, and an outsider can compute every hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.audit import Deed, Entry, chained, first_break
from chalicelib.usecases.auditing import page, shown

AT = datetime(2026, 11, 25, 10, tzinfo=UTC)


def deed(number: int, what: str = "/analytics/keys/x") -> Deed:
    return Deed(AT + timedelta(seconds=number), "key:abc", "POST /analytics/keys", what, "203.0.113.9", 201, f"r{number}")


def chain(count: int, customer: str = "acme") -> list[Entry]:
    entries: list[Entry] = []
    for number in range(count):
        entries.append(chained(customer, entries[-1] if entries else None, deed(number)))
    return entries


def test_a_chain_as_it_was_written_is_whole() -> None:
    assert first_break(chain(7), "acme") is None
    assert first_break([], "acme") is None


@given(st.integers(0, 6), st.sampled_from(("who", "action", "object", "origin", "request_id")), st.text(max_size=20))
def test_a_changed_member_is_found(place: int, member: str, text: str) -> None:
    entries = chain(7)
    changed = replace(entries[place].deed, **{member: text})
    entries[place] = replace(entries[place], deed=changed)
    assert (first_break(entries, "acme") is None) == (changed == deed(place))


@given(st.integers(0, 5))
def test_an_entry_that_was_taken_out_is_found(place: int) -> None:
    entries = chain(7)
    del entries[place]
    assert first_break(entries, "acme") is not None


@given(st.integers(0, 5))
def test_an_entry_that_was_written_anew_breaks_what_follows(place: int) -> None:
    entries = chain(7)
    entries[place] = chained("acme", entries[place - 1] if place else None, deed(place, "/analytics/keys/other"))
    assert first_break(entries, "acme") is not None


def test_anothers_entries_are_nobodys_chain() -> None:
    assert first_break(chain(3, "borealis"), "acme") is not None


def test_whoever_reads_the_answer_can_compute_its_hashes() -> None:
    """By docs/api.md alone."""
    previous = "0" * 64
    for entry in chain(3):
        told = shown(entry)
        fields = [told[name] or "" for name in ("at", "who", "action", "object", "origin", "status", "request_id")]
        text = json.dumps(["acme", told["number"], previous, *fields], separators=(",", ":"))
        assert told["hash"] == hashlib.sha256(text.encode()).hexdigest()
        previous = told["hash"]


class Trail:
    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries

    def newest(self, customer_id: str, limit: int, before: int | None = None) -> list[Entry]:
        return [one for one in reversed(self.entries) if before is None or one.number < before][:limit]


@given(st.integers(0, 12), st.integers(1, 5))
def test_pages_give_every_entry_once(count: int, limit: int) -> None:
    trail, seen, cursor = Trail(chain(count)), [], None
    while True:
        found = page(trail, "acme", limit, cursor)  # type: ignore[arg-type]
        seen += [one["number"] for one in found["entries"]]
        if found["next_cursor"] is None:
            break
        cursor = int(found["next_cursor"])
    assert seen == list(range(count, 0, -1))
