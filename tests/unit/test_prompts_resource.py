"""The shipped prompts: complete, well formed, and answerable by the scenes."""

import json
import re
from pathlib import Path

import pytest

from chorus.errors import ConfigError
from chorus.naming import slug, words
from chorus.prompts.resource import Prompt, prompt_file, read_prompts
from chorus.scenes.interactions import INTERACTIONS

PROMPTS = Path(__file__).parents[2] / "resources" / "prompts"
CATEGORIES = [
    "motorcycle",
    "bench",
    "backpack",
    "handbag",
    "tie",
    "frisbee",
    "skis",
    "snowboard",
    "sports_ball",
    "baseball_glove",
    "skateboard",
    "surfboard",
    "tennis_racket",
    "cell_phone",
    "bicycle",
    "umbrella",
    "chair",
    "bed",
    "laptop",
    "hat",
    "sweater",
    "sunglasses",
    "soccer_ball",
    "scarf",
]


def entries(category):
    return json.loads((PROMPTS / f"{category}.json").read_text(encoding="utf-8"))


def test_every_category_of_the_papers_table_has_prompts():
    assert sorted(path.stem for path in PROMPTS.glob("*.json")) == sorted(CATEGORIES)


@pytest.mark.parametrize("category", CATEGORIES)
def test_prompts_are_well_formed(category):
    rows = entries(category)
    assert 3 <= len(rows) <= 20
    for row in rows:
        assert set(row) == {"text", "interaction"}
        assert row["text"].isascii()
        assert words(category) in row["text"]
        assert re.match(r"(A|An|Two) ", row["text"]), "a general subject, no pronoun"
        assert not re.search(r"\b(he|she|they|his|her|their)\b", row["text"].lower())
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", row["interaction"])
    assert len({slug(row["text"]) for row in rows}) == len(rows)


@pytest.mark.parametrize("category", INTERACTIONS)
def test_prompts_of_rendered_categories_name_every_template_equally_often(category):
    named = [row["interaction"] for row in entries(category)]
    counts = {interaction: named.count(interaction) for interaction in INTERACTIONS[category]}
    assert set(named) == set(counts)
    assert len(set(counts.values())) == 1


def test_a_text_file_has_one_prompt_a_line(tmp_path):
    file = tmp_path / "hat.txt"
    file.write_text("# mine\n\nA person wears a hat.\n  A man lifts a hat  \n", "utf-8")
    assert prompt_file(tmp_path, "hat") == file
    assert read_prompts(file) == (Prompt("A person wears a hat", ""), Prompt("A man lifts a hat", ""))


def test_a_json_file_goes_before_a_text_file_and_is_the_one_that_is_asked_for(tmp_path):
    assert prompt_file(tmp_path, "hat").name == "hat.json"
    for suffix in ("json", "txt"):
        (tmp_path / f"hat.{suffix}").touch()
    assert prompt_file(tmp_path, "hat").name == "hat.json"


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"A hat\nA hat.\n", b"\xff\xfe", b"A\x00hat\n"])
def test_an_unfit_text_file_is_refused_in_one_sentence(tmp_path, content):
    (tmp_path / "hat.txt").write_bytes(content)
    with pytest.raises(ConfigError, match=r"hat\.txt"):
        read_prompts(tmp_path / "hat.txt")
