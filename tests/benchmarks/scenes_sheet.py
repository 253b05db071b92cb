"""One picture of every interaction on one sheet: `python -m tests.benchmarks.scenes_sheet docs/images/scenes24.png`."""

import argparse
import io
from pathlib import Path

import numpy as np
from PIL import Image

from chorus.body.loading import load_body
from chorus.config import Config
from chorus.figures.sheets import Tile, draw_sheet
from chorus.naming import seed_of, words
from chorus.prompts.views import View
from chorus.scenes.interactions import INTERACTIONS
from chorus.scenes.scene import SITUATIONS, SceneRequest, draw_scene, photograph

ROOT = Path(__file__).parents[2]
SIDE, COLUMNS, FRAME = 128, 9, (200, 200, 200)
ONLY_NORMAL = {situation: float(situation == "normal") for situation in SITUATIONS}
SMALL = {"sunglasses", "cell_phone", "hat", "tie"}


def tiles() -> list[Tile]:
    """A picture of every interaction from the front and a little aside; small things from nearer."""
    body = load_body(ROOT / Config().body.file)
    made = []
    for category in sorted(INTERACTIONS):
        for interaction in INTERACTIONS[category]:
            framing = "upper" if category in SMALL else "full"
            view = View("", ((45.0, 65.0),), (10.0, 18.0), framing)
            request = SceneRequest(category, interaction, view, ONLY_NORMAL, size=2 * SIDE)
            rng = np.random.default_rng(seed_of("sheet", category, interaction))
            photo = photograph(draw_scene(request, body, rng), body)
            made.append(Tile(photo.image, f"{words(category)}\n{words(interaction)}", FRAME))
    return made


def main() -> None:
    """Draw the sheet and write it with 256 colours."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    content = draw_sheet(tiles(), "Scenes of the 24 categories", SIDE, COLUMNS)
    with Image.open(io.BytesIO(content), formats=("PNG",)) as sheet:
        palette = sheet.quantize(256)
        sheet.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG).save(
            parser.parse_args().path, optimize=True
        )


if __name__ == "__main__":
    main()
