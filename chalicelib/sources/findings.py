"""ASFF (AWS Security Finding Format) -> findings, as GetFindings answers and as files hold them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, BinaryIO

from chalicelib.domain.compliance import SEVERITIES, Finding
from chalicelib.domain.errors import RejectedDrop

LONGEST_FIX, LONGEST_URL = 500, 500
"""Security Hub's own limit of a remediation's text is 512 characters."""
_LABEL_FROM = ((90, "CRITICAL"), (70, "HIGH"), (40, "MEDIUM"), (1, "LOW"))
"""Severity.Normalized -> Label, as the ASFF guide maps them."""


def read(file: BinaryIO) -> tuple[Finding, ...]:
    """Every finding of a file: a list, {"Findings": [...]}, an event's detail.findings, or one finding; else RejectedDrop."""
    try:
        document = json.loads(file.read().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise RejectedDrop("not readable as UTF-8 JSON") from error
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise RejectedDrop("a text in it holds half a character") from error
    return tuple(to_findings(_findings_of(document)))


def _findings_of(document: Any) -> list[Any]:
    if isinstance(document, dict):
        if "detail" in document:
            document = document["detail"]
        found = document.get("Findings", document.get("findings")) if isinstance(document, dict) else None
        document = [document] if found is None else found
    if not isinstance(document, list):
        raise RejectedDrop("no list of findings in it")
    return document


def to_findings(raw: Iterable[Any]) -> list[Finding]:
    findings = []
    for number, finding in enumerate(raw):
        try:
            findings.append(to_finding(finding))
        except KeyError as error:
            raise RejectedDrop(f"finding {number}: no {error.args[0]}") from error
        except (TypeError, ValueError, AttributeError, OverflowError) as error:
            raise RejectedDrop(f"finding {number}: a field is not of its type") from error
    return findings


def to_finding(raw: dict[str, Any]) -> Finding:
    """Required fields by [], optional ones by .get; an absent RecordState is ACTIVE, an absent Workflow is NEW."""
    compliance = raw.get("Compliance") or None
    control = str((compliance or {}).get("SecurityControlId") or raw["GeneratorId"])
    resources = raw.get("Resources") or []
    workflow = (raw.get("Workflow") or {}).get("Status") or raw.get("WorkflowState") or "NEW"
    updated = datetime.fromisoformat(raw["UpdatedAt"])
    looked_at = sorted((str(resource.get("Id", "")), str(resource.get("Type", ""))) for resource in resources)
    fix, fix_url = fix_of(raw.get("Remediation") or {})
    return Finding(
        id=str(raw["Id"]),
        product=product_of(str(raw["ProductArn"])),
        control_id=control,
        title=str(raw.get("Title") or control),
        severity=severity_of(raw.get("Severity") or {}),
        status=None if compliance is None else str(compliance.get("Status") or "NOT_AVAILABLE"),
        ignored=(raw.get("RecordState") or "ACTIVE") == "ARCHIVED" or workflow == "SUPPRESSED",
        updated_at=updated if updated.tzinfo else updated.replace(tzinfo=UTC),
        account=str(raw["AwsAccountId"]),
        region=str(raw.get("Region") or next((resource.get("Region") for resource in resources if resource.get("Region")), "")),
        resources=tuple(resource for resource, _ in looked_at),
        standards=standards_of(compliance or {}),
        types=tuple(kind for _, kind in looked_at),
        fix=fix,
        fix_url=fix_url,
    )


def fix_of(remediation: dict[str, Any]) -> tuple[str, str]:
    """(text on one line, link) of a remediation, each '' where there is none; a link that doesn't lead to the web is none."""
    recommendation = remediation.get("Recommendation") or {}
    text = " ".join(str(recommendation.get("Text") or "").split())
    url = str(recommendation.get("Url") or "")
    web = url.startswith(("https://", "http://")) and url.isascii() and url.isprintable() and " " not in url and len(url) <= LONGEST_URL
    return text[:LONGEST_FIX], url if web else ""


def product_of(arn: str) -> str:
    """What follows `product/` in a ProductArn, whatever its region: aws/securityhub, prowler/prowler."""
    _, mark, product = arn.partition(":product/")
    return product if mark else arn


def severity_of(severity: dict[str, Any]) -> str:
    label = str(severity.get("Label", "")).upper()
    if label in SEVERITIES:
        return label
    normalized = severity.get("Normalized")
    if isinstance(normalized, int | float):
        return next((label for least, label in _LABEL_FROM if normalized >= least), "INFORMATIONAL")
    return "INFORMATIONAL"


def standards_of(compliance: dict[str, Any]) -> tuple[str, ...]:
    standards = compliance.get("AssociatedStandards") or []
    return tuple(sorted({str(standard["StandardsId"]) for standard in standards if standard.get("StandardsId")}))
