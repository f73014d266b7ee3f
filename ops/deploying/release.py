"""What `chalice package` made, turned into a release: named functions, versions behind LIVE, a canary that alarms reverse."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from alarms.tags import tag_values, title
from chalicelib.domain import signals
from ops.deployed import LIVE

CANARY = "Linear10PercentEvery3Minutes"
"""Outlasts the slowest trigger of the rollback alarms: three periods of five minutes."""
CANARY_MINUTES = 30
VERSIONED = ("CodeUri", "Handler", "Runtime", "Architectures", "Timeout", "MemorySize", "Environment", "Role", "Tracing", "Layers")
PLACED = ("CodeUri", "ContentUri")
VERSION_DIGEST = "AutoPublishCodeSha256"
API_LOGICAL_ID, PERMISSION, API = "APIHandler", "APIHandlerInvokePermission", "RestAPI"

Template = dict[str, Any]


def logical_id(function: signals.Function) -> str:
    """As Chalice names the function in its template."""
    return API_LOGICAL_ID if function == signals.API else title(function.name)


def released(packaged: Template, stage: str, label: str, places: Mapping[str, str], alarms: Sequence[str]) -> Template:
    """The template to deploy. `places` has the s3:// address of each local artifact; `alarms` reverse the canary; `label` is told by every
    new version."""
    template = copy.deepcopy(packaged)
    resources = template["Resources"]
    for resource in resources.values():
        for name in PLACED:
            if name in resource["Properties"]:
                resource["Properties"][name] = places[resource["Properties"][name]]
    for function in signals.FUNCTIONS:
        properties = resources[logical_id(function)]["Properties"]
        properties |= {
            "FunctionName": function.deployed(stage),
            "AutoPublishAlias": LIVE,
            VERSION_DIGEST: _versioned(properties, resources),
            "VersionDescription": label,
            "DeploymentPreference": {"Type": CANARY, "Alarms": list(alarms)},
            "Tags": {**properties.get("Tags", {}), **tag_values(stage, function.name)},
        }
    resources[API]["Properties"]["DefinitionBody"] = _behind_live(resources[API]["Properties"]["DefinitionBody"])
    resources[PERMISSION]["Properties"]["FunctionName"] = {"Ref": f"{API_LOGICAL_ID}Alias{LIVE}"}
    return template


def _versioned(properties: Mapping[str, Any], resources: Mapping[str, Any]) -> str:
    """A digest of what Lambda makes a new version for, and of nothing else: by itself SAM publishes for code, variables and memory alone,
    or for tags and reserved concurrency as well, which Lambda refuses as they are in no version."""
    layers = [resources[layer["Ref"]]["Properties"]["ContentUri"] for layer in properties.get("Layers", []) if "Ref" in layer]
    told = {name: properties.get(name) for name in VERSIONED} | {"layers": layers}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _behind_live(definition: Any) -> Any:
    """Every function that the API names (its handler, authorizers) by its alias: Chalice names the function itself, whose traffic neither
    canary nor rollback would move."""
    text = json.dumps(definition)
    for function in signals.FUNCTIONS:
        name = logical_id(function)
        text = text.replace(f"${{{name}.Arn}}", f"${{{name}Alias{LIVE}}}")
    return json.loads(text)


def as_told_before(template: Template, before: Template | None) -> Template:
    """The template with the labels of before on versions that stay: a label can't change without making its version anew."""
    kept = copy.deepcopy(template)
    for function in signals.FUNCTIONS:
        new, old = ((one or {}).get("Resources", {}).get(logical_id(function), {}).get("Properties", {}) for one in (kept, before))
        if new[VERSION_DIGEST] == old.get(VERSION_DIGEST):
            new["VersionDescription"] = old["VersionDescription"]
    return kept
