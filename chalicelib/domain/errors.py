"""Everything that can go wrong and be named.

AnalyticsError
├── InvalidInput            a request's field or parameter is wrong          400
│   └── BreakdownUnavailable  the source can't give that combination         400
├── Unauthorized            no or bad credentials, all alike                 401
├── Forbidden               known, but not allowed                           403
├── NotFound                not there for this customer                      404
├── Conflict                not in that state                                409
├── TooLarge                the body is over its limit                       413
├── UnsupportedMedia        the body is not JSON                             415
├── KeyReused               an Idempotency-Key came with another body        422
├── TooManyRunning          this customer has as many reports under way as it may  429
├── TooOften                asked for more often than is good for its recipients        429
├── TooManyRequests         one more than its allowance; says when there is one again   429
├── ReportTooLarge          a report has more rows than its format may hold  422
├── Busy                    somebody else is at that very job, which comes again later
├── StoreUnavailable        our own tables, buckets or queues don't answer   503
├── UnknownSchema           an item was written by a version we don't know   500
├── SourceUnavailable       a source of data refused or failed; named, the others go on
└── RejectedDrop            a dropped file is malformed; it says where
Domain errors know nothing of HTTP: routes/errors.py maps them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.domain.allowance import Taken


class AnalyticsError(Exception):
    """The root; its text is written for the reader of an answer and holds no secrets."""

    code = "internal_error"


class InvalidInput(AnalyticsError):
    """Carries every (field, message) that is wrong."""

    code = "invalid_input"

    def __init__(self, *problems: tuple[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {message}" for field, message in problems))
        self.problems = problems


class BreakdownUnavailable(InvalidInput):
    code = "breakdown_unavailable"


class Unauthorized(AnalyticsError):
    code = "unauthorized"

    def __init__(self) -> None:
        super().__init__("the request carries no valid credential")


class Forbidden(AnalyticsError):
    code = "forbidden"


class NotFound(AnalyticsError):
    code = "not_found"


class Conflict(AnalyticsError):
    code = "conflict"


class TooLarge(AnalyticsError):
    code = "too_large"


class UnsupportedMedia(AnalyticsError):
    code = "unsupported_media_type"


class KeyReused(InvalidInput):
    code = "idempotency_key_reused"


class TooManyRunning(AnalyticsError):
    code = "too_many_running_reports"


class TooOften(AnalyticsError):
    code = "too_often"


class TooManyRequests(AnalyticsError):
    """`taken` says when there is one again."""

    code = "too_many_requests"

    def __init__(self, message: str, taken: Taken) -> None:
        super().__init__(message)
        self.taken = taken


class ReportTooLarge(AnalyticsError):
    code = "report_too_large"


class Busy(AnalyticsError):
    code = "busy"


class StoreUnavailable(AnalyticsError):
    code = "store_unavailable"


class UnknownSchema(AnalyticsError):
    code = "unknown_schema"


class SourceUnavailable(AnalyticsError):
    """`reason` is AWS's error code (or our own word) and `scope` the account or region it concerns, '' for all."""

    code = "source_unavailable"

    def __init__(self, source: str, reason: str, scope: str = "") -> None:
        super().__init__(f"{source}: {reason}" + (f" ({scope})" if scope else ""))
        self.source, self.reason, self.scope = source, reason, scope


class RejectedDrop(AnalyticsError):
    """A dropped export can't be read; what it replaced stays."""

    code = "rejected_drop"
