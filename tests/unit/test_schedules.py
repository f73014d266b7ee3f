"""Schedules: taken up once per occurrence, made up for as they say, run by hand; and runs, step by step."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from chalicelib.domain.cadence import Cadence
from chalicelib.domain.cost import CostDay, CostLine
from chalicelib.domain.delivery import Delivery
from chalicelib.domain.due import Due
from chalicelib.domain.errors import Conflict, InvalidInput, NotFound, StoreUnavailable, TooManyRunning
from chalicelib.domain.recipient import DOMAIN, EMAIL, WEBHOOK
from chalicelib.domain.reporting import ReportRecord
from chalicelib.domain.schedule import ALL, MOST_MISSED, ONCE, SKIP, Run, Schedule, stamp, taken
from chalicelib.domain.template import BUILT_IN
from chalicelib.usecases.schedules import delivering, digests, reporter, running
from chalicelib.usecases.schedules import schedule as schedules
from chalicelib.usecases.schedules.reporter import Found
from chalicelib.usecases.schedules.request import CadenceBody, ScheduleBody, SchedulePatch
from tests.fake_post import CUSTOMER, FakePost

NOW = datetime(2026, 11, 26, 6, 30, tzinfo=UTC)
SEVEN = datetime(2026, 11, 26, 7, tzinfo=UTC)
LEFT = 60.0


@pytest.fixture
def post() -> FakePost:
    return FakePost(NOW)


def look(post: FakePost, left: float = LEFT) -> Found:
    """The reporter's call; nothing may fail."""

    def failed(due: Due, error: Exception) -> None:
        raise error

    return reporter.take_up(post.with_, post.clock.now, lambda: left, failed)


def runs(post: FakePost) -> list[Run]:
    return sorted(post.schedules.all(Run), key=lambda run: run.key)


def work(post: FakePost) -> None:
    """Every run's next step."""
    for run in runs(post):
        running.advance(post.with_, CUSTOMER, run.key)


# Once per occurrence


def test_nothing_is_done_before_it_is_due(post: FakePost) -> None:
    post.schedule()
    assert look(post) == Found()
    assert runs(post) == []


def test_an_occurrence_has_one_run_however_often_it_is_looked_at(post: FakePost) -> None:
    post.schedule()
    post.wait(minutes=32)
    assert [look(post).runs for _ in range(5)] == [1, 0, 0, 0, 0]
    assert [(run.occurrence, run.trigger) for run in runs(post)] == [(SEVEN, "schedule")]
    assert post.queue.sent == [{"job": "run", "customer_id": CUSTOMER, "key": runs(post)[0].key}]


def test_of_two_reporters_at_once_one_takes_it(post: FakePost) -> None:
    post.schedule()
    post.wait(minutes=32)
    others: list[Found] = []

    def interfering() -> None:
        post.schedules.interfering = lambda: None
        others.append(look(post))

    post.schedules.interfering = interfering
    assert (look(post).runs, others[0].runs, len(runs(post))) == (0, 1, 1)


def test_the_next_run_follows_from_the_scheduled_time_not_from_when_it_was_taken_up(post: FakePost) -> None:
    schedule = post.schedule()
    post.wait(minutes=44)
    look(post)
    held = post.schedules.get(CUSTOMER, Schedule, schedule.id)
    assert held.next_run == SEVEN + timedelta(days=1)


def test_a_report_covers_what_the_occurrence_names_however_late_it_is_made(post: FakePost) -> None:
    post.schedule(CadenceBody("monthly", day=26))
    post.wait(days=3)
    look(post)
    work(post)
    (record,) = post.reports.found.values()
    assert (record.parameters["start"], record.parameters["end"]) == (("2026-10-01",), ("2026-11-01",))


def test_one_that_cannot_be_taken_up_holds_no_other_up(post: FakePost) -> None:
    broken = post.schedule(number=1)
    post.schedule(number=2)
    post.wait(minutes=32)
    errors: list[tuple[str, Exception]] = []
    post.schedules.found[CUSTOMER, Schedule, broken.id] = replace(broken, catch_up="never")
    found = reporter.take_up(post.with_, post.clock.now, lambda: LEFT, lambda due, error: errors.append((due.key, error)))
    assert ([key for key, _ in errors], found.failed, found.runs) == ([broken.id], 1, 1)


def test_a_call_that_runs_out_of_time_leaves_the_rest_to_the_next(post: FakePost) -> None:
    post.schedule()
    post.wait(minutes=32)
    assert look(post, left=5.0).rest
    assert look(post).runs == 1


