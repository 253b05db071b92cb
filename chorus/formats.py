"""Every result file's layout: the one source of the checks in `chorus.store` and of docs/formats.md."""

from __future__ import annotations

from dataclasses import dataclass, field

FORMAT_VERSION = 1
TEXT = "text"  # stored as fixed-length UTF-8 bytes


@dataclass(frozen=True)
class Dataset:
    """One array of a file.

    Attributes:
        dtype: numpy name, or `text`.
        dims: names of the axes; equal names have equal lengths, `image+1` is one longer than `image`, digits are fixed.
        unit: physical unit, empty for pure numbers.
        meaning: one phrase for the documentation.
    """

    dtype: str
    dims: tuple[str, ...]
    unit: str
    meaning: str


@dataclass(frozen=True)
class Format:
    """One kind of HDF5 file."""

    kind: str
    path: str
    meaning: str
    datasets: dict[str, Dataset]
    attributes: dict[str, str] = field(default_factory=dict)


def _cameras(axis: str) -> dict[str, Dataset]:
    return {
        "K": Dataset("float64", (axis, "3", "3"), "pixel", "intrinsics"),
        "R": Dataset("float64", (axis, "3", "3"), "", "rotation, body frame to camera frame"),
        "t": Dataset("float64", (axis, "3"), "metre", "translation, x_camera = R x_body + t"),
    }


def _bodies(axis: str) -> dict[str, Dataset]:
    return {
        "pose": Dataset(
            "float32", (axis, "24", "3"), "radian", "axis-angle of the 24 joints; joint 0 = root in camera axes"
        ),
        "betas": Dataset("float32", (axis, "10"), "", "body shape"),
    }


_INDEX = Dataset("int64", ("image",), "", "global image index of the prompt")
_VIEW = Dataset("uint8", ("image",), "", "number of the view suffix (resources/views.yaml)")
_SIZE = Dataset("int32", ("image", "2"), "pixel", "height, width")
_CANONICALISE = "`true`, or `false`: all weight on the pelvis (no canonicalisation)"
_GRID = ("voxel", "voxel", "voxel")

