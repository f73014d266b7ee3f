"""What the environment says, read once and checked at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.domain.allowance import A_MINUTE
from chalicelib.domain.state import CLOUDWATCH, COST_EXPLORER

STAGES = ("local", "dev", "staging", "production")
LAPTOP = "http://127.0.0.1:"
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


MOST_A_MINUTE = 1_000_000


class InvalidSettings(Exception):
    """Names every variable that is missing or wrong, all at once."""


CAPS = {CLOUDWATCH: ("CLOUDWATCH_DAILY_CAP", 5_000_000), COST_EXPLORER: ("COST_EXPLORER_DAILY_CAP", 2_000)}
"""Per source the variable and the default of what may be asked a day: metrics ($0.01 a thousand) and pages ($0.01 each)."""


@dataclass(frozen=True)
class Settings:
    """`account` None is asked of STS when first needed; `cors_origin` None lets no other origin in;
    `public_url` None is as requests reach the API; `jwks_url` None means HS256; `mail_from` None sends no mail.

    `inbox_url` is where the laptop takes what would go to webhooks and Slack; no other stage has one.

    `usage_every` is the hours between two reads of CloudWatch. `paid_forecasts` asks Cost Explorer what customers will be billed.
    `customer_role` is the role that requests are answered with, narrowed to their customer; None is the function's own.
    `a_minute` is how often each customer may ask, per kind of request, and an address give bad credentials.
    `partial_batches` says that SQS is told which messages of a batch failed.
    """

    stage: str
    account: str | None
    region: str
    log_level: str
    jwt_issuer: str
    jwt_audience: str
    jwks_url: str | None
    cors_origin: str | None
    public_url: str | None
    hours_kept: timedelta
    usage_every: int
    daily_caps: Mapping[str, int]
    paid_forecasts: bool
    partial_batches: bool
    a_minute: Mapping[str, int]
    mail_from: str | None = None
    inbox_url: str | None = None
    customer_role: str | None = None

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
        every = environment.get("USAGE_EVERY_HOURS", "1")
        if every not in ("1", "6"):
            wrong.append("USAGE_EVERY_HOURS must be 1 or 6")
        often = {kind: environment.get(f"{kind.upper()}_A_MINUTE", str(count)) for kind, count in A_MINUTE.items()}
        unfit = [f"{kind.upper()}_A_MINUTE" for kind, count in often.items() if not _often(count)]
        wrong += [f"{name} must be a number from 1 to {MOST_A_MINUTE}" for name in unfit]
        caps = {source: environment.get(name, str(cap)) for source, (name, cap) in CAPS.items()}
        wrong += [f"{CAPS[source][0]} must be a whole number" for source, cap in caps.items() if not (cap.isascii() and cap.isdigit())]
        forecast = environment.get("FORECAST", "own")
        if forecast not in ("own", "cost_explorer"):
            wrong.append("FORECAST must be own or cost_explorer")
        origin = environment.get("CORS_ORIGIN") or None
        if origin == "*":
            wrong.append("CORS_ORIGIN must be one origin, not *")
        public_url = environment.get("PUBLIC_URL", "").rstrip("/") or None
        if public_url is not None and not public_url.startswith("https://") and not (stage == "local" and public_url.startswith(LAPTOP)):
            wrong.append("PUBLIC_URL must begin with https://")
        mail_from = environment.get("MAIL_FROM") or None
        if mail_from is not None and not (public_url and "@" in mail_from and mail_from.isprintable()):
            wrong.append('MAIL_FROM must be like "Reports <reports@example.com>", and needs PUBLIC_URL for the links in mails')
        inbox = environment.get("INBOX_URL") or None
        if inbox is not None and not (stage == "local" and inbox.startswith(LAPTOP)):
            wrong.append("INBOX_URL is of stage local alone")
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
            public_url=public_url,
            hours_kept=timedelta(days=int(kept)),
            usage_every=int(every),
            daily_caps={source: int(cap) for source, cap in caps.items()},
            paid_forecasts=forecast == "cost_explorer",
            partial_batches=environment.get("PARTIAL_BATCHES") == "true",
            a_minute={kind: int(count) for kind, count in often.items()},
            mail_from=mail_from,
            inbox_url=inbox,
            customer_role=environment.get("CUSTOMER_ROLE_ARN") or None,
        )


def _often(text: str) -> bool:
    return text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_A_MINUTE
