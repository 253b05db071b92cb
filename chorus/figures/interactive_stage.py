"""Stage `interactive`: one page to turn the field by hand, offline: interactions, poses, thresholds, and who voted.

Arrays are zlib streams in base64 inside the page, read by resources/interactive.html; plotly draws them.
"""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from chorus import store
from chorus.body.loading import check_made_with, load_body
from chorus.body.model import STAR_POSE, BodyModel
from chorus.figures.kinds import Kind, interactions_of, prompts_of, total_of
from chorus.figures.voters import Voters, mean_pose, voters_of
from chorus.naming import slug, words
from chorus.occupancy.grid import SIDE, Grid
from chorus.occupancy.posing import Sources, forward_sources

if TYPE_CHECKING:
    from chorus.job import Job

FINEST = 64  # voxels along a side: finer fields are averaged
FLOOR = 0.05  # of the greatest value; less is left out
_MILLIMETRES = 1000.0
STEPS = 64  # of a probability: finer ones cost space and show nothing


@dataclass(frozen=True)
class Stand:
    """A pose to show: name, body vertices (V, 3) in metres, and where posed voxels come from; None for the star."""

    name: str
    vertices: np.ndarray
    sources: Sources | None


def run(job: Job) -> None:
    """Write the page; every text reaches it as JSON that no browser takes for HTML."""
    body, voxels = load_body(job.one("body")), store.read_arrays(job.one("voxels"), "voxels")
    skinning = store.read_arrays(job.one("skinning"), "skinning")
    check_made_with(body, voxels, skinning)
    texts = job.names["prompts"].split("\x1f")
    weights = skinning["weights"].reshape(-1, 24)
    interactions = dict(zip(map(str, voxels["group"]), map(str, voxels["interaction"]), strict=True))
    voters = voters_of(job, body, weights, interactions)
    kinds = kinds_of(voxels, texts)
    follows = voxels.attributes["canonicalise"] == "true"
    stands = stands_of(body, weights, voters, Grid(len(skinning["weights"]))) if follows else stands_of(body)
    data = page_data(kinds, stands, voters) | {
        "category": words(job.names["category"]),
        "faces": packed(body.faces.astype("<u2")),
        "prompts": texts,
    }
    job.write_file(page_of(job.one("template").read_text("utf-8"), data), "html")


def kinds_of(voxels: store.ArrayFile, texts: list[str]) -> list[Kind]:
    """All prompts, each interaction, and each prompt by its text."""
    by_id = {slug(text): text for text in texts}
    named = [replace(kind, name=f"interaction: {kind.name}") for kind in interactions_of(voxels)]
    single = [replace(kind, name=by_id.get(kind.name, kind.name)) for kind in prompts_of(voxels)]
    return [total_of(voxels), *named, *single]


def stands_of(
    body: BodyModel, weights: np.ndarray | None = None, voters: Voters | None = None, grid: Grid | None = None
) -> list[Stand]:
    """The star pose and, where the field follows the limbs, the mean pose of each interaction's voting people."""
    stands = [Stand("star", body.vertices(STAR_POSE[None])[0], None)]
    if weights is None or voters is None or grid is None:
        return stands
    for name in sorted(set(voters.interactions)):
        pose = mean_pose(voters.poses[[other == name for other in voters.interactions]])
        sources = forward_sources(grid, weights, body.canonical_bones(pose[None])[0])
        stands.append(Stand(f"mean of “{name.replace('_', ' ')}”", body.vertices(pose[None])[0], sources))
    return stands