FORMATS: dict[str, Format] = {
    f.kind: f
    for f in (
        Format(
            "images",
            "images/{category}/{prompt}/{shard}.h5",
            "Encoded pictures of one shard; a shard holds every view.",
            {
                "index": _INDEX,
                "view": _VIEW,
                "seed": Dataset("uint64", ("image",), "", "seed of the image"),
                "size": _SIZE,
                "name": Dataset(TEXT, ("image",), "", "file name of a photograph, empty for made images"),
                "bytes": Dataset("uint8", ("byte",), "", "all encoded images one after the other (PNG, JPEG or WebP)"),
                "offset": Dataset("int64", ("image+1",), "byte", "image i is bytes[offset[i]:offset[i+1]]"),
                "dropped_index": Dataset("int64", ("dropped",), "", "index of a picture that is left out"),
                "dropped_name": Dataset(TEXT, ("dropped",), "", "its file name, empty for made images"),
                "dropped_reason": Dataset(
                    TEXT, ("dropped",), "", "why: unreadable file, flagged by the safety checker"
                ),
            },
            {
                "category": "category",
                "prompt": "prompt text",
                "source": "`images.source`",
                "model": "network that made the pictures, with revision or digest; empty where none did",
                "batch": "so many consecutive pictures of the shard were made at once (the last bits depend on it)",
                "warning": "what a reader should know, such as: no safety checker looked at the pictures",
            },
        ),
        Format(
            "scenes",
            "scenes/{category}/{prompt}/{shard}.h5",
            "What is true in each rendered picture of the shard.",
            {
                "index": _INDEX,
                "situation": Dataset("uint8", ("image",), "", "0 normal, 1 no person, 2 no object, 3 two people"),
                "torso_visible": Dataset("bool", ("image",), "", "a shoulder and a hip lie inside the picture"),
                **_bodies("image"),
                **_cameras("image"),
            },
            {"category": "category", "interaction": "interaction template", "prompt": "prompt text"},
        ),
        Format(
            "masks",
            "masks/{category}/{prompt}/{shard}.h5",
            "Detections of people and of the category's objects.",
            {
                "index": _INDEX,
                "view": _VIEW,
                "size": _SIZE,
                "detection_offset": Dataset(
                    "int64", ("image+1",), "", "detections of image i are offset[i]:offset[i+1]"
                ),
                "label": Dataset("uint8", ("detection",), "", "0 person, 1 object of the category"),
                "score": Dataset("float32", ("detection",), "", "confidence 0..1"),
                "box": Dataset("float32", ("detection", "4"), "pixel", "x0, y0, x1, y1"),
                "span": Dataset("uint16", ("span", "3"), "pixel", "mask rows: row, start, stop"),
                "span_offset": Dataset("int64", ("detection+1",), "", "spans of detection d are offset[d]:offset[d+1]"),
                "thumbnail": Dataset("uint8", ("byte",), "", "128-pixel JPEG pictures one after the other"),
                "thumbnail_offset": Dataset(
                    "int64", ("image+1",), "byte", "thumbnail i is thumbnail[offset[i]:offset[i+1]]"
                ),
            },
            {"category": "category", "model": "segmentation backend, revision and digest"},
        ),
        Format(
            "keypoints",
            "keypoints/{category}/{prompt}/{shard}.h5",
            "COCO-17 keypoints of the one person of every image that passes the box screen.",
            {
                "index": _INDEX,
                "keypoints": Dataset("float32", ("image", "17", "3"), "pixel", "x, y, confidence; NaN where not run"),
                "found": Dataset("bool", ("image",), "", "the network ran and found a person"),
                "landmarks": Dataset(
                    "float32",
                    ("image", "33", "4"),
                    "pixel",
                    "BlazePose: x, y, visibility, presence in the crop; NaN unless it looked, as below",
                ),
                "landmarks_world": Dataset(
                    "float32", ("image", "33", "3"), "metre", "BlazePose: around the hips, axes as the camera's"
                ),
                "landmarks_score": Dataset("float32", ("image",), "", "BlazePose: probability of a person"),
                "landmarks_spread": Dataset(
                    "float32", ("image",), "radian", "BlazePose: mean angle to the bones of the mirrored look"
                ),
            },
            {"category": "category", "model": "keypoint backend, revision and digest"},
        ),
        Format(
            "people",
            "people/{category}/{prompt}/{shard}.h5",
            "Body pose, shape and camera of the one person of every image that passes the box screen.",
            {
                "index": _INDEX,
                "found": Dataset("bool", ("image",), "", "a body was estimated"),
                **_bodies("image"),
                "weak_scale": Dataset("float64", ("image",), "pixel/metre", "weak camera u = s X_xy + t"),
                "weak_translation": Dataset("float64", ("image", "2"), "pixel", "weak camera, added after scaling"),
                "joints2d": Dataset("float32", ("image", "24", "2"), "pixel", "projected kinematic joints"),
                "residual": Dataset("float32", ("image",), "", "median keypoint error / longer side of the person box"),
                "score": Dataset("float32", ("image",), "", "pose score 0..1, see docs/perception.md"),
                "camera_known": Dataset("bool", ("image",), "", "K, R, t are true, no calibration is needed"),
                **_cameras("image"),
            },
            {
                "category": "category",
                "model": "people backend, revision and digest",
                "body": "digest of the body model",
            },
        ),
        Format(
            "cameras",
            "cameras/{category}/{prompt}.h5",
            "Perspective cameras of the kept images of a prompt, ordered by image index.",
            {
                "index": _INDEX,
                **_cameras("image"),
                "loss": Dataset("float32", ("image",), "pixel", "Frobenius norm of the 24x2 residual / 24"),
                "focal_ratio": Dataset("float32", ("image",), "", "focal length / initial focal length"),
                "iterations": Dataset("int32", ("image",), "", "optimiser steps"),
                "status": Dataset(
                    "uint8", ("image",), "", "0 converged, 1 loss above threshold, 2 degenerate, 3 known camera"
                ),
                "azimuth": Dataset("float32", ("image",), "degree", "azimuth of the camera centre"),
                "bin": Dataset("uint8", ("image",), "", "azimuth bin 0..11"),
                "weight": Dataset("uint8", ("image",), "", "vote weight, 255 = full; 0 = not used"),
            },
            {"category": "category"},
        ),
        Format(
            "skinning",
            "skinning.h5",
            "Skinning weights of the canonical grid (Eq. 4, 9, 10 and smoothing).",
            {"weights": Dataset("float32", (*_GRID, "24"), "", "skinning weights of the voxel centres")},
            {"body": "digest of the body model", "canonicalise": _CANONICALISE},
        ),
        Format(
            "votes",
            "votes/{category}/{prompt}.h5",
            "Integer partial sums of the votes of a prompt, of all images and of those at each body part: exactly mergeable.",
            {
                "group": Dataset(TEXT, ("group",), "", "`total`, then body parts: images whose mask touches the part"),
                "numerator": Dataset(
                    "uint32", ("group", "bin", *_GRID), "1/255 image", "weight of images whose mask has the voxel"
                ),
                "denominator": Dataset(
                    "uint32", ("group", "bin", *_GRID), "1/255 image", "weight of images that contain the voxel"
                ),
                "count": Dataset(
                    "uint32",
                    ("group", "bin"),
                    "1/255 image",
                    "weight of all images of the azimuth bin, whatever the body part",
                ),
                "images": Dataset(
                    "uint32", ("group", "bin"), "image", "number of images of the group in the azimuth bin"
                ),
            },
            {
                "category": "category",
                "prompt": "prompt text",
                "interaction": "interaction name",
                "body": "digest of the body model",
                "canonicalise": _CANONICALISE,
            },
        ),
        Format(
            "voxels",
            "voxels/{category}.h5",
            "The canonical field of a category: `total`, then each prompt.",
            {
                "group": Dataset(TEXT, ("group",), "", "`total`, then prompt ids"),
                "interaction": Dataset(TEXT, ("group",), "", "interaction name of the prompt, empty for `total`"),
                "phi": Dataset("float32", ("group", *_GRID), "", "Phi^c, probability 0..1"),
                "numerator": Dataset("float64", ("group", *_GRID), "", "sum_b r_b n_b"),
                "denominator": Dataset("float64", ("group", *_GRID), "", "sum_b r_b d_b"),
                "n_eff": Dataset(
                    "float32", ("group", *_GRID), "image", "effective number of images that saw the voxel"
                ),
                "images": Dataset("uint32", ("group", "bin"), "image", "number of images by azimuth bin"),
                "directions": Dataset(
                    "uint8", ("group", *_GRID), "azimuth bin", "number of the 12 azimuth bins that saw the voxel"
                ),
            },
            {"category": "category", "body": "digest of the body model", "canonicalise": _CANONICALISE},
        ),
        Format(
            "truth",
            "truth/{category}.h5",
            "The true canonical field, from unrendered draws of the same interaction mix.",
            {
                "group": Dataset(TEXT, ("group",), "", "`total`, then interactions"),
                "draws": Dataset("uint32", ("group",), "", "number of draws"),
                "phi": Dataset(
                    "float32", ("group", *_GRID), "", "share of draws whose object holds the warped voxel centre"
                ),
            },
            {"category": "category", "body": "digest of the body model"},
        ),
        Format(
            "testset",
            "testset/{category}.h5",
            "Images with known pose, camera and object mask for PAP.",
            {
                "id": Dataset(TEXT, ("image",), "", "image id"),
                "size": _SIZE,
                **_bodies("image"),
                **_cameras("image"),
                "span": Dataset("uint16", ("span", "3"), "pixel", "object mask rows: row, start, stop"),
                "span_offset": Dataset("int64", ("image+1",), "", "spans of image i are offset[i]:offset[i+1]"),
            },
            {
                "category": "category",
                "source": "where the test images come from",
                "fates": "JSON: what became of every candidate (B.1) -> number of images",
            },
        ),
        Format(
            "warps",
            "warps/{category}.h5",
            "The inverse warp of each test image (A.7): no field enters, so all fields and variants share it.",
            {
                "id": Dataset(TEXT, ("image",), "", "image id of the test set"),
                "index": Dataset(
                    "int32", ("image", *_GRID), "", "flat canonical voxel of each voxel of posed space, -1 outside"
                ),
            },
            {
                "category": "category",
                "body": "digest of the body model",
                "testset": "SHA-256 of the `testset` file",
            },
        ),
    )
}


