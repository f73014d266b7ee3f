"""What the environment says is checked all at once, and never lets every origin in."""

from __future__ import annotations

import pytest

from chalicelib.settings import InvalidSettings, Settings


def test_a_stage_is_enough() -> None:
    settings = Settings.from_environment({"STAGE": "production"})
    assert (settings.log_level, settings.cors_origin, settings.jwt_audience) == ("INFO", None, "securebase-production")


def test_everything_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(InvalidSettings) as refused:
        Settings.from_environment({"LOG_LEVEL": "LOUD", "CORS_ORIGIN": "*", "HOURS_KEPT_DAYS": "0"})
    for name in ("STAGE", "LOG_LEVEL", "CORS_ORIGIN", "HOURS_KEPT_DAYS"):
        assert name in str(refused.value)
