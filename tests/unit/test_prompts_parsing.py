"""From an answer to prompts: every usual form is read, every text is survived, and only plain captions come out."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chorus.prompts import parsing
from chorus.prompts.parsing import candidates, names_object, parse_answer, tidied, why_not
from chorus.prompts.template import A_PERSON, ANY_PERSON, SUBJECTS, question, subject_of

GOOD = ["A woman rides a bicycle", "A boy, helmet on, pushes a bicycle", "An old man repairs a child's bicycle"]
FORMS = {
    "JSON": json.dumps({"prompts": GOOD}),
    "a JSON list": json.dumps(GOOD),
    "JSON with entries": json.dumps({"prompts": [{"text": text} for text in GOOD]}),
    "numbered JSON": json.dumps({str(n): text for n, text in enumerate(GOOD)}),
    "JSON and words": "Here you are: " + json.dumps({"prompts": GOOD}) + " Enjoy!",
    "fenced JSON": f"```json\n{json.dumps(GOOD, indent=1)}\n```",
    "cut-off JSON": json.dumps({"prompts": GOOD})[:-2] + ', "A girl pushes a bic',
    "one string of lines": json.dumps({"prompts": "\n".join(GOOD)}),
    "numbered": "".join(f"{n}. {text}.\n" for n, text in enumerate(GOOD, 1)),
    "numbered, blank lines": "".join(f"\n\n{n}) {text}" for n, text in enumerate(GOOD, 1)),
    "bracketed numbers": "".join(f"[{n}] {text}\n" for n, text in enumerate(GOOD, 1)),
    "bullets": "".join(f"* {text}\n" for text in GOOD),
    "dots": "".join(f"  • {text}\r\n" for text in GOOD),
    "Markdown": "# Bicycle\n" + "".join(f"- **{text}**\n" for text in GOOD),
    "quoted": "".join(f'"{text}",\n' for text in GOOD),
    "plain": "\n".join(GOOD),
    "twice": "\n".join(GOOD + [text.upper() for text in GOOD]),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_usual_form_is_read(form):
    assert parse_answer(FORMS[form], "bicycle").prompts == GOOD


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("He rides a bicycle", "pronoun"), ("They're on a bicycle", "pronoun"), ("Her hand holds a bicycle", "pronoun"),
        ("Someone rides a bicycle", "pronoun"), ("These people ride a bicycle", "pronoun"),
        ("A person rides a motorcycle", "without the words 'bicycle'"), ("A man rides a tricycle", "without the words"),
        ("A person rides a bicyclette", "without the words"), ("bicycle", "3 to 30 words"),
        ("A person " + "very " * 30 + "often rides a bicycle", "3 to 30 words"),
        ("A person rides a bicycle " + "x" * 200, "within 200 characters"),
        ("Sure, a person rides a bicycle", "not the description"), ("Sorry, no bicycle today", "not the description"),
        ("As an AI, no bicycle", "not the description"), ("A person rides your bicycle", "not the description"),
        ("A list of prompts with a bicycle", "not the description"), ("A rider like me on a bicycle", "not the descr"),
        ("A person rides a bicycle/", "characters"), ("A person; a bicycle", "characters"),
        ("A person rides a bicycle\x1b", "characters"), ("A person rides\u202ea bicycle", "characters"),
        ("A person\u2028rides a bicycle", "characters"), ("../A person rides a bicycle", "characters"),
    ],
)  # fmt: skip
def test_what_is_refused_and_why(text, reason):
    assert reason in (why_not(text, "bicycle") or "kept")


def test_a_person_alone_is_asked_for_and_checked():
    parsed = parse_answer("A woman rides a bicycle\nA person rides a bicycle", "bicycle", only_a_person=True)
    assert parsed.prompts == ["A person rides a bicycle"]
    assert parsed.refused[0].reason == 'the subject is not "A person"'


def test_known_prompts_are_refused_as_repeated():
    parsed = parse_answer("\n".join(GOOD), "bicycle", known=[GOOD[0].lower()])
    assert parsed.prompts == GOOD[1:]
    assert [item.reason for item in parsed.refused] == ["repeated"]


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("A man wears a scarf", "scarf"), ("A man wears two scarves", "scarf"), ("a cellphone", "cell_phone"),
        ("two Cell Phones", "cell_phone"), ("a cell-phone", "cell_phone"), ("the benches", "bench"), ("ties", "tie"),
        ("puppies", "puppy"), ("knives", "knife"), ("pair of skis", "skis"),
    ],
)  # fmt: skip
def test_the_object_is_found_in_its_usual_spellings(text, category):
    assert names_object(text, category)


@pytest.mark.parametrize(("text", "category"), [("a phone", "cell_phone"), ("a tiePin", "tie"), ("necktie", "tie")])
def test_other_words_are_not_the_object(text, category):
    assert not names_object(text, category)


def test_an_answer_is_looked_at_up_to_a_limit():
    assert parse_answer(" " * parsing.MAX_ANSWER + GOOD[0], "bicycle").prompts == []
    parsed = parse_answer("\n".join(["no"] * 10_000), "bicycle")
    assert len(parsed.refused) <= 500


# --- laws -----------------------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [*GOOD, '{"prompts": [', '["', '", "', "]", "}", "\\", '"', "```json\n", "\n", "1. ", "- ", "**", "bicycle", "A ",
     "He ", "../", "$(x)", "\x00", "\ud800", "\u202e", "\\ud800", "\\u0041", "[" * 50, "{" * 50, "(", "'s ", ", "]
)  # fmt: skip
ANSWERS = st.one_of(st.text(), st.lists(PIECES | st.text(max_size=5), max_size=20).map("".join))
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.sampled_from(GOOD) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(ANSWERS)
def test_any_text_gives_only_plain_captions(answer):
    parsed = parse_answer(answer, "bicycle")
    for text in parsed.prompts:
        assert why_not(text, "bicycle") is None
        assert tidied(text) == text
        assert text.isprintable()
        assert not set(text) & set('/\\$`"<>&;|(){}[]*?~#!:.\n\r\t\0')
        assert len(text) <= 200
        assert names_object(text, "bicycle")
    assert len({text.casefold() for text in parsed.prompts}) == len(parsed.prompts)
    for item in parsed.refused:
        assert item.reason
        assert len(item.text.encode()) <= 800


@given(ANSWERS)
def test_what_comes_out_comes_out_again(answer):
    prompts = parse_answer(answer, "bicycle").prompts
    assert parse_answer(json.dumps({"prompts": prompts}), "bicycle").prompts == prompts
    assert parse_answer("\n".join(prompts), "bicycle").prompts == prompts


@given(VALUES)
def test_any_json_gives_its_strings(value):
    found = candidates(json.dumps({"prompts": value}))
    assert all(isinstance(text, str) for text in found)
    parse_answer(json.dumps(value), "bicycle")


@given(st.integers(0, 3000), st.sampled_from(["[", '{"a":', "(", '"']))
def test_depth_does_no_harm(depth, piece):
    parse_answer(piece * depth, "bicycle")


# --- the question ---------------------------------------------------------------------------------------------------


def test_the_question_names_object_number_subject_and_what_is_known():
    text = question("sports_ball", 7, ANY_PERSON, ["A man holds a sports ball"])
    assert "sports ball" in text
    assert "7" in text
    assert SUBJECTS[ANY_PERSON] in text
    assert "A man holds a sports ball" in text
    assert SUBJECTS[A_PERSON] in question("tie", 3, A_PERSON)


def test_the_drawn_subject_depends_on_category_and_seed_alone_and_both_occur():
    drawn = {name: subject_of("drawn", 0, name) for name in ("tie", "hat", "bed", "bench", "chair", "scarf")}
    assert set(drawn.values()) == {ANY_PERSON, A_PERSON}
    assert drawn == {name: subject_of("drawn", 0, name) for name in drawn}
    assert subject_of(A_PERSON, 3, "tie") == A_PERSON