def test_what_was_handed_over_is_left_alone_for_a_while(post: FakePost) -> None:
    post.recipient()
    post.schedule()
    post.wait(minutes=32)
    look(post)
    post.wait(minutes=16)
    assert look(post).handed_over == 1
    assert look(post).handed_over == 0


def test_what_somebody_else_was_handed_is_left_to_it(post: FakePost) -> None:
    post.recipient()
    post.schedule()
    post.wait(minutes=32)
    look(post)
    post.wait(minutes=16)
    post.schedules.hold = lambda due, until: False  # type: ignore[method-assign]
    assert look(post).handed_over == 0


def test_what_a_newer_version_wrote_is_reported_and_left_alone_for_an_hour(post: FakePost) -> None:
    due = Due(CUSTOMER, "k", None, "2026-11-26T06:00:00Z")
    post.schedules.due = lambda shard, now: iter([due])  # type: ignore[method-assign]
    errors: list[str] = []
    found = reporter.take_up(post.with_, post.clock.now, lambda: LEFT, lambda due, error: errors.append(type(error).__name__))
    assert (errors, found.failed) == (["UnknownSchema"], 1)
    assert post.schedules.held == {(CUSTOMER, "k"): NOW + timedelta(hours=1)}


# After an outage


def missed(post: FakePost, catch_up: str, hours: float = 72, **cadence: Any) -> list[Run]:
    post.schedule(CadenceBody(**({"kind": "daily"} | cadence)), catch_up=catch_up)
    post.wait(hours=hours)
    while look(post).schedules:
        pass
    return runs(post)


@pytest.mark.parametrize(("catch_up", "days"), [(SKIP, []), (ONCE, [28]), (ALL, [26, 27, 28])])
def test_after_72_hours_none_one_or_all_that_were_missed_run_each_with_its_window(post: FakePost, catch_up: str, days: list[int]) -> None:
    found = missed(post, catch_up)
    assert [run.occurrence.day for run in found] == days
    assert all(run.trigger == "catch_up" for run in found)
    assert [run.window and run.window.start.date() for run in found] == [date(2026, 11, day - 1) for day in days]
    (schedule,) = post.schedules.schedules(CUSTOMER)
    assert schedule.skipped == 3 - len(days)
    assert schedule.next_run == datetime(2026, 11, 29, 7, tzinfo=UTC)


def test_what_is_on_time_after_an_outage_is_run_whatever_becomes_of_the_rest(post: FakePost) -> None:
    found = missed(post, SKIP, hours=72.6)
    assert [(run.occurrence.day, run.trigger) for run in found] == [(29, "schedule")]


def test_all_is_at_most_so_many_and_comes_in_several_transactions(post: FakePost) -> None:
    found = missed(post, ALL, hours=24 * 14, kind="hourly")
    assert len(found) == MOST_MISSED
    (schedule,) = post.schedules.schedules(CUSTOMER)
    assert schedule.skipped == 24 * 14 - MOST_MISSED
    assert len({run.key for run in found}) == len(found)


NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


def hourly(next_run: datetime | None, catch_up: str = SKIP) -> Schedule:
    made = Schedule("s", "s", {}, "", Cadence("hourly", "UTC"), (), NOON, "key:1", NOON)
    return replace(made, next_run=next_run, catch_up=catch_up)


def test_an_occurrence_is_on_time_for_a_quarter_of_an_hour() -> None:
    late = taken(hourly(NOON), NOON + timedelta(minutes=15))
    assert (late.chosen, late.skipped, late.next_run) == (((NOON, "schedule"),), (), NOON + timedelta(hours=1))
    missed = taken(hourly(NOON), NOON + timedelta(minutes=15, seconds=1))
    assert (missed.chosen, missed.skipped, missed.next_run) == ((), (NOON,), NOON + timedelta(hours=1))


def test_an_occurrence_is_due_at_its_instant_and_its_schedule_has_none_before_and_without_a_next_run() -> None:
    assert list(hourly(NOON).occurrences(NOON)) == [NOON]
    assert list(hourly(NOON).occurrences(NOON - timedelta(seconds=1))) == []
    assert list(hourly(None).occurrences(NOON)) == []
    early = taken(hourly(NOON), NOON - timedelta(minutes=90))
    assert (early.chosen, early.skipped, early.next_run) == ((), (), NOON - timedelta(minutes=60))


