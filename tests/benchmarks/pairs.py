"""How good fits of pairs and the contact prior are, on pairs whose truth is known (docs/pairs.md).

    python -m tests.benchmarks.pairs fit --output fit.json
    python -m tests.benchmarks.pairs prior --output prior.json

One core, about ten minutes and about two hours. `--cache FOLDER` keeps drawn scenes and trained priors between runs.
"""

import argparse
import dataclasses
import json
import os
import pickle
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch

from chorus.body.loading import OPEN_BODY, load_body
from chorus.pairs.curation import KEPT, Thresholds, reasons
from chorus.pairs.figure import Figure, People
from chorus.pairs.fit import FitSettings
from chorus.pairs.fitting import figure_of, fit_rows, plain_fit, prior_fit
from chorus.pairs.improvising import IMPROVISED
from chorus.pairs.labels import LabelFaults
from chorus.pairs.prior import learn
from chorus.pairs.refine import RefineSettings
from chorus.pairs.rows import FittedRows, PairScenes
from chorus.pairs.scenes import Plan, drawn_pairs, scenes
from chorus.pairs.scoring import label_scores, score
from chorus.pairs.templates import INTERACTIONS
from chorus.pairs.training import TrainingSettings
from chorus.pairs.views import Faults

# Types that are held out together: those of the first choice, on which the prior's settings were tuned, and every third
# type, so that each is held out once.
FIRST = "first"
HELD_OUT = {
    FIRST: ("handshake", "dance", "arm_round_shoulders", "back_to_back", "lift", "kick", "sit_close", "massage"),
    **{f"third_{start}": tuple(INTERACTIONS)[start::3] for start in range(3)},
}
# What the prior never saw: other sizes and tails of the noise, cameras from above and near.
OTHER_FAULTS = Faults(
    keypoint_noise=0.02, pose_noise=0.2, heavy=0.1, turn_noise=0.12, depth_noise=0.2, low=25, high=50, nearest=2.5,
    farthest=3.5,
)  # fmt: skip


def cached(folder: Path | None, name: str, make):
    """What `make` returns, read from the cache where it is there."""
    if folder is None:
        return make()
    path = folder / f"{name}.pickle"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(make()))
    return pickle.loads(path.read_bytes())


def say(name: str, summary: dict, start: float) -> None:
    pcc = summary["pcc"]
    print(
        f"{name:24s} joint {summary['joint_pa_mpjpe']:6.1f} person {summary['person_pa_mpjpe']:6.1f} "
        f"PCC@5 {pcc['0.05']:.3f} PCC@10 {pcc['0.10']:.3f} penetration {summary['penetration']:.4f} mm "
        f"deepest {summary['deepest']:.1f} mm, {time.process_time() - start:.0f} CPU s",
        flush=True,
    )


def fit_table(body, figure, count: int, cache: Path | None) -> dict:
    """Errors of all label sets with and without the penetration term."""
    plan = Plan(17, "test", count, tuple(INTERACTIONS))
    test, drawn = cached(cache, f"fit_{plan.seed}_{count}", lambda: scenes(figure, plan, Faults(), LabelFaults()))
    settings = FitSettings()
    start, table = time.process_time(), {}
    table["initial"] = score(body, test.initial, test).summary(test.interaction)
    say("initial", table["initial"], start)
    without = dataclasses.replace(settings, depth=0.0)
    for name, labels, used in (
        *((labels, labels, settings) for labels in ("none", "raw", "repaired", "true")),
        ("repaired, no depth term", "repaired", without),
    ):
        start = time.process_time()
        rows = fit_rows(figure, test, labels, 44, plain_fit(used))
        scores = score(body, rows.bodies, test)
        table[name] = scores.summary(test.interaction)
        say(name, table[name], start)
        if name == "repaired":
            curated = curation_of(reasons(rows.quality, Thresholds()), scores.joint)
    table["truth"] = score(body, test.true, test).summary(test.interaction)
    return {"pairs": len(test), "labels": label_scores(test), "methods": table, "drawn": drawn, "curation": curated}


def curation_of(reason: np.ndarray, joint: np.ndarray) -> dict:
    """Number and mean joint error (mm) of fits by the reason for which curation drops them, and of all dropped ones."""
    groups = {name or KEPT: reason == name for name in np.unique(reason)} | {"dropped": reason != ""}
    found = {name: {"pairs": int(rows.sum()), "joint_pa_mpjpe": float(1000 * joint[rows].mean())}
             for name, rows in groups.items() if rows.any()}  # fmt: skip
    print("curation of the fits with repaired labels:", found, flush=True)
    return found


@dataclasses.dataclass(frozen=True)
class Breadth:
    """What a prior learns from: pairs of so many types, more that are improvised from them, training steps."""

    types: int
    improvised: int
    steps: int


