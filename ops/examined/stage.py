"""What the doctor looks at a stage with: one look is one check, and whatever AWS answers becomes a line, never a stack."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPException
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from alarms.stack import build
from chalicelib.domain.errors import AnalyticsError
from chalicelib.settings import InvalidSettings
from chalicelib.stores.tables import physical_name
from chalicelib.wiring import Services
from ops.checks import FAIL, OK, WARN, Check
from ops.common import PROJECT
from ops.deployed import packaged

LAPTOP = "local"
Fault = tuple[str, str]
"""(what is wrong, how to mend it)."""
DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException", "UnauthorizedOperation", "403"}
)
NOT_THERE = frozenset(
    {
        "ResourceNotFoundException",
        "ResourceNotFound",
        "TableNotFoundException",
        "NoSuchBucket",
        "404",
        "AWS.SimpleQueueService.NonExistentQueue",
        "QueueDoesNotExist",
        "NotFound",
        "NotFoundException",
        "DashboardNotFoundError",
    }
)
_WANTED = re.compile(r"perform: ([a-z0-9-]+:[A-Za-z*]+)")
CALLED_OTHERWISE = {
    "HeadBucket": "ListBucket",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
}
"""Operations whose permission has another name."""


@dataclass(frozen=True)
class Told:
    """What a look saw: all is well without faults, else it is `state`."""

    seen: str
    faults: tuple[Fault, ...] = ()
    state: str = FAIL


@dataclass(frozen=True)
class Look:
    """`service` is IAM's name of what is asked. `missing` mends what isn't there; '' where another look tells of that."""

    service: str
    name: str
    see: Callable[[], Told]
    missing: str = ""


@dataclass(frozen=True)
class Stage:
    with_: Services
    project: Path = PROJECT

    @property
    def name(self) -> str:
        return self.with_.settings.stage

    @property
    def laptop(self) -> bool:
        return self.name == LAPTOP

    def client(self, service: str) -> Any:
        return self.with_.client(service)

    def physical(self, name: str) -> str:
        return physical_name(self.name, name)

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.with_.settings.region}:{self.with_.account}:{resource}"

    @property
    def deploy(self) -> str:
        return f"`python -m ops.deploy --stage {self.name}`"

    @cached_property
    def packaged(self) -> bool:
        return packaged(self.client, self.name)

    @cached_property
    def defined(self) -> dict[str, dict[str, Any]]:
        """The resources that the stage's template defines, by logical id."""
        return resources(build(self.name).to_json())

    def of_type(self, *kinds: str) -> list[dict[str, Any]]:
        return [one["Properties"] for one in self.defined.values() if one["Type"] in kinds]


def resources(template: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(template)["Resources"]
    return found


def not_on_the_laptop(name: str) -> Look:
    return Look("", name, lambda: Told("not on the laptop"))


def optional(call: Callable[..., Any], *codes: str, **request: Any) -> Any:
    """What AWS answers; None where it says one of the codes."""
    try:
        return call(**request)
    except ClientError as error:
        if code_of(error) in codes:
            return None
        raise


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def examine(looks: Iterable[Look]) -> Iterator[Check]:
    """A check per look; none where something isn't there that another look tells of."""
    for look in looks:
        check = _examined(look)
        if check:
            yield check


def _examined(look: Look) -> Check | None:
    try:
        told = look.see()
    except ClientError as error:
        return _refused(look, error)
    except BotoCoreError as error:
        return Check(look.name, FAIL, f"AWS can't be asked ({type(error).__name__})", "log in to AWS, and see that it can be reached")
    except AnalyticsError as error:
        if isinstance(error.__cause__, ClientError):
            return _refused(look, error.__cause__)
        return Check(look.name, FAIL, str(error), "see what the stage's tables answer")
    except InvalidSettings as error:
        return Check(look.name, FAIL, str(error), "mend the environment in .chalice/config.json and deploy")
    except (OSError, HTTPException, ValueError, KeyError, TypeError) as error:
        return Check(look.name, FAIL, f"not an answer that can be read ({type(error).__name__})", "look at it by hand")
    wrong, mends = [fault for fault, _ in told.faults], list(dict.fromkeys(mend for _, mend in told.faults))
    return Check(look.name, told.state, "; ".join(wrong), "; ".join(mends)) if wrong else Check(look.name, OK, told.seen)


def _refused(look: Look, error: ClientError) -> Check | None:
    code = code_of(error)
    if code in DENIED:
        wanted = permission(look.service, error)
        return Check(look.name, WARN, f"not seen: this identity may not {wanted}", f"grant {wanted} to whoever runs the doctor")
    if code in NOT_THERE:
        return Check(look.name, FAIL, "isn't there", look.missing) if look.missing else None
    return Check(look.name, FAIL, f"AWS answers {code} to {error.operation_name}", "try again; if it stays so, ask with the AWS CLI")


def permission(service: str, error: ClientError) -> str:
    """The action that AWS names in its refusal, else the one that the operation wants."""
    named = _WANTED.search(str(error.response.get("Error", {}).get("Message", "")))
    return named[1] if named else f"{service}:{CALLED_OTHERWISE.get(error.operation_name, error.operation_name)}"
