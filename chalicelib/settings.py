"""What the environment says, read once and checked at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

STAGES = ("local", "dev", "staging", "production")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class InvalidSettings(Exception):
    """Names every variable that is missing or wrong, all at once."""


@dataclass(frozen=True)
class Settings:
    """`account` None is asked of STS when first needed; `cors_origin` None lets no other origin in; `jwks_url` None means HS256."""

    stage: str
    account: str | None
    region: str
    log_level: str
    jwt_issuer: str
    jwt_audience: str
    jwks_url: str | None
    cors_origin: str | None
    hours_kept: timedelta

    @staticmethod
    def from_environment(environment: Mapping[str, str]) -> Settings:
        """STAGE is required; everything else has a default (docs/operations.md lists them)."""
        wrong = []
        stage = environment.get("STAGE", "")
        if stage not in STAGES:
            wrong.append("STAGE must be one of " + ", ".join(STAGES))
        level = environment.get("LOG_LEVEL", "INFO").upper()
        if level not in LOG_LEVELS:
            wrong.append("LOG_LEVEL must be one of " + ", ".join(LOG_LEVELS))
        kept = environment.get("HOURS_KEPT_DAYS", "90")
        if not kept.isdigit() or not 1 <= int(kept) <= 400:
            wrong.append("HOURS_KEPT_DAYS must be a number of days from 1 to 400")
        origin = environment.get("CORS_ORIGIN") or None
        if origin == "*":
            wrong.append("CORS_ORIGIN must be one origin, not *")
        if wrong:
            raise InvalidSettings("; ".join(wrong))
        return Settings(
            stage=stage,
            account=environment.get("AWS_ACCOUNT_ID") or None,
            region=environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1",
            log_level=level,
            jwt_issuer=environment.get("JWT_ISSUER", "securebase"),
            jwt_audience=environment.get("JWT_AUDIENCE", f"securebase-{stage}"),
            jwks_url=environment.get("JWKS_URL") or None,
            cors_origin=origin,
            hours_kept=timedelta(days=int(kept)),
        )