def formats_page() -> str:
    """docs/formats.md, generated from FORMATS (a test compares the two)."""
    lines = [_PAGE_HEAD]
    for layout in FORMATS.values():
        lines += [f"## {layout.kind}: `results/{layout.path}`", "", layout.meaning, ""]
        lines += ["| dataset | dtype | shape | unit | meaning |", "|---|---|---|---|---|"]
        for name, item in layout.datasets.items():
            shape = ", ".join(item.dims)
            lines.append(f"| `{name}` | {item.dtype} | ({shape}) | {item.unit} | {item.meaning} |")
        names = "; ".join(f"`{key}`: {meaning}" for key, meaning in layout.attributes.items())
        lines += ["", f"Attributes: `kind`, `format_version`; {names}.", ""]
    return "\n".join(lines) + _PAGE_TAIL


_PAGE_HEAD = f"""# File formats

Generated by `python -m chorus docs` from `chorus/formats.py`; a test keeps the two equal. Format version {FORMAT_VERSION}.

Arrays are HDF5, tables CSV, reports JSON. Every file is written to a temporary name in its own folder, flushed to disk and
renamed, and has a **record** beside it, `<file>.record.json`: SHA-256 and size of the file (checked before anything is parsed),
the digests of its inputs, the settings its stage reads and their hash, the code digest, package versions, models, and a
digest of the record itself.
Readers check digest, kind, format version, datasets, dtypes and shapes, and refuse with one sentence. Software versions are
recorded and never checked. Nothing in a result file depends on time, host, folder or thread count: two runs give equal bytes.

Variants of a run live in `results/variants/{{variant}}/` under the same names. A variant's file exists there only if some
setting that it depends on differs from the main run; everything else is read from `results/`.
"""

