"""What a customer sets for itself is refused by name where it can't be."""

from __future__ import annotations

import pytest

from chalicelib.domain.choosing import RETENTIONS, CustomerSettings
from chalicelib.domain.errors import InvalidInput

KEYS = tuple(f"key{number}" for number in range(20))


def test_nothing_chosen_and_as_much_as_there_may_be_are_taken() -> None:
    for chosen in (CustomerSettings(), CustomerSettings(KEYS, 1), CustomerSettings(("k" * 128,), 85)):
        assert chosen.checked() is chosen
    assert CustomerSettings().report_retention_months in RETENTIONS


@pytest.mark.parametrize(
    "chosen, field, told",
    [
        (CustomerSettings((*KEYS, "one more")), "allocation_tags", "must be at most 20 keys, each once"),
        (CustomerSettings(("team", "team")), "allocation_tags", "must be at most 20 keys, each once"),
        (CustomerSettings(("team", " ")), "allocation_tags", "must be keys of 1 to 128 characters"),
        (CustomerSettings(("k" * 129,)), "allocation_tags", "must be keys of 1 to 128 characters"),
        (CustomerSettings((), 2), "report_retention_months", "must be one of 1, 3, 6, 13, 25, 37, 61, 85"),
    ],
)
def test_what_cant_be_chosen_is_refused_by_name(chosen: CustomerSettings, field: str, told: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        chosen.checked()
    assert list(refused.value.problems) == [(field, told)]
