"""Photographs of a folder: read with care, made square."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from chorus.errors import FileError
from chorus.images import pixels


def contained(folder: Path, name: str, root: Path) -> Path | None:
    """The file of a name in a folder, or None if the name or a link leads out of `root`."""
    if "\0" in name or not (path := (folder / name).resolve()).is_relative_to(root.resolve()):
        return None
    return path


def read_photograph(path: Path, where: str) -> bytes:
    """Bytes of a photograph; `where` names it in messages.

    Raises:
        FileError: too large (seen before it is read) or unreadable.
    """
    try:
        if path.stat().st_size > pixels.MAX_BYTES:
            raise FileError(f"{where}: has more than {pixels.MAX_BYTES} bytes; make the photograph smaller.")
        return path.read_bytes()
    except OSError as error:
        raise FileError(f"{where}: cannot be read ({error.strerror}); check images.folder.") from error


def squared(photograph: np.ndarray, side: int) -> np.ndarray:
    """The photograph (H, W, 3) uint8 with its shorter side resized to `side`, cropped around its centre (B.1)."""
    return np.asarray(ImageOps.fit(Image.fromarray(photograph), (side, side), Image.Resampling.LANCZOS))
