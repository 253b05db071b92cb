"""Body parts found without any list, against those that truly touch in the scenes' pictures.

    python -m tests.benchmarks.automatic_parts RESULTS [CATEGORY ...]

RESULTS is the results folder of a finished run of scenes. A part is true for an interaction if it touches in at least
a tenth of the kept pictures (closer than 5 cm, `chorus.contacts.truth`). `told`: five answers a picture of a model
that knows the truth and tells it badly (`tests.attacks.contact_teller.USUAL`), voted, sides checked against the run's
own keypoints and masks. `field`: the geometric rule alone (`chorus.distribution.touching`). `plausible`: the parts of
the clusters list, which know nothing of touching. Then Pearson r of the clusters at these parts with the true field of
their interaction.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import chorus
from chorus import store
from chorus.body.loading import load_body
from chorus.body.model import BodyModel
from chorus.body.parts import PART_OF
from chorus.contacts.contacts import ImageContacts, part_contacts
from chorus.contacts.parsing import parse_contacts
from chorus.contacts.stage import distances_in
from chorus.contacts.truth import SceneFiles, contacts_of_scenes
from chorus.contacts.votes import tally
from chorus.detections import read_detections
from chorus.distribution.clusters import RULE
from chorus.distribution.touching import PartSpaces
from chorus.distribution.types import InteractionVotes
from chorus.evaluation.truth_scores import pearson_r
from chorus.occupancy.field import field_of
from chorus.prompts.views import load_views
from chorus.scenes.scene import SceneRequest
from chorus.screening.cascade import read_table
from tests.attacks.contact_teller import USUAL, told

ROOT = Path(__file__).parents[2]
SAMPLES = 5
CONFIDENCE = 0.7  # of keypoints, as in screening
SHARE, MARGIN = 0.5, 0.05  # the defaults of the configuration


@dataclass
class Sums:
    """Pictures of an interaction, and in how many of them each of the paper's parts touches."""

    pictures: int
    true: Counter[str]
    told: Counter[str]
    sides: list[tuple[bool, bool]]

    def shares(self, counted: Mapping[str, int]) -> set[str]:
        """The parts of at least RULE's share of the pictures."""
        return {part for part, number in counted.items() if number >= RULE["share"] * self.pictures}


def parts_of(image: ImageContacts) -> set[str]:
    """The paper's parts of the contacts that count."""
    return {PART_OF[c.first] for c in image.contacts if c.weight >= SHARE and c.first in PART_OF}


def truth_of(results: Path, category: str, prompt: str, body: BodyModel, every: int) -> tuple[str, list[ImageContacts]]:
    """Interaction and true contacts of the kept pictures of a prompt."""
    views = load_views(ROOT / "resources/views.yaml")
    rows = read_table(results / "screening" / category / f"{prompt}.csv")
    wanted = set([row.index for row in rows if row.kept][::every])
    found, interaction = [], ""
    for scenes in sorted((results / "scenes" / category / prompt).glob("*.h5")):
        interaction = store.read_arrays(scenes, "scenes", ("index",)).attributes["interaction"]
        files = SceneFiles(results / "images" / category / prompt / scenes.name, scenes)
        name = interaction
        found += contacts_of_scenes(files, wanted, body, lambda v, i=name: SceneRequest(category, i, views[v]))
    return interaction, found


def told_of(results: Path, category: str, prompt: str, truth: Iterable[ImageContacts]) -> list[ImageContacts]:
    """What a bad model tells of the pictures of a prompt, voted and checked."""
    paths = sorted((results / "masks" / category / prompt).glob("*.h5"))
    seen = {image.index: image for path in paths for image in read_detections(path)}
    keypoints = {}
    for path in sorted((results / "keypoints" / category / prompt).glob("*.h5")):
        file = store.read_arrays(path, "keypoints", ("index", "keypoints"))
        keypoints |= dict(zip(map(int, file["index"]), file["keypoints"], strict=True))
    found = []
    for image in truth:
        names = [contact.first for contact in image.contacts]
        rngs = [np.random.default_rng([image.index, sample, len(prompt)]) for sample in range(SAMPLES)]
        replies = [told(names, rng, USUAL) for rng in rngs]
        answers = [parse_contacts("" if reply.refusal else reply.content or "", False) for reply in replies]
        distances = distances_in(seen[image.index], keypoints[image.index], CONFIDENCE)
        contacts = part_contacts(tally(answers), distances, MARGIN)
        found.append(ImageContacts(image.index, sum(answer.usable for answer in answers), contacts))
    return found


