"""`python -m ops.doctor` over the running stack, which has no functions, alarms or dashboard."""

from __future__ import annotations

import json

from tests.stack import Client, Stack

LAPTOP = {"functions", "alarms", "dashboard", "data stack", "buckets' encryption, policy and lifecycle"}


def test_the_laptops_stack_is_well_and_says_what_it_hasnt(own_stack: Stack) -> None:
    done = own_stack.ops("doctor", "--json")
    told = json.loads(done.stdout)
    wrong = {check["name"] for check in told["checks"] if check["state"] == "fail"}
    assert all(name.endswith("-dead") for name in wrong), "jobs that other tests had given up"
    assert done.returncode == bool(wrong)
    assert {check["name"] for check in told["checks"] if check["seen"] == "not on the laptop"} == LAPTOP
    names = {check["name"] for check in told["checks"]}
    assert {"who asks", "clock", "table securebase-local-metrics", "sources", "API"} <= names


def test_as_text_it_ends_with_a_count(own_stack: Stack) -> None:
    *lines, last = own_stack.ops("doctor").stdout.splitlines()
    assert last.startswith(f"{len(lines)} checks: ")
    assert all(line[:6] in ("ok    ", "warn  ", "fail  ") for line in lines)


def test_of_a_customer_it_says_what_is_covered(own_stack: Stack) -> None:
    customer = own_stack.customers[0].customer_id
    told = own_stack.ops("doctor", "--customer", customer, "--json")
    checks = {check["name"]: check for check in json.loads(told.stdout)["checks"]}
    assert told.returncode == 0
    roles = [name for name in checks if name.endswith(", role")]
    assert roles
    assert {checks[name.replace("role", "ExternalId")]["seen"] for name in roles} == {"refused without it"}
    assert "from cost_explorer" in checks["months of costs"]["seen"]
    nobody = own_stack.ops("doctor", "--customer", "nobody")
    assert (nobody.returncode, "there is no customer nobody" in nobody.stderr) == (1, True)


def test_whoever_adds_a_customer_gets_the_template_filled_in(own_stack: Stack) -> None:
    added = own_stack.ops("customers", "add", "--id", "template-co", "--name", "Template", "--account", "915000000015")
    again = own_stack.ops("customers", "assign", "--id", "template-co", "--account", "915000000016")
    template, same = json.loads(added.stdout), json.loads(again.stdout)
    assert template == same
    given = {name: one.get("Default") for name, one in template["Parameters"].items()}
    assert (given["ProviderAccountId"], given["ForwardFindings"]) == ("123456789012", "no")
    assert given["ExternalId"].startswith("template-co-")
    assert template["Resources"]["Reader"]["Properties"]["RoleName"] == "SecureBaseAnalyticsReader"


def test_the_operators_key_opens_the_whole_of_health_and_ends(own_stack: Stack) -> None:
    made = own_stack.ops("keys", "create", "--operator", "--json")
    assert made.returncode == 0, made.stderr
    key = json.loads(made.stdout)
    client = Client(own_stack.base_url, {"X-API-Key": key["api_key"]})
    assert "customers" in client.answer("/health")
    assert client.get("/analytics/usage").status in (401, 403)
    assert own_stack.ops("keys", "list", "--operator").returncode == 2
    assert own_stack.ops("keys", "revoke", "--operator", "--key", "nobody").returncode == 1
    assert own_stack.ops("keys", "revoke", "--operator", "--key", key["key_id"]).returncode == 0
