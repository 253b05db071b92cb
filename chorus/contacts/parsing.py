"""From a model's answer to touching parts: pure text in, contacts and refusals out, whatever the text is.

The answer is somebody else's text: JSON as asked for, JSON cut off, a Markdown table, prose, an apology or an attack.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from chorus.contacts.vocabulary import Mention, mention
from chorus.prompts.parsing import MAX_ANSWER, Refusal, encodable

MAX_CONTACTS = 60  # of one answer; more are refused, nobody touches that much
_SHOWN = 120
_CELL_MARKS = "*_`\"' "


@dataclass(frozen=True, order=True)
class Contact:
    """What touches: a part of person 1 with a part of person 2, or with the object (`second` is None)."""

    first: Mention
    second: Mention | None = None


@dataclass
class Answered:
    """What one answer says.

    Attributes:
        contacts: named contacts, each once, in their order.
        refused: rows that name no two parts of the vocabulary, and why.
        usable: whether there was an answer at all: JSON or a table, perhaps empty; prose and refusals are none.
    """

    contacts: list[Contact] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    usable: bool = False


def parse_contacts(answer: str, pair: bool) -> Answered:
    """The contacts of an answer.

    Args:
        pair: person 2 is asked for as well; else the object is what is touched.
    """
    text = encodable(answer[:MAX_ANSWER])
    rows = _json_rows(text, pair)
    if rows is None:
        rows = _table_rows(text, pair)
    result = Answered(usable=rows is not None)
    for cells in rows or []:
        _add(result, cells)
    return result


def _add(result: Answered, cells: list[tuple[str, str]]) -> None:
    shown = " + ".join(" ".join(cell).strip() for cell in cells)[:_SHOWN]
    parts = [mention(*cell) for cell in cells]
    if None in parts:
        result.refused.append(Refusal(shown, "a part that is not in the vocabulary"))
        return
    found = Contact(*parts)  # type: ignore[arg-type]
    if len(result.contacts) >= MAX_CONTACTS:
        result.refused.append(Refusal(shown, f"more than {MAX_CONTACTS} contacts"))
    elif found not in result.contacts:
        result.contacts.append(found)


# --- JSON --------------------------------------------------------------------------------------------------------


def _json_rows(text: str, pair: bool) -> list[list[tuple[str, str]]] | None:
    """(part, side) of each person of every contact; None where the text holds no such JSON."""
    start = text.find("{")
    if start < 0:
        return None
    try:
        contacts = json.JSONDecoder().raw_decode(text[start:])[0]["contacts"]
    except (ValueError, KeyError, RecursionError):
        contacts = None
    if isinstance(contacts, list):
        return [_row(entry, pair) or [("", "")] for entry in contacts]
    # Cut off, or a bare list: every entry that was finished counts.
    return [row for entry in _finished(text[start:]) if (row := _row(entry, pair))] or None


def _row(entry: Any, pair: bool) -> list[tuple[str, str]]:
    """The (part, side) of an entry, empty if it is none; one of no confidence says nothing."""
    if not isinstance(entry, dict) or not _is_meant(entry.get("confidence", 1.0)):
        return []
    people = [entry.get(f"person_{number}") for number in ((1, 2) if pair else (1,))]
    cells = []
    for person in people:
        part, side = (person.get("part"), person.get("side")) if isinstance(person, dict) else (person, "")
        if not isinstance(part, str):
            return []
        cells.append((part, side if isinstance(side, str) else ""))
    return cells


def _is_meant(confidence: Any) -> bool:
    return not isinstance(confidence, int | float) or (math.isfinite(confidence) and confidence > 0.0)


def _finished(text: str) -> Iterator[Any]:
    """The objects of cut-off JSON that came to their end, from the left, each looked at once."""
    decoder, at = json.JSONDecoder(), text.find("{")
    while at >= 0:
        try:
            value, length = decoder.raw_decode(text[at:])
            at += length
            yield value
        except (ValueError, RecursionError):
            at += 1
        at = text.find("{", at)


# --- Markdown ----------------------------------------------------------------------------------------------------


def _table_rows(text: str, pair: bool) -> list[list[tuple[str, str]]] | None:
    """The cells of a Markdown table's body; None where there is no table."""
    lines = [line.strip() for line in text.splitlines() if line.count("|") >= (2 if line.strip()[:1] == "|" else 1)]
    bars = [number for number, line in enumerate(lines) if re.fullmatch(r"[|:\- ]*-[|:\- ]*", line)]
    if not bars:
        return None
    rows = []
    for line in lines[bars[0] + 1 :]:
        cells = [cell.strip(_CELL_MARKS) for cell in line.strip("|").split("|")]
        if pair and len(cells) >= 4 and _is_side(cells[1]):
            rows.append([(cells[0], cells[1]), (cells[2], cells[3])])
        elif not pair and len(cells) >= 2 and _is_side(cells[1]):
            rows.append([(cells[0], cells[1])])
        elif len(cells) > pair:
            rows.append([(cell, "") for cell in cells[: 1 + pair]])
    return rows


def _is_side(cell: str) -> bool:
    return cell.casefold() in {"left", "right", "both", "none", "-", ""}
