"""Branding: what a customer may say of its documents' looks, and what becomes of a picture from outside."""

from __future__ import annotations

import base64
import io
import zlib

import pytest
from PIL import Image, PngImagePlugin

from chalicelib.domain.branding import Branding
from chalicelib.domain.errors import InvalidInput
from chalicelib.renderers import as_png
from chalicelib.usecases.reports.branding import LARGEST_LOGO, BrandingBody, branding_of, shown_branding


def picture(width: int, height: int, form: str = "PNG", mode: str = "RGB") -> bytes:
    made = io.BytesIO()
    Image.new(mode, (width, height), 0 if mode in ("L", "1") else None).save(made, form)
    return made.getvalue()


def as_text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def refused(body: BrandingBody) -> dict[str, str]:
    with pytest.raises(InvalidInput) as raised:
        branding_of(body, as_png)
    return dict(raised.value.problems)


def bomb() -> bytes:
    """A small file that says it is 30,000 pixels a side."""
    plain = bytearray(picture(1, 1))
    plain[16:24] = (30_000).to_bytes(4, "big") * 2
    plain[29:33] = zlib.crc32(plain[12:29]).to_bytes(4, "big")
    return bytes(plain)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (BrandingBody("x" * 101), "name"),
        (BrandingBody(colour="red"), "colour"),
        (BrandingBody(colour="#12345"), "colour"),
        (BrandingBody(colour="#0b4a7a;x"), "colour"),
        (BrandingBody(logo="https://example.com/logo.png"), "logo"),
        (BrandingBody(logo="file:///etc/passwd"), "logo"),
        (BrandingBody(logo=""), "logo"),
        (BrandingBody(logo=as_text(b"<svg xmlns='http://www.w3.org/2000/svg'/>")), "logo"),
        (BrandingBody(logo=as_text(picture(2, 2, "GIF"))), "logo"),
        (BrandingBody(logo=as_text(picture(2, 2, "TIFF"))), "logo"),
        (BrandingBody(logo=as_text(picture(50, 50)[:60])), "logo"),
        (BrandingBody(logo=as_text(bomb())), "logo"),
        (BrandingBody(logo=as_text(picture(4000, 1001, mode="1"))), "logo"),
        (BrandingBody(logo=as_text(b"x" * (LARGEST_LOGO + 1))), "logo"),
    ],
)
def test_what_is_wrong_is_named(body: BrandingBody, field: str) -> None:
    assert list(refused(body)) == [field]


@pytest.mark.parametrize(("form", "mode"), [("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "L"), ("JPEG", "RGB"), ("JPEG", "CMYK")])
def test_a_logo_is_drawn_anew_within_bounds(form: str, mode: str) -> None:
    held = branding_of(BrandingBody(" Acme ", "#0B4A7A", as_text(picture(1200, 300, form, mode))), as_png)
    assert (held.name, held.colour) == ("Acme", "#0b4a7a")
    with Image.open(io.BytesIO(held.logo)) as drawn:
        assert (drawn.format, drawn.size) == ("PNG", (600, 150))


def test_nothing_of_the_file_but_its_pixels_is_kept() -> None:
    made, told = io.BytesIO(), PngImagePlugin.PngInfo()
    told.add_text("Comment", "from the office of Eve")
    Image.new("RGB", (3, 3)).save(made, "PNG", pnginfo=told)
    logo = branding_of(BrandingBody(logo=as_text(made.getvalue() + b"trailing words")), as_png).logo
    assert b"Eve" not in logo
    assert b"trailing" not in logo


def test_the_same_picture_gives_the_same_logo() -> None:
    sent = as_text(picture(30, 30))
    assert branding_of(BrandingBody(logo=sent), as_png) == branding_of(BrandingBody(logo=sent), as_png)


def test_what_is_shown_tells_logos_apart_without_showing_them() -> None:
    assert shown_branding(Branding()) == {"name": None, "colour": None, "logo": None}
    held = Branding("Acme", "#0b4a7a", b"png")
    assert set(shown_branding(held)["logo"]) == {"sha256", "size_bytes"}  # type: ignore[call-overload]
