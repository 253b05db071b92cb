"""Prompts of a photo folder: `{folder}/{category}/`, flat, or one sub-folder a prompt."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from chorus.errors import ConfigError
from chorus.naming import PERSON, digest_of, words
from chorus.prompts.resource import Prompt, check_prompts


def stand_in(category: str, folder: str = "") -> Prompt:
    """The one prompt of photographs that nobody asked for in words."""
    shown = "two people in contact" if category == PERSON else f"a person with {words(category)}"
    return Prompt(f"photographs of {shown}", "", folder)


def folder_prompts(root: Path, category: str, known: Sequence[Prompt]) -> tuple[Prompt, ...]:
    """The prompts of a category's photographs, in the order of their sub-folders' names.

    Args:
        known: prompts that bring their interaction where a sub-folder has their text or id as its name.

    Raises:
        ConfigError: no such folder, photographs both beside and in sub-folders, or a name that is no prompt.
    """
    home = root / category
    try:
        entries = sorted(_visible(home), key=lambda entry: entry.name)
    except OSError as error:
        raise ConfigError(
            f"images.folder: {home}: cannot be read ({error.strerror}); put the photographs of {words(category)} there"
        ) from None
    folders = [entry.name for entry in entries if os.path.isdir(entry.path)]
    if not folders:
        return (stand_in(category, category),)
    if loose := [entry.name for entry in entries if not os.path.isdir(entry.path)]:
        raise ConfigError(
            f"images.folder: {home}: holds sub-folders and files such as {loose[0][:60]!r}; use one sub-folder a "
            "prompt, or none"
        )
    by_name = {name: prompt for prompt in known for name in (prompt.text, prompt.id)}
    prompts = tuple(
        replace(by_name.get(name, Prompt(name, "")), folder=os.path.join(category, name)) for name in folders
    )
    check_prompts(home, prompts)
    return prompts


def photographs_in(folder: Path) -> list[str]:
    """Names of all visible files of a folder, sorted; a place in this list is a photograph's index."""
    return sorted(entry.name for entry in _visible(folder) if os.path.isfile(entry.path))


def listing_digest(folder: str | Path) -> str:
    """Changes when a file of the folder is added, removed, renamed, resized or written again."""
    facts = []
    for entry in _visible(folder):
        try:
            status = entry.stat()
        except OSError:  # a link to nowhere
            continue
        facts.append((entry.name, status.st_size, status.st_mtime_ns))
    return digest_of(sorted(facts))


def _visible(folder: str | Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return [entry for entry in entries if not entry.name.startswith(".")]
