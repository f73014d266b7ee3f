"""What the environment says, read once and checked at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.domain.allowance import A_MINUTE
from chalicelib.domain.state import CLOUDWATCH, COST_EXPLORER

STAGES = ("local", "dev", "staging", "production")
LAPTOP = "http://127.0.0.1:"
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
MOST_A_MINUTE = 1_000_000
MAIL_FROM = 'MAIL_FROM must be like "Reports <reports@example.com>", and needs PUBLIC_URL for the links in mails'


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
        given = _Given(environment)
        stage = given.one_of("STAGE", STAGES, "")
        laptop = given.text("STAGE") == "local"
        public_url = given.text("PUBLIC_URL").rstrip("/") or None
        mail_from, inbox, origin = (given.text(name) or None for name in ("MAIL_FROM", "INBOX_URL", "CORS_ORIGIN"))
        at_home = laptop and (public_url or "").startswith(LAPTOP)
        given.demand(public_url is None or public_url.startswith("https://") or at_home, "PUBLIC_URL must begin with https://")
        given.demand(mail_from is None or bool(public_url and "@" in mail_from and mail_from.isprintable()), MAIL_FROM)
        given.demand(inbox is None or (laptop and inbox.startswith(LAPTOP)), "INBOX_URL is of stage local alone")
        given.demand(origin != "*", "CORS_ORIGIN must be one origin, not *")
        settings = Settings(
            stage=stage,
            account=given.text("AWS_ACCOUNT_ID") or None,
            region=given.text("AWS_REGION") or given.text("AWS_DEFAULT_REGION") or "us-east-1",
            log_level=given.one_of("LOG_LEVEL", LOG_LEVELS, "INFO", given.text("LOG_LEVEL").upper()),
            jwt_issuer=given.text("JWT_ISSUER", "securebase"),
            jwt_audience=given.text("JWT_AUDIENCE", f"securebase-{stage}"),
            jwks_url=given.text("JWKS_URL") or None,
            cors_origin=origin,
            public_url=public_url,
            hours_kept=timedelta(days=given.number("HOURS_KEPT_DAYS", 90, 1, 400)),
            usage_every=int(given.one_of("USAGE_EVERY_HOURS", ("1", "6"), "1")),
            daily_caps={source: given.number(name, usual, 0) for source, (name, usual) in CAPS.items()},
            paid_forecasts=given.one_of("FORECAST", ("own", "cost_explorer"), "own") == "cost_explorer",
            partial_batches=given.text("PARTIAL_BATCHES") == "true",
            a_minute={kind: given.number(f"{kind.upper()}_A_MINUTE", usual, 1, MOST_A_MINUTE) for kind, usual in A_MINUTE.items()},
            mail_from=mail_from,
            inbox_url=inbox,
            customer_role=given.text("CUSTOMER_ROLE_ARN") or None,
        )
        if given.wrong:
            raise InvalidSettings("; ".join(given.wrong))
        return settings


class _Given:
    """The environment's variables; what is `wrong` with them is gathered, and their defaults stand for it until all is read."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment, self.wrong = environment, list[str]()

    def text(self, name: str, usual: str = "") -> str:
        return self._environment.get(name, usual)

    def one_of(self, name: str, allowed: Sequence[str], usual: str, text: str = "") -> str:
        """`text` is the variable's where that isn't taken as it stands."""
        chosen = text or self.text(name, usual)
        self.demand(chosen in allowed, f"{name} must be one of {', '.join(allowed)}")
        return chosen if chosen in allowed else allowed[0]

    def number(self, name: str, usual: int, least: int, most: int | None = None) -> int:
        text = self.text(name, str(usual))
        fits = text.isascii() and text.isdigit() and len(text) <= 18 and least <= int(text) and (most is None or int(text) <= most)
        self.demand(fits, f"{name} must be a whole number " + (f"from {least} on" if most is None else f"from {least} to {most}"))
        return int(text) if fits else usual

    def demand(self, fits: bool, problem: str) -> None:
        if not fits:
            self.wrong.append(problem)
