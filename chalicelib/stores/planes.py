"""Amounts <-> bytes: as many half bytes a number as the largest needs, in planes, which unpack at the speed of C."""

from __future__ import annotations

import struct
import zlib

import msgspec

from chalicelib.domain.amounts import NONE_UNKNOWN, Amounts

WORD = 8
"""Bytes of the widest number that is unpacked in one go."""
RAW = -15
"""zlib's sign for no header and no checksum."""
WORTH_PACKING = 0.8
"""What saves less than that costs more to unpack than to carry."""
ALL = [-1]
"""As `unknown`: every place."""
HALVES = bytes.maketrans(b"0123456789abcdef", bytes(range(16)))


class Stored(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """(unit - lowest) of every place in so many half bytes: all lowest bytes, then all second ones, at last the odd halves."""

    exponent: int
    lowest: int | str
    halves: int
    planes: bytes
    packed: bool
    unknown: list[int]


def deflate(data: bytes) -> bytes:
    """A small window for few bytes: making a large one takes longer than all the rest."""
    window, memory = (-12, 5) if len(data) <= 4096 else (RAW, 8)
    packing = zlib.compressobj(9, zlib.DEFLATED, window, memory)
    return packing.compress(data) + packing.flush()


def inflate(data: bytes) -> bytes:
    return zlib.decompress(data, RAW)


def store_amounts(amounts: Amounts) -> Stored:
    units, count = amounts.units, len(amounts.units)
    lowest = min(0, *units) if units else 0
    halves = max((((unit - lowest).bit_length() + 3) // 4 for unit in units), default=0)
    flat = b"".join((unit - lowest).to_bytes(halves // 2 + 1, "little") for unit in units)
    planes = [flat[place :: halves // 2 + 1] for place in range(halves // 2 + 1)]
    high = planes.pop().hex()[1::2] if halves % 2 else ""  # without an odd half the last plane holds zeros
    raw = b"".join(planes[: halves // 2]) + bytes.fromhex(high + "0" * (len(high) % 2))
    small = deflate(raw)
    packed = len(small) < WORTH_PACKING * len(raw)
    unknown = ALL if units and len(amounts.unknown) == count else sorted(amounts.unknown)
    fits = lowest >= -(2**63)
    return Stored(amounts.exponent, lowest if fits else str(lowest), halves, small if packed else raw, packed, unknown)


def load_amounts(stored: Stored, count: int) -> Amounts:
    planes = inflate(stored.planes) if stored.packed else stored.planes
    width, odd = divmod(stored.halves, 2)
    if odd:
        halves = planes[width * count :].hex().encode().translate(HALVES)[:count]
        planes, width = planes[: width * count] + halves, width + 1
    units: tuple[int, ...]
    if width > WORD:
        units = tuple(int.from_bytes(planes[place::count], "little") for place in range(count))
    else:
        words = bytearray(WORD * count)
        for place in range(width):
            words[place::WORD] = planes[place * count : (place + 1) * count]
        units = struct.unpack(f"<{count}Q", words)
    if stored.lowest:
        lowest = int(stored.lowest)
        units = tuple([unit + lowest for unit in units])
    unknown = frozenset(range(count) if stored.unknown == ALL else stored.unknown) if stored.unknown else NONE_UNKNOWN
    return Amounts(stored.exponent, units, unknown)
