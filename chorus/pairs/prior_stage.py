"""Stage `pair_prior`: the contact prior, trained on curated fits (pseudo ground truth) or, to compare, on the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chorus.body.loading import load_body
from chorus.config_pairs import Prior
from chorus.devices import fitting_device
from chorus.errors import ConfigError
from chorus.layout import FORMAT_VERSION
from chorus.naming import seed_of
from chorus.pairs.rows import FittedRows, PairScenes

if TYPE_CHECKING:
    from chorus.job import Job


def run(job: Job) -> None:
    """Train, and write weights and card.

    Raises:
        ConfigError: curation kept too few pairs.
    """
    device = fitting_device(job.settings.compute.device)
    from chorus.pairs.card import weights_of
    from chorus.pairs.denoiser import Sizes
    from chorus.pairs.fitting import figure_of
    from chorus.pairs.prior import learn
    from chorus.pairs.scenes import people_of
    from chorus.pairs.training import TrainingSettings
    from chorus.pairs.views import upright

    settings: Prior = job.settings.prior
    figure = figure_of(load_body(job.one("body")), device)
    if settings.source == "truth":
        scenes = PairScenes.read(job.one("pairs")).of_split("train")
        bodies, interactions = scenes.true, scenes.interaction
    else:
        rows = FittedRows.read(job.one("curated"), "pair_curation")
        bodies, interactions = rows.bodies, rows.interaction
    if len(interactions) < 2:
        raise ConfigError(f"pairs.train: {len(interactions)} pairs are left to train the prior on; draw more")
    training = TrainingSettings(
        settings.steps, settings.batch, settings.rate, seed_of(job.settings.run.seed, "prior") % 2**32,
        settings.judge_steps,
    )  # fmt: skip
    sizes = Sizes(settings.width, settings.layers)
    people = upright(figure, people_of(bodies, device))
    prior, losses = learn(figure, people, training, sizes)
    card = {
        "format_version": FORMAT_VERSION,
        "sizes": vars(sizes),
        "touch": vars(prior.touch),
        "training": {
            "pairs": len(interactions),
            "interactions": {str(name): int((interactions == name).sum()) for name in np.unique(interactions)},
            "source": settings.source,
            "settings": vars(training),
            "losses": {network: [round(loss, 5) for loss in found] for network, found in losses.items()},
        },
        "use": {
            "tokens": "orientation (6), pose (138), shape (10), place (3) of person 1, then of person 2",
            "frame": "the root of person 1; its own place is the direction of the line of sight",
        },
    }
    job.write_file(weights_of(prior), "safetensors")
    job.write_json(card, "card")
