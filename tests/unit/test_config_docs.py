"""config.yaml, its schema and its page are what `chorus.config` says."""

import json

import pytest
import yaml
from pydantic import BaseModel

from chorus.config import Config, load_config, parse_config
from chorus.config_docs import GENERATED, write_generated


@pytest.mark.parametrize("name", GENERATED)
def test_generated_files_are_up_to_date(root, name):
    assert (root / name).read_text("utf-8") == GENERATED[name](), "run `python -m chorus docs`"


def test_the_shipped_configuration_is_the_default(root):
    assert load_config([root / "config.yaml"]) == Config()


def test_every_key_is_explained_in_the_file_the_page_and_the_schema(root):
    text, page = (root / "config.yaml").read_text(), (root / "docs/config.md").read_text()
    for name, item in Config.model_fields.items():
        section = item.annotation
        if not (isinstance(section, type) and issubclass(section, BaseModel)):
            assert item.description in text
            assert f"| `{name}` |" in page
            continue
        assert section.__doc__ in text
        for key, inner in section.model_fields.items():
            assert inner.description, f"{name}.{key}"
            assert f"  # {inner.description}\n  {key}:" in text
            assert f"| `{name}.{key}` |" in page


def test_the_schema_refuses_unknown_keys(root):
    schema = json.loads((root / "resources/config.schema.json").read_text())
    assert schema["additionalProperties"] is False
    assert all(item["additionalProperties"] is False for item in schema["$defs"].values() if item["type"] == "object")


def test_the_written_defaults_survive_the_trip_through_yaml():
    assert parse_config(yaml.safe_load(GENERATED["config.yaml"]()), "config.yaml") == Config()


def test_writing_twice_changes_nothing(tmp_path):
    assert sorted(write_generated(tmp_path)) == sorted(GENERATED)
    assert write_generated(tmp_path) == []
    (tmp_path / "config.yaml").write_text("edited")
    assert write_generated(tmp_path) == ["config.yaml"]
