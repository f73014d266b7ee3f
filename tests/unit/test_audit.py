"""The audit's chain: whoever changes, drops, adds or swaps an entry is found out, and an outsider can compute every hash."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.audit import Deed, Entry, chained, first_break
from chalicelib.domain.errors import StoreUnavailable
from chalicelib.usecases.access.auditing import Auditing, page, shown
from ops.audit import verify

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


def test_an_entry_says_whose_it_is_and_which_it_follows() -> None:
    first, second = chain(2)
    assert (first.customer_id, first.number, first.previous, first.deed) == ("acme", 1, "0" * 64, deed(0))
    assert (second.customer_id, second.number, second.previous, second.deed) == ("acme", 2, first.hash, deed(1))


def test_what_is_wrong_with_a_chain_is_named() -> None:
    entries = chain(3)
    assert first_break(entries[1:], "acme") == "entry 1 is missing"
    assert first_break([entries[0], replace(entries[1], previous="0" * 64)], "acme") == "entry 2 doesn't follow from the one before"
    assert first_break([entries[0], replace(entries[1], hash="0" * 64)], "acme") == "entry 2 was changed"


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


class Appending(Trail):
    """Takes what can be encoded, unless it is away."""

    def __init__(self, away: bool = False) -> None:
        super().__init__([])
        self.away = away

    def append(self, customer_id: str, deed: Deed) -> None:
        if self.away:
            raise StoreUnavailable("DynamoDB is away")
        deed.object.encode()
        self.entries = chain(len(self.entries) + 1)


@pytest.mark.parametrize(
    ("away", "what", "why"), [(False, "/x", []), (True, "/x", ["StoreUnavailable"]), (False, "\ud800", ["UnicodeEncodeError"])]
)
def test_a_deed_that_cannot_be_written_is_said_to_be_lost_and_stops_nobody(away: bool, what: str, why: list[str]) -> None:
    trail, lost = Appending(away), list[str]()
    Auditing(trail, lambda customer_id, deed, reason: lost.append(reason)).note("acme", deed(1, what))  # type: ignore[arg-type]
    assert (lost, len(trail.entries)) == (why, 0 if why else 1)


class Tampered(Trail):
    """What `ops.audit` reads: as it was written, cut short, or spoilt at some place."""

    def __init__(self, entries: list[Entry], spoilt_at: int | None = None) -> None:
        super().__init__(entries)
        self.spoilt_at = spoilt_at

    def all(self, customer_id: str) -> Iterator[Entry]:
        for entry in self.entries:
            if entry.number == self.spoilt_at:
                raise zlib.error("incorrect header check")
            yield entry


def verified(trail: Tampered, capsys: pytest.CaptureFixture[str], expected: str | None = None) -> tuple[bool, str]:
    whole = verify(SimpleNamespace(auditing=SimpleNamespace(trail=trail)), "acme", expected)  # type: ignore[arg-type]
    return whole, capsys.readouterr().out.split("\t")[1]


def test_verify_says_what_is_wrong_and_goes_on_where_an_entry_cannot_even_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    entries = chain(5)
    head = f"5:{entries[-1].hash}"
    assert verified(Tampered(entries), capsys, head) == (True, "ok")
    assert verified(Tampered(entries, spoilt_at=3), capsys) == (False, "an entry after 2 can't be read (error)")
    assert verified(Tampered(entries[:3]), capsys) == (True, "ok"), "a cut end is whole in itself"
    assert verified(Tampered(entries[:3]), capsys, head)[0] is False, "but what was noted elsewhere tells"
    assert verified(Tampered(entries[1:]), capsys) == (False, "entry 1 is missing")
