"""Writes down which AWS operations each of the app's functions asks for, on what, as lines `function, action, resource`.

botocore tells of every call, and of every link that is signed, before it is made; Chalice's handlers say which function is at it.
What no function does (seeding, the laptop's own loops, tests) isn't written down.
"""

from __future__ import annotations

import contextvars
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import botocore
from chalice import app as chalice_app

API, NOBODY = "api_handler", ""
"""The API's function; and who asks when it is a test itself, amid a function."""
_function: contextvars.ContextVar[str] = contextvars.ContextVar("function", default=NOBODY)
_written: set[str] = set()
Call = tuple[str, str]
"""(IAM action, ARN)."""


def install(folder: str) -> None:
    """From here on, into a file per process."""
    path = Path(folder) / f"{os.getpid()}.tsv"

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        function = _function.get()
        for action, resource in needed(model.service_model.service_name, model.name, params) if function else ():
            line = f"{function}\t{action}\t{resource}\n"
            if line not in _written:
                _written.add(line)
                with path.open("a") as file:
                    file.write(line)

    botocore.register_initializer(lambda session: session.register("provide-client-params", note))
    _within(chalice_app.EventSourceHandler, lambda handler: handler.func.__name__.replace("_", "-"))
    _within(chalice_app.Chalice, lambda handler: API)
    submit = ThreadPoolExecutor.submit

    def carrying(self: Any, call: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
        return submit(self, contextvars.copy_context().run, call, *arguments, **named)

    ThreadPoolExecutor.submit = carrying  # type: ignore[method-assign]


@contextmanager
def doing(function: str) -> Iterator[None]:
    """What is asked meanwhile is that function's."""
    token = _function.set(function)
    try:
        yield
    finally:
        _function.reset(token)


def _within(kind: Any, name: Callable[[Any], str]) -> None:
    plain = kind.__call__

    @wraps(plain)
    def called(self: Any, event: Any, context: Any) -> Any:
        with doing(name(self)):
            return plain(self, event, context)

    kind.__call__ = called


def needed(service: str, operation: str, params: dict[str, Any]) -> Iterator[Call]:
    """What IAM wants granted for a call; nothing for what is asked in a customer's account, by its role, or needs no grant."""
    if service == "dynamodb":
        yield from _dynamodb(operation, params)
    elif service == "s3":
        yield from _s3(operation, params)
    elif service == "sqs" and "QueueUrl" in params:  # by name only tests ask for queues
        yield f"sqs:{operation.removesuffix('Batch')}", f"arn:aws:sqs:*:*:{params['QueueUrl'].rpartition('/')[2]}"
    elif service == "sns":
        yield f"sns:{operation}", params["TopicArn"]
    elif service == "secretsmanager":
        yield f"secretsmanager:{operation}", f"arn:aws:secretsmanager:*:*:secret:{params['SecretId']}-xxxxxx"
    elif service == "sesv2":
        set_ = f"arn:aws:ses:*:*:configuration-set/{params['ConfigurationSetName']}"
        for action in ("ses:SendEmail", *(["ses:SendRawEmail"] if "Raw" in params["Content"] else [])):
            yield from ((action, arn) for arn in (set_, f"arn:aws:ses:*:*:identity/{params['FromEmailAddress']}"))
    elif service == "sts" and operation == "AssumeRole":
        yield "sts:AssumeRole", params["RoleArn"]
    elif service in ("ce", "securityhub"):
        yield f"{service}:{operation}", "arn:aws:securityhub:*:*:hub/default" if operation == "GetFindings" else "*"
    elif service not in ("cloudwatch", "sts", "sqs"):
        yield f"{service}:{operation}", "?"


def _dynamodb(operation: str, params: dict[str, Any]) -> Iterator[Call]:
    def arn(name: str) -> str:
        return f"arn:aws:dynamodb:*:*:table/{name}"

    if operation in ("BatchGetItem", "BatchWriteItem"):
        yield from ((f"dynamodb:{operation}", arn(name)) for name in params["RequestItems"])
    elif operation == "TransactWriteItems":
        kinds = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}
        yield from ((f"dynamodb:{kinds[kind]}", arn(of["TableName"])) for item in params["TransactItems"] for kind, of in item.items())
    else:
        index = f"/index/{params['IndexName']}" if "IndexName" in params else ""
        yield f"dynamodb:{operation}", arn(params["TableName"]) + index


def _s3(operation: str, params: dict[str, Any]) -> Iterator[Call]:
    bucket, version = f"arn:aws:s3:::{params['Bucket']}", "Version" if "VersionId" in params else ""
    key = f"{bucket}/{params.get('Key', '').partition('/')[0]}/..."  # enough to tell which prefix it is
    lists = {"ListObjectsV2": "s3:ListBucket", "ListObjectVersions": "s3:ListBucketVersions"}
    if operation in lists:
        yield lists[operation], bucket
        return
    names = {"GetObject": f"s3:GetObject{version}", "HeadObject": f"s3:GetObject{version}", "DeleteObject": f"s3:DeleteObject{version}"}
    yield names.get(operation, f"s3:{operation}"), key
    if operation == "GetObject" and not version:
        yield "s3:ListBucket", bucket  # or what isn't there is 403
    if "Tagging" in params:
        yield "s3:PutObjectTagging", key
