"""Masks of one label, read as spans from several files: the same pixels as detection by detection."""

import numpy as np
import pytest

from chorus import masks, store
from chorus.detections import (
    OBJECT,
    PERSON,
    Detection,
    ImageDetections,
    arrays_of,
    read_detections,
    read_masks,
)
from chorus.errors import FileError


def detections(index: int, rng: np.random.Generator) -> ImageDetections:
    size = (int(rng.integers(5, 30)), int(rng.integers(5, 30)))
    labels = rng.choice([PERSON, OBJECT], size=index % 4)
    found = tuple(Detection.of_mask(int(label), 0.5, rng.random(size) < rng.random()) for label in labels)
    return ImageDetections(index, 0, size, found)


@pytest.fixture
def paths(tmp_path, rng):
    """Three files, one of them empty; the later indices come first."""
    paths = []
    for name, indices in {"b": [9, 7, 8], "empty": [], "a": range(6)}.items():
        images = [detections(index, rng) for index in indices]
        content = store.encode_arrays("masks", arrays_of(images, [b"x"] * len(images)), {"category": "c", "model": "m"})
        store.write_recorded(tmp_path / f"{name}.h5", content, {})
        paths.append(tmp_path / f"{name}.h5")
    return paths


@pytest.mark.parametrize("label", [PERSON, OBJECT])
def test_masks_are_the_unions_of_the_detections(paths, label):
    read = read_masks(paths, label)
    images = [image for path in paths for image in read_detections(path)]
    rows = read.rows_of(np.array([image.index for image in images]))
    assert len(read.spans) == len(images)
    for image, row in zip(images, rows, strict=True):
        assert read.index[row] == image.index
        size = tuple(int(side) for side in read.size[row])
        assert size == image.size
        assert np.array_equal(masks.decode(read.spans[int(row)], size), image.union(label))


def test_a_missing_image_is_named(paths):
    with pytest.raises(FileError, match="image 77 is missing"):
        read_masks(paths, OBJECT).rows_of(np.array([3, 77]))
    with pytest.raises(FileError, match="image 1 is missing"):
        read_masks([], OBJECT).rows_of(np.array([1]))


def test_no_files_no_masks():
    assert len(read_masks([], OBJECT).rows_of(np.zeros(0, int))) == 0


def test_the_rest_of_a_file_is_not_read(paths):
    file = store.read_arrays(paths[0], "masks", ("index", "label"))
    assert set(file.arrays) == {"index", "label"}
    with pytest.raises(FileError, match="expected 'people'"):
        store.read_arrays(paths[0], "people", ("index",))
