"""Whether costs can be told by the tags that a question asks for: those that are chosen, where every source gives tags."""

from __future__ import annotations

from chalicelib.domain.breakdown import TAG
from chalicelib.domain.choosing import CustomerSettings
from chalicelib.domain.cost import CostDay
from chalicelib.domain.errors import BreakdownUnavailable
from chalicelib.domain.state import COST_EXPLORER, CustomerStatus
from chalicelib.usecases.answers.choices import choice_of
from chalicelib.usecases.ports.metrics import MetricStore
from chalicelib.usecases.questions.costs import CostQuestion


def _tags_asked(question: CostQuestion) -> dict[str, str]:
    """Per tag's key the parameter that asks for it."""
    by = {name.removeprefix(TAG): "breakdown" for name in question.by if name.startswith(TAG)}
    return {**{key: f"{TAG}{key}" for key, _ in question.selection.tags}, **by}


def allocation_tags(store: MetricStore, customer_id: str, question: CostQuestion, status: CustomerStatus) -> tuple[str, ...]:
    """The keys that the customer has chosen; looked up only where it has, and a question asks for one."""
    return choice_of(store, customer_id, CustomerSettings, status).allocation_tags if _tags_asked(question) else ()


def check_tags(days: list[CostDay], question: CostQuestion, chosen: tuple[str, ...]) -> None:
    if others := [
        (field, f"{key} is none of the allocation tags that are chosen")
        for key, field in _tags_asked(question).items()
        if chosen and key not in chosen
    ]:
        raise BreakdownUnavailable(*others)
    if fields := untold_tags(days, question):
        raise BreakdownUnavailable(*((field, "Cost Explorer, a source of this window, gives no tags here") for field in fields))


def untold_tags(days: list[CostDay], question: CostQuestion) -> list[str]:
    """The parameters that ask for tags, where a source of the days gives none."""
    asked = list(dict.fromkeys(_tags_asked(question).values()))
    return asked if asked and any(COST_EXPLORER in day.sources for day in days) else []
