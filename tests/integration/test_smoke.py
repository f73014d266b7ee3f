"""`python -m ops.smoke` over the running stack."""

from __future__ import annotations

import json

from ops.deploying.smoke_tests import DURATIONS
from tests.stack import Stack


def keys_of(stack: Stack) -> list[dict[str, object]]:
    told: list[dict[str, object]] = json.loads(stack.ops("keys", "list", "--customer", "securebase-smoke", "--json").stdout)
    return told


def passes(stack: Stack, *arguments: str) -> list[str]:
    """Every check is ok, but perhaps for how long queries took, which says how busy this machine is; returns a line of each."""
    done = stack.ops("smoke", *arguments)
    *lines, last = done.stdout.splitlines()
    others = [line for line in lines if not line[6:].startswith(f"{DURATIONS}: ")]
    assert all(line.startswith("ok    ") for line in others), done.stdout + done.stderr
    in_time = last == "10 checks: 10 ok, 0 warn, 0 fail"
    assert done.returncode == (0 if in_time else 1)
    assert len(others) == 9
    return lines


def test_the_stack_passes_and_the_key_is_revoked(own_stack: Stack) -> None:
    assert "30 queries: average" in passes(own_stack)[-1]
    assert all(key["revoked"] and key["expires_at"] for key in keys_of(own_stack))


def test_it_touches_no_other_customer(own_stack: Stack) -> None:
    before = [own_stack.client(one).answer("/analytics/reports")["reports"] for one in own_stack.customers]
    passes(own_stack, "--queries", "3")
    assert [own_stack.client(one).answer("/analytics/reports")["reports"] for one in own_stack.customers] == before


def test_a_run_that_fails_ends_non_zero_and_leaves_no_live_key(own_stack: Stack) -> None:
    done = own_stack.ops("smoke", "--url", "http://127.0.0.1:9", "--json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert told["failed"] is True
    assert {check["state"] for check in told["checks"]} == {"fail"}
    assert all(key["revoked"] for key in keys_of(own_stack))


def test_between_two_runs_its_customer_is_served_by_nothing_and_holds_up_no_months_closing(own_stack: Stack) -> None:
    passes(own_stack, "--queries", "3")
    listed = own_stack.ops("customers", "list").stdout.splitlines()
    assert [line.split("\t")[1] for line in listed if line.startswith("securebase-smoke\t")] == ["disabled"]
    passes(own_stack, "--queries", "3")  # a run after another finds it served


def test_an_erased_customer_is_made_anew(own_stack: Stack) -> None:
    own_stack.ops("customers", "erase", "--id", "securebase-smoke", "--yes")
    passes(own_stack, "--queries", "3")


def test_an_address_in_the_clear_is_refused(own_stack: Stack) -> None:
    done = own_stack.ops("smoke", "--url", "http://api.example.com")
    assert done.returncode == 1
    assert "https://" in done.stderr
