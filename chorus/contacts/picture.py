"""The picture that a model is shown: the region around the boxes, with a numbered box round every person."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from chorus.contacts.question import OBJECT_COLOUR, PEOPLE_COLOURS

MARGIN = 0.15  # of the longer side of what is shown, on every side
LARGEST_SIDE = 768  # pixels; larger pictures cost more and are shrunk by servers anyway
LEAST_SIDE = 384  # smaller ones are enlarged, so that lines and numbers do not hide the hands
JPEG_QUALITY = 90


def boxed_crop(pixels: np.ndarray, people: Sequence[np.ndarray], thing: np.ndarray | None) -> bytes:
    """JPEG of a picture (H, W, 3) uint8 around the boxes (4,) of its people and its object, drawn and numbered."""
    boxes = [*people, *([thing] if thing is not None else [])]
    left, top, right, bottom = _window(np.array(boxes, float), pixels.shape[:2])
    crop = Image.fromarray(np.ascontiguousarray(pixels[top:bottom, left:right]))
    scale = float(np.clip(LARGEST_SIDE / max(crop.size), 0.0, max(1.0, LEAST_SIDE / max(crop.size))))
    crop = crop.resize([max(1, round(side * scale)) for side in crop.size], Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(crop)
    marks = [(box, colour, str(n)) for n, (box, colour) in enumerate(zip(people, PEOPLE_COLOURS, strict=False), 1)]
    marks += [(thing, OBJECT_COLOUR, "")] if thing is not None else []
    for box, colour, number in marks:
        x0, y0, x1, y1 = (np.asarray(box, float) - [left, top, left, top]) * scale
        pen.rectangle((x0, y0, max(x1 - 1, x0), max(y1 - 1, y0)), outline=colour, width=2)
        if number:
            pen.rectangle((x0, y0, x0 + 16, y0 + 20), fill=colour)
            pen.text((x0 + 4, y0 + 2), number, fill="white", font=ImageFont.load_default(16))
    buffer = io.BytesIO()
    crop.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def _window(boxes: np.ndarray, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is shown, inside a picture of (height, width), at least one pixel."""
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    around = MARGIN * (high - low).max()
    (left, top), (right, bottom) = np.floor(low - around), np.ceil(high + around)
    height, width = size
    left, top = int(np.clip(left, 0, width - 1)), int(np.clip(top, 0, height - 1))
    return left, top, int(np.clip(right, left + 1, width)), int(np.clip(bottom, top + 1, height))