@pytest.mark.parametrize(("hours", "chosen", "onwards"), [(39, 40, 40), (40, 40, 40)])
def test_forty_are_taken_up_at_once_and_the_next_run_is_the_first_that_is_left(hours: int, chosen: int, onwards: int) -> None:
    found = taken(hourly(NOON, ALL), NOON + timedelta(hours=hours, minutes=5))
    assert len(found.chosen) == chosen
    assert found.next_run == NOON + timedelta(hours=onwards)


def test_a_stamp_is_in_utc_wherever_the_clock_stands() -> None:
    assert stamp(datetime(2026, 11, 26, 7, tzinfo=timezone(timedelta(hours=5, minutes=45)))) == "20261126T011500Z"


def test_a_paused_schedule_is_not_taken_up_and_goes_on_from_where_it_is_set_to_active(post: FakePost) -> None:
    schedule = post.schedule()
    schedules.change(post.with_, CUSTOMER, schedule.id, SchedulePatch(status="paused"), "key:x")
    post.wait(days=5)
    assert look(post) == Found()
    back = schedules.change(post.with_, CUSTOMER, schedule.id, SchedulePatch(status="active"), "key:x")
    assert back.next_run == SEVEN + timedelta(days=5)
    assert taken(back, post.clock.now).chosen == ()


# Changing


def test_what_is_changed_beside_the_cadence_leaves_the_next_run_where_it_was(post: FakePost) -> None:
    schedule = post.schedule()
    post.wait(minutes=32)
    renamed = schedules.change(post.with_, CUSTOMER, schedule.id, SchedulePatch(name="Other"), "key:y")
    assert (renamed.next_run, renamed.name, renamed.created_by) == (SEVEN, "Other", "key:x")
    moved = schedules.change(post.with_, CUSTOMER, schedule.id, SchedulePatch(cadence=CadenceBody("daily", at="08:00")), "key:y")
    assert moved.next_run == SEVEN + timedelta(hours=1)


def test_a_period_that_was_never_chosen_goes_with_the_cadence_and_a_chosen_one_stays(post: FakePost) -> None:
    schedule = post.schedule()
    monthly = schedules.change(post.with_, CUSTOMER, schedule.id, SchedulePatch(cadence=CadenceBody("monthly")), "key:y")
    assert monthly.period == "lastmonth"
    chosen = schedules.change(post.with_, CUSTOMER, schedule.id, SchedulePatch(period="mtd"), "key:y")
    weekly = schedules.change(post.with_, CUSTOMER, chosen.id, SchedulePatch(cadence=CadenceBody("weekly")), "key:y")
    assert weekly.period == "mtd"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"),
        ({"report": {"type": "wish", "format": "pdf"}}, "report.type"),
        ({"report": {"type": "costs", "format": "pdf", "period": "7d"}}, "report.period"),
        ({"report": {"type": "costs", "format": "pdf", "framework": "x"}}, "report.framework"),
        ({"report": {"type": "custom", "template": "gone", "format": "pdf"}}, "report.template"),
        ({"cadence": CadenceBody("yearly")}, "cadence.kind"),
        ({"cadence": CadenceBody("daily", at="7:00")}, "cadence.at"),
        ({"cadence": CadenceBody("hourly", minute=60)}, "cadence.minute"),
        ({"cadence": CadenceBody("weekly", weekdays=[])}, "cadence.weekdays"),
        ({"cadence": CadenceBody("monthly", day=32)}, "cadence.day"),
        ({"cadence": CadenceBody("cron", cron="* * * * *")}, "cadence.cron"),
        ({"cadence": CadenceBody("daily", cron="0 7 * * *")}, "cadence.cron"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"period": "always"}, "period"),
        ({"recipients": ["nobody"]}, "recipients[0]"),
        ({"recipients": ["x"] * 51}, "recipients"),
        ({"wait_for": "godot"}, "wait_for"),
        ({"wait_for": "final", "report": {"type": "usage", "format": "pdf"}}, "wait_for"),
        ({"wait_for": "final", "report": {"type": "compliance", "format": "pdf"}}, "wait_for"),
        ({"report": {"type": "costs", "format": "pdf", "as_of": "2026-01-01"}}, "report.as_of"),
        ({"name": "a\nb"}, "name"),
        ({"wait_days": 0}, "wait_days"),
        ({"catch_up": "some"}, "catch_up"),
        ({"status": "parked"}, "status"),
    ],
)
def test_what_is_wrong_is_named_and_changes_nothing(post: FakePost, wrong: dict[str, Any], field: str) -> None:
    schedule = post.schedule()
    with pytest.raises(InvalidInput) as refused:
        schedules.change(post.with_, CUSTOMER, schedule.id, SchedulePatch(**wrong), "key:x")
    assert field in [name for name, _ in refused.value.problems]
    assert post.schedules.get(CUSTOMER, Schedule, schedule.id) == schedule


