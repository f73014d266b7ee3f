"""Services that can reach one customer's data alone; a part of wiring.py."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import boto3

from chalicelib.security import sessions
from chalicelib.stores import tables
from chalicelib.stores.answers import parsed_in_c
from chalicelib.stores.files import ABSENT, ReportFiles, reports_prefix

if TYPE_CHECKING:
    from chalicelib.wiring import Services

KEYED = (tables.METRICS, tables.REPORTS, tables.SCHEDULES, tables.AUDIT)
"""The tables whose partitions are customers; beside them a request touches the cache."""
REFUSED = ("AccessDenied", "403")
"""What S3 says of an object that isn't there to who may not list the whole bucket."""
SHARED = (
    *("customers", "api_keys", "links", "known_key", "known_customer", "note_use", "limiter", "keyring", "_remembered", "verifier"),
    *("report_queue", "delivery_queue", "account", "page_sessions"),
)
"""What is asked with the function's own credentials in every request: who asks and how often, links and sessions of the page by
their ids, and jobs."""


def sessions_of(with_: Services) -> sessions.Sessions:
    """Of the role that the deployment has for it."""
    keyed, cache = [with_.table(table) for table in KEYED], with_.table(tables.CACHE)

    def policy_of(customer_id: str) -> str:
        return sessions.policy(customer_id, keyed, cache, with_.report_files.bucket, reports_prefix(customer_id))

    def make(granted: dict[str, str]) -> Services:
        return narrowed(with_, granted)

    return sessions.Sessions(lambda: with_.client("sts"), str(with_.settings.customer_role), policy_of, make)


def narrowed(with_: Services, granted: dict[str, str]) -> Services:
    """The same services, but for tables and objects, which are asked with these credentials."""
    from chalicelib.wiring import CONFIG, CONFIGS

    given = {
        "region_name": with_.settings.region,
        "aws_access_key_id": granted["AccessKeyId"],
        "aws_secret_access_key": granted["SecretAccessKey"],
        "aws_session_token": granted["SessionToken"],
    }  # no boto3.Session of its own: each would load the services' models anew, some 15 MB
    dynamodb, s3 = (boto3.client(name, config=CONFIGS.get(name, CONFIG), **given) for name in ("dynamodb", "s3"))
    scoped = replace(with_, _clients={**with_._clients, "dynamodb": parsed_in_c(dynamodb), "s3": s3})
    scoped.__dict__["report_files"] = ReportFiles(s3, with_.report_files.bucket, (*ABSENT, *REFUSED))
    scoped.__dict__.update({name: getattr(with_, name) for name in SHARED})
    return scoped
