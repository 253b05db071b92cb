"""Text of prompts reaches the gallery escaped; the page loads nothing, shows every reason and stays small."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from chorus import detections, store
from chorus.detections import OBJECT, PERSON, Detection, ImageDetections
from chorus.figures import gallery_stage
from chorus.images.pixels import thumbnail
from chorus.job import Job
from chorus.naming import slug
from chorus.perception.landmarks import landmark_arrays
from chorus.screening.cascade import Row, table
from chorus.screening.reasons import Reason
from tests.attacks.test_page_text import NASTY, Tags

REASONS = list(Reason)


def prepared(folder: Path, n: int, rng: np.random.Generator) -> dict[str, tuple[Path, ...]]:
    """Files of n images with every reason in turn; masks of another size, no masks, odd keypoints."""
    base = folder / slug(NASTY)
    masks, keypoints, screening = base / "000.h5", folder / "k" / slug(NASTY) / "000.h5", folder / f"{slug(NASTY)}.csv"
    images, small, rows = [], [], []
    for index in range(n):
        found = (
            Detection.of_mask(PERSON, 1.0, rng.random((60, 80)) > 0.5),
            Detection.of_mask(OBJECT, 1.0, rng.random((200, 300)) > 0.5),  # larger than the image: clipped
        )
        images.append(ImageDetections(index, index % 22, (60, 80), found[: index % 3]))
        small.append(thumbnail(rng.integers(0, 256, (60, 80, 3)).astype(np.uint8)))
        reason = REASONS[index % len(REASONS)]
        rows.append(Row(index, 0, reason, 0 if reason else 99, 1, 1, 0.5, True, True, 0.9, 0.01, 1.0, 1.0))
    points = rng.normal(30, 1e4, (n, 17, 3))
    points[::4] = np.nan
    points[1::4, 3] = np.inf
    arrays = {
        "index": np.arange(n),
        "keypoints": points,
        "found": np.ones(n, bool),
        **landmark_arrays({}, np.arange(n)),
    }
    attributes = {"category": "hat", "model": "test"}
    store.write_recorded(masks, store.encode_arrays("masks", detections.arrays_of(images, small), attributes), {})
    store.write_recorded(keypoints, store.encode_arrays("keypoints", arrays, attributes), {})
    store.write_recorded(screening, table(rows), {})
    return {"masks": (masks,), "keypoints": (keypoints,), "screening": (screening,)}


def make_gallery(folder: Path, n: int, most: int = 240) -> str:
    names = {"category": "hat", "prompts": NASTY}
    output = folder / "hat_gallery.html"
    sections = {"screening": {}, "figures": {"gallery_images": most}}
    gallery_stage.run(
        Job("gallery", prepared(folder, n, np.random.default_rng(0)), {"output": output}, sections, names)
    )
    return output.read_text()


def test_nothing_of_a_prompt_becomes_markup_and_nothing_is_loaded(tmp_path):
    text = make_gallery(tmp_path, 3 * len(REASONS))
    tags = Tags()
    tags.feed(text)
    assert "script" not in {tag for tag, _ in tags.seen}
    assert not [name for _, attributes in tags.seen for name in attributes if name.startswith("on")]
    sources = [value for _, attributes in tags.seen for name, value in attributes.items() if name in ("src", "href")]
    assert len(sources) == 3 * len(REASONS)
    assert all(value.startswith("data:image/jpeg;base64,") for value in sources)
    assert not re.search(r"https?://", text)
    assert text.count("weight 99/255") == 3
    for reason in REASONS[1:]:
        assert f"{reason} (3)" in text


@pytest.mark.parametrize("n", [0, 1, 900])
def test_the_gallery_stays_small_and_shows_a_share_of_many(tmp_path, n):
    text = make_gallery(tmp_path, n, most=90)
    assert text.count("<img") <= max(90, 12 * len(REASONS))
    assert len(text) < 1_500_000
    assert f"of {n} images kept" in text
    assert (f"{n // len(REASONS)}, 12 shown" in text) == (n == 900)
