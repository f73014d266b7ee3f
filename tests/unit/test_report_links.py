"""Links to reports: what opens, for how long, and that whatever doesn't says one and the same."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.domain.customer import Customer
from chalicelib.domain.errors import Conflict, NotFound, TooOften
from chalicelib.domain.link import Link, Uses
from chalicelib.domain.reporting import FAILED, READY, ReportRecord
from chalicelib.domain.template import BUILT_IN
from chalicelib.usecases.reports import links
from tests.fakes import Clock

NOW = datetime(2026, 11, 23, 20, tzinfo=UTC)
REPORT = ReportRecord("a" * 32, "usage", BUILT_IN["usage"], "csv", {}, NOW, 1, "f.csv", READY, 1)


@dataclass
class FakeLinks:
    kept: dict[str, tuple[str, Link]] = field(default_factory=dict)
    followed: list[str] = field(default_factory=list)

    def put(self, customer_id: str, link: Link) -> None:
        self.kept[link.id] = customer_id, link

    def find(self, link_id: str) -> tuple[str, Link] | None:
        return self.kept.get(link_id)

    def of(self, customer_id: str, report_id: str) -> list[tuple[Link, Uses]]:
        return [(link, Uses()) for owner, link in self.kept.values() if (owner, link.report_id) == (customer_id, report_id)]

    def used(self, customer_id: str, link: Link) -> None:
        self.followed.append(link.id)


class World:
    """One customer with one report; a token is `<id>-<digest>`."""

    def __init__(self) -> None:
        self.clock, self.links, self.reports, self.made = Clock(NOW), FakeLinks(), {REPORT.id: REPORT}, 0
        self.customer: Customer | None = Customer("acme", "Acme", (), "x", NOW)
        records = SimpleNamespace(get=lambda customer_id, report_id: self.reports.get(report_id) if customer_id == "acme" else None)
        files = SimpleNamespace(url=lambda customer_id, record: f"https://s3/{customer_id}/{record.id}")
        reporting: Any = SimpleNamespace(records=records, files=files, clock=self.clock)
        self.linking = links.Linking(reporting, self.links, self._token, self._parse, lambda customer_id: self.customer)

    def _token(self) -> tuple[str, str, str]:
        self.made += 1
        return f"id{self.made}-secret", f"id{self.made}", "secret"

    def _parse(self, token: str) -> Any:
        link_id, dash, secret = token.partition("-")
        return (link_id, lambda digest: digest == secret) if dash else None

    def link(self, days: int = 7) -> str:
        return links.create(self.linking, "acme", REPORT.id, days, "key:k")[0]

    def opens(self, token: str) -> bool:
        try:
            return links.follow(self.linking, token)[2] == f"https://s3/acme/{REPORT.id}"
        except NotFound as error:
            if str(error) != "this link doesn't open anything, or not any more":
                raise
            return False


@pytest.fixture
def world() -> World:
    return World()


def test_a_link_opens_its_report_until_it_expires(world: World) -> None:
    token = world.link(2)
    assert world.opens(token)
    assert world.links.followed == ["id1"]
    world.clock.now += timedelta(days=2)
    assert not world.opens(token)
    assert world.links.followed == ["id1"]


def test_no_link_outlives_its_report(world: World) -> None:
    token = world.link(30)
    assert world.links.kept["id1"][1].expires_at == REPORT.expires_at < NOW + timedelta(days=31)
    assert world.opens(token)


@pytest.mark.parametrize("token", ["", "id1", "id1-wrong", "id2-secret", "-secret"])
def test_a_token_that_is_none_opens_nothing(world: World, token: str) -> None:
    world.link()
    assert not world.opens(token)


def test_a_revoked_link_opens_nothing_and_stays_revoked(world: World) -> None:
    token = world.link()
    links.revoke(world.linking, "acme", REPORT.id, "id1")
    assert not world.opens(token)
    world.clock.now += timedelta(hours=1)
    links.revoke(world.linking, "acme", REPORT.id, "id1")
    assert world.links.kept["id1"][1].revoked_at == NOW
    with pytest.raises(NotFound):
        links.revoke(world.linking, "acme", REPORT.id, "id2")


def test_a_report_that_is_gone_or_not_ready_has_no_way_in(world: World) -> None:
    token = world.link()
    world.reports[REPORT.id] = replace(REPORT, status=FAILED)
    assert not world.opens(token)
    with pytest.raises(Conflict):
        world.link()
    del world.reports[REPORT.id]
    assert not world.opens(token)


def test_a_customer_that_is_disabled_or_gone_has_no_way_in(world: World) -> None:
    token, customer = world.link(), world.customer
    assert customer is not None
    world.customer = replace(customer, disabled=True)
    assert not world.opens(token)
    world.customer = None
    assert not world.opens(token)


def test_a_link_that_is_followed_too_often_opens_nothing_and_is_not_counted(world: World) -> None:
    token = world.link()

    def refuse(link: Any) -> None:
        raise TooOften("this link is followed too often")

    with pytest.raises(TooOften):
        links.follow(world.linking, token, refuse)
    assert world.links.followed == []


def test_what_is_shown_of_a_link_tells_its_uses_and_no_secret(world: World) -> None:
    world.link(2)
    ((link, uses),) = links.of_report(world.linking, "acme", REPORT.id)
    told = links.shown_link(link, replace(uses, count=3, last_at=NOW))
    assert (told["id"], told["expires_at"], told["uses"], told["last_used_at"]) == (
        "id1",
        "2026-11-25T20:00:00Z",
        3,
        "2026-11-23T20:00:00Z",
    )
    assert "secret" not in str(told)


def test_nobody_elses_report_can_be_linked_to(world: World) -> None:
    with pytest.raises(NotFound):
        links.create(world.linking, "other", REPORT.id, 7, "key:k")


def test_a_report_has_so_many_links(world: World) -> None:
    for _ in range(links.MOST_LINKS):
        world.link()
    with pytest.raises(Conflict):
        world.link()
