"""docs/formats.md is what `chorus.formats` says, and `chorus.formats` says something that HDF5 files can hold."""

import re

import numpy as np
import pytest

from chorus.formats import FORMATS, formats_page
from chorus.layout import FORMAT_VERSION, TEXT
from chorus.stages import IMAGES, STAGES


def test_the_page_is_the_generated_one(root):
    assert (root / "docs/formats.md").read_text("utf-8") == formats_page(), "run `python -m chorus docs`"


def test_the_page_names_every_dataset_attribute_and_the_version():
    page = formats_page()
    assert f"Format version {FORMAT_VERSION}." in page
    for layout in FORMATS.values():
        section = page.split(f"## {layout.kind}: ")[1].split("\n## ")[0]
        assert f"results/{layout.path}" in section
        assert all(f"| `{name}` |" in section for name in layout.datasets)
        assert all(f"`{name}`" in section for name in layout.attributes)


@pytest.mark.parametrize("kind", FORMATS)
def test_every_dataset_is_well_described(kind):
    layout = FORMATS[kind]
    for item in layout.datasets.values():
        assert item.meaning
        assert item.dtype == TEXT or np.dtype(item.dtype).name == item.dtype
        assert all(re.fullmatch(r"[a-z]+(\+1)?|\d+", dim) for dim in item.dims)
    assert all(layout.attributes.values())


def test_every_file_of_the_plan_has_its_format_or_page():
    page = formats_page()
    for name, stage in STAGES.items():
        if not stage.path.startswith("figures/"):
            assert f"results/{stage.path}`" in page, name
    assert FORMATS["images"].path == IMAGES
