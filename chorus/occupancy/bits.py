"""The vote's kernel: which voxels fall into an image and into its mask, as one word of 64 bits a block (Eq. 5, 6).

The camera is folded into the bones: with M_j = K [R | t] B_j a voxel x has p = sum_j w_j(x) M_j x and lies in the image
when p satisfies five linear conditions, p2 > 0, p0 >= 0, p0 < W p2, p1 >= 0, p1 < H p2; in the mask's box likewise. No
posed grid, no matrix a voxel, and divisions only in blocks that touch the box.

Two loops of sixteen lanes: over images, where a bound decides most blocks as a whole (`_sides`), and over the voxels
of a block for the pairs of block and image that are left (`_points`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from chorus.camera import Camera
from chorus.occupancy.bitmasks import MARGIN, WORD, BitMasks
from chorus.occupancy.blocks import VOXELS, BlockGrid
from chorus.occupancy.lanes import (
    LANES,
    add,
    at_least,
    distance,
    fma,
    less,
    load,
    lowest,
    ratio,
    splat,
    store,
    store_cells,
)

SMALLEST_DEPTH = np.float32(1e-30)  # metres; stands for 0, below it products lose their digits
REACH = 1.5 * np.sqrt(3.0)  # voxels from a block's centre to its farthest voxel centre
ROUNDING = 4e-6  # 64 float32 roundings: sums over 24 joints stay below half of it
_HALF = np.float32(1.5)  # voxels from a block's centre to its first plane of voxels
_LANE_Y = np.repeat(np.arange(4, dtype=np.float32), 4) - _HALF
_LANE_Z = np.tile(np.arange(4, dtype=np.float32), 4) - _HALF
_BIT = np.uint64(1) << np.arange(VOXELS, dtype=np.uint64)
_ALL = ~np.uint64(0)
_inlined = njit(error_model="numpy", forceinline=True)


@dataclass(frozen=True)
class Views:
    """A batch of images ready for the kernel; image lanes are filled up to a multiple of 16.

    Attributes:
        by_image: (n, 24, 12) float32, rows of M_j; positions in voxels.
        by_lane: (24, 12, lanes) float32, the same with neighbouring images in neighbouring lanes.
        edges: (8, lanes) float32: columns 0, width, x0, x1, then rows 0, height, y0, y1; pixels.
        reach: (9, lanes) float32: how much p0 - edge p2 (p1 - edge p2 for rows; last p2) can vary over a rigid block.
        masks: the masks.
    """

    by_image: np.ndarray
    by_lane: np.ndarray
    edges: np.ndarray
    reach: np.ndarray
    masks: BitMasks

    def __len__(self) -> int:
        return len(self.by_image)

    @classmethod
    def of(cls, blocks: BlockGrid, projection: np.ndarray, masks: BitMasks) -> Views:
        """Fold the size of a voxel into projections (n, 24, 3, 4) of canonical points, metres to pixels."""
        n, joints = projection.shape[:2]
        rows = projection * np.array([blocks.grid.voxel] * 3 + [1.0])
        lanes = -(-n // LANES) * LANES
        by_lane = np.zeros((joints, 12, lanes), np.float32)
        by_lane[..., :n] = rows.reshape(n, joints, 12).transpose(1, 2, 0)
        edges = np.zeros((8, lanes), np.float32)
        edges[[1, 5], :n] = masks.size.T[::-1]
        edges[[2, 6, 3, 7], :n] = masks.box.T
        reach = np.zeros((9, lanes), np.float32)
        reach[:, :n] = _reach(rows, edges[:, :n].astype(float), blocks.grid.resolution)
        by_image = np.ascontiguousarray(rows.reshape(n, joints, 12), np.float32)
        return cls(by_image, by_lane, edges, reach, masks)


def projections(camera: Camera, bones: np.ndarray) -> np.ndarray:
    """M_kj = K [R | t] B_j, (n, 24, 3, 4) float64, of n cameras and bones (n, 24, 4, 4); metres to pixels."""
    return camera.matrix[:, None] @ bones


def _reach(rows: np.ndarray, edges: np.ndarray, resolution: int) -> np.ndarray:
    # |m (x - c)| <= |m| |x - c|, largest over the joints, and what float32 may add; rows (n, J, 3, 4), edges (8, n).
    turn = rows[..., :3]
    gram = np.moveaxis(turn @ np.swapaxes(turn, -1, -2), (-2, -1), (0, 1))  # (3, 3, n, J): products of the rows
    largest = np.abs(turn).sum(axis=-1) * resolution / 2 + np.abs(rows[..., 3])
    size = largest.max(axis=1).T  # (3, n)
    reach = np.empty((9, rows.shape[0]))
    for side in range(8):
        axis, edge = side // 4, edges[side]
        square = gram[axis, axis].T - 2 * edge * gram[axis, 2].T + edge**2 * gram[2, 2].T
        reach[side] = np.sqrt(np.maximum(square, 0).max(axis=0)) * REACH + ROUNDING * (size[axis] + edge * size[2])
    reach[8] = np.sqrt(gram[2, 2].max(axis=1)) * REACH + ROUNDING * size[2]
    return reach * (1 + 1e-5)


def vote_words(blocks: BlockGrid, views: Views, seen: np.ndarray, hit: np.ndarray) -> None:
    """Write the words of every block and image.

    Args:
        blocks: the canonical grid.
        views: n images.
        seen: (B, m) uint64, m >= n a multiple of 16; receives the voxels that fall into the image.
        hit: likewise those that fall into the mask.
    """
    table = blocks.centre, blocks.first, blocks.joint, blocks.weight, blocks.mean, blocks.spread
    masks = views.masks
    sampled = masks.box, masks.width, masks.first, masks.words
    _vote(table, (views.by_image, views.by_lane, views.edges, views.reach), sampled, seen, hit)


@njit(cache=True, error_model="numpy")
def _vote(table, views, sampled, seen, hit):
    centre, first, joint, weight, mean, spread = table
    by_image, by_lane, edges, reach = views
    lanes = by_lane.shape[2]
    start = np.zeros(3 * by_lane.shape[0] * LANES, np.float32)
    cells = np.zeros(VOXELS, np.int32)
    for b in range(len(centre)):
        begin, end = first[b], first[b + 1]
        for group in range(0, lanes, LANES):
            bones = joint[begin:end], mean[begin:end], spread[begin:end]
            u, v, depth = _at_centre(bones, by_lane, group, centre[b], start)
            outside, inside, off_mask = _sides(u, v, depth, edges, reach, group, lanes)
            for lane in range(LANES):
                seen[b, group + lane] = _ALL if inside >> np.uint64(lane) & np.uint64(1) else np.uint64(0)
                hit[b, group + lane] = np.uint64(0)
            taken = (np.uint64(1) << np.uint64(min(LANES, len(by_image) - group))) - np.uint64(1)
            doubtful = taken & ~(outside | inside & off_mask)
            while doubtful:
                lane = lowest(doubtful)
                doubtful &= doubtful - np.uint64(1)
                image = group + lane
                points = _points(joint[begin:end], weight[begin:end], by_image[image], start, lane)
                if not inside >> np.uint64(lane) & np.uint64(1):
                    seen[b, image] = _in_box(points, edges[0::4, image], edges[1::4, image])
                if not off_mask >> np.uint64(lane) & np.uint64(1):
                    near = _in_box(points, edges[2::4, image], edges[3::4, image])
                    if near:
                        hit[b, image] = _sampled(points, near, sampled, image, cells)


@_inlined
def _at_centre(bones, by_lane, group, centre, start):
    """p and its slack, three coordinates each, at the centre of a block for sixteen images.

    A voxel's p differs from the centre's by its place in the block (`Views.reach`) and by its weights: with
    p_j = M_j c and any weights that sum to 1, |sum_j w_j(x) p_j - p| <= sum_j |w_j(x) - mean_j| |p_j - p|.
    `start` receives every joint's p_j, moved to the block's first plane of voxels, where `_points` begins.
    """
    joint, mean, spread = bones
    lanes = by_lane.shape[2]
    zero, back = splat(np.float32(0)), splat(-_HALF)
    x, y, z = splat(centre[0]), splat(centre[1]), splat(centre[2])
    u, v, depth = zero, zero, zero
    for e in range(len(joint)):
        column = 12 * lanes * joint[e] + group
        share = splat(mean[e])
        p = _transformed(by_lane, column, lanes, x, y, z)
        q = _transformed(by_lane, column + 4 * lanes, lanes, x, y, z)
        r = _transformed(by_lane, column + 8 * lanes, lanes, x, y, z)
        store(start, 3 * LANES * e, p)
        store(start, 3 * LANES * e + LANES, q)
        store(start, 3 * LANES * e + 2 * LANES, r)
        u, v, depth = fma(share, p, u), fma(share, q, v), fma(share, r, depth)
    slack_u, slack_v, slack_depth = zero, zero, zero
    for e in range(len(joint)):
        column = 12 * lanes * joint[e] + group
        most = splat(spread[e])
        at = 3 * LANES * e
        p, q, r = load(start, at), load(start, at + LANES), load(start, at + 2 * LANES)
        slack_u = fma(most, distance(p, u), slack_u)
        slack_v = fma(most, distance(q, v), slack_v)
        slack_depth = fma(most, distance(r, depth), slack_depth)
        store(start, at, fma(back, load(by_lane, column), p))
        store(start, at + LANES, fma(back, load(by_lane, column + 4 * lanes), q))
        store(start, at + 2 * LANES, fma(back, load(by_lane, column + 8 * lanes), r))
    return (u, slack_u), (v, slack_v), (depth, slack_depth)


@_inlined
def _transformed(by_lane, column, lanes, x, y, z):
    """One row of M_j times (x, y, z, 1) for sixteen images."""
    p = fma(load(by_lane, column + 2 * lanes), z, load(by_lane, column + 3 * lanes))
    return fma(load(by_lane, column), x, fma(load(by_lane, column + lanes), y, p))


@_inlined
def _sides(u, v, depth, edges, reach, group, lanes):
    """For sixteen images the bits: a block outside the image, inside it, outside the mask's box; each beyond doubt."""
    left_out, left_in = _beyond(u, depth, edges, reach, group)
    right_in, right_out = _beyond(u, depth, edges, reach, lanes + group)
    top_out, top_in = _beyond(v, depth, edges, reach, 4 * lanes + group)
    bottom_in, bottom_out = _beyond(v, depth, edges, reach, 5 * lanes + group)
    spread = add(depth[1], load(reach, 8 * lanes + group))
    behind, in_front = less(add(depth[0], spread), splat(np.float32(0))), less(spread, depth[0])
    outside = left_out | right_out | top_out | bottom_out | behind
    inside = left_in & right_in & top_in & bottom_in & in_front
    off_left, _ = _beyond(u, depth, edges, reach, 2 * lanes + group)
    _, off_right = _beyond(u, depth, edges, reach, 3 * lanes + group)
    off_top, _ = _beyond(v, depth, edges, reach, 6 * lanes + group)
    _, off_bottom = _beyond(v, depth, edges, reach, 7 * lanes + group)
    return outside, inside, off_left | off_right | off_top | off_bottom