def test_a_compliance_report_has_no_window(post: FakePost) -> None:
    schedule = post.schedule(report={"type": "compliance", "format": "pdf"})
    run = schedules.run_by_hand(post.with_, CUSTOMER, schedule.id, None, "0" * 16)
    running.advance(post.with_, CUSTOMER, run.key)
    (record,) = post.reports.found.values()
    assert (schedule.period, run.window, dict(record.parameters)) == ("", None, {})


def test_a_schedule_is_made_as_it_was_asked_for_and_there_are_so_many_and_no_more(post: FakePost) -> None:
    body = ScheduleBody("Costs", {"type": "costs", "format": "csv"}, CadenceBody("daily"))
    made = schedules.create(post.with_, CUSTOMER, body, "a" * 32, "key:x")
    assert post.schedules.get(CUSTOMER, Schedule, made.id) == made
    assert (made.next_run, made.created_by) == (SEVEN, "key:x")
    for number in range(1, schedules.MOST_SCHEDULES):
        post.schedule(number=number)
    with pytest.raises(Conflict, match="200"):
        schedules.create(post.with_, CUSTOMER, body, "b" * 32, "key:x")


def test_what_is_shown_of_a_schedule_can_be_sent_back(post: FakePost) -> None:
    schedule = post.schedule(CadenceBody("weekly", weekdays=["mon"]), wait_for="final", wait_days=3)
    shown = schedules.shown(schedule)
    cadence = CadenceBody(**shown["cadence"])  # type: ignore[arg-type]
    sent_back = SchedulePatch(**{name: shown[name] for name in ("name", "report", "timezone", "wait_for", "wait_days")}, cadence=cadence)  # type: ignore[arg-type]
    assert schedules.change(post.with_, CUSTOMER, schedule.id, sent_back, "key:y") == schedule


# By hand


def test_a_request_has_the_same_number_every_time() -> None:
    assert schedules.number_of("acme Idempotency-Key 1") == schedules.number_of("acme Idempotency-Key 1") != schedules.number_of("2")
    assert len(schedules.number_of("1")) == 16


def test_a_run_by_hand_of_hours_covers_them_to_the_minute(post: FakePost) -> None:
    schedule = post.schedule(CadenceBody("hourly"), period="24h", report={"type": "usage", "format": "csv"})
    run = schedules.run_by_hand(post.with_, CUSTOMER, schedule.id, None, "0" * 16)
    running.advance(post.with_, CUSTOMER, run.key)
    (record,) = post.reports.found.values()
    assert (record.parameters["start"], record.parameters["end"]) == (("2026-11-25T06:00:00Z",), ("2026-11-26T06:00:00Z",))


def test_a_past_run_is_run_again_with_its_own_window_and_a_repeated_request_is_one(post: FakePost) -> None:
    schedule = post.schedule()
    asked = [schedules.run_by_hand(post.with_, CUSTOMER, schedule.id, "2026-11-20T07:00:00Z", "0" * 16) for _ in range(3)]
    assert {run.key for run in asked} == {f"{schedule.id}#20261120T070000Z-{'0' * 16}"}
    assert asked[0].window is not None
    assert (asked[0].trigger, asked[0].window.start.day) == ("replay", 19)
    assert len(runs(post)) == 1


@pytest.mark.parametrize("occurrence", ["2026-11-20T07:30:00Z", "2026-11-27T07:00:00Z", "2024-11-20T07:00:00Z", "yesterday"])
def test_only_what_was_a_run_can_be_run_again(post: FakePost, occurrence: str) -> None:
    schedule = post.schedule()
    with pytest.raises(InvalidInput, match="occurrence"):
        schedules.run_by_hand(post.with_, CUSTOMER, schedule.id, occurrence, "0" * 16)


def test_the_preview_is_ten_runs_with_their_windows(post: FakePost) -> None:
    schedule = post.schedule(CadenceBody("monthly", day=1), timezone="Pacific/Apia", wait_for="final", wait_days=5)
    told = schedules.preview(schedule, NOW)["runs"]
    assert isinstance(told, list)
    assert len(told) == 10
    assert told[0] == {
        "at": "2026-11-30T18:00:00Z",
        "local": "2026-12-01T07:00:00+13:00",
        "window": {"start": "2026-11-01T00:00:00Z", "end": "2026-12-01T00:00:00Z"},
        "not_before": "2026-12-01T00:00:00Z",
        "deadline": "2026-12-06T00:00:00Z",
    }


