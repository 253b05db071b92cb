"""Stage `pair_refinement`: held-out pairs fitted with the contact prior, without labels and with repaired ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chorus.body.loading import load_body
from chorus.devices import fitting_device

if TYPE_CHECKING:
    from chorus.job import Job
    from chorus.pairs.figure import Figure
    from chorus.pairs.fitting import Fit


def run(job: Job) -> None:
    """Fit with the prior."""
    device = fitting_device(job.settings.compute.device)
    from chorus.pairs.fitting import figure_of, fit_rows
    from chorus.pairs.rows import FittedRows, PairScenes

    body = load_body(job.one("body"))
    figure = figure_of(body, device)
    method = fit_with_prior(job, figure)
    test = PairScenes.read(job.one("pairs")).of_split("test")
    done = [
        fit_rows(figure, test, labels, job.settings.pairs.batch, method, name)
        for labels, name in (("none", "prior"), ("repaired", "prior_repaired"))
    ]
    job.write_arrays("pair_refinement", FittedRows.joined(done).arrays(), {"body": body.digest})


def fit_with_prior(job: Job, figure: Figure) -> Fit:
    """The fit with the trained prior of a job, as its configuration says."""
    from chorus.pairs.card import read_prior
    from chorus.pairs.fit_stage import fit_settings
    from chorus.pairs.fitting import prior_fit
    from chorus.pairs.refine import RefineSettings

    prior = read_prior(job.one("prior"), job.one("card"), figure)
    settings = job.settings.prior
    guide = RefineSettings(settings.time, settings.sigma, settings.place_sigma, settings.touch_sigma)
    return prior_fit(prior, guide, fit_settings(job.settings.pairs))
