"""Sheets of many small pictures with a caption each."""

from __future__ import annotations

import io
import textwrap
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from chorus.images.pixels import encode_png

KEPT, REJECTED = (30, 140, 60), (190, 40, 40)
_EMPTY = (235, 235, 235)
_BORDER, _CAPTION, _GAP = 4, 44, 6


@dataclass(frozen=True)
class Tile:
    """One picture of a sheet: pixels (h, w, 3) uint8, up to three lines of caption, border colour."""

    pixels: np.ndarray
    caption: str
    colour: tuple[int, int, int]


def draw_sheet(tiles: list[Tile], title: str, side: int, columns: int) -> bytes:
    """PNG of the tiles in rows; every picture is fitted into a square of `side` pixels."""
    rows = max(1, -(-len(tiles) // columns))
    cell_width, cell_height = side + 2 * _BORDER + _GAP, side + 2 * _BORDER + _CAPTION
    head = 40
    sheet = Image.new("RGB", (columns * cell_width + _GAP, head + rows * cell_height + _GAP), "white")
    draw = ImageDraw.Draw(sheet)
    draw.text((_GAP, 10), title, fill="black", font=ImageFont.load_default(18))
    small = ImageFont.load_default(11)
    for number, tile in enumerate(tiles):
        x = _GAP + (number % columns) * cell_width
        y = head + (number // columns) * cell_height
        frame = (x, y, x + side + 2 * _BORDER - 1, y + side + 2 * _BORDER - 1)
        draw.rectangle(frame, fill=_EMPTY, outline=tile.colour, width=_BORDER)
        picture = Image.fromarray(tile.pixels)
        picture.thumbnail((side, side))
        offset = ((side - picture.width) // 2, (side - picture.height) // 2)
        sheet.paste(picture, (x + _BORDER + offset[0], y + _BORDER + offset[1]))
        draw.multiline_text((x, y + side + 2 * _BORDER + 1), tile.caption, fill="black", font=small, spacing=1)
    return encode_png(np.asarray(sheet))


def decode_thumbnail(content: bytes) -> np.ndarray:
    """Pixels (h, w, 3) of a stored thumbnail."""
    with Image.open(io.BytesIO(content), formats=("JPEG",)) as image:
        return np.asarray(image.convert("RGB"))


def wrapped(text: str, width: int = 17) -> str:
    """At most three lines of about `width` characters."""
    return "\n".join(textwrap.wrap(text, width, max_lines=3, placeholder="..."))
