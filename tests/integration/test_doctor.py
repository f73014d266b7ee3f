"""`python -m ops.doctor` over the running stack, which has no functions, alarms or dashboard."""

from __future__ import annotations

import json

from tests.stack import Stack

LAPTOP = {"functions", "alarms", "dashboard", "data stack", "buckets' encryption, policy and lifecycle"}


def test_the_laptops_stack_is_well_and_says_what_it_hasnt(own_stack: Stack) -> None:
    done = own_stack.ops("doctor", "--json")
    told = json.loads(done.stdout)
    assert not [check for check in told["checks"] if check["state"] == "fail"]
    assert done.returncode == 0
    assert {check["name"] for check in told["checks"] if check["seen"] == "not on the laptop"} == LAPTOP
    names = {check["name"] for check in told["checks"]}
    assert {"who asks", "clock", "table securebase-local-metrics", "sources", "API"} <= names


def test_as_text_it_ends_with_a_count(own_stack: Stack) -> None:
    *lines, last = own_stack.ops("doctor").stdout.splitlines()
    assert last.startswith(f"{len(lines)} checks: ")
    assert all(line[:6] in ("ok    ", "warn  ", "fail  ") for line in lines)
