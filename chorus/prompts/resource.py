"""Prompts from files: `{category}.json`, a list of {"text", "interaction"} (or such a list under the key `prompts`), or
`{category}.txt`, one prompt a line."""

from __future__ import annotations

import functools
import json
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from chorus.errors import ConfigError
from chorus.naming import slug

MAX_PROMPTS = 10_000
MAX_TEXT = 500
MAX_FILE_BYTES = 10_000_000
_UNFIT = ("Cc", "Cs")  # control characters and lone surrogates cannot be handed to a program as an argument
_LINES = str.maketrans("", "", "\t\n")


@dataclass(frozen=True)
class Prompt:
    """One prompt.

    Attributes:
        interaction: template that scenes use for it; may be empty for other sources.
        folder: where its photographs lie, below `images.folder` (source folder).
    """

    text: str
    interaction: str
    folder: str = ""

    @functools.cached_property
    def id(self) -> str:
        """The prompt's directory name."""
        return slug(self.text)


def prompt_file(folder: Path, category: str) -> Path:
    """The category's file: .txt where only that is there."""
    plain = folder / f"{category}.txt"
    return plain if plain.is_file() and not plain.with_suffix(".json").is_file() else plain.with_suffix(".json")


def read_prompts(path: Path) -> tuple[Prompt, ...]:
    """The prompts of a category in the order of the file.

    Raises:
        ConfigError: no such file, not the documented form, a text twice, or two texts with the same id.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ConfigError(f"{path}: has more than {MAX_FILE_BYTES} bytes; a prompt file is small")
        read = _of_lines if path.suffix == ".txt" else _of_json
        prompts = read(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"categories: {path.stem}: there is no {path}; write it "
            '([{"text": "A person ...", "interaction": ...}]), ask a language model (prompts.source: openai), '
            "or name another category"
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ConfigError(
            f'{path}: is not a JSON list of {{"text": ..., "interaction": ...}} (or "prompts": such a list), or, as '
            ".txt, not UTF-8; correct it"
        ) from None
    check_prompts(path, prompts)
    return prompts


def _of_json(text: str) -> tuple[Prompt, ...]:
    content = json.loads(text)
    entries = content["prompts"] if isinstance(content, dict) else content
    return tuple(Prompt(entry["text"], entry.get("interaction", "")) for entry in entries)


def _of_lines(text: str) -> tuple[Prompt, ...]:
    """One prompt a line; empty lines, lines that begin with # and a full stop at the end do not count."""
    lines = (line.strip().removesuffix(".") for line in text.splitlines())
    return tuple(Prompt(line, "") for line in lines if line and not line.startswith("#"))


def check_prompts(path: Path, prompts: tuple[Prompt, ...]) -> None:
    """Refuse (ConfigError) prompts that cannot be handed on or told apart; `path` names where they come from."""
    if not 1 <= len(prompts) <= MAX_PROMPTS:
        raise ConfigError(f"{path}: holds {len(prompts)} prompts, 1 to {MAX_PROMPTS} are allowed")
    for prompt in prompts:
        if not isinstance(prompt.text, str) or not 0 < len(prompt.text.strip()) <= MAX_TEXT:
            raise ConfigError(f"{path}: a prompt's text must have 1 to {MAX_TEXT} characters, one has not")
        if not isinstance(prompt.interaction, str):
            raise ConfigError(f"{path}: the interaction of {prompt.text[:40]!r} must be text")
        if any(
            unicodedata.category(letter) in _UNFIT for letter in (prompt.text + prompt.interaction).translate(_LINES)
        ):
            raise ConfigError(f"{path}: {prompt.text[:40]!r} holds control characters; write plain text")
    if len({prompt.id for prompt in prompts}) < len(prompts):
        raise ConfigError(f"{path}: a prompt stands twice (or two share an id); keep one or reword it")
