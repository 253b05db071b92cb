"""T1: text becomes a path component or a seed in one place, and can do no harm there."""

import re
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from chorus.config import CategoryName
from chorus.naming import SLUG_LENGTH, digest_of, seed_of, slug, words

ROOT = Path("/srv/results")
ANY_TEXT = st.text(st.characters(), max_size=300)  # surrogates included
HOSTILE = [
    "../../etc/passwd", "/", "..", ".", "", " ", "\0", "\n", "-rf", "--help", "CON", "nul.txt", "a" * 300, "ä" * 300,
    "猫", "a/b", "a\\b", "C:file", "$(touch x)", "`x`", "'; drop", '"', "<script>", "\ud800", "e\u0301", "\u202egnp",
    "%2e%2e%2f", "~", "*", "{category}",
]  # fmt: skip


@given(ANY_TEXT)
def test_a_slug_stays_inside_its_folder(text):
    path = ROOT / slug(text)
    assert path.resolve().parent == ROOT
    assert len(path.name) <= SLUG_LENGTH
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]*[a-z0-9]", path.name)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text)[:20])
def test_hostile_text_is_only_a_name(text):
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]*-[0-9a-f]{8}", slug(text))
    assert len(slug(text)) <= SLUG_LENGTH


@given(ANY_TEXT, ANY_TEXT)
def test_texts_that_differ_have_names_that_differ(first, second):
    assert (slug(first) == slug(second)) == (first == second)


@pytest.mark.parametrize(
    ("first", "second"),
    [("Hat", "hat"), ("hat ", "hat"), ("é", "e\u0301"), ("a" * 300, "a" * 301), ("\ud800", "\ud801")],
)
def test_look_alikes_have_names_that_differ_on_any_file_system(first, second):
    assert slug(first).casefold() != slug(second).casefold()


def test_slugs_are_stable_across_releases():
    assert slug("A person rides a motorcycle") == "a-person-rides-a-motorcycle-182ce634"
    assert slug("") == "text-e3b0c442"


def test_words_of_a_category():
    assert words("sports_ball") == "sports ball"


@pytest.mark.parametrize("name", ["../../x", "Sports Ball", "a__b", "_a", "a_", "9a", "a-b", "", "a\n", "a/b", "é"])
def test_categories_allow_only_lower_case_words(name):
    with pytest.raises(ValidationError):
        TypeAdapter(CategoryName).validate_python(name)


@given(st.lists(st.one_of(st.integers(0, 2**53), ANY_TEXT.filter(lambda t: t.isascii())), max_size=5))
def test_seeds_have_63_bits_and_are_stable(identity):
    seed = seed_of(*identity)
    assert 0 <= seed < 2**63
    assert seed == seed_of(*identity)


def test_seeds_depend_on_every_part_and_its_place():
    base = (0, "motorcycle", "A person rides a motorcycle", "from behind", 17)
    changed = [
        (*base[:i], other, *base[i + 1 :]) for i, other in enumerate((1, "bicycle", "A person", "from above", 18))
    ]
    seeds = {seed_of(*identity) for identity in [base, *changed, base[:-1], *permutations((1, 2, 3))]}
    assert len(seeds) == 1 + 5 + 1 + 6
    assert seed_of("ab", "c") != seed_of("a", "bc"), "parts do not run into each other"
    assert seed_of("1") != seed_of(1)


def test_seeds_use_all_63_bits():
    seeds = [seed_of(number) for number in range(200)]
    assert max(seeds).bit_length() == 63
    assert all(0.3 < sum(seed >> bit & 1 for seed in seeds) / 200 < 0.7 for bit in range(63))


def test_digest_of_ignores_the_order_of_keys_and_refuses_nan():
    assert digest_of({"a": 1, "b": [2.5, "ü"]}) == digest_of({"b": [2.5, "ü"], "a": 1})
    assert digest_of({"a": 1}) != digest_of({"a": 1.5})
    with pytest.raises(ValueError, match="JSON"):
        digest_of(float("nan"))
