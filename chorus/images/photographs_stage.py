"""Stage `photographs`: the annotated photographs of a category as an image shard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from chorus import coco
from chorus.errors import ConfigError, FileError
from chorus.images import pixels
from chorus.images.folder import contained, read_photograph
from chorus.images.shard import NO_VIEW, Dropped, ImageRecord, Origin, arrays_of
from chorus.naming import words
from chorus.progress import progress

if TYPE_CHECKING:
    from chorus.job import Job


def run(job: Job) -> None:
    """Collect the photographs that hold the category, every n-th for shard s of n; unreadable files are skipped."""
    settings, category = job.settings.images, job.names["category"]
    file = coco.read_coco(job.one("annotations"))
    identity = file.category_id(words(category))
    shard = int(job.names["shard"])
    chosen = sorted((image for image in file.images.values() if image.has(identity)), key=lambda image: image.id)
    records, dropped, kept = [], [], []
    for image in progress(chosen[shard :: settings.shards], "photographs"):
        try:
            content = photograph(Path(settings.folder), image)
        except FileError as error:
            dropped.append(Dropped(image.id, image.file_name, str(error)))
            print(f"skipped: {error}")
            continue
        records.append(ImageRecord(image.id, NO_VIEW, 0, image.size, image.file_name, content))
        kept.append((image, file.instances(image, (coco.PERSON, words(category)))))
    origin = Origin(category, job.names["prompt"], settings.source)
    job.write_arrays("images", arrays_of(records, dropped), origin.attributes())
    job.write_json(coco.coco_json(words(category), kept), "annotations-output")
    print(f"{category}: {len(records)} of {len(chosen[shard :: settings.shards])} photographs collected.")


def photograph(folder: Path, image: coco.CocoImage) -> bytes:
    """The encoded photograph of an annotated image, checked to lie in the folder and to have the annotated size.

    Raises:
        ConfigError: its name leaves the folder.
        FileError: unreadable, too large, or of another size; messages name the file as the annotations do.
    """
    name = image.file_name
    path = contained(folder, name, folder)
    if path is None:
        raise ConfigError(f"images.annotations: file_name {name!r} leaves the folder; name files inside it")
    content = read_photograph(path, name)
    size = pixels.decode(content, name).shape[:2]
    if size != image.size:
        raise FileError(f"{name}: is {size[0]}x{size[1]} pixels, its annotation says {image.size}; annotate it again.")
    return content