def page_data(kinds: list[Kind], stands: list[Stand], voters: Voters) -> dict[str, Any]:
    """Everything that the page's script reads but the texts of the category."""
    factor = -(-len(kinds[0].phi) // FINEST)
    carried = [[_pooled(_carried(kind, stand), factor) for stand in stands] for kind in kinds]
    greatest = [max(max(float(field.max()) for field in fields), 1e-6) for fields in carried]
    steps = [
        [np.where(field >= FLOOR * top, np.rint(STEPS * field / top), 0).astype(np.uint8) for field in fields]
        for fields, top in zip(carried, greatest, strict=True)
    ]
    box = _box(np.max([field for fields in steps for field in fields], axis=0) > 0)
    voxel = SIDE / len(carried[0][0])
    return {
        "shape": [part.stop - part.start for part in box],
        "corner": [round(-SIDE / 2 + voxel * (part.start + 0.5), 6) for part in box],
        "voxel": voxel,
        "steps": STEPS,
        "types": [
            {
                "name": kind.name,
                "images": kind.images,
                "greatest": round(top, 6),
                "fields": [packed(field[box]) for field in fields],
            }
            for kind, top, fields in zip(kinds, greatest, steps, strict=True)
        ],
        "poses": [_pose_data(stand, box, factor, len(kinds[0].phi)) for stand in stands],
        "votes": packed(np.stack([_bits(_pooled_any(hit, factor)[box]) for hit in voters.hits()] or [np.zeros(0)])),
        "pictures": voters.pictures,
    }


def page_of(template: str, data: dict[str, Any]) -> bytes:
    """The template with plotly and the data in it. `<` and `&` are written as JSON's escapes, so no text can end it."""
    from plotly.offline import get_plotlyjs

    text = json.dumps(data, sort_keys=True, ensure_ascii=True, allow_nan=False)
    text = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    head, _, rest = template.partition("@PLOTLY@")
    middle, _, tail = rest.partition("@DATA@")
    return "".join((head, get_plotlyjs(), middle, text, tail)).encode()


def packed(array: np.ndarray) -> str:
    """Base64 of the zlib stream of an array's bytes, little-endian."""
    return base64.b64encode(zlib.compress(np.ascontiguousarray(array).tobytes(), 9)).decode()


def _carried(kind: Kind, stand: Stand) -> np.ndarray:
    phi = np.where(kind.known, kind.phi, 0.0)
    if stand.sources is not None:
        phi = np.nan_to_num(stand.sources.values(phi, kind.known)).reshape(phi.shape)
    return phi


def _pose_data(stand: Stand, box: tuple[slice, ...], factor: int, side: int) -> dict[str, Any]:
    data: dict[str, Any] = {
        "name": stand.name,
        "vertices": packed(np.rint(stand.vertices * _MILLIMETRES).astype("<i2")),
    }
    if stand.sources is not None:
        data["source"] = packed(_boxed_sources(stand.sources, box, factor, side))
    return data


def _boxed_sources(sources: Sources, box: tuple[slice, ...], factor: int, side: int) -> np.ndarray:
    """For each shown voxel the shown voxel of the star pose that it mostly comes from, -1 for none; flat int32."""
    best = np.take_along_axis(sources.index, sources.share.argmax(axis=1)[:, None], axis=1)[:, 0]
    best = np.where(sources.share.any(axis=1), best, -1).reshape((side,) * 3)
    middle = best[factor // 2 :: factor, factor // 2 :: factor, factor // 2 :: factor][box].reshape(-1)
    cells = np.stack(np.unravel_index(np.maximum(middle, 0), (side,) * 3)) // factor
    low, shape = np.array([part.start for part in box]), [part.stop - part.start for part in box]
    cells = cells - low[:, None]
    inside = (middle >= 0) & (cells >= 0).all(axis=0) & (cells < np.array(shape)[:, None]).all(axis=0)
    return np.where(inside, np.ravel_multi_index(np.where(inside, cells, 0), shape), -1).astype("<i4")


def _pooled(field: np.ndarray, factor: int) -> np.ndarray:
    n = len(field) // factor
    return field.reshape(n, factor, n, factor, n, factor).mean(axis=(1, 3, 5))


def _pooled_any(hit: np.ndarray, factor: int) -> np.ndarray:
    n = len(hit) // factor
    return hit.reshape(n, factor, n, factor, n, factor).max(axis=(1, 3, 5))


def _bits(hit: np.ndarray) -> np.ndarray:
    return np.packbits(hit.reshape(-1), bitorder="little")


def _box(shown: np.ndarray) -> tuple[slice, ...]:
    """The smallest box of voxels with one empty layer around what is shown; the whole grid if nothing is."""
    box = []
    for axis in range(3):
        found = np.flatnonzero(shown.any(axis=tuple({0, 1, 2} - {axis})))
        low, high = (found[0], found[-1]) if len(found) else (0, len(shown) - 1)
        box.append(slice(max(int(low) - 1, 0), min(int(high) + 2, len(shown))))
    return tuple(box)
