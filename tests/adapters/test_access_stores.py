"""Keys, token buckets and the audit on every DynamoDB there is, with others writing in between."""

from __future__ import annotations

import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.allowance import DEEPEST_DEBT, Allowance
from chalicelib.domain.audit import Deed, first_break
from chalicelib.domain.customer import ApiKey
from chalicelib.domain.errors import NotFound, StoreUnavailable, UnknownSchema
from chalicelib.domain.session import Session
from chalicelib.stores.audit import Audit
from chalicelib.stores.customers import ApiKeys
from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.sessions import Sessions
from chalicelib.stores.token_buckets import TokenBuckets
from chalicelib.usecases.access import keys as use
from chalicelib.usecases.access.auditing import Auditing
from tests.adapters.conftest import NOW
from tests.backends import workers
from tests.fakes import Clock

EXPORTS = Allowance("exports", 20)
KEY = ApiKey("k" * 16, "acme", "digest", ("read",), NOW)


def dynamo(client: Any) -> Dynamo:
    return Dynamo(client, lambda seconds: None)


class Interfering(Dynamo):
    """Lets somebody else act between a read and the write that follows from it, once."""

    def __init__(self, client: Any, other: Any) -> None:
        super().__init__(client, lambda seconds: None)
        self.other = other

    def get(self, table: str, key: Any) -> Any:
        found = super().get(table, key)
        other, self.other = self.other, None
        if other:
            other()
        return found


@pytest.fixture
def keys(client: Any) -> ApiKeys:
    return ApiKeys(dynamo(client), "securebase-dev-api-keys")


def test_a_key_is_read_back_with_when_it_was_used_last_which_no_change_undoes(keys: ApiKeys) -> None:
    keys.put(KEY)
    assert keys.get(KEY.id) == KEY
    keys.used(KEY.id, NOW + timedelta(hours=1))
    keys.put(replace(KEY, revoked=True))
    keys.change(KEY.id, lambda key: replace(key, created_by="x"))
    assert keys.get(KEY.id) == replace(KEY, revoked=True, created_by="x", used_at=NOW + timedelta(hours=1))
    assert keys.of("acme") == [keys.get(KEY.id)]
    assert keys.of("borealis") == []


def test_of_two_changes_at_once_neither_is_lost(client: Any, keys: ApiKeys) -> None:
    keys.put(KEY)
    slow = ApiKeys(
        Interfering(client, lambda: keys.change(KEY.id, lambda key: replace(key, revoked=True))),
        "securebase-dev-api-keys",
    )
    slow.change(KEY.id, lambda key: replace(key, successor="other"))
    assert keys.get(KEY.id) == replace(KEY, revoked=True, successor="other")


def test_the_use_of_a_key_that_was_erased_leaves_nothing(client: Any, keys: ApiKeys) -> None:
    keys.used(KEY.id, NOW)
    assert client.scan(TableName="securebase-dev-api-keys")["Count"] == 0


class Lost(Dynamo):
    """Whose first write's answer is lost: it is done, sent again, and finds itself in the way."""

    def __init__(self, client: Any) -> None:
        super().__init__(client, lambda seconds: None)
        self.lost = False

    def put(self, *arguments: Any, **more: Any) -> bool:
        done = super().put(*arguments, **more)
        return self._answered(done)

    def update_if(self, *arguments: Any, **more: Any) -> bool:
        return self._answered(super().update_if(*arguments, **more))

    def _answered(self, done: bool) -> bool:
        first, self.lost = not self.lost, True
        return done and not first


def test_a_deed_whose_answer_was_lost_stands_once(client: Any) -> None:
    entry = Audit(Lost(client), "securebase-dev-audit").append("acme", deed(1))
    trail = Audit(dynamo(client), "securebase-dev-audit")
    trail.append("acme", deed(2))
    assert [one.deed.request_id for one in trail.all("acme")] == ["r1", "r2"]
    assert entry.number == 1


def test_a_rotation_whose_answer_was_lost_is_one_all_the_same(client: Any, keys: ApiKeys) -> None:
    keys.put(KEY)
    ring = use.Keyring(ApiKeys(Lost(client), "securebase-dev-api-keys"), lambda: ("whole", "n" * 16, "digest"), lambda: NOW)
    _, new = use.rotate(ring, "acme", KEY.id, use.RotationBody(), "x")
    old, made = keys.get(KEY.id), keys.get(new.id)
    assert old is not None
    assert made is not None
    assert (old.successor, old.live(NOW), made.live(NOW)) == (new.id, True, True)


def test_a_keys_record_lives_a_while_longer_than_the_key(client: Any, keys: ApiKeys) -> None:
    keys.put(replace(KEY, expires_at=NOW + timedelta(days=1)))
    (item,) = client.scan(TableName="securebase-dev-api-keys")["Items"]
    assert int(item["ttl"]["N"]) == int((NOW + timedelta(days=91)).timestamp())
    keys.put(replace(KEY, id="l" * 16))
    assert "ttl" not in client.get_item(TableName="securebase-dev-api-keys", Key={"key_id": {"S": "l" * 16}})["Item"]


def test_a_key_that_is_not_there_is_not_changed_into_being(keys: ApiKeys) -> None:
    with pytest.raises(NotFound):
        keys.change("x" * 16, lambda key: key)


