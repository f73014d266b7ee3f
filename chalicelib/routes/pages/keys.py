"""API keys: those that there are, and the form of another one."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.customer import SCOPES
from chalicelib.routes.pages.asking import AskedByPage
from chalicelib.routes.pages.chosen import Chosen
from chalicelib.routes.pages.forms import blank
from chalicelib.routes.pages.key_forms import LABELS
from chalicelib.usecases.access.keys import DEFAULT_SCOPES, shown

MEANING = {"read": "look at usage, costs and compliance", "report": "make reports and schedules", "admin": "hand out keys, settings"}
DONE = {"revoked": "The key is revoked. Within a minute nobody accepts it any more."}


def view(asked: AskedByPage, chosen: Chosen) -> dict[str, Any]:
    found = [shown(key, asked.at) for key in reversed(asked.services.api_keys.of(asked.customer_id))]
    return {
        "notices": [],
        "done": DONE.get(chosen.one("done"), ""),
        "form": blank(scopes=DEFAULT_SCOPES, expires_in_days=""),
        "problems": {},
        "labels": LABELS,
        "scopes": {scope: MEANING[scope] for scope in SCOPES},
        "rows": sorted(found, key=lambda key: bool(key["status"] != "live")),
        "made": None,
        "rotating": "",
    }
