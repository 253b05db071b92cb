"""Layouts of the files about two people in contact."""

from __future__ import annotations

from chorus.layout import INDEX, TEXT, Dataset, Format

_AXES = "camera axes"


def _people(prefix: str, axis: str, what: str) -> dict[str, Dataset]:
    return {
        f"{prefix}pose": Dataset(
            "float32", (axis, "2", "24", "3"), "radian", f"{what}: axis-angle, joint 0 in {_AXES}"
        ),
        f"{prefix}betas": Dataset("float32", (axis, "2", "10"), "", f"{what}: shape"),
        f"{prefix}translation": Dataset("float32", (axis, "2", "3"), "metre", f"{what}: place of the body, {_AXES}"),
    }


def _named(axis: str) -> dict[str, Dataset]:
    return {
        "id": Dataset(TEXT, (axis,), "", "pair id"),
        "interaction": Dataset(TEXT, (axis,), "", "interaction type, empty if unknown"),
        "split": Dataset(TEXT, (axis,), "", "`train`, `test`, or `photograph`"),
    }


_FITTED = {
    **_named("row"),
    "labels": Dataset(
        TEXT,
        ("row",),
        "",
        "labels of the fit: `none`, `raw`, `repaired`, `true`; with the contact prior: `prior`, `prior_repaired`",
    ),
    **_people("", "row", "fitted"),
    "term": Dataset(TEXT, ("term",), "", "names of the terms of the loss"),
    "loss": Dataset("float32", ("row", "term"), "squared sigma", "every term at the end of the fit"),
    "steps": Dataset("int32", ("row",), "", "steps taken"),
    "reprojection": Dataset("float32", ("row",), "", "RMS keypoint error, share of the person's box"),
    "distance": Dataset(
        "float32", ("row",), "metre", "median distance of the parts that labels name, 0 without labels"
    ),
    "depth": Dataset("float32", ("row",), "metre", "largest depth inside the other body"),
    "beyond": Dataset("float32", ("row",), "radian", "largest angle beyond a joint's natural range"),
    "reason": Dataset(TEXT, ("row",), "", "why curation drops the pair; empty if it is kept"),
}
_BODY = {"body": "digest of the body model"}

PAIR_FORMATS: tuple[Format, ...] = (
    Format(
        "pair_people",
        "pair_people/{category}/{prompt}/{shard}.h5",
        "The two people in contact of every photograph of a shard (category `person`); NaN where there is no pair.",
        {
            "index": INDEX,
            "reason": Dataset(TEXT, ("image",), "", "why there is no pair; empty where there is one"),
            "box": Dataset("float32", ("image", "2", "4"), "pixel", "x0, y0, x1, y1; person 1 is the left one"),
            **_people("initial_", "image", "first estimate"),
            "K": Dataset("float32", ("image", "3", "3"), "pixel", "intrinsics, by pairs.focal"),
            "keypoints": Dataset("float32", ("image", "2", "17", "3"), "pixel", "x, y, confidence (0: not found)"),
            "score": Dataset("float32", ("image", "2"), "", "how far the first estimates are trusted, 0..1"),
        },
        {"category": "category", "keypoints": "keypoint backend", "people": "people backend", **_BODY},
    ),
    Format(
        "person_fits",
        "person_fits/{category}.h5",
        "The pairs of all photographs, fitted without labels and with what was told, with and without the prior.",
        _FITTED,
        {**_BODY, "counts": "JSON: labels -> reason of curation (`kept` for none) -> number of pairs"},
    ),
    Format(
        "pair_scenes",
        "pairs/scenes.h5",
        "Pairs of people in contact: truth, what keypoints and first estimates would show, contact labels.",
        {
            **_named("pair"),
            **_people("true_", "pair", "true"),
            **_people("initial_", "pair", "first estimate"),
            "K": Dataset("float32", ("pair", "3", "3"), "pixel", "intrinsics"),
            "keypoints": Dataset("float32", ("pair", "2", "17", "3"), "pixel", "x, y, confidence (0: not found)"),
            "contact_pair": Dataset("int64", ("contact",), "", "row of the pair of every contact"),
            "contact_labels": Dataset(TEXT, ("contact",), "", "`raw`, `repaired` or `true`"),
            "first": Dataset(TEXT, ("contact",), "", "coarse part of person 1"),
            "second": Dataset(TEXT, ("contact",), "", "coarse part of person 2"),
            "sure": Dataset("uint8", ("contact",), "", "1: its sides are sure; 0: the mirrored contact may be meant"),
        },
        {**_BODY, "counts": "JSON: interaction -> [pairs drawn, pairs whose contacts were reached]"},
    ),
    Format("pair_fits", "pairs/fits.h5", "Pairs fitted to keypoints and contact labels.", _FITTED, _BODY),
    Format(
        "pair_curation",
        "pairs/curated.h5",
        "The fits of training pairs that curation keeps: pseudo ground truth of the prior.",
        _FITTED,
        {**_BODY, "counts": "JSON: reason (`kept` for none) -> number of training pairs"},
    ),
    Format(
        "pair_refinement",
        "pairs/refined.h5",
        "Held-out pairs fitted with the contact prior, with and without repaired labels.",
        _FITTED,
        _BODY,
    ),
)
