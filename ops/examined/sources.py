"""How fresh the sources are, what has been paid for, and whether the API answers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, partial
from typing import cast

from chalicelib.domain import signals
from chalicelib.settings import CAPS, Settings
from chalicelib.usecases.answers.values import Answer
from chalicelib.usecases.health import DEGRADED, Costs, Health, health_of
from ops.asking import Site
from ops.checks import WARN
from ops.deployed import url_of
from ops.examined.stage import Look, Stage, Told

NEAR = 0.8
"""Of a day's cap."""
NAMED = 5


class _Seen:
    """One look at all customers, for every check that needs it; refused anew each time where it is refused."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    @cached_property
    def health(self) -> Health:
        with_, settings = self._stage.with_, deployed_settings(self._stage)
        costs = Costs(settings.daily_caps, settings.usage_every)
        return health_of(with_.customers, with_.metrics, with_.ledger, costs, with_.clock())


def deployed_settings(stage: Stage) -> Settings:
    """As the workers have them: this shell's environment says nothing of a deployed stage's caps."""
    if stage.laptop:
        return stage.with_.settings
    name = signals.AGGREGATION_WORKER.deployed(stage.name)
    told = stage.client("lambda").get_function_configuration(FunctionName=name)
    return Settings.from_environment(told.get("Environment", {}).get("Variables", {}))


def looks(stage: Stage) -> Iterator[Look]:
    seen = _Seen(stage)
    yield Look("dynamodb", "sources", partial(_fresh, stage, seen))
    for source in CAPS:
        yield Look("dynamodb", f"cap of {source}", partial(_cap, seen, source))
    yield Look("apigateway", "API", partial(_answers, stage))


def _fresh(stage: Stage, seen: _Seen) -> Told:
    sources = seen.health.sources
    told = ", ".join(f"{one['source']} {one['state']} through {one['data_through'] or '-'}" for one in sources) or "nothing was read yet"
    behind = [one for one in sources if one["failing"] or one["stale"]]
    return Told(told, tuple(_behind(stage, seen.health, one) for one in behind), WARN)


def _behind(stage: Stage, health: Health, source: Answer) -> tuple[str, str]:
    name = str(source["source"])
    troubled = [
        str(customer["customer_id"])
        for customer in health.customers
        for state in cast(list[Answer], customer["sources"])
        if state["source"] == name and (state["state"] in DEGRADED or state.get("stale"))
    ]
    some = ", ".join(troubled[:NAMED]) or "those who are behind"
    fault = f"{name}: {source['failing']} of {source['customers']} customers fail, {source['stale']} are late ({some})"
    return fault, f"`python -m ops.doctor --stage {stage.name} --customer {(troubled or ['C'])[0]}` says why"


def _cap(seen: _Seen, source: str) -> Told:
    (paid,) = [one for one in seen.health.paid if one["source"] == source]
    told = f"{paid['today']} of {paid['daily_cap']} {paid['unit']} today"
    near = cast(int, paid["today"]) >= NEAR * cast(int, paid["daily_cap"])
    mend = f"it goes on at 00:00Z; raise {CAPS[source][0]} in .chalice/config.json if that is meant, and deploy"
    return Told(told, ((told, mend),) if near else (), WARN)


def _answers(stage: Stage) -> Told:
    settings = stage.with_.settings
    url = settings.public_url if stage.laptop else url_of(stage.client, stage.name, settings.region)
    if url is None:
        return Told("", (("there is no API of this stage", stage.deploy),))
    site = Site(url)
    try:
        answer = site.ask("GET", "/health")
    except OSError as error:
        return Told("", ((f"{url}/health doesn't answer ({type(error).__name__})", "see that the function and its API are there"),))
    finally:
        site.close()
    if answer.status != 200 or answer.json["stage"] != stage.name:
        mend = f"see the API function's log; `python -m ops.smoke --stage {stage.name}` tries the rest"
        return Told("", ((f"{url}/health is {answer.status}", mend),))
    return Told(f"{url} answers after {answer.ms:.0f} ms: {answer.json['status']}")
