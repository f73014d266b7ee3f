"""Why DynamoDB refused a write, told from the failure that a store made of it."""

from __future__ import annotations

from botocore.exceptions import ClientError

from chalicelib.domain.errors import StoreUnavailable


def cancelled(error: StoreUnavailable) -> bool:
    """Whether a transaction was given up because its condition didn't hold, or another one was at the same items."""
    return bool(reasons_of(error))


def reasons_of(error: StoreUnavailable) -> list[str]:
    """The codes of a transaction's actions, if conditions or other transactions are why it was given up."""
    reasons = [str(reason.get("Code")) for reason in (getattr(error.__cause__, "response", None) or {}).get("CancellationReasons", [])]
    return reasons if {"ConditionalCheckFailed", "TransactionConflict"} & set(reasons) else []


def condition_failed(error: StoreUnavailable) -> bool:
    return code_of(error) == "ConditionalCheckFailedException"


def code_of(error: StoreUnavailable) -> str:
    """AWS's code for what went wrong."""
    cause = error.__cause__
    return str(cause.response.get("Error", {}).get("Code", "")) if isinstance(cause, ClientError) else ""
