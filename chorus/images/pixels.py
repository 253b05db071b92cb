"""Encoded images and pixels: formats allowed by name, size capped before anything is decoded."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from chorus.errors import FileError

MAX_SIDE = 8192
MAX_PIXELS = 32_000_000
MAX_BYTES = 64_000_000
FORMATS = ("PNG", "JPEG", "WEBP")
THUMBNAIL_SIDE = 128


def decode(content: bytes, where: str) -> np.ndarray:
    """RGB pixels (H, W, 3) uint8 of an encoded image, EXIF orientation applied.

    Raises:
        FileError: not PNG, JPEG or WebP, damaged, or larger than the caps (checked in the header).
    """
    if len(content) > MAX_BYTES:
        raise FileError(f"{where}: has {len(content)} bytes, at most {MAX_BYTES} are read; make the image smaller.")
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            width, height = image.size
            if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
                raise FileError(f"{where}: is {width}x{height} pixels, at most {MAX_PIXELS} are read; make it smaller.")
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise FileError(f"{where}: is not a readable {'/'.join(FORMATS)} image ({error}); replace the file.") from error


def encode_png(pixels: np.ndarray) -> bytes:
    """PNG bytes of RGB pixels (H, W, 3) uint8; equal pixels give equal bytes."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=4)
    return buffer.getvalue()


def encode(pixels: np.ndarray, kind: str) -> bytes:
    """Bytes of RGB pixels (H, W, 3) uint8 as `png` or lossless `webp`: either gives back exactly these pixels."""
    if kind == "png":
        return encode_png(pixels)
    buffer = io.BytesIO()
    # Method 0 is faster and smaller than PNG; the higher ones save another 10 % for ten times the work.
    Image.fromarray(pixels).save(buffer, "WEBP", lossless=True, method=0, quality=0)
    return buffer.getvalue()


def thumbnail(pixels: np.ndarray) -> bytes:
    """JPEG bytes of the picture reduced to at most 128 pixels a side, so that galleries outlive the pixels."""
    image = Image.fromarray(pixels)
    image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