def test_a_bucket_fills_up_as_time_goes_and_is_settled_by_everybody(client: Any) -> None:
    buckets, now = TokenBuckets(dynamo(client), "securebase-dev-ledger"), NOW.timestamp()
    assert buckets.settle("acme", EXPORTS, now, 10, now) == pytest.approx(now + 30)
    assert buckets.settle("acme", EXPORTS, now + 10, 10, now + 10) == pytest.approx(now + 60)
    assert buckets.settle("acme", EXPORTS, now + 600, 1, now + 600) == pytest.approx(now + 603)
    assert buckets.settle("borealis", EXPORTS, now, 1, now) == pytest.approx(now + 3)
    assert buckets.settle("acme", replace(EXPORTS, name="writes"), now, 1, now) == pytest.approx(now + 3)


def test_a_debt_has_an_end(client: Any) -> None:
    buckets, now = TokenBuckets(dynamo(client), "securebase-dev-ledger"), NOW.timestamp()
    for _ in range(20):
        full_at = buckets.settle("acme", EXPORTS, now, 20, now)
    assert full_at == pytest.approx(now + DEEPEST_DEBT)


def test_two_that_settle_at_once_both_count(client: Any) -> None:
    now = NOW.timestamp()
    plain = TokenBuckets(dynamo(client), "securebase-dev-ledger")
    slow = TokenBuckets(Interfering(client, lambda: plain.settle("acme", EXPORTS, now, 5, now)), "securebase-dev-ledger")
    assert slow.settle("acme", EXPORTS, now, 5, now) == pytest.approx(now + 30)


def test_a_bucket_without_a_table_says_so(client: Any) -> None:
    with pytest.raises(StoreUnavailable):
        TokenBuckets(dynamo(client), "securebase-dev-nowhere").settle("acme", EXPORTS, 0.0, 1, 0.0)


def deed(number: int) -> Deed:
    return Deed(NOW, "key:x", "POST /analytics/keys", f"/analytics/keys/{number}", "203.0.113.9", 201, f"r{number}")


def test_the_audit_is_numbered_without_a_gap_whoever_writes_at_once(client: Any, backend: str) -> None:
    trail = Audit(Dynamo(client), "securebase-dev-audit")
    with ThreadPoolExecutor(workers(backend, 4)) as pool:
        list(pool.map(lambda number: trail.append("acme", deed(number)), range(24)))
    trail.append("borealis", deed(99))
    entries = list(trail.all("acme"))
    assert [entry.number for entry in entries] == list(range(1, 25))
    assert first_break(entries, "acme") is None
    assert {entry.deed.request_id for entry in entries} == {f"r{number}" for number in range(24)}


def test_pages_of_the_audit_go_back_from_a_number(client: Any) -> None:
    trail = Audit(dynamo(client), "securebase-dev-audit")
    for number in range(12):
        trail.append("acme", deed(number))
    assert [entry.number for entry in trail.newest("acme", 5)] == [12, 11, 10, 9, 8]
    assert [entry.number for entry in trail.newest("acme", 5, 3)] == [2, 1]
    assert trail.newest("borealis", 5) == []


@pytest.mark.parametrize("left", [b"garbage", zlib.compress(b"no JSON"), zlib.compress(b'{"number": 1}')])
def test_an_entry_that_was_spoilt_is_told_as_one_and_the_deed_after_it_as_lost(client: Any, left: bytes) -> None:
    trail, lost = Audit(dynamo(client), "securebase-dev-audit"), []
    trail.append("acme", deed(1))
    (item,) = client.scan(TableName="securebase-dev-audit")["Items"]
    client.put_item(TableName="securebase-dev-audit", Item={**item, "data": {"B": left}})
    with pytest.raises(UnknownSchema):
        list(trail.all("acme"))
    Auditing(trail, lambda *told: lost.append(told)).note("acme", deed(2))
    assert lost == [("acme", deed(2), "UnknownSchema")]


def test_nobody_overwrites_an_entry(client: Any) -> None:
    trail = Audit(dynamo(client), "securebase-dev-audit")
    first = trail.append("acme", deed(1))
    behind = Audit(Behind(client), "securebase-dev-audit")
    with pytest.raises(StoreUnavailable):
        behind.append("acme", deed(2))
    assert list(trail.all("acme")) == [first]


class Behind(Dynamo):
    """Sees nothing of what is there."""

    def __init__(self, client: Any) -> None:
        super().__init__(client, lambda seconds: None)

    def query(self, *arguments: Any, **more: Any) -> Any:
        return iter(())


# Sessions of the page

SESSION = Session("s" * 16, "acme", "digest", ("read", "report"), "key:k", NOW, NOW + timedelta(hours=1))


def test_a_session_is_there_until_it_is_deleted_or_over(client: Any, clock: Clock) -> None:
    sessions = Sessions(dynamo(client), "securebase-dev-sessions", clock)
    assert sessions.find(SESSION.id) is None
    sessions.put(SESSION)
    assert sessions.find(SESSION.id) == SESSION
    (item,) = client.scan(TableName="securebase-dev-sessions")["Items"]
    assert item["ttl"] == {"N": str(int(SESSION.expires_at.timestamp()))}
    clock.now = SESSION.expires_at
    assert sessions.find(SESSION.id) is None, "though DynamoDB deletes it later"
    clock.now = NOW
    sessions.delete(SESSION.id)
    sessions.delete(SESSION.id)
    assert sessions.find(SESSION.id) is None
