"""Files of the released format version read as they were written, other versions are refused in a sentence (F14)."""

import json
import shutil

import numpy as np
import pytest

from chorus import store
from chorus.errors import FileError
from chorus.formats import FORMATS
from chorus.layout import FORMAT_VERSION
from tests.golden import make


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_of_this_version_reads_as_it_was_written(kind):
    path = make.FOLDER / f"{kind}.h5"
    hint = "a layout changed: raise FORMAT_VERSION, or run `python -m tests.golden.make` if it was never released"
    try:
        file = store.read_arrays(path, kind)
    except FileError as error:
        pytest.fail(f"{error} ({hint})")
    expected = make.arrays(kind)
    assert file.arrays.keys() == expected.keys(), hint
    for name, array in expected.items():
        assert np.array_equal(file[name], array), f"{name}: {hint}"


@pytest.mark.parametrize("version", [FORMAT_VERSION - 1, FORMAT_VERSION + 1])
@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_of_another_version_is_refused_in_one_sentence(tmp_path, kind, version):
    path = tmp_path / f"{kind}.h5"
    shutil.copy(make.FOLDER / f"{kind}.h5", path)
    record = json.loads(store.record_path(make.FOLDER / f"{kind}.h5").read_text())
    store.record_path(path).write_bytes(store.json_bytes(record | {"format_version": version}))
    with pytest.raises(FileError) as caught:
        store.read_arrays(path, kind)
    assert f"has format version {version}, this program reads {FORMAT_VERSION}; " in str(caught.value)
    assert "\n" not in str(caught.value)