_PAGE_TAIL = """
## prompts: `results/prompts/{category}.json`

Written by `snakemake prompts` (source `openai`) or by you. Read: a list of `{text, interaction}`, or an object with that list
under `prompts`; `interaction` may be left out, everything else is ignored, and the record is not needed. Written:
`format_version, category, prompts: [{id, text}], asked: {model, count, subject, temperature, seed}, calls: [{question, text,
refusal, finish, model, request_id, fingerprint, usage, refused: [{text, reason}]}]`; `text` of a call is the raw answer.

## annotations: `results/annotations/{category}/{prompt}/{shard}.json`

COCO instances and person keypoints (the public JSON format) of the images of the shard; `images[].id` is the image index.
Masks are COCO run lengths or polygons. Written by the sources that know their annotations (`scenes`, `coco`).

## screening: `results/screening/{category}/{prompt}.csv`

One row an image: `index, view, kept (0/1), reason, weight (0..255), people, objects, overlap, keypoints_found, pose_found,
pose_score, residual, person_score, object_score`. `reason` is empty exactly where `kept` is 1, else one of the reasons of
`chorus.screening.reasons.Reason`; `weight` is 0 exactly where there is a reason, and otherwise 255 in mode `hard`.

## rejections: `results/rejections.json` and `results/rejections.md`

`format_version, runs: {main or variant: {category: {prompts, images, kept, rejection_percent, votes, lost: {reason: number},
outcome}}}`: the columns of the paper's Table 3, the sum of the vote weights (a full image counts 1), and the reasons. A variant
whose screening is the main run's is left out.

## pap: `results/pap/{category}.json`

`format_version, category, protocol, n_images, counts, pap: {vanilla, strict, vanilla_hoa, strict_hoa}, pap_with_tail: {same},
curve: {threshold, precision, recall, precision_hoa, recall_hoa}, baselines: {name: {pap, pap_with_tail}},
images: [{id, vanilla, strict, vanilla_hoa, strict_hoa, target_area, target_area_hoa}], truth: {people, pearson_r, best_iou,
soft_iou, interactions: {name: the same three and pearson_r_of_total}, pap, pap_with_tail}, provenance`. Fractions 0..1; areas in pixels of the
32-pixel raster. `truth` exists for source `scenes` only.

## clusters: `results/clusters/{category}.json`

`format_version, category, rule: {share, effective_images, directions, stability}, clusters: [{interaction, prompt, part,
images, share, effective_images, directions, stability, distance, fails, plausible}]`: all interaction types (prompt, body part),
an empty string meaning any; see docs/distribution.md. `stability` and `distance` are null where the cluster is too small.

## report: `results/report/{category}.html`

One self-contained page: prompts, screening, pictures (inside the file), scores. Everything that is text is escaped.

## gallery: `results/report/{category}_gallery.html`

One self-contained page: kept and rejected images by reason, as 128-pixel pictures with masks and keypoints (inside the file).

## summary: `results/summary.json` and `results/summary.md`

PAP of every configured category, their mean, the truth scores, and the same for every variant.

## crate: `results/ro-crate-metadata.json`

The run as a Provenance Run RO-Crate (docs/provenance.md), made on demand, with `results/workflow/Snakefile`. The only result that
tells times: when each job's file was written.
"""
