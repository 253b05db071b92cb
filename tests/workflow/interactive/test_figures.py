"""Figures of a finished run: every panel shows a body and its field, and the turntable turns."""

import itertools

import numpy as np
from PIL import Image

from chorus.figures.interactions_stage import _CAPTION, _GAP, _HEAD, COLUMNS, FRAME_SIDE, FRAMES, SIDE

MOST_BYTES = 3_000_000


def colourful(pixels: np.ndarray) -> int:
    """Pixels of a warm colour: the field."""
    values = pixels.astype(int)
    return int(((values[..., 0] - values[..., 2]) > 30).sum())


def test_every_panel_of_every_interaction_shows_the_field(undisturbed):
    with Image.open(undisturbed.folder / "results/figures/motorcycle_interactions.png") as image:
        sheet = np.asarray(image.convert("RGB"))
    assert sheet.shape[0] == _HEAD + 2 * (SIDE + _CAPTION) + _GAP  # push and ride
    for row in range(2):
        top = _HEAD + row * (SIDE + _CAPTION)
        for column in range(len(COLUMNS)):
            left = _GAP + column * (SIDE + _GAP)
            panel = sheet[top : top + SIDE, left : left + SIDE]
            assert colourful(panel) > 500, (row, column)
            assert (np.ptp(panel.astype(int), axis=2) < 25).sum() > 500, "body, paper or ground"


def test_the_turntable_turns_and_stays_small(undisturbed):
    path = undisturbed.folder / "results/figures/motorcycle_turntable.gif"
    assert path.stat().st_size <= MOST_BYTES
    with Image.open(path) as image:
        assert (image.n_frames, image.size) == (FRAMES, (FRAME_SIDE, FRAME_SIDE))
        frames = []
        for number in (0, FRAMES // 4, FRAMES // 2):
            image.seek(number)
            frames.append(np.asarray(image.convert("RGB")).astype(int))
    for one, other in itertools.pairwise(frames):
        assert (np.abs(one - other).max(axis=2) > 40).sum() > 500
    assert all(colourful(frame) > 500 for frame in frames)
