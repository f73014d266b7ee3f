"""Nobody reaches a table but by a store, and no store's method but with a customer: what the matrix over HTTP tries, held at its root."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import stores
from chalicelib.stores.cache import cache_key

ROOT = Path(__file__).parents[2]
OF_NOBODY = {
    "ApiKeys.get": "who it is that asks is found out by it",
    "ApiKeys.put": "the key says whose it is",
    "ApiKeys.change": "use cases have looked whose it is",
    "ApiKeys.used": "when a key was used that was verified",
    "Customers.all": "the hourly plan and the operator",
    "Customers.create": "the operator's",
    "Customers.put": "the operator's",
    "Customers.put_together": "the operator's",
    "Metrics.statuses": "the operator and the health page",
    "Links.find": "a link is its own credential and says whose it is",
    "Sessions.put": "the session says whose it is",
    "Sessions.find": "a cookie is its own credential and says whose it is",
    "Sessions.delete": "of whoever came with its cookie",
    "TokenBuckets.settle": "of a customer or of an address",
    "Schedules.due": "the reporter's, over all customers",
    "Schedules.hold": "the reporter's, of what it found due",
}
WITHOUT_CUSTOMERS = {"Ledger", "PayerExports", "PayerFiles", "Handover", "Queue"}
"""The deployment's own book, the payer's export, and jobs."""


def classes() -> Iterator[Any]:
    for module in pkgutil.iter_modules(stores.__path__):
        for _, found in inspect.getmembers(importlib.import_module(f"chalicelib.stores.{module.name}"), inspect.isclass):
            if found.__module__ == f"chalicelib.stores.{module.name}" and not issubclass(found, Exception) and "__init__" in vars(found):
                yield found


METHODS = {
    f"{found.__name__}.{name}": method
    for found in classes()
    if found.__name__ not in WITHOUT_CUSTOMERS | {"Dynamo"} and "dynamo" in inspect.signature(found.__init__).parameters
    for name, method in vars(found).items()
    if inspect.isfunction(method) and not name.startswith("_")
}


def test_there_are_methods_to_hold_to_it() -> None:
    assert len(METHODS) > 60
    some = {"Metrics.status", "Cache.get", "Reports.list", "Schedules.get", "Audit.append", "Rollups.read", "Choices.change"}
    assert some <= set(METHODS)


@pytest.mark.parametrize("name", METHODS)
def test_a_stores_method_cannot_be_called_without_a_customer(name: str) -> None:
    parameters = list(inspect.signature(METHODS[name]).parameters.values())[1:]
    first = parameters[0] if parameters else None
    required = first is not None and first.name == "customer_id" and first.default is inspect.Parameter.empty
    assert required != (name in OF_NOBODY), name


def test_every_exception_is_still_one() -> None:
    assert set(OF_NOBODY) <= set(METHODS)


def calls(path: Path) -> Iterator[tuple[str, str]]:
    """(method, first argument if it is a text) of every call in a module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            first = node.args[0] if node.args else None
            yield node.func.attr, first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""


def test_dynamodb_is_reached_by_stores_alone() -> None:
    modules = sorted((ROOT / "chalicelib").rglob("*.py"))
    asking = {path.name for path in modules if ("client", "dynamodb") in set(calls(path))}
    assert asking == {"credentials.py"}, "its one client goes to the stores' Dynamo and to nobody else"
    operations = {"get_item", "batch_get_item", "put_item", "update_item", "delete_item", "batch_write_item", "transact_write_items"}
    asked = {path.name for path in modules if operations & {method for method, _ in calls(path)}}
    assert asked <= {"dynamo.py", "answers.py"}


TEXT = st.text(max_size=40)


@given(TEXT, TEXT, TEXT, TEXT)
def test_two_pairs_of_customer_and_question_never_share_a_cache_key(a: str, b: str, c: str, d: str) -> None:
    assert (cache_key(a, b) == cache_key(c, d)) == ((a, b) == (c, d))


@given(TEXT, st.integers(0, 80))
def test_nor_does_a_text_that_is_parted_elsewhere(text: str, at: int) -> None:
    parted = {(text[:here], text[here:]) for here in range(len(text) + 1)}
    assert len({cache_key(*pair) for pair in parted}) == len(parted)
