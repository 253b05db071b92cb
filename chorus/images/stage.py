"""Stage `photographs`: the annotated photographs of a category as an image shard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from chorus import coco
from chorus.errors import ConfigError, FileError
from chorus.images import pixels
from chorus.images.shard import ImageRecord, arrays_of
from chorus.naming import words
from chorus.progress import progress

if TYPE_CHECKING:
    from chorus.job import Job

NO_VIEW = 0


def run(job: Job) -> None:
    """Collect the photographs that hold the category, every n-th for shard s of n; unreadable files are skipped."""
    settings, category = job.settings.images, job.names["category"]
    file = coco.read_coco(job.one("annotations"))
    identity = file.category_id(words(category))
    shard = int(job.names["shard"])
    chosen = sorted((image for image in file.images.values() if image.has(identity)), key=lambda image: image.id)
    records, kept = [], []
    for image in progress(chosen[shard :: settings.shards], "photographs"):
        try:
            content = photograph(Path(settings.folder), image)
        except FileError as error:
            print(f"skipped: {error}")
            continue
        records.append(ImageRecord(image.id, NO_VIEW, 0, image.size, image.file_name, content))
        kept.append((image, file.instances(image, (coco.PERSON, words(category)))))
    job.write_arrays("images", arrays_of(records), {"category": category, "prompt": job.names["prompt"]})
    job.write_json(coco.coco_json(words(category), kept), "annotations-output")
    print(f"{category}: {len(records)} of {len(chosen[shard :: settings.shards])} photographs collected.")


def photograph(folder: Path, image: coco.CocoImage) -> bytes:
    """The encoded photograph of an annotated image, checked to lie in the folder and to have the annotated size."""
    if "\0" in image.file_name or not (path := (folder / image.file_name).resolve()).is_relative_to(folder.resolve()):
        raise ConfigError(f"images.annotations: file_name {image.file_name!r} leaves the folder; name files inside it")
    try:
        if path.stat().st_size > pixels.MAX_BYTES:
            raise FileError(f"{path}: has more than {pixels.MAX_BYTES} bytes; make the photograph smaller.")
        content = path.read_bytes()
    except OSError as error:
        raise FileError(f"{path}: cannot be read ({error.strerror}); check images.folder.") from error
    size = pixels.decode(content, str(path)).shape[:2]
    if size != image.size:
        raise FileError(f"{path}: is {size[0]}x{size[1]} pixels, its annotation says {image.size}; annotate it again.")
    return content
