"""Whatever dies at any call between a schedule's being due and its messages: one report, one delivery per recipient."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.adapters.posting import CHANNELS, Post, posting
from tests.adapters.test_crashes import MOMENTS
from tests.e2e.embedded import NOW

DUE = NOW.replace(hour=15, minute=0)


@pytest.fixture(scope="module")
def post() -> Iterator[Post]:
    with posting() as made:
        made.recipients(*CHANNELS)
        yield made


def due(post: Post) -> None:
    post.anew(NOW)
    post.schedule()
    post.aws.now = DUE + timedelta(minutes=1)


def delivered_once(post: Post, webhook_repeats: bool) -> list[str]:
    """What isn't as it should be."""
    (run,) = post.runs(post.services.schedules.schedules(post.customer.id)[0])
    reports = post.services.reports.list(post.customer.id, 10, None)[0]
    hooks = post.arrived("webhook")
    seen = {
        "reports": (len(reports), 1),
        "report": (reports[0].status if reports else None, "ready"),
        "mails": (len(post.arrived("mail")), 1),
        "in the bucket": (len(post.in_bucket()), 1),
        "webhook ids": (len({one.headers["webhook-id"] for one in hooks}), 1),
        "webhooks": (len(hooks) if not webhook_repeats else min(len(hooks), 1), 1),
        "run": (run.status, "delivering"),
        "deliveries": (post.statuses(run), dict.fromkeys(CHANNELS, "delivered")),
    }
    return [f"{name}: {found}, not {right}" for name, (found, right) in seen.items() if found != right]


def recorded(post: Post) -> bool:
    """Whether the webhook's answer is."""
    runs = post.runs(post.services.schedules.schedules(post.customer.id)[0])
    return any(post.statuses(run).get("webhook") == "delivered" for run in runs)


@pytest.mark.parametrize("moment", MOMENTS)
def test_what_died_anywhere_is_finished_once(post: Post, moment: str) -> None:
    due(post)
    assert not post.dies(moment, None)
    assert delivered_once(post, False) == []
    names = list(post.killer.calls)
    assert len(names) > 50
    wrong, lost = {}, 0
    for at in range(len(names) if moment == MOMENTS[1] else 1):  # before any later call all is as it was after the one before it
        due(post)
        died = post.dies(moment, at)
        place = f"{moment} {at} of {len(names)}, {post.killer.calls[at] if died else 'none'}"
        answer_lost = bool(post.arrived("webhook")) and not recorded(post)
        lost += answer_lost
        post.mended()
        if problems := delivered_once(post, answer_lost):
            wrong[place] = problems
    assert wrong == {}
    assert lost <= 2  # died at the webhook itself, or at the write that records its answer


def test_two_reporters_and_the_same_event_five_times_make_one_of_everything(post: Post) -> None:
    due(post)
    for _ in range(5):
        post.turn()
    post.mended()
    assert delivered_once(post, False) == []
