"""python -m ops.tokens --stage local|dev --customer C [--hours H] [--scopes read,report]"""

from __future__ import annotations

from datetime import timedelta

from chalicelib.domain.customer import SCOPES
from chalicelib.security import secrets, tokens
from ops.audit import note
from ops.common import customer_of, main, parser, services_of


def command() -> None:
    made = parser("tokens", "Mint a JWT for trying things out; staging and production take them from the identity provider only.")
    made.add_argument("--customer", required=True)
    made.add_argument("--hours", type=int, default=1, choices=range(1, 25), metavar="1..24")
    made.add_argument("--scopes", default="read,report", help=f"of {','.join(SCOPES)}")
    given = made.parse_args()
    if given.stage not in ("local", "dev"):
        made.error("--stage: tokens are minted for local and dev only")
    if not set(given.scopes.split(",")) <= set(SCOPES):
        made.error(f"--scopes: only {', '.join(SCOPES)}")
    with_ = services_of(given.stage)
    customer_of(with_, given.customer)
    key = secrets.derived(with_.master, "tokens")
    note(with_, given.customer, "tokens", f"tokens/{given.scopes}")
    life, scope = timedelta(hours=given.hours), given.scopes.replace(",", " ")
    print(tokens.mint(key, with_.settings.jwt_issuer, with_.settings.jwt_audience, given.customer, with_.clock(), life, scope))


if __name__ == "__main__":
    main(command)
