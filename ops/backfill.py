"""python -m ops.backfill --stage S --customer C --from ISO --to ISO"""

from __future__ import annotations

from chalicelib.domain.period import Window, hour_floor
from chalicelib.usecases import aggregate
from ops.common import customer_of, instant, main, parser, services_of


def command() -> None:
    made = parser("backfill", "Re-aggregate a past window from the sources; it may be run any number of times.")
    made.add_argument("--customer", required=True)
    made.add_argument("--from", dest="start", required=True, type=instant, help="ISO date or instant, UTC")
    made.add_argument("--to", dest="end", required=True, type=instant, help="ISO date or instant, UTC, not included")
    given = made.parse_args()
    if given.start >= given.end:
        made.error("--from must be before --to")
    with_ = services_of(given.stage)
    if given.start >= with_.clock():
        made.error("--from must be in the past")
    window = Window(hour_floor(given.start), hour_floor(given.end))
    aggregate.backfill(with_.collaborators, customer_of(with_, given.customer), window, with_.clock())
    for name, state in sorted(with_.metrics.status(given.customer).sources.items()):
        failures = "; ".join(f"{scope or 'all'}: {reason}" for scope, reason in state.failures)
        print(f"{name}\t{state.state}\tthrough {state.data_through or '-'}\t{failures}")


if __name__ == "__main__":
    main(command)
