"""Security Hub -> current findings of a customer's accounts, read in the home region by the delegated administrator."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from chalicelib.domain.compliance import SECURITY_HUB, Finding
from chalicelib.domain.customer import Account
from chalicelib.domain.errors import RejectedDrop, SourceUnavailable
from chalicelib.domain.reading import FindingsReading
from chalicelib.domain.state import SECURITY_HUB as SOURCE
from chalicelib.sources.calls import chunks, named, pages
from chalicelib.sources.findings import product_of, to_findings

ACCOUNTS_A_CALL = 20
ASSOCIATIONS_A_CALL = 100
PRODUCT_NAMES = ("Security Hub", "Security Hub CSPM")
STATUSES = ("PASSED", "FAILED", "WARNING", "NOT_AVAILABLE")


class SecurityHub:
    """All active findings with a compliance status, and which controls without any are switched off."""

    name = SOURCE

    def __init__(self, client: Any) -> None:
        self._client = client

    def read(self, accounts: Iterable[Account], known: Mapping[str, tuple[str, ...]]) -> FindingsReading:
        """`known` are the controls of earlier days with their standards; those without findings now are looked up."""
        findings: list[Finding] = []
        with named(self.name):
            for chunk in chunks((account.id for account in accounts), ACCOUNTS_A_CALL):
                findings += _read(get_findings(self._client, chunk))
            seen = {(finding.control_id, standard) for finding in findings for standard in finding.standards}
            silent = [pair for control, standards in known.items() for standard in standards if (pair := (control, standard)) not in seen]
            disabled = frozenset(get_disabled(self._client, silent))
        return FindingsReading(tuple(findings), disabled)


def _read(raw: Iterable[dict[str, Any]]) -> list[Finding]:
    try:
        return to_findings(raw)
    except RejectedDrop as error:
        raise SourceUnavailable(SOURCE, "MalformedFinding") from error


def get_findings(client: Any, accounts: list[str]) -> Iterator[dict[str, Any]]:
    """Security Hub's own findings only: the product's name is a filter, its ARN is the proof."""
    filters = {
        "ProductName": _any_of(PRODUCT_NAMES),
        "RecordState": _any_of(("ACTIVE",)),
        "ComplianceStatus": _any_of(STATUSES),
        "AwsAccountId": _any_of(accounts),
    }
    for page in pages(SOURCE, client.get_findings, "NextToken", Filters=filters, MaxResults=100):
        for finding in page["Findings"]:
            if product_of(finding["ProductArn"]) == SECURITY_HUB:
                yield finding


def _any_of(values: Iterable[str]) -> list[dict[str, str]]:
    return [{"Value": value, "Comparison": "EQUALS"} for value in values]


def get_disabled(client: Any, associations: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The (control, standard) pairs that are switched off; what Security Hub can't tell of counts as on."""
    for chunk in chunks(associations, ASSOCIATIONS_A_CALL):
        region = client.meta.region_name
        by_arn = {(control, _standard_arn(standard, region)): (control, standard) for control, standard in chunk}
        ids = [{"SecurityControlId": control, "StandardsArn": arn} for control, arn in by_arn]
        answer = client.batch_get_standards_control_associations(StandardsControlAssociationIds=ids)
        for detail in answer.get("StandardsControlAssociationDetails", []):
            pair = by_arn.get((detail["SecurityControlId"], detail["StandardsArn"]))
            if pair and detail["AssociationStatus"] == "DISABLED":
                yield pair


def _standard_arn(standard: str, region: str) -> str:
    """StandardsId -> ARN: `standards/x/v/1.0.0` lies in a region, the old `ruleset/...` in none; both are AWS's own, without account."""
    return f"arn:aws:securityhub:{'' if standard.startswith('ruleset/') else region}::{standard}"
