"""Pictures from outside: decoded within bounds and drawn anew, so that nothing of the file itself is ever kept or embedded."""

from __future__ import annotations

import io
import warnings

from PIL import Image, UnidentifiedImageError

FORMATS = ("PNG", "JPEG")
MOST_PIXELS, LONGEST_SIDE, LARGEST = 4_000_000, 600, 250_000


def as_png(content: bytes) -> bytes:
    """A PNG of at most 600 pixels a side, fewer where it would be large; ValueError says what is wrong with the picture."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    raise ValueError(f"must have at most {MOST_PIXELS:,} pixels")
                drawn = picture.convert("RGBA")
    except (UnidentifiedImageError, Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise ValueError("must be a PNG or JPEG") from None
    except (OSError, SyntaxError):
        raise ValueError("must be a whole PNG or JPEG") from None
    side = LONGEST_SIDE
    while len(made := _png(drawn, side)) > LARGEST:
        side = side * 2 // 3
    return made


def _png(drawn: Image.Image, side: int) -> bytes:
    drawn.thumbnail((side, side))
    plain = Image.new("RGBA", drawn.size)
    plain.paste(drawn)
    made = io.BytesIO()
    plain.save(made, "PNG", optimize=True)
    return made.getvalue()
