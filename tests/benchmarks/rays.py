"""The estimator `rays` and its alternatives against the known truth of the scenes (the tables of docs/rays.md).

    python -m tests.benchmarks.rays RESULTS [--category NAME] [--people true|estimated] [--few N]

RESULTS is the finished results folder of a scenes run with the default variants; only files are read. Printed: for
every category and estimator Pearson r of the total field, mean r of the fields of its interactions, best IoU, PAP HOA
with tail (x100), and CPU milliseconds of an image. `--few N` keeps N images of every prompt, drawn at chance.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from chorus import store
from chorus.body.loading import load_body
from chorus.body.model import BodyModel
from chorus.evaluation.pap import mean_values
from chorus.evaluation.rendering import FieldRenderer
from chorus.evaluation.stage import score_all
from chorus.evaluation.truth_scores import truth_scores
from chorus.occupancy.field import field_of
from chorus.occupancy.field_stage import PromptVotes, merged, read_votes
from chorus.occupancy.grid import Grid
from chorus.occupancy.rays import LARGEST, PROMPT_PRIOR, RayCounter, Start, hidden_share, starting_field
from chorus.occupancy.votes import FULL_WEIGHT, Ballots, VoteCounter, Votes
from chorus.occupancy.votes_stage import VoteFiles, read_ballots

ROOT = Path(__file__).parents[2]
TREES = {"true": "variants/true_people", "estimated": "."}
COLUMNS = "| people | category | estimator | r | r, interactions | best IoU | HOA, tail | ms an image |"
Sums = list[Votes]


@dataclass(frozen=True)
class Run:
    """What is known of a category: ballots and interaction by prompt, the truth, and the body."""

    body: BodyModel
    weights: np.ndarray
    interactions: list[str]
    ballots: list[list[Ballots]]
    truth: dict[str, np.ndarray]
    testset: store.ArrayFile
    warps: np.ndarray

    @property
    def grid(self) -> Grid:
        """The voxels."""
        return Grid(round(len(self.weights) ** (1 / 3)))

    @property
    def images(self) -> int:
        """Number of images of all prompts."""
        return int(sum((ballots.weight > 0).sum() for prompt in self.ballots for ballots in prompt))

    def few(self, n: int) -> Run:
        """The same with n images of every prompt; the others weigh nothing."""
        rng = np.random.default_rng(0)
        return replace(self, ballots=[[_few(ballots, n, rng) for ballots in prompt] for prompt in self.ballots])

    def scores(self, fields: dict[str, Sums]) -> Iterator[tuple[str, list[float]]]:
        """Name -> r, mean r of the interactions, best IoU, HOA with tail."""
        phi = {name: field_of(summed(parts)).phi for name, parts in fields.items()}
        pap = score_all(FieldRenderer(phi, set(phi)), self.testset, self.warps, self.body)
        for name, parts in fields.items():
            total = truth_scores(phi[name], self.truth["total"])
            single = [truth_scores(self._of(parts, i), self.truth[i])["pearson_r"] for i in set(self.interactions)]
            hoa = 100 * mean_values(pap[name], tail=True)["vanilla_hoa"]
            yield name, [total["pearson_r"], float(np.mean(single)), total["best_iou"], hoa]

    def _of(self, parts: Sums, interaction: str) -> np.ndarray:
        chosen = [votes for votes, name in zip(parts, self.interactions, strict=True) if name == interaction]
        return field_of(summed(chosen)).phi


def opened(results: Path, tree: str, category: str) -> Run:
    """Read everything of a category; masks, test set and truth are the main run's."""
    body = load_body(ROOT / "resources/body/open_body.npz")
    weights = store.read_arrays(results / "skinning.h5", "skinning")["weights"].reshape(-1, 24)
    names, ballots = [], []
    for path in sorted((results / tree / "votes" / category).glob("*.h5")):
        names.append(read_votes(path).interaction)
        masks = sorted((results / "masks" / category / path.stem).glob("*.h5"))
        people = sorted((results / tree / "people" / category / path.stem).glob("*.h5"))
        files = VoteFiles(results / tree / "cameras" / category / path.name, masks, people)
        ballots.append(list(read_ballots(body, files, people=True)))
    truth = store.read_arrays(results / f"truth/{category}.h5", "truth")
    warps = store.read_arrays(results / f"warps/{category}.h5", "warps")["index"]
    return Run(
        body, weights, names, ballots, dict(zip(map(str, truth["group"]), truth["phi"], strict=True)),
        store.read_arrays(results / f"testset/{category}.h5", "testset"), warps.reshape(len(warps), -1),
    )  # fmt: skip


