"""Stage `folder`: the photographs of a folder, own or crawled, as a shard (the paper's image search, B.1)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from chorus.errors import FileError
from chorus.images import pixels
from chorus.images.folder import contained, read_photograph, squared
from chorus.images.shard import NO_VIEW, Dropped, ImageRecord, Origin, arrays_of
from chorus.progress import progress
from chorus.prompts.folder import photographs_in

if TYPE_CHECKING:
    from chorus.config import Images
    from chorus.job import Job


def run(job: Job) -> None:
    """Collect every n-th photograph for shard s of n, in the order of their names; what cannot be used is recorded."""
    settings, names = job.settings.images, job.names
    folder = job.one("photographs")
    try:
        files = photographs_in(folder)
    except OSError as error:
        raise FileError(f"{folder}: cannot be read ({error.strerror}); check images.folder.") from error
    records, dropped = [], []
    mine = range(int(names["shard"]), len(files), settings.shards)
    for index in progress(mine, "folder"):
        shown = os.fsencode(files[index]).decode("utf-8", "replace")
        try:
            records.append(record_of(folder, index, files[index], settings))
        except FileError as error:
            dropped.append(Dropped(index, shown, str(error)))
            print(f"skipped: {error}")
    origin = Origin(names["category"], names["prompt"], settings.source)
    job.write_arrays("images", arrays_of(records, dropped), origin.attributes())
    print(f"{names['category']}: {len(records)} of {len(mine)} photographs collected, {len(dropped)} skipped.")


def record_of(folder: Path, index: int, name: str, settings: Images) -> ImageRecord:
    """One photograph of the folder, upright, square and encoded.

    Raises:
        FileError: it leads out of `images.folder`, is no picture, damaged or too large.
    """
    shown = os.fsencode(name).decode("utf-8", "replace")
    path = contained(folder, name, Path(settings.folder or folder))
    if path is None:
        raise FileError(f"{shown}: is a link that leads out of images.folder; copy the file there.")
    picture = squared(pixels.decode(read_photograph(path, shown), shown), settings.size)
    content = pixels.encode(picture, settings.format)
    return ImageRecord(index, NO_VIEW, 0, picture.shape[:2], shown, content)
