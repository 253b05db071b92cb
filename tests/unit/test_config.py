"""T8: a bad configuration is one line that names file and key, what is wrong and what is allowed."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chorus import cli
from chorus.config import OVERLAY_SECTIONS, Config, load_config, merge, parse_config
from chorus.errors import ConfigError

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}]\n"
    for a, b in zip("abcdefghi", "bcdefghij", strict=True)
)

# text of the file, key that must be named, what must be said about it
BAD = {
    "duplicate key": ("run: {seed: 1}\nrun: {seed: 2}\n", "run", "stands twice"),
    "duplicate inner key": ("run:\n  seed: 1\n  seed: 2\n", "seed", "stands twice"),
    "alias bomb": (BOMB, "", "aliases (*name) are not allowed"),
    "merge key": ("a: &a {seed: 1}\nrun:\n  <<: *a\n", "", "aliases"),
    "nan": ("screening: {pose_score: .nan}\n", "screening.pose_score", "nan is not allowed; use numbers"),
    "infinity": ("calibration: {stop_loss: .inf}\n", "calibration.stop_loss", "inf is not allowed"),
    "1e400": ("calibration: {stop_loss: 1.0e+400}\n", "calibration.stop_loss", "inf is not allowed"),
    "text for a number": ("calibration: {stop_loss: 1e400}\n", "calibration.stop_loss", "valid number"),
    "python object": ("run: !!python/object/apply:os.system [touch CANARY]\n", "", "python/object"),
    "python name": ("run: {seed: !!python/name:os.system }\n", "", "python/name"),
    "a date": ("run: {seed: 2026-11-21}\n", "run.seed", "a date is not allowed"),
    "a set": ("categories: !!set {hat, tie}\n", "categories", "a set is not allowed"),
    "bytes": ("body: {file: !!binary aGFsbG8=}\n", "body.file", "a bytes is not allowed"),
    "yes is a truth value": ("body: {file: yes}\n", "body.file", "valid string"),
    "no is a truth value": ("categories: [no]\n", "categories.0", "valid string"),
    "a truth value as text": ("occupancy: {canonicalise: 'no'}\n", "occupancy.canonicalise", "valid boolean"),
    "a truth value as number": ("occupancy: {canonicalise: 0}\n", "occupancy.canonicalise", "valid boolean"),
    "a number as truth value": ("run: {seed: yes}\n", "run.seed", "valid integer"),
    "an octal": ("images: {per_view: 0o7777777}\n", "images.per_view", "valid integer"),
    "a sexagesimal": ("testset: {images: 59:59:59:59}\n", "testset.images", "less than or equal to"),
    "unknown section": ("imagse: {shards: 1}\n", "imagse", "is not a known key; allowed here: run, categories, body"),
    "unknown key": ("images: {shard: 1}\n", "images.shard",
    "allowed here: source, shards, per_view, amounts, views, size, format, keep, folder, annotations"),
    "a key that is no text": ("1: 2\n", "1", "is not a known key"),
    "wrong type": ("images: {shards: '3'}\n", "images.shards", "valid integer (given: '3')"),
    "fraction for a number": ("images: {shards: 1.5}\n", "images.shards", "integer"),
    "a list for a section": ("images: [1, 2]\n", "images", "should be an object"),
    "nothing for a section": ("images:\n", "images", "should be an object"),
    "deep nesting": ("a: " + "[" * 50_000 + "]" * 50_000, "", "nested deeper than 12 levels"),
    "deep mapping": ("\n".join("  " * i + "a:" for i in range(200)), "", "nested deeper than 12 levels"),
    "too large": ("# " + "x" * 1_000_001, "", "has more than 1000000 bytes"),
    "too many values": ("categories: [" + "hat," * 150_000 + "]", "", "too many values"),
    "tabs": ("images:\n\tshards: 1\n", "", "not plain YAML in line 2"),
    "not UTF-8": (b"categories: [caf\xe9]\n", "", "not plain YAML"),
    "a control character": ("categories: [\x00]\n", "", "not plain YAML"),
    "a list at the top": ("- images\n- 1\n", "", "holds a list, expected a mapping"),
    "a key that is a list": ("? [a, b]\n: 1\n", "", "not plain YAML"),
    "a key with a line break": ('"a\\nb": 1\n', "a b", "is not a known key"),
    "a key twice with a line break": ('"a\\nb": 1\n"a\\nb": 1\n', "a b", "stands twice"),
    "a long key": (f"{'k' * 1000}: 1\n", "kkk", "is not a known key"),
    "a key of nan": ('"a\\nb": .nan\n', "a b", "nan is not allowed"),
    "many keys": ("".join(f"a{i}: 1\n" for i in range(10_000)), "a0", "is not a known key"),
    "text at the top": ("hello\n", "", "holds a str, expected a mapping"),
    "two documents": ("run: {seed: 1}\n---\nrun: {seed: 2}\n", "", "not plain YAML"),
    "unclosed bracket": ("categories: [hat\n", "", "not plain YAML"),
    "negative": ("run: {seed: -1}\n", "run.seed", "greater than or equal to 0 (given: '-1')"),
    "zero": ("images: {per_view: 0}\n", "images.per_view", "greater than or equal to 1"),
    "too much": ("images: {size: 100000}\n", "images.size", "less than or equal to 4096"),
    "too fine a grid": ("grid: {resolution: 512}\n", "grid.resolution", "less than or equal to 256"),
    "a grid that no block divides": ("grid: {resolution: 50}\n", "grid.resolution", "multiple of 4"),
    "more than all": ("boxes: {overlap: 1.01}\n", "boxes.overlap", "less than or equal to 1"),
    "shares above 1": ("scenes: {no_person: 0.6, no_object: 0.6}\n", "scenes", "exceed 1"),
    "category is a path": ("categories: ['../../x']\n", "categories.0", "should match pattern"),
    "category is a phrase": ("categories: ['Sports Ball']\n", "categories.0", "should match pattern"),
    "category with a line break": ('categories: ["hat\\n"]\n', "categories.0", "should match pattern"),
    "category too long": (f"categories: [{'h' * 41}]\n", "categories.0", "at most 40 characters"),
    "category twice": ("categories: [hat, tie, hat]\n", "categories", "named twice"),
    "no category": ("categories: []\n", "categories", "at least 1 item"),
    "unknown backend": ("people: {backend: yolo}\n", "people.backend", "'hmr2' or 'nlf'"),
    "unknown keypoint": ("screening: {required_keypoints: [[left_toe]]}\n", "screening.required_keypoints.0.0",
    "'nose'"),
    "coco without a folder": ("images: {source: coco, annotations: a.json}\n", "images", "`folder` and `annotations`"),
    "folder without a folder": ("images: {source: folder}\n", "images", "source folder needs `folder`"),
    "annotated keypoints of made pictures": (
        "images: {source: diffusion}\nkeypoints: {backend: annotations}\nvariants: {true_people: null}\n",
        "keypoints.backend", "needs images.source `scenes` or `coco`",
    ),
    "a side that no autoencoder halves": ("images: {source: diffusion, size: 100}\n", "images.size", "multiple of 8"),
    "offloading from nowhere": (
        "images: {source: diffusion}\ndiffusion: {cpu_offload: true}\n", "diffusion.cpu_offload", "`cuda`"
    ),
    "a branch for a commit": ("diffusion: {revision: main}\n", "diffusion.revision", "should match pattern"),
    "no steps": ("diffusion: {steps: 0}\n", "diffusion.steps", "greater than or equal to 1"),
    "variant of another source": (
        "variants: {v: {images: {source: folder, folder: f}}}\n", "variants.v", "cannot change images.source"
    ),
    "true people of photographs": (
        "images: {source: coco, folder: f, annotations: a.json}\npeople: {backend: annotations}\n",
        "people.backend", "needs images.source `scenes`",
    ),
    "a line break in a path": ('body: {file: "a\\nb"}\n', "body.file", "should match pattern"),
    "an empty path": ("body: {file: ''}\n", "body.file", "at least 1 character"),
    "variant of what all share": ("variants: {v: {grid: {resolution: 96}}}\n", "variants.v", "allowed sections are"),
    "variant with an unknown key": ("variants: {v: {screening: {pose: 1}}}\n", "screening.pose", "is not a known key"),
    "variant with a wrong value": ("variants: {v: {screening: {pose_score: 7}}}\n", "screening.pose_score",
    "less than or equal to 1"),
    "variant name is a path": ("variants: {'../v': null}\n", "variants", "should match pattern"),
    "variant is a list": ("variants: {v: [1]}\n", "variants.v", "should be an object"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_bad_configuration_is_one_helpful_line(tmp_path, monkeypatch, capsys, case):
    text, key, told = BAD[case]
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mine.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    begin = time.perf_counter()
    assert cli.main(["config", str(path)]) == 1
    assert time.perf_counter() - begin < 20
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("ERROR: mine.yaml: ")
    assert printed.err.count("\n") == 1
    assert len(printed.err) < 700
    assert key in printed.err
    assert told in printed.err
    assert not (tmp_path / "CANARY").exists()


def test_a_missing_file_is_one_line(tmp_path, capsys):
    assert cli.main(["config", str(tmp_path / "no.yaml")]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_later_files_win_key_by_key(tmp_path):
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text("images: {shards: 2, size: 256}\ncategories: [hat, tie]\n")
    second.write_text("images: {shards: 3}\ncategories: [scarf]\nvariants: {true_people: null}\n")
    config = load_config([first, second])
    assert (config.images.shards, config.images.size, config.categories) == (3, 256, ["scarf"])
    assert config.active_variants == []


def test_an_empty_file_is_the_default(tmp_path):
    (tmp_path / "a.yaml").write_text("# nothing\n")
    assert load_config([tmp_path / "a.yaml"]) == Config()
    assert load_config([]) == Config()


@pytest.mark.parametrize("section", sorted(set(Config.model_fields) - {"variants"}))
def test_variants_change_only_what_a_variant_may(section):
    value = parse_config({}, "c").model_dump(mode="json")[section]
    config = {"variants": {"v": {section: value}}}
    if section in OVERLAY_SECTIONS:
        assert parse_config(config, "c").with_overlay("v").model_dump(exclude={"variants"}) == Config().model_dump(
            exclude={"variants"}
        )
    else:
        with pytest.raises(ConfigError, match=rf"variants\.v: cannot change \['{section}'\]"):
            parse_config(config, "c")


def test_a_variant_changes_its_keys_and_nothing_else():
    config = parse_config({"images": {"shards": 3}, "variants": {"v": {"images": {"size": 64}}}}, "c")
    assert config.with_overlay("v") == parse_config({"images": {"shards": 3, "size": 64}, "variants": {}}, "c")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*Config.model_fields, "x"]), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from([*Config.model_fields, "x"]), JSON, max_size=4))
def test_any_value_is_a_configuration_or_one_line(value):
    try:
        said = ""
        assert isinstance(parse_config(value, "mine.yaml"), Config)
    except ConfigError as error:
        said = str(error)
    assert said == "" or (said.startswith("mine.yaml: ") and len(said.splitlines()) == 1)


@given(JSON.filter(lambda v: isinstance(v, dict)), JSON.filter(lambda v: isinstance(v, dict)))
def test_merging_is_idempotent_and_keeps_its_arguments(base, overlay):
    before = json.dumps([base, overlay])
    once = merge(base, overlay)
    assert json.dumps([base, overlay]) == before
    assert json.dumps(merge(once, overlay)) == json.dumps(once)


def test_the_settings_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        Config().images.size = 3  # type: ignore[misc]


def test_paths_stay_as_written():
    assert parse_config({"body": {"file": "my body/ü.npz"}}, "c").body.file == str(Path("my body/ü.npz"))
