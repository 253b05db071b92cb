"""What storing a picture costs: our own work a picture beside the network's, and bytes a picture as stored.

    python -m tests.benchmarks.pictures [--photos ../shared/photos/images] [--scenes 44]

A stand-in for the network hands out finished 512-pixel pictures, so that everything else of the stage is timed: seeds,
conversion, encoding, the file and its record. docs/generation.md shows the table.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image

from chorus.body.loading import load_body
from chorus.config import Config, Diffusion, Images
from chorus.images import diffusion_stage, pixels
from chorus.images.diffusion import TextToImage
from chorus.images.folder import squared
from chorus.job import Job
from chorus.naming import seed_of
from chorus.prompts.views import load_views
from chorus.scenes.scene import SceneRequest, draw_scene, photograph
from chorus.scenes.stage import shares_of

ROOT = Path(__file__).parents[2]
VIEWS = ROOT / "resources/views.yaml"
SIDE = 512


def scene_pictures(count: int) -> list[np.ndarray]:
    """Rendered scenes, each (512, 512, 3) uint8."""
    body, views = load_body(ROOT / "resources/body/open_body.npz"), load_views(VIEWS)
    shares, made = shares_of(Config().scenes), []
    for number in range(count):
        category, interaction = (("motorcycle", "ride"), ("surfboard", "carry"))[number % 2]
        request = SceneRequest(category, interaction, views[number % len(views)], shares, None, size=SIDE)
        scene = draw_scene(request, body, np.random.default_rng(seed_of("pictures", number)))
        made.append(photograph(scene, body).image)
    return made


def photographs(folder: Path) -> list[np.ndarray]:
    """The photographs of a folder, square."""
    return [squared(pixels.decode(path.read_bytes(), path.name), SIDE) for path in sorted(folder.glob("*.jpg"))]


class StandIn(TextToImage):
    """Hands out pictures that exist already."""

    name, warning = "stand-in", ""

    def __init__(self, settings: Diffusion, pictures: list[np.ndarray]):
        """Hand them out again and again."""
        self._settings, self._side = settings, SIDE
        source = itertools.cycle([Image.fromarray(picture) for picture in pictures])
        self._pipeline: Any = lambda prompt, **_: SimpleNamespace(images=list(itertools.islice(source, len(prompt))))

    def cut(self, texts: Any) -> list[str]:
        """Nothing is too long."""
        return []


def measured(pictures: list[np.ndarray], kind: str) -> tuple[float, float]:
    """CPU seconds and stored bytes a picture of one shard of the stage."""
    images = Images(source="diffusion", per_view=2, format=kind)  # type: ignore[arg-type]
    sections = {"run": Config().run, "images": images, "diffusion": Diffusion()}
    names = {"category": "motorcycle", "prompt": "A person rides a motorcycle", "shard": "000"}
    diffusion_stage.TextToImage = lambda settings, _: StandIn(settings, pictures)  # type: ignore[assignment, misc]
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "000.h5"
        plain = {name: section.model_dump(mode="json") for name, section in sections.items()}
        job = Job("diffusion", {"views": (VIEWS,)}, {"output": output}, plain, names)
        begin = time.process_time()
        diffusion_stage.run(job)
        seconds = time.process_time() - begin
        count = len(load_views(VIEWS)) * images.per_view
        return seconds / count, output.stat().st_size / count


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--photos", type=Path, default=ROOT.parent / "shared/photos/images")
    options.add_argument("--scenes", type=int, default=44)
    given = options.parse_args()
    sets = {"rendered scenes": scene_pictures(given.scenes), "photographs": photographs(given.photos)}
    print("| pictures, 512 x 512 | format | KB a picture | CPU s a picture |\n|---|---|---|---|")
    for name, pictures in sets.items():
        for kind in ("png", "webp"):
            seconds, size = min(measured(pictures, kind) for _ in range(3)) if pictures else (np.nan, np.nan)
            print(f"| {name} | {kind} | {size / 1000:.0f} | {seconds:.3f} |")


if __name__ == "__main__":
    main()
