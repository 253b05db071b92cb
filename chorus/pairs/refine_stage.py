"""Stage `pair_refinement`: held-out pairs fitted with the contact prior, without labels and with repaired ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chorus.body.loading import load_body
from chorus.devices import fitting_device

if TYPE_CHECKING:
    from chorus.job import Job


def run(job: Job) -> None:
    """Fit with the prior."""
    device = fitting_device(job.settings.compute.device)
    from chorus.pairs.card import read_prior
    from chorus.pairs.fit_stage import fit_settings
    from chorus.pairs.fitting import figure_of, fit_rows, prior_fit
    from chorus.pairs.refine import RefineSettings
    from chorus.pairs.rows import FittedRows, PairScenes

    settings, prior_settings = job.settings.pairs, job.settings.prior
    body = load_body(job.one("body"))
    figure = figure_of(body, device)
    prior = read_prior(job.one("prior"), job.one("card"), device)
    test = PairScenes.read(job.one("pairs")).of_split("test")
    guide = RefineSettings(prior_settings.time, prior_settings.sigma)
    method = prior_fit(prior, guide, fit_settings(settings))
    done = [
        fit_rows(figure, test, labels, settings.batch, method, name)
        for labels, name in (("none", "prior"), ("repaired", "prior_repaired"))
    ]
    job.write_arrays("pair_refinement", FittedRows.joined(done).arrays(), {"body": body.digest})
