"""Stage `person_fits`: the pairs of all photographs, fitted without labels and with what was told of contacts.

Both are made once more with the contact prior, as in the stage `pair_refinement`, and every fit has the reason for
which curation would drop it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from chorus.body.loading import load_body
from chorus.contacts.contacts import ImageContacts, read_contacts
from chorus.devices import fitting_device
from chorus.pairs.curation import counts, reasons
from chorus.pairs.labels import Label
from chorus.pairs.people import PhotographedPairs, pair_id
from chorus.pairs.rows import FittedRows, KnownPairs

if TYPE_CHECKING:
    from chorus.job import Job

TOLD = "repaired"  # the label set of contacts that were told and whose sides were checked


def run(job: Job) -> None:
    """Fit, and count the reasons."""
    device = fitting_device(job.settings.compute.device)
    from chorus.pairs.fit_stage import fit_settings, thresholds
    from chorus.pairs.fitting import figure_of, fit_rows, plain_fit
    from chorus.pairs.refine_stage import fit_with_prior

    settings, body = job.settings.pairs, load_body(job.one("body"))
    figure, plain = figure_of(body, device), plain_fit(fit_settings(settings))
    guided = fit_with_prior(job, figure)
    known, told = pairs_of(job)
    done = [
        fit_rows(figure, some, labels, settings.batch, method, name)
        for some, labels, method, name in (
            (known, "none", plain, "none"),
            (told, TOLD, plain, "repaired"),
            (known, "none", guided, "prior"),
            (told, TOLD, guided, "prior_repaired"),
        )
        if len(some)
    ]
    rows = FittedRows.joined(done) if done else FittedRows.nothing()
    rows = rows.with_reasons(reasons(rows.quality, thresholds(settings)))
    counted = {name: counts(rows.reason[rows.labels == name]) for name in dict.fromkeys(rows.labels.tolist())}
    attributes = {"body": body.digest, "counts": json.dumps(counted, sort_keys=True)}
    job.write_arrays("person_fits", rows.arrays(), attributes)
    print(f"{job.names['category']}: {len(known)} pairs, contacts told of {len(told)}: {attributes['counts']}")


def pairs_of(job: Job) -> tuple[KnownPairs, KnownPairs]:
    """All pairs without labels, and those of which somebody could say what touches, with the label set TOLD."""
    files = job.many("pair_people")
    known = KnownPairs.joined([PhotographedPairs.read(path).known(path.parent.name) for path in files])
    images = {
        pair_id(path.stem, image.index): image
        for path in job.many("contacts")
        for image in read_contacts(path)
        if image.answers
    }
    chosen = np.array([row for row, name in enumerate(known.id.tolist()) if name in images], int)
    return known, labelled(known[chosen], [images[name] for name in known.id[chosen].tolist()])


def labelled(known: KnownPairs, images: list[ImageContacts]) -> KnownPairs:
    """Pairs with the contacts of their images, in the same order, each believed as far as the votes say."""
    told = tuple(
        tuple(Label((one.first, one.second), one.weight, one.sure) for one in image.contacts) for image in images
    )
    return replace(known, labels={TOLD: told})
