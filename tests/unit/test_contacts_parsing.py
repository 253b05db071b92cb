"""What an answer says: every form that models use, and no answer that does harm."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chorus.contacts.parsing import MAX_CONTACTS, Contact, parse_contacts
from chorus.contacts.question import answer_form, question
from chorus.contacts.vocabulary import NOUNS, SIDED, SIDES, Mention, mention

HAND = Mention("hand", "left")


def entry(first: tuple[str, str], second: tuple[str, str] | None = None, confidence: float = 0.9) -> dict:
    people = {"person_1": dict(zip(("part", "side"), first, strict=True))}
    if second:
        people["person_2"] = dict(zip(("part", "side"), second, strict=True))
    return {**people, "confidence": confidence}


def answer(*entries: dict) -> str:
    return json.dumps({"contacts": entries})


mentions = st.sampled_from(NOUNS).flatmap(
    lambda noun: st.builds(
        Mention, st.just(noun), st.sampled_from(("left", "right", "both") if noun in SIDED else ("",))
    )
)


@given(st.lists(st.tuples(mentions, mentions), max_size=8, unique=True))
def test_what_is_asked_for_comes_back(pairs):
    text = answer(*(entry((a.noun, a.side or "none"), (b.noun, b.side or "none")) for a, b in pairs))
    found = parse_contacts(text, pair=True)
    assert found.usable
    assert found.contacts == [Contact(a, b) for a, b in pairs]
    assert not found.refused


@given(
    st.lists(mentions, max_size=8, unique=True),
    st.sampled_from(["json", "fence", "prose", "table", "table with sides"]),
)
def test_the_same_in_every_form(parts, form):
    rows = [(part.noun, part.side or "none") for part in parts]
    text = {
        "json": answer(*map(entry, rows)),
        "fence": f"```json\n{answer(*map(entry, rows))}\n```",
        "prose": f"The hands hold it. Here is the answer:\n{answer(*map(entry, rows))}\nI hope this helps!",
        "table": "| Person 1 |\n|---|\n" + "".join(f"| {side.replace('none', '')} {noun} |\n" for noun, side in rows),
        "table with sides": "Part | Side\n--- | ---\n" + "".join(f"**{noun}** | {side}\n" for noun, side in rows),
    }[form]
    found = parse_contacts(text, pair=False)
    assert found.usable
    assert found.contacts == [Contact(part) for part in parts]


@given(st.lists(mentions, min_size=1, max_size=6, unique=True), st.data())
def test_cut_off_json_keeps_what_was_finished(parts, data):
    text = answer(*(entry((part.noun, part.side or "none")) for part in parts))
    ends = [
        at + 1
        for at in range(len(text))
        if text[at] == "}" and text[: at + 1].count("{") - text[: at + 1].count("}") == 1
    ]
    kept = data.draw(st.integers(1, len(parts)))
    cut = text[: data.draw(st.integers(ends[kept - 1], ends[kept] - 1 if kept < len(ends) else len(text) - 1))]
    assert parse_contacts(cut, pair=False).contacts == [Contact(part) for part in parts[:kept]]


@given(st.text(max_size=300) | st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=20),
       lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
           st.sampled_from(["contacts", "person_1", "person_2", "part", "side", "confidence", "x"]), inner, max_size=5),
       max_leaves=20).map(json.dumps), st.booleans())  # fmt: skip
def test_no_answer_does_harm(text, pair):
    found = parse_contacts(text, pair)
    for contact in found.contacts:
        assert contact.first.noun in NOUNS
        assert contact.first.side in {"left", "right", "both", ""}
        assert (contact.second is not None) == pair
    assert all(len(item.text) <= 120 for item in found.refused)


@pytest.mark.parametrize(
    "text", ["", "I'm sorry, I can't help with that.", "The left hand holds the bar.", "{", "[1, 2]", "| a | b"]
)
def test_prose_and_refusals_are_no_answer(text):
    assert not parse_contacts(text, pair=False).usable


def test_an_empty_list_is_an_answer():
    found = parse_contacts('{"contacts": []}', pair=False)
    assert found.usable
    assert found.contacts == []


def test_unknown_parts_are_refused_and_the_others_stay():
    found = parse_contacts(answer(entry(("tail", "none")), entry(("hand", "left"))), pair=False)
    assert found.contacts == [Contact(HAND)]
    assert [item.reason for item in found.refused] == ["a part that is not in the vocabulary"]


def test_an_entry_of_no_confidence_says_nothing():
    assert parse_contacts(answer(entry(("hand", "left"), confidence=0.0)), pair=False).contacts == []


def test_there_are_bounds():
    many = answer(*(entry((noun, side)) for noun in SIDED for side in ("left", "right", "both")))
    pairs = json.dumps({"contacts": [entry((a, "left"), (b, "left")) for a in SIDED for b in SIDED]})
    assert len(parse_contacts(many, pair=False).contacts) == 3 * len(SIDED)
    assert len(parse_contacts(pairs, pair=True).contacts) == MAX_CONTACTS
    for attack in ("{" * 50_000, "[" * 50_000, '{"contacts": [' * 5_000, "|" * 20_000, "|-" * 10_000):
        assert parse_contacts(attack, pair=True).contacts == []


@pytest.mark.parametrize(
    ("text", "side", "expected"),
    [
        ("left hand", "", HAND), ("Left_Hand", "", HAND), ("hand", "LEFT", HAND), ("hand (left)", "", HAND),
        ("the palm of his left hand", "", None), ("left palm", "none", HAND), ("hands", "", Mention("hand", "both")),
        ("both hands", "", Mention("hand", "both")), ("feet", "none", Mention("foot", "both")),
        ("right foot/ankle", "", Mention("foot", "right")), ("tail/left hand", "", HAND),
        ("calves", "", Mention("calf", "both")), ("Upper Back", "left", Mention("upper back", "")),
        ("hips", "", Mention("hips", "")), ("hip", "left", Mention("hips", "")), ("butt", "", Mention("buttock", "")),
        ("arm", "left", None), ("", "left", None), ("left", "", None),
    ],
)  # fmt: skip
def test_words_for_parts(text, side, expected):
    assert mention(text, side) == expected


def test_the_question_names_the_whole_vocabulary_and_its_example_is_an_answer():
    for pair in (False, True):
        text = question("sports_ball", pair)
        assert all(noun in text for noun in NOUNS)
        example = text.split("Example: ")[1].splitlines()[0]
        assert parse_contacts(example, pair).contacts
        schema = answer_form(pair)["json_schema"]["schema"]
        part = schema["properties"]["contacts"]["items"]["properties"]["person_1"]["properties"]
        assert (part["part"]["enum"], part["side"]["enum"]) == (list(NOUNS), list(SIDES))
    assert "sports ball" in question("sports_ball", False)
