"""What the sections of one report ask: the very functions that the routes ask, each once however many sections use its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import Any, cast

from chalicelib.domain.anomalies import Thresholds
from chalicelib.domain.cost import CostDay
from chalicelib.domain.errors import ReportTooLarge
from chalicelib.domain.period import DAY, Window
from chalicelib.domain.rates import Rates
from chalicelib.domain.report import Row
from chalicelib.domain.state import CustomerStatus
from chalicelib.domain.template import COMPLIANCE, COSTS, narrowed
from chalicelib.usecases.answers.anomalies import anomaly_answer
from chalicelib.usecases.answers.changes import changes_answer
from chalicelib.usecases.answers.charging import charging
from chalicelib.usecases.answers.choices import choice_of
from chalicelib.usecases.answers.compliance import compliance_answer
from chalicelib.usecases.answers.controls import control_answer, controls_answer
from chalicelib.usecases.answers.costs import cost_answer
from chalicelib.usecases.answers.risk import risk_answer
from chalicelib.usecases.answers.usage import usage_answer
from chalicelib.usecases.ports.metrics import MetricStore
from chalicelib.usecases.questions.anomalies import AnomalyQuestion
from chalicelib.usecases.questions.compliance import USUAL_CHANGES, ChangesQuestion, ComplianceQuestion, ControlQuestion, ControlsQuestion
from chalicelib.usecases.questions.costs import COST_PARAMETERS, CostQuestion, cost_question
from chalicelib.usecases.questions.parameters import one
from chalicelib.usecases.questions.usage import USAGE_PARAMETERS, UsageQuestion, usage_question
from chalicelib.usecases.reports.documents.once import ReadOnce

Answer = Mapping[str, Any]
ALL = 10**9
PLAIN_COMPARISON = {"compare": ("previous",)}


@dataclass(frozen=True)
class Asked:
    """`parameters` are a request's, over the template's; every answer is as of `at`."""

    metrics: MetricStore
    customer_id: str
    parameters: Mapping[str, tuple[str, ...]]
    at: datetime
    areas: tuple[str, ...]
    most_rows: int

    def reading_once(self) -> Asked:
        """The same of a store each part of which is read once."""
        return replace(self, metrics=cast(MetricStore, ReadOnce(self.metrics)))

    @cached_property
    def status(self) -> CustomerStatus:
        return self.metrics.status(self.customer_id)

    @property
    def framework(self) -> str | None:
        return one(self.parameters, "framework")

    @cached_property
    def cost_question(self) -> CostQuestion:
        return cost_question({**PLAIN_COMPARISON, **narrowed(self.parameters, COST_PARAMETERS, tags=True)}, self.at)

    @cached_property
    def usage_question(self) -> UsageQuestion:
        return usage_question(narrowed(self.parameters, USAGE_PARAMETERS), self.at)

    @cached_property
    def window(self) -> Window:
        """Of costs and usage; compliance is of the instant."""
        return self.cost_question.window if COSTS in self.areas else self.usage_question.window

    @cached_property
    def costs(self) -> Answer:
        return self.costs_by(*self.cost_question.by)

    def costs_by(self, *by: str) -> Answer:
        return self.answer(cost_answer, replace(self.cost_question, by=by))

    def answer(self, make: Callable[..., Answer], question: object) -> Answer:
        """What the route of that question answers."""
        return make(self.metrics, self.customer_id, question, self.status, self.at)

    @cached_property
    def cost_days(self) -> Sequence[CostDay]:
        """The window's days at the customer's rates."""
        window = self.cost_question.window
        first, last = window.start.date(), (window.end - DAY).date()
        consistent, as_of = not self.status.settled(self.at), self.cost_question.as_of
        read = self.metrics.costs.read(self.customer_id, first, last, consistent=consistent, as_of=as_of)
        return charging(choice_of(self.metrics, self.customer_id, Rates, self.status))(read)

    @cached_property
    def anomalies(self) -> Answer:
        asked = self.cost_question
        currency = self.costs["currency"]
        question = AnomalyQuestion(asked.period, asked.window, asked.selection, asked.basis, currency, Thresholds(), None)
        return self.answer(anomaly_answer, question)

    @cached_property
    def usage(self) -> Answer:
        return self.answer(usage_answer, self.usage_question)

    @cached_property
    def compliance(self) -> Answer:
        return self.answer(compliance_answer, ComplianceQuestion(self.framework, None))

    def controls(self, framework: str | None, states: tuple[str, ...] = ()) -> Answer:
        """Every control, worst first."""
        return self.answer(controls_answer, ControlsQuestion(framework, states, (), ALL, None))

    def control(self, control_id: str) -> Answer:
        """One control with every failing resource."""
        return self.answer(control_answer, ControlQuestion(control_id, ALL, None))

    @cached_property
    def changes(self) -> Answer:
        """Of the last 30 days."""
        last = self.at.date()
        return self.answer(changes_answer, ChangesQuestion(last - USUAL_CHANGES, last, self.framework, ALL))

    @cached_property
    def risk(self) -> Answer:
        """InvalidInput where costs are of several currencies, or asked for by hours."""
        asked = narrowed(self.parameters, ("period", "start", "end", "cost", "currency"))
        return self.answer(risk_answer, replace(cost_question(asked, self.at), top=ALL))

    def within_limits(self, rows: Iterable[Row]) -> tuple[Row, ...]:
        """The rows; ReportTooLarge before there are more of them than the document may have."""
        found = tuple(islice(rows, self.most_rows + 1))
        if len(found) > self.most_rows:
            raise ReportTooLarge(f"there are more than {self.most_rows:,} rows: ask for a shorter period or fewer accounts")
        return found

    @property
    def answers(self) -> Iterator[Answer]:
        """The main answer of each area."""
        for area in self.areas:
            yield {COSTS: lambda: self.costs, COMPLIANCE: lambda: self.compliance}.get(area, lambda: self.usage)()
