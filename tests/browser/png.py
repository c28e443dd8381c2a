"""A screenshot with at most 256 colours and the best compression: a third of what a browser writes.

https://www.w3.org/TR/png-3/: chunks, and the five filters of a row.
"""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Iterator

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOURS = 256
# Colour types: RGB and RGBA, eight bits each; what browsers write.
_CHANNELS = {2: 3, 6: 4}


def small(png: bytes) -> bytes:
    """Colours that are rare become the nearest of those that are not."""
    width, height, _, _ = _read(png)
    pixels = pixels_of(png)
    counts = Counter(pixels)
    palette = [colour for colour, _ in counts.most_common(COLOURS)]
    numbers = {colour: number for number, colour in enumerate(palette)}
    numbers |= {colour: _nearest(colour, palette) for colour in counts.keys() - numbers.keys()}
    indices = bytes(map(numbers.__getitem__, pixels))
    lines = b"".join(
        b"\0" + indices[at : at + width] for at in range(0, width * height, width)
    )  # no filter: neighbours of a palette are not alike
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", b"".join(palette)),
            _chunk(b"IDAT", zlib.compress(lines, 9)),
            _chunk(b"IEND", b""),
        )
    )


def pixels_of(png: bytes) -> list[bytes]:
    """Red, green and blue of each, row by row."""
    width, height, channels, data = _read(png)
    length = width * channels
    return [
        row[at : at + 3]
        for row in _rows(data, length, channels, height)
        for at in range(0, length, channels)
    ]


def _read(png: bytes) -> tuple[int, int, int, bytes]:
    assert png.startswith(_SIGNATURE)
    at, data, head = len(_SIGNATURE), b"", b""
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        head = body if kind == b"IHDR" else head
        data += body if kind == b"IDAT" else b""
        at += length + 12
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", head)
    assert (depth, interlaced) == (8, 0)
    return width, height, _CHANNELS[colour], zlib.decompress(data)


def _rows(data: bytes, length: int, channels: int, height: int) -> Iterator[bytes]:
    before = bytearray(length)
    for number in range(height):
        start = number * (length + 1)
        row = bytearray(data[start + 1 : start + 1 + length])
        _unfilter(data[start], row, before, channels)
        yield bytes(row)
        before = row


def _unfilter(kind: int, row: bytearray, above: bytearray, step: int) -> None:
    for at in range(len(row) if kind else 0):
        left = row[at - step] if at >= step else 0
        corner = above[at - step] if at >= step else 0
        guess = (0, left, above[at], (left + above[at]) // 2)[kind] if kind < 4 else 0
        if kind == 4:
            guess = _paeth(left, above[at], corner)
        row[at] = (row[at] + guess) & 0xFF


def _paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    return min((left, above, corner), key=lambda each: abs(guess - each))


def _nearest(colour: bytes, palette: list[bytes]) -> int:
    red, green, blue = colour
    return min(
        range(len(palette)),
        key=lambda n: (
            (palette[n][0] - red) ** 2 + (palette[n][1] - green) ** 2 + (palette[n][2] - blue) ** 2
        ),
    )


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
