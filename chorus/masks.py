"""Binary masks as row spans: about 1 KB an image, decoded in microseconds (notes on formats in docs/formats.md)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SPAN_DTYPE = np.uint16  # rows and columns below 65,536


def encode(mask: np.ndarray) -> np.ndarray:
    """Row spans (k, 3) uint16 of a boolean mask (H, W): row, first column, one past the last column."""
    padded = np.zeros((mask.shape[0], mask.shape[1] + 2), np.int8)
    padded[:, 1:-1] = mask
    change = np.diff(padded, axis=1)
    rows, starts = np.nonzero(change == 1)
    stops = np.nonzero(change == -1)[1]
    return np.stack([rows, starts, stops], axis=1).astype(SPAN_DTYPE)


def decode(spans: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Boolean mask `size` = (H, W) of row spans (k, 3). Spans outside the image are clipped."""
    height, width = size
    change = np.zeros((height, width + 1), np.int32)
    inside = spans[spans[:, 0] < height].astype(np.int64)
    np.add.at(change, (inside[:, 0], np.minimum(inside[:, 1], width)), 1)
    np.add.at(change, (inside[:, 0], np.minimum(inside[:, 2], width)), -1)
    return np.cumsum(change[:, :-1], axis=1) > 0


def area(spans: np.ndarray) -> int:
    """Number of pixels of row spans (k, 3)."""
    return int((spans[:, 2].astype(np.int64) - spans[:, 1]).sum())


def box_of(mask: np.ndarray) -> np.ndarray:
    """Tight box (4,) x0, y0, x1, y1 (exclusive) of a mask (H, W); zeros if it is empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return np.zeros(4)
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], float)


@dataclass(frozen=True)
class Ragged:
    """Rows of different length in one flat array: row i is values[offset[i]:offset[i + 1]].

    Attributes:
        values: (total, ...) all rows one after the other.
        offset: (n + 1,) int64.
    """

    values: np.ndarray
    offset: np.ndarray

    @classmethod
    def of(cls, rows: list[np.ndarray], like: np.ndarray) -> Ragged:
        """Concatenate rows; `like` gives dtype and trailing shape when there is none."""
        offset = np.zeros(len(rows) + 1, np.int64)
        np.cumsum([len(row) for row in rows], out=offset[1:])
        return cls(np.concatenate([*rows, like[:0]]), offset)

    def __len__(self) -> int:
        return len(self.offset) - 1

    def __add__(self, other: Ragged) -> Ragged:
        """The rows of both, one after the other."""
        values = np.concatenate([self.values, other.values])
        return Ragged(values, np.concatenate([self.offset, self.offset[-1] + other.offset[1:]]))

    def __getitem__(self, index: int) -> np.ndarray:
        return self.values[self.offset[index] : self.offset[index + 1]]


NO_SPANS = np.zeros((0, 3), SPAN_DTYPE)


def encode_all(masks: list[np.ndarray]) -> Ragged:
    """Row spans of several masks."""
    return Ragged.of([encode(mask) for mask in masks], NO_SPANS)