# Without improvised pairs more steps make it worse: the network learns the types.
BREADTHS = {
    "narrow": Breadth(4, 0, 1500), "broad": Breadth(len(INTERACTIONS), 0, 1500),
    IMPROVISED: Breadth(len(INTERACTIONS), 3000, 6000),
}  # fmt: skip
KEYPOINTS = "keypoints"


@dataclasses.dataclass(frozen=True)
class Split:
    """Some types that are held out, and what is learnt and tried without them.

    Attributes:
        name: key of HELD_OUT; count: test pairs; pairs: training pairs that are not improvised.
    """

    figure: Figure
    name: str
    count: int
    pairs: int
    cache: Path | None

    def test(self) -> PairScenes:
        """Pairs of the types that are held out, with other noise and cameras."""
        plan = Plan(15, "test", self.count, HELD_OUT[self.name])
        return self._cached("test", lambda: scenes(self.figure, plan, OTHER_FAULTS, LabelFaults())[0])

    def people(self, name: str) -> People:
        """Training pairs of all other types, or of some of them."""
        breadth, others = BREADTHS[name], [kind for kind in INTERACTIONS if kind not in HELD_OUT[self.name]]
        types = tuple(others[:: max(1, len(others) // breadth.types)][: breadth.types])
        plan = Plan(21, "train", self.pairs, types, breadth.improvised)
        return self._cached(name, lambda: drawn_pairs(self.figure, plan)[0])

    def trained(self, name: str, seed: int):
        """A prior, its losses and the CPU seconds of its training."""

        def made():
            people, start = self.people(name), time.process_time()
            prior, losses = learn(self.figure, people, TrainingSettings(BREADTHS[name].steps, seed=seed))
            return prior, losses, time.process_time() - start

        return self._cached(f"{name}_trained_{seed}", made)

    def fitted(self, name: str, seed: int, labels: str) -> FittedRows:
        """The test pairs, fitted with a prior, or to keypoints alone."""
        if name == KEYPOINTS:
            method = plain_fit(FitSettings())
        else:
            method = prior_fit(self.trained(name, seed)[0], RefineSettings(), FitSettings())
        made = partial(fit_rows, self.figure, self.test(), labels, 44, method)
        return self._cached(f"{name}_fitted_{seed}_{labels}", made)

    def _cached(self, what: str, make):
        return cached(self.cache, f"{self.name}_{self.count}_{self.pairs}_{what}", make)


def prior_table(body, figure, count: int, pairs: int, seeds: int, cache: Path | None) -> dict:
    """Priors that never saw the tested types, other noise and cameras: of few types, of many, of improvised ones."""
    first, *thirds = (Split(figure, name, count, pairs, cache) for name in HELD_OUT)
    table = {"initial": score(body, first.test().initial, first.test()).summary(first.test().interaction)}
    seeded = [(name, seed) for seed in range(seeds) for name in BREADTHS]
    for name, seed in ((KEYPOINTS, 0), *seeded):
        table[f"{name}, seed {seed}"] = fits_of(body, [first], name, seed, "none")
    table["repaired labels"] = fits_of(body, [first], KEYPOINTS, 0, "repaired")
    table["repaired labels, improvised, seed 0"] = fits_of(body, [first], IMPROVISED, 0, "repaired")
    every = {f"{name}, every type": fits_of(body, thirds, name, 0, "none") for name in (KEYPOINTS, IMPROVISED)}
    return {
        "pairs": count, "training_pairs": pairs, "methods": table | every, "held_out": HELD_OUT,
        "breadths": {name: dataclasses.asdict(breadth) for name, breadth in BREADTHS.items()},
    }  # fmt: skip


def fits_of(body, splits: list[Split], name: str, seed: int, labels: str) -> dict:
    """Errors of fits to the test pairs of splits."""
    start = time.process_time()
    fits = FittedRows.joined([split.fitted(name, seed, labels) for split in splits])
    test = PairScenes.joined([split.test() for split in splits])
    summary = score(body, fits.bodies, test).summary(test.interaction)
    if name != KEYPOINTS:
        summary["training_cpu_s"] = [split.trained(name, seed)[2] for split in splits]
    say(f"{name}, seed {seed}, {labels}", summary, start)
    return summary


def main() -> None:
    """Print a table and write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["fit", "prior"])
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--count", type=int, default=88, help="held-out pairs; docs/pairs.md: 528 and 352")
    parser.add_argument("--pairs", type=int, default=616, help="training pairs")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    np.set_printoptions(precision=3)
    body = load_body(OPEN_BODY)
    figure = figure_of(body, "cpu")
    if options.what == "fit":
        report = fit_table(body, figure, options.count, options.cache)
    else:
        report = prior_table(body, figure, options.count, options.pairs, options.seeds, options.cache)
    options.output.write_text(json.dumps(report, indent=1, sort_keys=True))


if __name__ == "__main__":
    main()
