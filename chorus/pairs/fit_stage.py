"""Stage `pair_fits`: training pairs fitted to repaired labels, held-out ones to every configured label set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chorus.body.loading import load_body
from chorus.config_pairs import Pairs
from chorus.devices import fitting_device
from chorus.pairs.curation import Thresholds

if TYPE_CHECKING:
    from chorus.job import Job


def run(job: Job) -> None:
    """Fit all pairs, and give every training pair that curation drops its reason."""
    device = fitting_device(job.settings.compute.device)
    from chorus.pairs.curation import reasons
    from chorus.pairs.fitting import figure_of, fit_rows, plain_fit
    from chorus.pairs.rows import FittedRows, PairScenes

    settings: Pairs = job.settings.pairs
    body = load_body(job.one("body"))
    figure, scenes = figure_of(body, device), PairScenes.read(job.one("pairs"))
    method = plain_fit(fit_settings(settings))
    train, test = scenes.of_split("train"), scenes.of_split("test")
    done = [fit_rows(figure, train, "repaired", settings.batch, method)] if len(train) else []
    done += [fit_rows(figure, test, labels, settings.batch, method) for labels in settings.labels]
    rows = FittedRows.joined(done)
    rows = rows.with_reasons(reasons(rows.quality, thresholds(settings)))
    job.write_arrays("pair_fits", rows.arrays(), {"body": body.digest})


def fit_settings(settings: Pairs):
    """The settings of a fit, out of the configuration."""
    from chorus.pairs.fit import FitSettings

    return FitSettings(
        settings.keypoint_sigma,
        settings.contact_sigma,
        settings.depth_sigma,
        settings.pose_sigma,
        steps=(settings.steps[0], settings.steps[1]),
    )


def thresholds(settings: Pairs) -> Thresholds:
    """The thresholds of curation, out of the configuration."""
    return Thresholds(settings.most_reprojection, settings.most_distance, settings.most_depth, settings.most_beyond)