# A run's steps


def started(post: FakePost, **more: Any) -> Run:
    post.schedule(**more)
    post.wait(minutes=32)
    look(post)
    return runs(post)[0]


def test_a_run_asks_for_its_report_once_and_tells_each_recipient(post: FakePost) -> None:
    post.recipient(EMAIL)
    post.recipient(WEBHOOK)
    post.recipient(DOMAIN)
    run = started(post)
    for _ in range(3):
        work(post)
    (record,) = post.reports.found.values()
    assert record.run == run.key
    deliveries = post.schedules.all(Delivery)
    assert [(one.channel, one.reports) for one in deliveries] == [(EMAIL, (record.id,)), (WEBHOOK, (record.id,))]
    assert (runs(post)[0].status, runs(post)[0].due_at) == ("delivering", None)


def test_a_window_that_is_not_over_yet_is_waited_for(post: FakePost) -> None:
    post.clock.now = datetime(2026, 11, 30, 17, tzinfo=UTC)
    post.schedule(CadenceBody("monthly", day=1), timezone="Pacific/Apia")
    post.wait(hours=1, minutes=2)
    look(post)
    work(post)
    assert post.reports.found == {}
    post.clock.now = datetime(2026, 12, 1, 0, 2, tzinfo=UTC)
    assert look(post).handed_over == 1
    work(post)
    assert len(post.reports.found) == 1


def costs(post: FakePost, days: int, estimated: bool) -> None:
    line = CostLine("1", "AWS Lambda", "us-east-1", "Compute", "AWS", "Usage", "USD", *([None] * 3))
    first = date(2026, 10, 1)
    post.books.put(CUSTOMER, [CostDay.of(first + timedelta(days=day), [line], [], estimated, ("focus_export",)) for day in range(days)])


@pytest.mark.parametrize(("days", "estimated", "final"), [(31, False, True), (31, True, False), (30, False, False), (0, False, False)])
def test_final_is_every_day_known_and_none_estimated(post: FakePost, days: int, estimated: bool, final: bool) -> None:
    costs(post, days, estimated)
    started(post, cadence=CadenceBody("monthly", day=26), wait_for="final", wait_days=31)
    work(post)
    assert bool(post.reports.found) is final


def test_what_waits_for_final_costs_comes_as_it_is_at_its_deadline(post: FakePost) -> None:
    run = started(post, cadence=CadenceBody("monthly", day=26), wait_for="final", wait_days=31)
    assert run.deadline == datetime(2026, 12, 2, tzinfo=UTC)
    looks = 0
    while not post.reports.found and post.clock.now < datetime(2026, 12, 3, tzinfo=UTC):
        work(post)
        post.wait(hours=6)
        looks += look(post).handed_over
    assert 20 < looks < 30
    assert datetime(2026, 12, 2, tzinfo=UTC) <= next(iter(post.reports.found.values())).created_at < datetime(2026, 12, 2, 7, tzinfo=UTC)


def test_a_run_that_has_to_wait_for_a_free_place_is_not_counted_as_a_try(post: FakePost) -> None:
    started(post)
    post.reports.refusing = [TooManyRunning("five reports are under way") for _ in range(5)]
    for _ in range(5):
        work(post)
        work(post)  # whoever comes within the minute does nothing
        post.wait(minutes=1)
    assert (runs(post)[0].tries, runs(post)[0].status, post.reports.refusing) == (0, "waiting", [])
    assert len([job for job in post.queue.sent if job.get("delay")]) == 5
    work(post)
    assert len(post.reports.found) == 1


def test_an_outage_is_no_try_either(post: FakePost) -> None:
    started(post)
    post.reports.refusing = [StoreUnavailable("DynamoDB is away")]
    with pytest.raises(StoreUnavailable):
        work(post)
    assert runs(post)[0].tries == 0


def test_a_report_that_takes_long_is_looked_at_again_and_its_job_hurried(post: FakePost) -> None:
    post.reports.status = "queued"
    started(post)
    work(post)
    (record,) = post.reports.found.values()
    sent = len(post.queue.sent)
    post.wait(minutes=1)
    work(post)
    assert post.queue.sent[sent:] == [{"job": "report", "customer_id": CUSTOMER, "report_id": record.id}]
    assert (runs(post)[0].status, runs(post)[0].due_at) == ("rendering", post.clock.now + running.LOOKED_AT_AGAIN)


