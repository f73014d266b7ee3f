"""Security Hub -> current findings of a customer's accounts, read in the home region by the delegated administrator."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from chalicelib.domain.compliance import SECURITY_HUB, Finding, Sweep
from chalicelib.domain.errors import RejectedDrop, SourceUnavailable
from chalicelib.domain.state import SECURITY_HUB as SOURCE
from chalicelib.sources.calls import REPEATED, chunks, named
from chalicelib.sources.findings import product_of, to_findings

ACCOUNTS_A_CALL = 20
ASSOCIATIONS_A_CALL = 100
PRODUCT_NAMES = ("Security Hub", "Security Hub CSPM")
STATUSES = ("PASSED", "FAILED", "WARNING", "NOT_AVAILABLE")


class SecurityHub:
    """All active findings with a compliance status, and which controls without any are switched off."""

    name = SOURCE

    def __init__(self, client: Any, wait_turn: Callable[[], None]) -> None:
        """`wait_turn` returns when a request may be made: all workers share one pace."""
        self._client, self._wait_turn = client, wait_turn

    def chunks(self, accounts: Iterable[str]) -> list[list[str]]:
        """The accounts, as many together as one request may name."""
        return list(chunks(sorted(accounts), ACCOUNTS_A_CALL))

    def step(self, sweep: Sweep, chunks_: list[list[str]]) -> Sweep:
        """The sweep, one page further; SourceUnavailable when a page's token comes twice."""
        self._wait_turn()
        with named(self.name):
            found, token = get_findings(self._client, chunks_[sweep.chunk], sweep.token)
        if token in sweep.tokens:
            raise SourceUnavailable(SOURCE, REPEATED)
        return sweep.after(tuple(_read(found)), token)

    def disabled(self, findings: Iterable[Finding], known: Mapping[str, tuple[str, ...]]) -> frozenset[tuple[str, str]]:
        """The (control, standard) pairs that are switched off, of those that are known and have no finding."""
        seen = {(finding.control_id, standard) for finding in findings for standard in finding.standards}
        silent = [pair for control, standards in known.items() for standard in standards if (pair := (control, standard)) not in seen]
        with named(self.name):
            return frozenset(get_disabled(self._client, silent))


def read_events(raw: Iterable[dict[str, Any]]) -> tuple[Finding, ...]:
    """Security Hub's own findings of the same shape that `step` reads, archived ones included; RejectedDrop for a malformed one."""
    own = [finding for finding in raw if product_of(str(finding.get("ProductArn"))) == SECURITY_HUB]
    return tuple(finding for finding in to_findings(own) if finding.status is not None)


def _read(raw: Iterable[dict[str, Any]]) -> list[Finding]:
    try:
        return to_findings(raw)
    except RejectedDrop as error:
        raise SourceUnavailable(SOURCE, "MalformedFinding") from error


def get_findings(client: Any, accounts: list[str], token: str | None) -> tuple[list[dict[str, Any]], str | None]:
    """(a page, the next one's token). Security Hub's own findings only: the product's name is a filter, its ARN is the proof."""
    filters = {
        "ProductName": _any_of(PRODUCT_NAMES),
        "RecordState": _any_of(("ACTIVE",)),
        "ComplianceStatus": _any_of(STATUSES),
        "AwsAccountId": _any_of(accounts),
    }
    page = client.get_findings(Filters=filters, MaxResults=100, **({"NextToken": token} if token else {}))
    return [finding for finding in page["Findings"] if product_of(finding["ProductArn"]) == SECURITY_HUB], page.get("NextToken") or None


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