def sums_of(results: Path, category: str, body: BodyModel, every: int) -> dict[str, Sums]:
    """Interaction -> what touches, truly and as told."""
    found: dict[str, Sums] = {}
    for folder in sorted((results / "scenes" / category).iterdir()):
        interaction, truth = truth_of(results, category, folder.name, body, every)
        sums = found.setdefault(interaction, Sums(0, Counter(), Counter(), []))
        said = told_of(results, category, folder.name, truth)
        sums.pictures += len(truth)
        for true, tells in zip(truth, said, strict=True):
            sums.true.update(parts_of(true))
            sums.told.update(parts_of(tells))
            sums.sides += _sides(true, tells)
    return found


def _sides(true: ImageContacts, tells: ImageContacts) -> list[tuple[bool, bool]]:
    """Of contacts of one side: whether it was told right, and whether it is right after the check."""
    names = {contact.first for contact in true.contacts}
    return [
        (c.told_first in names, c.first in names)
        for c in tells.contacts
        if np.isfinite(c.margin) and len({c.first, _twin(c.first)} & names) == 1
    ]


def _twin(name: str) -> str:
    return name.replace("left", "?").replace("right", "left").replace("?", "right")


@dataclass
class Score:
    """Counts of found and true parts."""

    both: int = 0
    found: int = 0
    true: int = 0

    def add(self, found: set[str], true: set[str]) -> None:
        """Compare two sets."""
        self.both, self.found, self.true = self.both + len(found & true), self.found + len(found), self.true + len(true)

    def __str__(self) -> str:
        precision, recall = self.both / max(self.found, 1), self.both / max(self.true, 1)
        return (
            f"precision {precision:.2f}, recall {recall:.2f}, F1 {2 * self.both / max(self.found + self.true, 1):.2f}"
        )


def cluster_scores(results: Path, category: str, interaction: str, parts: Iterable[str]) -> dict[str, float]:
    """Pearson r of the cluster at each part with the true field of the interaction."""
    field = chorus.load(results / "voxels" / f"{category}.h5")
    truth = store.read_arrays(results / "truth" / f"{category}.h5", "truth")
    phi = truth["phi"][list(truth["group"]).index(interaction)]
    return {
        part: pearson_r(np.nan_to_num(field.canonical(interaction, part).phi), phi)
        for part in parts
        if field.canonical(interaction, part).images
    }


def print_scores(scores: dict[str, Score], sides: list[tuple[bool, bool]], r: dict[str, list[float]]) -> None:
    """The figures so far."""
    for name, score in scores.items():
        print(f"{name}: {score}")
    before, after = np.array(sides, float).reshape(-1, 2).T
    print(
        f"{len(sides)} contacts of one side: {before.mean():.3f} told right, {after.mean():.3f} right after the check"
    )
    for name, values in r.items():
        print(f"mean r of the clusters at the {name} parts: {np.mean(values):.3f} ({len(values)} clusters)", flush=True)


def main() -> None:
    """Print found and true parts of every interaction, the scores and the correlations."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("categories", nargs="*")
    parser.add_argument("--every", type=int, default=1, help="look at every so many pictures of a prompt")
    options = parser.parse_args()
    body = load_body(ROOT / "resources/body/open_body.npz")
    scores = {"told": Score(), "field": Score(), "plausible": Score()}
    r: dict[str, list[float]] = {"true": [], **{name: [] for name in scores}}
    sides: list[tuple[bool, bool]] = []
    for category in options.categories or sorted(path.stem for path in (options.results / "votes").iterdir()):
        votes = InteractionVotes.of_files(sorted((options.results / "votes" / category).glob("*.h5")))
        listed = store.read_json(options.results / "clusters" / f"{category}.json")["clusters"]
        for interaction, sums in sums_of(options.results, category, body, options.every).items():
            phi = field_of(votes.of(interaction)).phi
            of_this = [item for item in listed if item["interaction"] == interaction and item["part"]]
            true = sums.shares(sums.true)
            found = {
                "told": sums.shares(sums.told),
                "field": PartSpaces(body, len(phi)).touched(phi),
                "plausible": {item["part"] for item in of_this if item["plausible"]},
            }
            print(f"{category} {interaction}: {sums.pictures} pictures, true {sorted(true)}")
            of_part = cluster_scores(options.results, category, interaction, true.union(*found.values()))
            for name, parts in {"true": true, **found}.items():
                r[name] += [of_part[part] for part in parts if part in of_part]
            for name, parts in found.items():
                scores[name].add(parts, true)
                print(f"    {name}: missed {sorted(true - parts)}, wrong {sorted(parts - true)}", flush=True)
            sides += sums.sides
        print_scores(scores, sides, r)


if __name__ == "__main__":
    main()