# Reports that somebody asked for


def test_of_a_report_that_failed_who_asked_to_be_told_is_told_once(post: FakePost) -> None:
    hook = post.recipient(WEBHOOK, events=("schedule",))
    post.recipient(EMAIL)
    failed = ReportRecord(
        "a" * 32, "costs", BUILT_IN["cost-analysis"], "csv", {}, NOW, 13, "costs.csv", status="failed", detail="too large"
    )
    post.reports.found = {failed.id: failed}
    for _ in range(2):
        running.tell_failed(post.with_, CUSTOMER, failed.id)
    (told,) = post.schedules.all(Delivery)
    assert (told.recipient_id, told.note.text) == (hook.id, "The report 'costs.csv' couldn't be made: too large.")


@pytest.mark.parametrize("status", ["ready", None])
def test_of_a_report_that_did_not_fail_or_is_gone_nobody_is_told(post: FakePost, status: str | None) -> None:
    post.recipient(WEBHOOK, events=("schedule",))
    if status:
        post.reports.found = {"a": ReportRecord("a", "costs", BUILT_IN["cost-analysis"], "csv", {}, NOW, 13, "costs.csv", status=status)}
    running.tell_failed(post.with_, CUSTOMER, "a")
    assert post.schedules.all(Delivery) == []


# Poison


def test_a_defect_of_ours_is_a_try_and_its_words_are_told_to_nobody(post: FakePost) -> None:
    post.recipient(EMAIL)
    run = started(post)
    post.reports.refusing = [ValueError("secret") for _ in range(3)]
    for _ in range(3):
        with pytest.raises(ValueError):
            running.advance(post.with_, CUSTOMER, run.key)
    assert (runs(post)[0].status, runs(post)[0].reason, runs(post)[0].tries) == ("failed", "internal_error", 3)
    (told,) = post.schedules.all(Delivery)
    assert "secret" not in told.note.text


def parked_after(post: FakePost, times: int) -> str:
    """The schedule's status after so many tries."""
    for _ in range(times):
        work(post)
        post.wait(minutes=6)
        look(post)
    return post.schedules.schedules(CUSTOMER)[0].status


def test_a_run_whose_template_is_gone_parks_its_schedule_after_three_tries_and_tells(post: FakePost) -> None:
    asked, told = post.recipient(EMAIL), post.recipient(WEBHOOK, events=("schedule",))
    post.schedule(number=3)
    run = started(post, recipients=[asked.id])
    other = post.schedules.schedules(CUSTOMER)[0]
    bad = {"type": ("custom",), "template": ("gone",), "format": ("pdf",)}
    post.schedules.found[CUSTOMER, Run, run.key] = replace(run, schedule=replace(run.schedule, report=bad))
    status = []
    for _ in range(3):
        running.advance(post.with_, CUSTOMER, run.key)
        status.append(post.schedules.get(CUSTOMER, Schedule, run.schedule.id).status)
    assert status == ["active", "active", "parked"]
    parked = post.schedules.get(CUSTOMER, Schedule, run.schedule.id)
    assert "template" in parked.reason
    assert parked.next_run is None
    notes = [one for one in post.schedules.all(Delivery) if one.note]
    assert {one.recipient_id for one in notes} == {asked.id, told.id}
    assert all("template" in one.note.text for one in notes)
    assert post.schedules.get(CUSTOMER, Schedule, other.id).status == "active"


def test_a_zone_that_is_gone_parks_the_schedule_at_the_third_look(post: FakePost) -> None:
    post.recipient(EMAIL)
    schedule = post.schedule()
    post.schedules.found[CUSTOMER, Schedule, schedule.id] = replace(schedule, cadence=replace(schedule.cadence, zone="Mars/Olympus"))
    post.wait(minutes=32)
    assert [look(post).parked for _ in range(3)] == [0, 0, 1]
    assert (runs(post), look(post)) == ([], Found(handed_over=1))
    assert "SchedulesParked" in post.emitted


def test_receipts_are_shown_though_the_zone_of_their_run_is_gone(post: FakePost) -> None:
    run = started(post)
    gone = replace(run.schedule, cadence=replace(run.schedule.cadence, zone="Mars/Olympus"))
    post.schedules.found[CUSTOMER, Run, run.key] = replace(run, schedule=gone)
    (shown,), _ = schedules.runs_answer(post.with_, CUSTOMER, run.schedule.id, 10, None)
    assert (shown["local"], shown["occurrence"]) == (None, "2026-11-26T07:00:00Z")