@_inlined
def _beyond(p, depth, edges, reach, at):
    """For sixteen images the bits: p - edge depth < 0 all over the block, > 0 all over the block."""
    edge = load(edges, at)
    value = fma(edge, fma(splat(np.float32(-1)), depth[0], splat(np.float32(0))), p[0])
    slack = add(fma(edge, depth[1], p[1]), load(reach, at))
    return less(add(value, slack), splat(np.float32(0))), less(slack, value)


@_inlined
def _points(joint, weight, matrices, start, lane):
    """p of the 64 voxels of a block in one image: four planes in x of sixteen lanes in (y, z); u, v and depth of each.

    In a block M_j x is a plane of lanes plus a step in x, so a joint costs one addition and one multiply-add a lane.
    """
    y, z, zero = load(_LANE_Y, 0), load(_LANE_Z, 0), splat(np.float32(0))
    u0, u1, u2, u3 = zero, zero, zero, zero
    v0, v1, v2, v3 = zero, zero, zero, zero
    d0, d1, d2, d3 = zero, zero, zero, zero
    for e in range(len(joint)):
        m = matrices[joint[e]]
        at = 3 * LANES * e + lane
        u = fma(splat(m[1]), y, fma(splat(m[2]), z, splat(start[at])))
        v = fma(splat(m[5]), y, fma(splat(m[6]), z, splat(start[at + LANES])))
        d = fma(splat(m[9]), y, fma(splat(m[10]), z, splat(start[at + 2 * LANES])))
        step_u, step_v, step_d = splat(m[0]), splat(m[4]), splat(m[8])
        w = load(weight, VOXELS * e)
        u0, v0, d0 = fma(w, u, u0), fma(w, v, v0), fma(w, d, d0)
        u, v, d = add(u, step_u), add(v, step_v), add(d, step_d)
        w = load(weight, VOXELS * e + LANES)
        u1, v1, d1 = fma(w, u, u1), fma(w, v, v1), fma(w, d, d1)
        u, v, d = add(u, step_u), add(v, step_v), add(d, step_d)
        w = load(weight, VOXELS * e + 2 * LANES)
        u2, v2, d2 = fma(w, u, u2), fma(w, v, v2), fma(w, d, d2)
        u, v, d = add(u, step_u), add(v, step_v), add(d, step_d)
        w = load(weight, VOXELS * e + 3 * LANES)
        u3, v3, d3 = fma(w, u, u3), fma(w, v, v3), fma(w, d, d3)
    return (u0, v0, d0), (u1, v1, d1), (u2, v2, d2), (u3, v3, d3)


