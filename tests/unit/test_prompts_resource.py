"""The shipped prompts: complete, well formed, and answerable by the scenes."""

import json
import re
from pathlib import Path

import pytest

from chorus.naming import slug, words
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
