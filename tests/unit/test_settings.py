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


def test_mails_need_somewhere_for_their_links_to_lead() -> None:
    told = {"STAGE": "dev", "PUBLIC_URL": "https://x.example/", "MAIL_FROM": "Reports <reports@example.com>"}
    settings = Settings.from_environment(told)
    assert (settings.public_url, settings.mail_from) == ("https://x.example", "Reports <reports@example.com>")
    for sender in ("reports", "a@example.com\nBcc: b@example.com"):
        with pytest.raises(InvalidSettings, match="MAIL_FROM"):
            Settings.from_environment({**told, "MAIL_FROM": sender})


def test_a_laptop_is_reached_without_tls_and_has_an_inbox() -> None:
    settings = Settings.from_environment({"STAGE": "local", "PUBLIC_URL": "http://127.0.0.1:8000", "INBOX_URL": "http://127.0.0.1:9000"})
    assert (settings.public_url, settings.inbox_url) == ("http://127.0.0.1:8000", "http://127.0.0.1:9000")


@pytest.mark.parametrize(
    "name, text",
    [
        ("USAGE_EVERY_HOURS", "2"),
        ("CLOUDWATCH_DAILY_CAP", "-1"),
        ("COST_EXPLORER_DAILY_CAP", "many"),
        ("QUERIES_A_MINUTE", "0"),
        ("FORECAST", "guess"),
        ("PUBLIC_URL", "http://x.example"),
        ("PUBLIC_URL", "http://127.0.0.1:8000"),
        ("MAIL_FROM", "Reports <reports@example.com>"),
        ("INBOX_URL", "http://127.0.0.1:9000"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(name: str, text: str) -> None:
    with pytest.raises(InvalidSettings, match=name):
        Settings.from_environment({"STAGE": "dev", name: text})


def test_a_function_is_called_by_its_stage_and_the_apis_own_name_is_left_out() -> None:
    assert signals.API.deployed("dev") == f"{signals.APP}-dev"
    assert signals.AGGREGATOR.deployed("production") == f"{signals.APP}-production-analytics-aggregator"