@_inlined
def _in_box(points, low, high):
    """The word of the voxels with low <= pixel < high, (column, row) each, and positive depth."""
    corners = splat(low[0]), splat(low[1]), splat(high[0]), splat(high[1])
    first, second = _plane_in_box(points[0], corners), _plane_in_box(points[1], corners)
    third, fourth = _plane_in_box(points[2], corners), _plane_in_box(points[3], corners)
    return first | second << np.uint64(16) | third << np.uint64(32) | fourth << np.uint64(48)


@_inlined
def _plane_in_box(plane, corners):
    u, v, depth = plane
    x0, y0, x1, y1 = corners
    zero = splat(np.float32(0))
    inside = less(splat(SMALLEST_DEPTH), depth)
    inside &= at_least(u, fma(x0, depth, zero)) & less(u, fma(x1, depth, zero))
    return inside & at_least(v, fma(y0, depth, zero)) & less(v, fma(y1, depth, zero))


@_inlined
def _sampled(points, near, sampled, image, cells):
    """The word of those voxels of `near`, all in the mask's box, whose pixel is set."""
    box, width, first, words = sampled
    x, y = splat(np.float32(MARGIN - box[image, 0])), splat(np.float32(MARGIN - box[image, 1]))
    row = np.int32(width[image])
    _store_plane(points[0], x, y, row, cells, 0)
    _store_plane(points[1], x, y, row, cells, LANES)
    _store_plane(points[2], x, y, row, cells, 2 * LANES)
    _store_plane(points[3], x, y, row, cells, 3 * LANES)
    return _set(words[first[image] : first[image + 1]], cells, near)


@_inlined
def _store_plane(plane, x, y, row, cells, at):
    u, v, depth = plane  # divided in full: a reciprocal would move pixels that lie on a border exactly
    store_cells(cells, at, add(ratio(v, depth), y), add(ratio(u, depth), x), row)


@_inlined
def _set(words, cells, near):
    """The bits of `near` whose cell is set; unsigned indices, or numba's test for negative ones stops the gather."""
    found = np.uint64(0)
    for i in range(VOXELS):
        cell = np.uint32(cells[i]) if near & _BIT[i] else np.uint32(0)
        bit = words[cell // np.uint32(WORD)] >> (cell % np.uint32(WORD)) & np.uint32(1)
        found |= _BIT[i] if bit else np.uint64(0)
    return found & near
