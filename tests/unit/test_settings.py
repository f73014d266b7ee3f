"""What the environment says is checked all at once, and never lets every origin in."""

from __future__ import annotations

import io
import json

import pytest

from chalicelib import logs
from chalicelib.domain import signals
from chalicelib.settings import InvalidSettings, Settings


def test_a_stage_is_enough() -> None:
    settings = Settings.from_environment({"STAGE": "production"})
    assert (settings.log_level, settings.cors_origin, settings.jwt_audience) == ("INFO", None, "securebase-production")


def test_everything_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(InvalidSettings) as refused:
        Settings.from_environment({"LOG_LEVEL": "LOUD", "CORS_ORIGIN": "*", "HOURS_KEPT_DAYS": "0"})
    for name in ("STAGE", "LOG_LEVEL", "CORS_ORIGIN", "HOURS_KEPT_DAYS"):
        assert name in str(refused.value)


def test_a_metric_is_one_line_in_cloudwatchs_embedded_format() -> None:
    logs.configure("ERROR")
    lines = io.StringIO()
    logs.METRICS.handlers[0].setStream(lines)  # type: ignore[attr-defined]
    logs.emit("dev", signals.CLOUDWATCH_METRICS, 7)
    told = json.loads(lines.getvalue())
    assert (told["Stage"], told[signals.CLOUDWATCH_METRICS]) == ("dev", 7)
    (directive,) = told["_aws"]["CloudWatchMetrics"]
    assert directive == {"Namespace": signals.NAMESPACE, "Dimensions": [["Stage"]], "Metrics": [{"Name": signals.CLOUDWATCH_METRICS}]}
    assert told["_aws"]["Timestamp"] > 1_700_000_000_000


@pytest.mark.parametrize("name, text", [("USAGE_EVERY_HOURS", "2"), ("CLOUDWATCH_DAILY_CAP", "-1"), ("COST_EXPLORER_DAILY_CAP", "many")])
def test_a_setting_that_makes_no_sense_is_named(name: str, text: str) -> None:
    with pytest.raises(InvalidSettings, match=name):
        Settings.from_environment({"STAGE": "dev", name: text})


def test_a_function_is_called_by_its_stage_and_the_apis_own_name_is_left_out() -> None:
    assert signals.API.deployed("dev") == f"{signals.APP}-dev"
    assert signals.AGGREGATOR.deployed("production") == f"{signals.APP}-production-analytics-aggregator"
