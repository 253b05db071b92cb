"""Stage `diffusion`: one shard of pictures of a prompt from every view, made by a text-to-image network (3.1, A.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chorus.images import pixels
from chorus.images.diffusion import TextToImage
from chorus.images.shard import Dropped, ImageRecord, Origin, arrays_of, slots
from chorus.progress import progress
from chorus.prompts.views import load_views

if TYPE_CHECKING:
    from chorus.job import Job


def run(job: Job) -> None:
    """Make the shard, batch by batch; flagged pictures are dropped with a reason and never stored."""
    names, settings, views = job.names, job.settings, load_views(job.one("views"))
    model = TextToImage(settings.diffusion, settings.images.size)
    job.models["diffusion"] = model.name
    identity = settings.run.seed, names["category"], names["prompt"]
    wanted = slots(identity, views, settings.images.per_view, int(names["shard"]))
    warning = warning_of(model, [names["prompt"] + view.suffix for view in views])
    if warning:
        print(f"WARNING: {warning}.", flush=True)
    records, dropped = [], []
    batch = settings.diffusion.batch
    for start in progress(range(0, len(wanted), batch), f"batches of {batch}"):
        group = wanted[start : start + batch]
        texts = [names["prompt"] + views[slot.view].suffix for slot in group]
        for slot, picture in zip(group, model.pictures(texts, [slot.seed for slot in group]), strict=True):
            if picture.reason:
                dropped.append(Dropped(slot.index, "", picture.reason))
                continue
            content = pixels.encode(picture.pixels, settings.images.format)
            records.append(ImageRecord(slot.index, slot.view, slot.seed, picture.pixels.shape[:2], "", content))
    origin = Origin(names["category"], names["prompt"], settings.images.source, model.name, batch, warning)
    job.write_arrays("images", arrays_of(records, dropped), origin.attributes())
    print(f"{names['category']}: {len(records)} of {len(wanted)} pictures made, {len(dropped)} dropped; {model.name}.")


def warning_of(model: TextToImage, texts: list[str]) -> str:
    """What somebody who uses the pictures should know, in one line, empty if nothing."""
    warnings = [model.warning] if model.warning else []
    if cut := model.cut(texts):
        warnings.append(f"the model does not read the end of {len(cut)} of {len(texts)} texts, such as {cut[-1]!r}")
    return "; ".join(warnings)