def test_a_disabled_customers_schedules_are_parked_and_that_alone_is_told(post: FakePost) -> None:
    post.recipient(EMAIL)
    started(post)
    assert post.customers.customer is not None
    post.customers.customer = replace(post.customers.customer, disabled=True)
    assert parked_after(post, 3) == "parked"
    (told,) = post.schedules.all(Delivery)
    delivering.deliver(post.with_, CUSTOMER, told.key)
    ((_, _, message),) = post.channels[EMAIL].sent
    assert message.kind == "schedule.parked"


def test_an_older_run_parks_no_schedule_that_was_changed_since(post: FakePost) -> None:
    run = started(post)
    bad = {"type": ("custom",), "template": ("gone",), "format": ("pdf",)}
    post.schedules.found[CUSTOMER, Run, run.key] = replace(run, schedule=replace(run.schedule, report=bad))
    schedules.change(post.with_, CUSTOMER, run.schedule.id, SchedulePatch(name="Mended"), "key:x")
    assert parked_after(post, 4) == "active"
    assert runs(post)[0].status == "failed"


def test_a_parked_schedule_goes_on_once_it_is_set_to_active(post: FakePost) -> None:
    schedule = post.schedule()
    post.schedules.found[CUSTOMER, Schedule, schedule.id] = replace(schedule, status="parked", reason="x", next_run=None)
    renamed = schedules.change(post.with_, CUSTOMER, schedule.id, SchedulePatch(name="Other"), "key:x")
    assert (renamed.status, renamed.next_run) == ("parked", None)
    active = schedules.change(post.with_, CUSTOMER, schedule.id, SchedulePatch(status="active"), "key:x")
    assert (active.status, active.reason, active.next_run) == ("active", "", SEVEN)


def test_a_report_that_failed_is_told_and_is_the_runs_end(post: FakePost) -> None:
    recipient = post.recipient(EMAIL)
    post.reports.status, post.reports.reason = "failed", "report_too_large"
    started(post)
    for _ in range(3):
        work(post)
    (run,), (told,) = runs(post), post.schedules.all(Delivery)
    assert (run.status, run.reason) == ("failed", "report_too_large")
    assert (told.recipient_id, told.note.kind) == (recipient.id, "report.failed")


def test_of_a_schedule_that_was_deleted_nothing_is_made_any_more(post: FakePost) -> None:
    post.recipient(EMAIL)
    run = started(post)
    schedules.delete(post.with_, CUSTOMER, run.schedule.id)
    work(post)
    assert (runs(post)[0].reason, post.reports.found) == ("schedule_deleted", {})
    with pytest.raises(NotFound):
        schedules.delete(post.with_, CUSTOMER, run.schedule.id)


def test_a_report_that_was_deleted_before_it_was_delivered_is_not_made_again(post: FakePost) -> None:
    post.recipient(EMAIL)
    post.reports.status = "rendering"
    started(post)
    work(post)
    post.reports.found.clear()
    work(post)
    assert (runs(post)[0].status, runs(post)[0].reason) == ("failed", "report_deleted")


# Digests


def test_mails_of_the_same_hour_are_one(post: FakePost) -> None:
    mail, hook = post.recipient(EMAIL), post.recipient(WEBHOOK)
    for number, at in enumerate(("07:00", "07:20", "07:50", "08:10")):
        post.schedule(CadenceBody("daily", at=at), number, digest=True)
    for _ in range(22):
        post.wait(minutes=5)
        look(post)
        work(post)
    first, second = sorted(post.digests(), key=lambda one: one.hour)
    assert (len(first.runs), len(second.runs)) == (3, 1)
    digests.close(post.with_, CUSTOMER, first.key)
    digests.close(post.with_, CUSTOMER, second.key)
    mails = [one for one in post.schedules.all(Delivery) if one.recipient_id == mail.id]
    assert [(one.owner, len(one.reports)) for one in mails] == [(first.owner, 3)]  # the second hour's isn't closed yet
    assert len([one for one in post.schedules.all(Delivery) if one.recipient_id == hook.id]) == 4