def _few(ballots: Ballots, n: int, rng: np.random.Generator) -> Ballots:
    chosen = rng.permutation(np.flatnonzero(ballots.weight))[:n]
    return replace(ballots, weight=np.where(np.isin(np.arange(len(ballots)), chosen), ballots.weight, 0))


def summed(parts: Sums) -> Votes:
    """All votes."""
    return merged([PromptVotes("", "", "", "", votes) for votes in parts])


def counted(run: Run, counter_of: Callable[[int], VoteCounter]) -> Sums:
    """The sums of every prompt."""
    sums = []
    for prompt, ballots in enumerate(run.ballots):
        counter = counter_of(prompt)
        for some in ballots:
            counter.add_all(some)
        sums.append(counter.votes)
    return sums


def measured(run: Run) -> dict[str, tuple[Sums, float]]:
    """Estimator -> sums by prompt, and CPU seconds."""
    found: dict[str, tuple[Sums, float]] = {}

    def measure(name: str, counter_of: Callable[[int], VoteCounter]) -> Sums:
        began = time.process_time()
        sums = counted(run, counter_of)
        found[name] = sums, time.process_time() - began
        return sums

    def rays(phi_of: Callable[[int], np.ndarray], hidden: float | None = None) -> Callable[[int], VoteCounter]:
        share = hidden_share(run.images) if hidden is None else hidden
        return lambda prompt: RayCounter(run.grid, run.weights, Start(phi_of(prompt), share))

    votes = measure("vote (Eq. 6)", lambda _: VoteCounter(run.grid, run.weights))
    total = summed(votes)
    phi = np.minimum(field_of(total).phi, LARGEST)
    measure("vote, person unknown", rays(lambda _: np.ones(run.grid.shape), 0.0))
    measure("from the vote", rays(lambda _: phi))
    measure("from all directions", rays(lambda _: starting_field(total, total)))
    for hidden in (0.0, 1.0):
        measure(f"hidden {hidden:.0f}", rays(lambda prompt: starting_field(total, votes[prompt]), hidden))
    once = measure("**rays**", lambda prompt: RayCounter(run.grid, run.weights, Start.of(total, votes[prompt])))
    again = field_of(summed(once)).phi
    measure("second step", rays(lambda prompt: _drawn_to(once[prompt], again)))
    return found


def _drawn_to(votes: Votes, phi: np.ndarray) -> np.ndarray:
    weight = PROMPT_PRIOR * FULL_WEIGHT
    own = votes.numerator.sum(axis=0) + weight * phi.astype(float)
    return np.minimum(own / (votes.denominator.sum(axis=0) + weight), LARGEST)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--category", action="append")
    parser.add_argument("--people", choices=TREES, action="append")
    parser.add_argument("--few", type=int)
    options = parser.parse_args()
    print(f"{COLUMNS}\n|{'---|' * 8}", flush=True)
    for people in options.people or TREES:
        for category in options.category or sorted(path.stem for path in (options.results / "truth").glob("*.h5")):
            run = opened(options.results, TREES[people], category)
            run = run.few(options.few) if options.few else run
            found = measured(run)
            for name, figures in run.scores({name: sums for name, (sums, _) in found.items()}):
                r, single, iou, hoa = figures
                cost = 1000 * found[name][1] / run.images
                print(
                    f"| {people} | {category} | {name} | {r:.3f} | {single:.3f} | {iou:.2f} | {hoa:.1f} | {cost:.2f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
