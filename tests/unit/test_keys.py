"""A customer's own keys: made, rotated with an overlap, revoked; and never another customer's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from chalicelib.domain.customer import ApiKey, Principal
from chalicelib.domain.errors import Conflict, InvalidInput, NotFound
from chalicelib.usecases.access import keys as use
from tests.fakes import Clock

NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)


class FakeKeys(dict[str, ApiKey]):
    between: Callable[[], None] = staticmethod(lambda: None)

    def put(self, key: ApiKey) -> None:
        self[key.id] = key

    def of(self, customer_id: str) -> list[ApiKey]:
        return [key for key in self.values() if key.customer_id == customer_id]

    def change(self, key_id: str, to: Callable[[ApiKey], ApiKey]) -> None:
        self.between()
        self[key_id] = to(self[key_id])


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def ring(clock: Clock) -> use.Keyring:
    numbers = count()

    def new() -> tuple[str, str, str]:
        number = next(numbers)
        return f"whole-{number}", f"id{number}", f"digest{number}"

    return use.Keyring(FakeKeys(), new, clock)


def made(ring: use.Keyring, **body: object) -> ApiKey:
    return use.create(ring, "acme", use.KeyBody(**body), "key:admin")[1]  # type: ignore[arg-type]


def test_a_key_has_what_was_asked_for_and_its_maker(ring: use.Keyring) -> None:
    key = made(ring, scopes=("read", "admin", "read"), expires_in_days=3)
    assert (key.scopes, key.expires_at, key.created_by) == (("read", "admin"), NOW + timedelta(days=3), "key:admin")
    assert made(ring).expires_at is None


@pytest.mark.parametrize(
    "body, field",
    [({"scopes": ()}, "scopes"), ({"scopes": ("root",)}, "scopes"), *(({"expires_in_days": n}, "expires_in_days") for n in (0, -1, 3651))],
)
def test_what_makes_no_sense_is_refused_by_its_name(ring: use.Keyring, body: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput, match=field):
        made(ring, **body)
    assert ring.keys.of("acme") == []


def test_a_key_ends_when_it_was_said(ring: use.Keyring, clock: Clock) -> None:
    key = made(ring, expires_in_days=1)
    clock.now += timedelta(days=1, seconds=-1)
    assert key.live(clock.now)
    clock.now += timedelta(seconds=1)
    assert not key.live(clock.now)
    assert use.shown(key, clock.now)["status"] == "expired"


def test_two_keys_are_good_until_the_overlap_is_over(ring: use.Keyring, clock: Clock) -> None:
    old = made(ring, scopes=("read",), expires_in_days=90)
    clock.now += timedelta(days=10)
    key, new = use.rotate(ring, "acme", old.id, use.RotationBody(48), "key:admin")
    now = use.fetch(ring, "acme", old.id)
    assert key != "whole-0"
    assert (new.scopes, new.expires_at) == (("read",), clock.now + timedelta(days=90))
    assert (now.successor, now.expires_at) == (new.id, clock.now + timedelta(hours=48))
    assert now.live(clock.now)
    assert new.live(clock.now)
    with pytest.raises(Conflict, match="rotated"):
        use.rotate(ring, "acme", old.id, use.RotationBody(), "key:admin")
    clock.now += timedelta(hours=48)
    assert not use.fetch(ring, "acme", old.id).live(clock.now)


def test_an_overlap_never_makes_a_key_live_longer(ring: use.Keyring) -> None:
    old = made(ring, expires_in_days=1)
    use.rotate(ring, "acme", old.id, use.RotationBody(720), "key:admin")
    assert use.fetch(ring, "acme", old.id).expires_at == NOW + timedelta(days=1)


def test_a_key_that_is_revoked_while_it_is_rotated_stays_revoked_and_has_no_successor(ring: use.Keyring) -> None:
    old, keys = made(ring), ring.keys
    assert isinstance(keys, FakeKeys)
    keys.between = lambda: keys.put(replace(keys[old.id], revoked=True))
    with pytest.raises(Conflict):
        use.rotate(ring, "acme", old.id, use.RotationBody(), "key:admin")
    assert [key.live(NOW) for key in keys.of("acme")] == [False, False]


@pytest.mark.parametrize("hours", [-1, use.LONGEST_OVERLAP + 1])
def test_an_overlap_that_makes_no_sense_is_refused(ring: use.Keyring, hours: int) -> None:
    old = made(ring)
    with pytest.raises(InvalidInput, match="overlap_hours"):
        use.rotate(ring, "acme", old.id, use.RotationBody(hours), "key:admin")
    assert ring.keys.of("acme") == [old]


def test_a_rotation_that_was_written_though_its_answer_was_lost_is_done_once(ring: use.Keyring) -> None:
    old, keys = made(ring), ring.keys
    real = keys.change

    def answered_twice(key_id: str, to: Callable[[ApiKey], ApiKey]) -> None:
        real(key_id, to)
        real(key_id, to)

    keys.change = answered_twice  # type: ignore[method-assign]
    _, new = use.rotate(ring, "acme", old.id, use.RotationBody(48), "key:admin")
    assert use.fetch(ring, "acme", old.id).successor == new.id
    assert new.live(NOW)


def test_anothers_key_is_not_there(ring: use.Keyring) -> None:
    key = made(ring)
    for act in (
        lambda: use.revoke(ring, "borealis", key.id),
        lambda: use.rotate(ring, "borealis", key.id, use.RotationBody(), "x"),
        lambda: use.fetch(ring, "borealis", key.id),
    ):
        with pytest.raises(NotFound):
            act()
    assert use.fetch(ring, "acme", key.id).live(NOW)


def test_there_are_so_many_live_keys_and_no_more(ring: use.Keyring) -> None:
    keys = [made(ring) for _ in range(use.MOST_LIVE)]
    with pytest.raises(Conflict):
        made(ring)
    use.revoke(ring, "acme", keys[0].id)
    assert made(ring).live(NOW)


def test_what_is_shown_of_a_key_holds_no_digest(ring: use.Keyring) -> None:
    assert "digest" not in str(use.shown(made(ring), NOW))


def test_the_operator_is_who_has_no_customer() -> None:
    assert Principal(None, frozenset()).operator
    assert not Principal("acme", frozenset({"admin"})).operator
