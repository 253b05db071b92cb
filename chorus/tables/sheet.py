"""A table for three readers: CSV for programs, Markdown for people, LaTeX for papers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from chorus.job import Job

_LATEX = {"&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_", "±": r"$\pm$", "≥": r"$\geq$", "\\": r"\textbackslash{}"}


@dataclass(frozen=True)
class Spread:
    """A measured number: mean over repetitions and their sample standard deviation, which one repetition has not.

    `digits` after the point are shown.
    """

    mean: float
    deviation: float | None
    digits: int = 2

    @classmethod
    def of(cls, values: Iterable[float], digits: int = 2) -> Spread:
        """Mean and deviation of at least one value."""
        array = np.array(list(values), float)
        return cls(float(array.mean()), float(array.std(ddof=1)) if len(array) > 1 else None, digits)

    def __str__(self) -> str:
        spread = f" ± {self.deviation:.{self.digits}f}" if self.deviation is not None else ""
        return f"{self.mean:.{self.digits}f}{spread}"


Cell = str | int | float | Spread | None


@dataclass(frozen=True)
class Table:
    """A table with its title and what a reader must know to read it.

    Attributes:
        title: one line.
        notes: sentences below the title: what was measured, and how.
        head: names of the columns.
        rows: one cell a column; None is shown as nothing.
    """

    title: str
    notes: Sequence[str]
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def csv(self) -> bytes:
        """Comma-separated, full digits; a measured number has its spread in a column of its own."""
        measured = [any(isinstance(row[column], Spread) for row in self.rows) for column in range(len(self.head))]
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([name for base, two in zip(self.head, measured, strict=True) for name in _names(base, two)])
        for row in self.rows:
            writer.writerow(
                [value for cell, two in zip(row, measured, strict=True) for value in _plain(cell)[: 1 + two]]
            )
        return text.getvalue().encode()

    def markdown(self) -> bytes:
        """A Markdown page with title and notes."""
        lines = [f"# {self.title}", "", *(f"{note}  " for note in self.notes), ""]
        lines += [f"| {' | '.join(self.head)} |", "|" + "---|" * len(self.head)]
        lines += [f"| {' | '.join(shown(cell) for cell in row)} |" for row in self.rows]
        return ("\n".join(lines) + "\n").encode()

    def latex(self) -> bytes:
        """A `tabular` with booktabs rules; title and notes are comments before it."""
        lines = [f"% {line}" for line in (self.title, *self.notes)]
        lines += [rf"\begin{{tabular}}{{l{'r' * (len(self.head) - 1)}}}", r"\toprule", _latex_row(self.head)]
        lines += [r"\midrule", *(_latex_row([shown(cell) for cell in row]) for row in self.rows)]
        return ("\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n").encode()


def shown(cell: Cell) -> str:
    """A cell as people read it: two digits after the point."""
    if cell is None:
        return ""
    return f"{cell:.2f}" if isinstance(cell, float) else str(cell)


def write(job: Job, table: Table) -> None:
    """Write a table's three files: the main output is the CSV."""
    job.write_file(table.csv(), "csv")
    job.write_file(table.markdown(), "markdown", "markdown")
    job.write_file(table.latex(), "latex", "latex")


def _names(base: str, measured: bool) -> list[str]:
    return [base, f"{base} spread"] if measured else [base]


def _plain(cell: Cell) -> tuple[object, object]:
    mean, deviation = (cell.mean, cell.deviation) if isinstance(cell, Spread) else (cell, None)
    return _digits(mean), _digits(deviation)


def _digits(value: object) -> object:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else value


def _latex_row(cells: Sequence[str]) -> str:
    return " & ".join("".join(_LATEX.get(letter, letter) for letter in cell) for cell in cells) + r" \\"