def test_what_is_ready_after_its_digest_has_closed_is_told_by_itself(post: FakePost) -> None:
    mail = post.recipient(EMAIL)
    post.reports.status = "rendering"
    run = started(post, digest=True)
    work(post)
    post.wait(hours=2)
    report_id = running.report_id_of(CUSTOMER, run)
    post.reports.found[report_id] = replace(post.reports.found[report_id], status="ready")
    work(post)
    (delivery,) = post.schedules.all(Delivery)
    assert (delivery.owner, delivery.recipient_id) == (run.key, mail.id)
    assert post.digests() == []


def test_in_a_zone_ahead_of_utc_mails_are_one_though_their_windows_end_later(post: FakePost) -> None:
    post.recipient(EMAIL)
    post.clock.now = datetime(2026, 11, 26, 21, 30, tzinfo=UTC)
    for number in range(3):
        post.schedule(CadenceBody("daily", at="07:00"), number, timezone="Asia/Tokyo", digest=True)
    for _ in range(60):
        post.wait(minutes=5)
        look(post)
        work(post)
    (digest,) = post.digests()
    digests.close(post.with_, CUSTOMER, digest.key)
    (mail,) = post.schedules.all(Delivery)
    assert len(mail.reports) == 3


def test_what_is_taken_out_or_deleted_before_its_report_is_ready_is_not_delivered(post: FakePost) -> None:
    hook = post.recipient(WEBHOOK)
    post.recipient(EMAIL)
    post.reports.status = "rendering"
    first, second = post.schedule(number=1), post.schedule(number=2)
    post.wait(minutes=32)
    look(post)
    work(post)
    post.reports.found = {name: replace(record, status="ready") for name, record in post.reports.found.items()}
    schedules.change(post.with_, CUSTOMER, first.id, SchedulePatch(recipients=[hook.id]), "key:x")
    schedules.delete(post.with_, CUSTOMER, second.id)
    work(post)
    assert [(one.owner.partition("#")[0], one.recipient_id) for one in post.schedules.all(Delivery)] == [(first.id, hook.id)]


def state(post: FakePost) -> Any:
    return schedules.runs_answer(post.with_, CUSTOMER, runs(post)[0].schedule.id, 10, None)[0][0]["status"]


def test_a_run_is_delivered_only_where_somebody_got_it(post: FakePost) -> None:
    recipient = post.recipient(EMAIL, "unsubscribed")
    started(post)
    work(post)
    work(post)
    assert state(post) == "delivering"
    delivering.deliver(post.with_, CUSTOMER, f"{runs(post)[0].key}#{recipient.id}")
    assert state(post) == "undelivered"


def test_a_run_whose_digest_is_still_to_come_is_being_delivered(post: FakePost) -> None:
    post.recipient(EMAIL)
    hook = post.recipient(WEBHOOK)
    started(post, digest=True)
    work(post)
    work(post)
    delivering.deliver(post.with_, CUSTOMER, f"{runs(post)[0].key}#{hook.id}")
    assert state(post) == "delivering"


def test_a_run_that_some_got_and_some_did_not_is_partly_delivered(post: FakePost) -> None:
    post.recipient(WEBHOOK)
    post.recipient(EMAIL, "unsubscribed")
    started(post)
    work(post)
    work(post)
    for delivery in post.schedules.all(Delivery):
        delivering.deliver(post.with_, CUSTOMER, delivery.key)
    assert state(post) == "partly_delivered"


def test_a_run_whose_report_failed_shows_who_was_told_of_it(post: FakePost) -> None:
    hook = post.recipient(WEBHOOK)
    post.reports.status, post.reports.reason = "failed", "report_too_large"
    run = started(post)
    work(post)
    work(post)
    (shown,), _ = schedules.runs_answer(post.with_, CUSTOMER, run.schedule.id, 10, None)
    assert [one["recipient_id"] for one in shown["deliveries"]] == [hook.id]  # type: ignore[attr-defined]


def test_of_a_schedule_that_never_was_no_runs_are_told(post: FakePost) -> None:
    assert schedules.runs_answer(post.with_, CUSTOMER, post.schedule().id, 10, None) == ([], None)
    with pytest.raises(NotFound):
        schedules.runs_answer(post.with_, CUSTOMER, "f" * 32, 10, None)


def test_a_digest_that_is_closed_twice_is_one(post: FakePost) -> None:
    post.recipient(EMAIL)
    started(post, digest=True)
    work(post)
    work(post)
    (digest,) = post.digests()
    post.wait(hours=1)
    post.wait(minutes=20)
    for _ in range(3):
        digests.close(post.with_, CUSTOMER, digest.key)
    assert len(post.schedules.all(Delivery)) == 1
