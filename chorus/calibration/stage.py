"""Stage `cameras`: perspective cameras of the kept images of a prompt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from chorus import store
from chorus.body.loading import load_body
from chorus.body.model import BodyModel
from chorus.calibration.fit import Fit, Problem, Status, fit_cameras, loss_of
from chorus.camera import Camera, WeakCamera, azimuth_bin, azimuth_degrees
from chorus.perception.detections import read_detections
from chorus.screening.cascade import read_table

if TYPE_CHECKING:
    from chorus.config import Calibration
    from chorus.job import Job


@dataclass(frozen=True)
class KeptPeople:
    """The people of the kept images of a prompt, ordered by image index."""

    index: np.ndarray
    weight: np.ndarray
    size: np.ndarray
    arrays: dict[str, np.ndarray]


def run(job: Job) -> None:
    """Fit or take over the camera of every kept image."""
    body = load_body(job.one("body"))
    people = kept_people(job)
    fit = calibrate(people, body, job.settings.calibration)
    azimuth = azimuth_degrees(fit.camera.centre).reshape(-1)
    usable = fit.status != Status.DEGENERATE
    job.write_arrays(
        "cameras",
        {
            "index": people.index,
            "K": fit.camera.K.reshape(-1, 3, 3),
            "R": fit.camera.R.reshape(-1, 3, 3),
            "t": fit.camera.t.reshape(-1, 3),
            "loss": fit.loss,
            "focal_ratio": fit.focal_ratio,
            "iterations": fit.iterations,
            "status": fit.status.astype(np.uint8),
            "azimuth": azimuth,
            "bin": np.where(usable, azimuth_bin(np.nan_to_num(azimuth)), 0).astype(np.uint8),
            "weight": np.where(usable, people.weight, 0).astype(np.uint8),
        },
        {"category": job.names["category"]},
    )
    print(f"{job.names['category']}: {usable.sum()} of {len(usable)} cameras found.")


def kept_people(job: Job) -> KeptPeople:
    """Collect the people of the images that the screening table keeps."""
    weights = {row.index: row.weight for row in read_table(job.one("screening")) if row.kept}
    parts = []
    for masks_path, people_path in zip(job.many("masks"), job.many("people"), strict=True):
        file = store.read_arrays(people_path, "people")
        sizes = np.array([image.size for image in read_detections(masks_path)], np.int32).reshape(-1, 2)
        chosen = np.array([int(index) in weights for index in file["index"]], bool)
        parts.append({name: array[chosen] for name, array in {**file.arrays, "size": sizes}.items()})
    arrays = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.argsort(arrays["index"], kind="stable")
    arrays = {name: array[order] for name, array in arrays.items()}
    weight = np.array([weights[int(index)] for index in arrays["index"]], np.int64)
    return KeptPeople(arrays["index"], weight, arrays["size"], arrays)


def calibrate(people: KeptPeople, body: BodyModel, settings: Calibration) -> Fit:
    """Fitted cameras; people that bring their true camera keep it."""
    a = people.arrays
    pose = a["pose"].astype(float)
    rootless = pose.copy()
    rootless[:, 0] = 0.0
    joints3d = body.joints(rootless, np.zeros((len(pose), 10)))
    weak = WeakCamera(a["weak_scale"], a["weak_translation"])
    known = a["camera_known"]
    fitted = ~known
    problem = Problem(
        joints3d[fitted],
        a["joints2d"][fitted].astype(float),
        pose[fitted, 0],
        WeakCamera(weak.scale[fitted], weak.translation[fitted]),
        people.size[fitted],
    )
    found = fit_cameras(problem, settings)
    camera = Camera(a["K"].copy(), a["R"].copy(), a["t"].copy())
    camera.K[fitted], camera.R[fitted], camera.t[fitted] = found.camera.K, found.camera.R, found.camera.t
    loss, ratio = np.zeros(len(pose)), np.ones(len(pose))
    iterations, status = np.zeros(len(pose), np.int64), np.full(len(pose), Status.KNOWN, np.int64)
    loss[fitted], ratio[fitted] = found.loss, found.focal_ratio
    iterations[fitted], status[fitted] = found.iterations, found.status
    if known.any():
        loss[known] = loss_of(camera[known], joints3d[known], a["joints2d"][known].astype(float))
    return Fit(camera, loss, ratio, iterations, status)
