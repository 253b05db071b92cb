"""Scores of fitted pairs against the truth, on the full body model: no proxy of the fit enters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from chorus.body.model import BodyModel
from chorus.body.regions import Surface
from chorus.pairs.labels import Contacts
from chorus.pairs.metrics import (
    PCC_RADII,
    contact_counts,
    joint_pa_mpjpe,
    pcc,
    penetration_depths,
    person_pa_mpjpe,
    precision_recall,
)
from chorus.pairs.rows import Bodies, PairScenes

LABELLED = ("raw", "repaired")


@dataclass(frozen=True)
class Scores:
    """What was measured on n pairs.

    Attributes:
        joint, person: (n,) PA-MPJPE, metres.
        contact_pair: (L,) pair of every true contact; contact_distance: (L,) metres between its parts.
        depth: (n,) mean over all vertices of both people of the depth inside the other, metres.
        deepest: (n,) largest depth, metres.
    """

    joint: np.ndarray
    person: np.ndarray
    contact_pair: np.ndarray
    contact_distance: np.ndarray
    depth: np.ndarray
    deepest: np.ndarray

    def summary(self, interaction: np.ndarray) -> dict[str, Any]:
        """Means over pairs, and by interaction; errors in millimetres."""
        shares = pcc(self.contact_distance, self.contact_pair, len(self.joint))
        kinds = {}
        for name in np.unique(interaction):
            rows = interaction == name
            kinds[str(name)] = {"pairs": int(rows.sum()), **self._errors(rows)}
        return {
            "pairs": len(self.joint),
            **self._errors(np.full(len(self.joint), True)),
            "pcc": {f"{radius:.2f}": round(float(share), 4) for radius, share in zip(PCC_RADII, shares, strict=True)},
            "penetration": _millimetres(self.depth.mean()),
            "deepest": _millimetres(self.deepest.mean()),
            "interactions": kinds,
        }

    def _errors(self, rows: np.ndarray) -> dict[str, float]:
        return {
            "joint_pa_mpjpe": _millimetres(self.joint[rows].mean()),
            "person_pa_mpjpe": _millimetres(self.person[rows].mean()),
        }


def _millimetres(metres: float) -> float:
    return round(float(metres) * 1000, 3)


def posed(body: BodyModel, bodies: Bodies) -> tuple[np.ndarray, np.ndarray]:
    """Joints (n, 2, 24, 3) and vertices (n, 2, V, 3), camera axes, metres."""
    n = len(bodies.pose)
    flat = bodies.pose.reshape(-1, *bodies.pose.shape[2:]), bodies.betas.reshape(-1, bodies.betas.shape[-1])
    place = bodies.translation[:, :, None]
    joints, vertices = (points.reshape(n, 2, -1, 3) + place for points in (body.joints(*flat), body.vertices(*flat)))
    return joints, vertices


def score(body: BodyModel, bodies: Bodies, scenes: PairScenes, batch: int = 16) -> Scores:
    """Score bodies (n pairs) against the scenes they are estimates of, in the same order."""
    parts, true = Surface.of(body).coarse, scenes.contacts("true")
    pieces = []
    for start in range(0, len(scenes), batch):
        rows = np.arange(start, min(start + batch, len(scenes)))
        joints, vertices = posed(body, bodies[rows])
        true_joints = (
            body.joints(scenes.true.pose[rows].reshape(-1, 24, 3), scenes.true.betas[rows].reshape(-1, 10)).reshape(
                len(rows), 2, -1, 3
            )
            + scenes.true.translation[rows][:, :, None]
        )
        depths = [penetration_depths(body, *pair) for pair in vertices]
        contacts = [(row, contact) for row in rows for contact in true[row]]
        distance = [
            _least_distance(vertices[row - start, 0, parts[a]], vertices[row - start, 1, parts[b]])
            for row, (a, b) in contacts
        ]
        pieces.append(
            Scores(
                joint_pa_mpjpe(joints, true_joints), person_pa_mpjpe(joints, true_joints),
                np.array([row for row, _ in contacts], int), np.array(distance),
                np.array([depth.mean() for depth in depths]), np.array([depth.max() for depth in depths]),
            )
        )  # fmt: skip
    return Scores(*(np.concatenate([getattr(piece, name) for piece in pieces]) for name in Scores.__dataclass_fields__))


def _least_distance(first: np.ndarray, second: np.ndarray) -> float:
    return float(cKDTree(first).query(second)[0].min())


def label_scores(scenes: PairScenes) -> dict[str, dict[str, float]]:
    """Precision, recall and F1 of contact labels, raw and repaired."""
    true = scenes.contacts("true")
    return {labels: precision_recall(np.array(_counts(scenes.contacts(labels), true))) for labels in LABELLED}


def _counts(named: Sequence[Contacts], true: Sequence[Contacts]) -> list[tuple[int, int, int]]:
    return [contact_counts(one, other) for one, other in zip(named, true, strict=True)]
