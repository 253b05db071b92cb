"""Layouts of the files from cameras to the field and its evaluation."""

from __future__ import annotations

from chorus.layout import CANONICALISE, GRID, INDEX, SIZE, TEXT, Dataset, Format, bodies, cameras

FIELD_FORMATS = (
    Format(
        "cameras",
        "cameras/{category}/{prompt}.h5",
        "Perspective cameras of the kept images of a prompt, ordered by image index.",
        {
            "index": INDEX,
            **cameras("image"),
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
        {"weights": Dataset("float32", (*GRID, "24"), "", "skinning weights of the voxel centres")},
        {"body": "digest of the body model", "canonicalise": CANONICALISE},
    ),
    Format(
        "votes",
        "votes/{category}/{prompt}.h5",
        "Integer partial sums of the votes of a prompt, of all images and of those at each part: exactly mergeable. "
        "`results/rays/{category}/{prompt}.h5` of `occupancy.estimator: rays` has this layout: there votes are "
        "fractional, and an image whose person hides a voxel counts less for it (docs/rays.md).",
        {
            "group": Dataset(TEXT, ("group",), "", "`total`, then body parts: images whose mask touches the part"),
            "numerator": Dataset(
                "uint32", ("group", "bin", *GRID), "1/255 image", "weight of images whose mask has the voxel"
            ),
            "denominator": Dataset(
                "uint32", ("group", "bin", *GRID), "1/255 image", "weight of images that contain the voxel"
            ),
            "count": Dataset(
                "uint32",
                ("group", "bin"),
                "1/255 image",
                "weight of all images of the azimuth bin, whatever the body part",
            ),
            "images": Dataset("uint32", ("group", "bin"), "image", "number of images of the group in the azimuth bin"),
        },
        {
            "category": "category",
            "prompt": "prompt text",
            "interaction": "interaction name",
            "body": "digest of the body model",
            "canonicalise": CANONICALISE,
        },
    ),
    Format(
        "voxels",
        "voxels/{category}.h5",
        "The canonical field of a category: `total`, then each prompt.",
        {
            "group": Dataset(TEXT, ("group",), "", "`total`, then prompt ids"),
            "interaction": Dataset(TEXT, ("group",), "", "interaction name of the prompt, empty for `total`"),
            "phi": Dataset("float32", ("group", *GRID), "", "Phi^c, probability 0..1"),
            "numerator": Dataset("float64", ("group", *GRID), "", "sum_b r_b n_b"),
            "denominator": Dataset("float64", ("group", *GRID), "", "sum_b r_b d_b"),
            "n_eff": Dataset("float32", ("group", *GRID), "image", "effective number of images that saw the voxel"),
            "images": Dataset("uint32", ("group", "bin"), "image", "number of images by azimuth bin"),
            "directions": Dataset(
                "uint8", ("group", *GRID), "azimuth bin", "number of the 12 azimuth bins that saw the voxel"
            ),
        },
        {"category": "category", "body": "digest of the body model", "canonicalise": CANONICALISE},
    ),
    Format(
        "contacts",
        "contacts/{category}/{prompt}.h5",
        "Which parts of the body touch the object in the kept pictures of a prompt (sources lvlm and annotations).",
        {
            "index": INDEX,
            "answers": Dataset("uint8", ("image",), "", "usable answers; 0 = nobody knows what touches"),
            "contact_offset": Dataset("int64", ("image+1",), "", "contacts of image i are offset[i]:offset[i+1]"),
            "first": Dataset(TEXT, ("contact",), "", "coarse part of person 1 (docs/contacts.md)"),
            "second": Dataset(TEXT, ("contact",), "", "coarse part of person 2, empty for the object"),
            "told_first": Dataset(TEXT, ("contact",), "", "`first` as the answers told it, sides unchecked"),
            "told_second": Dataset(TEXT, ("contact",), "", "`second` likewise"),
            "weight": Dataset("float32", ("contact",), "", "share of the usable answers that name the contact"),
            "margin": Dataset(
                "float32", ("contact",), "", "(d2 - d1) / (d1 + d2) of the check of the sides; NaN where there was none"
            ),
            "repair": Dataset(
                "uint8", ("contact",), "", "sides: 0 nothing to choose, 1 decided, 2 too close to tell, 3 not seen"
            ),
            "region_offset": Dataset("int64", ("image+1",), "", "entries of image i are offset[i]:offset[i+1]"),
            "region_first": Dataset("uint8", ("entry",), "", "row: fine region 0..69 of person 1"),
            "region_second": Dataset("uint8", ("entry",), "", "column: fine region of person 2, 70 for the object"),
            "region_weight": Dataset("float32", ("entry",), "", "value of the region matrix"),
        },
        {
            "category": "category",
            "prompt": "prompt text",
            "interaction": "interaction name",
            "source": "`lvlm` or `annotations`",
        },
    ),
    Format(
        "truth",
        "truth/{category}.h5",
        "The true canonical field, from unrendered draws of the same interaction mix.",
        {
            "group": Dataset(TEXT, ("group",), "", "`total`, then interactions"),
            "draws": Dataset("uint32", ("group",), "", "number of draws"),
            "phi": Dataset(
                "float32", ("group", *GRID), "", "share of draws whose object holds the warped voxel centre"
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
            "size": SIZE,
            **bodies("image"),
            **cameras("image"),
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
        "The inverse warp of each test image: no field enters, so all fields and variants share it.",
        {
            "id": Dataset(TEXT, ("image",), "", "image id of the test set"),
            "index": Dataset(
                "int32", ("image", *GRID), "", "flat canonical voxel of each voxel of posed space, -1 outside"
            ),
        },
        {
            "category": "category",
            "body": "digest of the body model",
            "testset": "SHA-256 of the `testset` file",
            "lookup": "how: `nearest` (A.7) or `forward` (the warp that voted)",
        },
    ),
)
