"""The files of pairs as objects: what is known of pairs, scenes with their truth besides, rows of fitted pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from chorus import store
from chorus.errors import FileError
from chorus.pairs.labels import Contacts, Label, contacts_of

LABEL_SETS = ("raw", "repaired", "true")
_GROUPS = ("pose", "betas", "translation")


@dataclass(frozen=True)
class Bodies:
    """Parameters of pairs as arrays: pose (n, 2, 24, 3), betas (n, 2, 10), translation (n, 2, 3), camera axes."""

    pose: np.ndarray
    betas: np.ndarray
    translation: np.ndarray

    def __getitem__(self, rows) -> Bodies:
        return Bodies(self.pose[rows], self.betas[rows], self.translation[rows])

    def named(self, prefix: str = "") -> dict[str, np.ndarray]:
        """The arrays under their names in files."""
        return {prefix + group: getattr(self, group) for group in _GROUPS}

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray], prefix: str = "") -> Bodies:
        """The arrays of a file."""
        return cls(*(arrays[prefix + group] for group in _GROUPS))

    @classmethod
    def joined(cls, many: Sequence[Bodies]) -> Bodies:
        """One after the other."""
        return cls(*(np.concatenate([getattr(each, group) for each in many]) for group in _GROUPS))


@dataclass(frozen=True)
class KnownPairs:
    """What is known of pairs: all that a fit is given.

    Attributes:
        id, interaction, split: (n,) text.
        initial: first estimates.
        K: (n, 3, 3); keypoints: (n, 2, 17, 3), confidence 0 where there is none.
        labels: label set -> labels of every pair; the label set `none` has none and is not there.
    """

    id: np.ndarray
    interaction: np.ndarray
    split: np.ndarray
    initial: Bodies
    K: np.ndarray
    keypoints: np.ndarray
    labels: Mapping[str, tuple[tuple[Label, ...], ...]]

    def __len__(self) -> int:
        return len(self.id)

    def __getitem__(self, rows: np.ndarray) -> Self:
        parts: dict[str, Any] = {name: getattr(self, name)[rows] for name in self._columns()}
        labels = {name: tuple(told[row] for row in rows) for name, told in self.labels.items()}
        return replace(self, labels=labels, **parts)

    def contacts(self, labels: str) -> tuple[Contacts, ...]:
        """The contacts of every pair as a label set tells them."""
        return tuple(map(contacts_of, self.labels[labels]))

    @classmethod
    def joined(cls, many: Sequence[Self]) -> Self:
        """One after the other; all have the same label sets."""

        def column(name: str) -> Any:
            parts = [getattr(each, name) for each in many]
            return Bodies.joined(parts) if isinstance(parts[0], Bodies) else np.concatenate(parts)

        labels = {name: tuple(pair for each in many for pair in each.labels[name]) for name in many[0].labels}
        return cls(**{name: column(name) for name in cls._columns()}, labels=labels)

    @classmethod
    def _columns(cls) -> tuple[str, ...]:
        return ("id", "interaction", "split", "initial", "K", "keypoints")


@dataclass(frozen=True)
class PairScenes(KnownPairs):
    """Pairs of people in contact, what is known of them, and the truth (file kind `pair_scenes`).

    Attributes:
        true: the true bodies.
    """

    true: Bodies

    @classmethod
    def _columns(cls) -> tuple[str, ...]:
        return (*super()._columns(), "true")

    def of_split(self, split: str) -> PairScenes:
        """The pairs of one split."""
        return self[np.flatnonzero(self.split == split)]

    def arrays(self) -> dict[str, Any]:
        """The datasets of the file."""
        rows = [
            (pair, labels, *label.contact, label.sure)
            for labels in LABEL_SETS
            for pair, told in enumerate(self.labels[labels])
            for label in told
        ]
        return {
            "id": self.id, "interaction": self.interaction, "split": self.split,
            **self.true.named("true_"), **self.initial.named("initial_"),
            "K": self.K, "keypoints": self.keypoints,
            "contact_pair": np.array([row[0] for row in rows], np.int64),
            "contact_labels": np.array([row[1] for row in rows], str),
            "first": np.array([row[2] for row in rows], str),
            "second": np.array([row[3] for row in rows], str),
            "sure": np.array([row[4] for row in rows], np.uint8),
        }  # fmt: skip

    @classmethod
    def read(cls, path: Path) -> PairScenes:
        """Read a `pair_scenes` file.

        Raises:
            FileError: missing, damaged, or a contact of a pair that is not there.
        """
        arrays = store.read_arrays(path, "pair_scenes").arrays
        n = len(arrays["id"])
        found: dict[str, list[list[Label]]] = {name: [[] for _ in range(n)] for name in LABEL_SETS}
        columns = ("contact_pair", "contact_labels", "first", "second", "sure")
        for pair, labels, first, second, sure in zip(*(arrays[name].tolist() for name in columns), strict=True):
            if labels not in found or not 0 <= pair < n:
                raise FileError(f"{path}: has a contact of pair {pair}, labels {labels!r}; run its stage again.")
            found[labels][pair].append(Label((first, second), sure=bool(sure)))
        told = {name: tuple(map(tuple, rows)) for name, rows in found.items()}
        return cls(
            arrays["id"], arrays["interaction"], arrays["split"], Bodies.of(arrays, "initial_"), arrays["K"],
            arrays["keypoints"], told, Bodies.of(arrays, "true_"),
        )  # fmt: skip


@dataclass(frozen=True)
class Quality:
    """How well fits agree with what is known, all (n,): see the file layout `pair_fits`."""

    reprojection: np.ndarray
    distance: np.ndarray
    depth: np.ndarray
    beyond: np.ndarray


@dataclass(frozen=True)
class FittedRows:
    """Fitted pairs (file kinds `pair_fits`, `pair_curation`, `pair_refinement`).

    Attributes:
        id, interaction, split, labels: (n,) text.
        bodies: fitted.
        losses: term -> (n,).
        steps: (n,).
        quality: measured on the fits.
        reason: (n,) why curation drops the pair, empty if it is kept.
    """

    id: np.ndarray
    interaction: np.ndarray
    split: np.ndarray
    labels: np.ndarray
    bodies: Bodies
    losses: Mapping[str, np.ndarray]
    steps: np.ndarray
    quality: Quality
    reason: np.ndarray = field(default_factory=lambda: np.zeros(0, str))

    def __len__(self) -> int:
        return len(self.id)

    def __getitem__(self, rows: np.ndarray) -> FittedRows:
        quality = Quality(*(values[rows] for values in vars(self.quality).values()))
        losses = {term: values[rows] for term, values in self.losses.items()}
        parts = {
            name: getattr(self, name)[rows]
            for name in ("id", "interaction", "split", "labels", "bodies", "steps", "reason")
        }
        return replace(self, losses=losses, quality=quality, **parts)

    @classmethod
    def nothing(cls) -> FittedRows:
        """No rows at all: nobody knows the terms of a fit that was not made."""
        text, number = np.zeros(0, str), np.zeros(0)
        bodies = Bodies(np.zeros((0, 2, 24, 3)), np.zeros((0, 2, 10)), np.zeros((0, 2, 3)))
        quality = Quality(number, number, number, number)
        return cls(text, text, text, text, bodies, {}, np.zeros(0, np.int32), quality, text)

    def with_reasons(self, reason: np.ndarray) -> FittedRows:
        """The same rows with the reasons of curation (n,)."""
        return replace(self, reason=reason)

    def arrays(self) -> dict[str, Any]:
        """The datasets of the file."""
        return {
            "id": self.id, "interaction": self.interaction, "split": self.split, "labels": self.labels,
            **self.bodies.named(), "term": np.array(list(self.losses), str),
            "loss": np.array(list(self.losses.values())).reshape(len(self.losses), len(self)).T, "steps": self.steps,
            **vars(self.quality), "reason": self.reason,
        }  # fmt: skip

    @classmethod
    def read(cls, path: Path, kind: str) -> FittedRows:
        """Read a file of fitted pairs."""
        arrays = store.read_arrays(path, kind).arrays
        losses = {str(term): arrays["loss"][:, column] for column, term in enumerate(arrays["term"])}
        quality = Quality(*(arrays[name] for name in Quality.__dataclass_fields__))
        return cls(
            arrays["id"], arrays["interaction"], arrays["split"], arrays["labels"], Bodies.of(arrays), losses,
            arrays["steps"], quality, arrays["reason"],
        )  # fmt: skip

    @classmethod
    def joined(cls, many: Sequence[FittedRows]) -> FittedRows:
        """One after the other; all have the same terms."""

        def column(name: str) -> np.ndarray:
            return np.concatenate([getattr(each, name) for each in many])

        quality = Quality(
            *(np.concatenate([getattr(each.quality, name) for each in many]) for name in Quality.__dataclass_fields__)
        )
        losses = {term: np.concatenate([each.losses[term] for each in many]) for term in many[0].losses}
        return cls(
            column("id"), column("interaction"), column("split"), column("labels"),
            Bodies.joined([each.bodies for each in many]), losses, column("steps"), quality, column("reason"),
        )  # fmt: skip
