"""python -m ops.backfill --stage S --customer C --from ISO --to ISO | --dead-letters"""

from __future__ import annotations

from chalicelib.domain.period import Window, hour_floor
from chalicelib.usecases.aggregation import aggregate
from chalicelib.wiring import Services
from ops.common import customer_of, instant, main, parser, services_of


def redrive(with_: Services) -> None:
    """Every job that was given up goes back into its queue; each bears repetition, so one that is moved twice does no harm."""
    for name, queue, dead in with_.queues_with_dead_letters():
        moved = 0
        for body, delete in dead.take_all():
            queue.put(body)
            delete()
            moved += 1
        print(f"{name}: {moved} jobs put back")


def command() -> None:
    made = parser("backfill", "Read a past window of one customer again, or put given-up jobs back; both may be run any number of times.")
    made.add_argument("--customer")
    made.add_argument("--from", dest="start", type=instant, metavar="ISO", help="ISO date or instant, UTC")
    made.add_argument("--to", dest="end", type=instant, metavar="ISO", help="ISO date or instant, UTC, not included")
    made.add_argument("--dead-letters", action="store_true", help="put every job that was given up back into its queue")
    given = made.parse_args()
    if given.dead_letters:
        redrive(services_of(given.stage))
        return
    if not (given.customer and given.start and given.end):
        made.error("--customer, --from and --to are needed, or --dead-letters")
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
