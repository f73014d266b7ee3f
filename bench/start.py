"""A fresh process up to its first answer, beside one that only gets an item."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from statistics import median
from typing import Any

from bench.canned import ROOT
from bench.case import DETAILED, Bench, event
from bench.data import CUSTOMER, NOW
from bench.measure import Row
from chalicelib.stores import tables

ROUNDS, LIMIT = 9, 1.5
BARE = """
import json, sys, time
import boto3, chalice
given = json.load(sys.stdin)
boto3.client("dynamodb").get_item(**given)
print(json.dumps({"seconds": time.process_time()}))
"""
OURS = """
import json, os, sys, time
from datetime import datetime
import app
from chalicelib import wiring
from chalicelib.settings import Settings
given = json.load(sys.stdin)
now = datetime.fromisoformat(given["now"])
wiring.use(wiring.Services(Settings.from_environment(os.environ), clock=lambda: now))
answer = app.app(given["event"], None)
seconds = time.process_time()
unwanted = sorted({"reportlab", "openpyxl"} & set(sys.modules))
print(json.dumps({"seconds": seconds, "status": answer["statusCode"], "cache": answer["headers"]["X-Cache"], "unwanted": unwanted}))
"""


def run(bench: Bench) -> Iterator[Row]:
    bare = {"TableName": bench.services.table(tables.CUSTOMERS), "Key": {tables.CUSTOMERS.hash_key: {"S": CUSTOMER}}}
    _seconds(BARE, bare)
    ours, base, unwanted = [], [], set()
    for number in range(ROUNDS):
        parameters = {"period": "30d", **DETAILED, "top": str(500 + number)}  # a question that nobody has asked before
        base.append(_seconds(BARE, bare)["seconds"])
        first = _seconds(OURS, {"now": NOW.isoformat(), "event": event("/analytics/costs", parameters, {"x-api-key": bench.api_key})})
        assert (first["status"], first["cache"]) == (200, "miss"), first
        ours.append(first["seconds"])
        unwanted |= set(first["unwanted"])
    yield Row(
        "fresh process, first GET (30d costs, cold) / boto3 + chalice", median(a / b for a, b in zip(ours, base, strict=True)), "x", LIMIT
    )
    yield Row("reportlab and openpyxl in a fresh process", len(unwanted), "", 0)
    yield Row("  boto3 + chalice, one get_item", 1000 * median(base), " ms")
    yield Row("  the app, one GET", 1000 * median(ours), " ms")


def _seconds(script: str, given: object) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, input=json.dumps(given), capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
