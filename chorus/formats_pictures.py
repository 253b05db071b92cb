"""Layouts of the files from pictures to people."""

from __future__ import annotations

from chorus.layout import INDEX, SIZE, TEXT, VIEW, Dataset, Format, bodies, cameras

PICTURE_FORMATS = (
    Format(
        "images",
        "images/{category}/{prompt}/{shard}.h5",
        "Encoded pictures of one shard; a shard holds every view.",
        {
            "index": INDEX,
            "view": VIEW,
            "seed": Dataset("uint64", ("image",), "", "seed of the image"),
            "size": SIZE,
            "name": Dataset(TEXT, ("image",), "", "file name of a photograph, empty for made images"),
            "bytes": Dataset("uint8", ("byte",), "", "all encoded images one after the other (PNG, JPEG or WebP)"),
            "offset": Dataset("int64", ("image+1",), "byte", "image i is bytes[offset[i]:offset[i+1]]"),
            "dropped_index": Dataset("int64", ("dropped",), "", "index of a picture that is left out"),
            "dropped_name": Dataset(TEXT, ("dropped",), "", "its file name, empty for made images"),
            "dropped_reason": Dataset(TEXT, ("dropped",), "", "why: unreadable file, flagged by the safety checker"),
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
            "index": INDEX,
            "situation": Dataset("uint8", ("image",), "", "0 normal, 1 no person, 2 no object, 3 two people"),
            "torso_visible": Dataset("bool", ("image",), "", "a shoulder and a hip lie inside the picture"),
            **bodies("image"),
            **cameras("image"),
        },
        {"category": "category", "interaction": "interaction template", "prompt": "prompt text"},
    ),
    Format(
        "masks",
        "masks/{category}/{prompt}/{shard}.h5",
        "Detections of people and of the category's objects.",
        {
            "index": INDEX,
            "view": VIEW,
            "size": SIZE,
            "detection_offset": Dataset("int64", ("image+1",), "", "detections of image i are offset[i]:offset[i+1]"),
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
            "index": INDEX,
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
            "index": INDEX,
            "found": Dataset("bool", ("image",), "", "a body was estimated"),
            **bodies("image"),
            "weak_scale": Dataset("float64", ("image",), "pixel/metre", "weak camera u = s X_xy + t"),
            "weak_translation": Dataset("float64", ("image", "2"), "pixel", "weak camera, added after scaling"),
            "joints2d": Dataset("float32", ("image", "24", "2"), "pixel", "projected kinematic joints"),
            "residual": Dataset("float32", ("image",), "", "median keypoint error / longer side of the person box"),
            "score": Dataset("float32", ("image",), "", "pose score 0..1, see docs/perception.md"),
            "camera_known": Dataset("bool", ("image",), "", "K, R, t are true, no calibration is needed"),
            **cameras("image"),
        },
        {
            "category": "category",
            "model": "people backend, revision and digest",
            "body": "digest of the body model",
        },
    ),
)
