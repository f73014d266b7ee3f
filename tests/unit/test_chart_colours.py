"""The charts' colours can be told from the surface, and from each other by everybody."""

from __future__ import annotations

import math
import re
from itertools import combinations
from pathlib import Path

import pytest

CSS = (Path(__file__).parents[2] / "chalicelib" / "web" / "assets" / "charts.css").read_text()
LIGHT, DARK = (dict(re.findall(r"--([a-z0-9]+): (#[0-9a-f]{6});", part)) for part in CSS.split("prefers-color-scheme: dark")[:2])
SERIES = [f"c{number}" for number in range(1, 7)]
Triple = tuple[float, float, float]
EYES: dict[str, tuple[Triple, Triple, Triple]] = {  # Machado, Oliveira, Fernandes 2009, severity 1, on linear RGB
    "most": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
CONES: tuple[Triple, Triple, Triple] = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
OKLAB: tuple[Triple, Triple, Triple] = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)


def times(matrix: tuple[Triple, Triple, Triple], of: list[float]) -> list[float]:
    return [sum(a * b for a, b in zip(row, of, strict=True)) for row in matrix]


def linear(code: str) -> list[float]:
    parts = (int(code[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def contrast(one: str, other: str) -> float:
    dark, light = sorted(
        sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear(code), strict=True)) for code in (one, other)
    )
    return (light + 0.05) / (dark + 0.05)


def seen(code: str, eye: str) -> list[float]:
    """In OKLab."""
    light = [min(1.0, max(0.0, part)) for part in times(EYES[eye], linear(code))]
    return times(OKLAB, [math.cbrt(cone) for cone in times(CONES, light)])


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_series_have_three_to_one_against_the_surface_and_text_four_and_a_half(scheme: dict[str, str]) -> None:
    assert {name: contrast(scheme[name], scheme["surface"]) for name in SERIES if contrast(scheme[name], scheme["surface"]) < 3} == {}
    texts = ("ink", "muted", "accent", "good", "bad", "warn")
    assert {name: contrast(scheme[name], scheme["surface"]) for name in texts if contrast(scheme[name], scheme["surface"]) < 4.5} == {}


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("eye", list(EYES))
def test_any_two_series_differ_to_every_eye(scheme: dict[str, str], eye: str) -> None:
    near = {(a, b): math.dist(seen(scheme[a], eye), seen(scheme[b], eye)) for a, b in combinations(SERIES, 2)}
    assert {pair: far for pair, far in near.items() if far < 0.11} == {}


def test_the_sheet_asks_nobody_for_anything() -> None:
    assert "url(" not in CSS
    assert "@import" not in CSS
