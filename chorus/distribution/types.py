"""Interaction types s = (prompt, body part): their votes, merged on demand from the files of the prompts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chorus import store
from chorus.body.parts import PART_NAMES
from chorus.errors import FileError, QueryError
from chorus.naming import slug
from chorus.occupancy.field_stage import merged, read_votes
from chorus.occupancy.votes import TOTAL, Votes


@dataclass(frozen=True)
class InteractionVotes:
    """The `votes` files of a category and what they are about; arrays are read when they are asked for.

    Attributes:
        category: category name.
        body: digest of the body model.
        canonicalised: whether the grid follows the limbs.
        files: one a prompt.
        prompts: texts of the prompts.
        names: interaction names of the prompts.
        groups: `total` and, where they were counted, the body parts.
    """

    category: str
    body: str
    canonicalised: bool
    files: tuple[Path, ...]
    prompts: list[str]
    names: list[str]
    groups: tuple[str, ...]

    @classmethod
    def of_files(cls, files: Sequence[Path]) -> InteractionVotes:
        """Read what the files are about.

        Raises:
            FileError: there is none, or they belong to different categories, bodies or grids.
        """
        opened = [store.read_arrays(path, "votes", ("group",)) for path in files]
        about = [file.attributes for file in opened]
        same = {
            (item["category"], item["body"], item["canonicalise"], tuple(map(str, file["group"])))
            for file, item in zip(opened, about, strict=True)
        }
        if len(same) != 1:
            raise FileError(
                f"votes: {len(files)} files of {len(same)} kinds (category, body, body parts), expected one kind; "
                "delete results/votes and run again."
            )
        category, body, canonicalise, groups = same.pop()
        prompts, names = ([item[key] for item in about] for key in ("prompt", "interaction"))
        return cls(category, body, canonicalise == "true", tuple(files), prompts, names, groups)

    @property
    def interactions(self) -> list[str]:
        """Names of the interactions, each once."""
        return sorted({name for name in self.names if name})

    def of(self, interaction: str = "", part: str = "") -> Votes:
        """Exact sum of the votes of an interaction type.

        Args:
            interaction: an interaction name, or text or id of a prompt; empty for all prompts.
            part: a body part that the mask touches; empty for any.

        Raises:
            QueryError: there is no such interaction or part.
            FileError: the body parts were not counted.
        """
        if part and part not in PART_NAMES:
            raise QueryError(f"{self.category}: no body part {part!r}; there are {', '.join(PART_NAMES)}.")
        chosen = [
            path
            for path, text, name in zip(self.files, self.prompts, self.names, strict=True)
            if interaction in ("", name, text, slug(text))
        ]
        if not chosen:
            known = ", ".join([*self.interactions, *(repr(text) for text in self.prompts)])
            raise QueryError(f"{self.category}: no interaction {interaction!r}; there are {known}.")
        return merged([read_votes(path, part or TOTAL) for path in chosen])
