"""Stage `page`: one self-contained HTML page per category: prompts, screening, pictures, scores."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chorus import store
from chorus.evaluation.pap import VARIANTS
from chorus.naming import slug, words
from chorus.screening.cascade import read_table
from chorus.screening.statistics import Statistics

if TYPE_CHECKING:
    from chorus.job import Job

_STYLE = """
body { font-family: sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; margin: 1rem 0 }
td, th { border: 1px solid #bbb; padding: .3rem .6rem; text-align: left }
img { max-width: 100% } code { background: #f3f3f3; padding: .1rem .3rem }
"""
_SCORE_NAMES = {"vanilla": "PAP", "strict": "strict", "vanilla_hoa": "PAP, HOA", "strict_hoa": "strict, HOA"}


def run(job: Job) -> None:
    """Write the page; every text is escaped, pictures are inside the file, nothing is loaded from elsewhere."""
    category = words(job.names["category"])
    rows = {path.stem: read_table(path) for path in job.many("screening")}
    parts = [
        f"<h1>{escape(category)}</h1>",
        f"<p>{escape(Statistics.of(row for table in rows.values() for row in table).outcome)}</p>",
    ]
    if job.many("gallery"):
        parts.append(f'<p><a href="{escape(job.one("gallery").name)}">Kept and rejected images, with reasons</a></p>')
    if job.many("interactive"):
        parts.append(f'<p><a href="{escape(job.one("interactive").name)}">The field, to turn and to cut</a></p>')
    if job.many("pap"):
        parts.append(_scores(store.read_json(job.one("pap"))))
    parts += [_picture(store.read_bytes(path), path) for path in job.many("figures")]
    parts.append(_prompts(rows, job.names["prompts"].split("\x1f")))
    body = "\n".join(parts)
    head = f'<meta charset="utf-8"><title>{escape(category)}</title><style>{_STYLE}</style>'
    job.write_file(
        f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'.encode(), "html"
    )


def _scores(report: dict[str, Any]) -> str:
    lines = [("this field", report), *((name.replace("_", " "), item) for name, item in report["baselines"].items())]
    if "truth" in report:
        lines.append(("the true field", report["truth"]))
    head = ["", *_SCORE_NAMES.values(), "PAP, HOA, with tail"]
    table = [
        [
            name,
            *(f"{100 * item['pap'][key]:.1f}" for key in VARIANTS),
            f"{100 * item['pap_with_tail']['vanilla_hoa']:.1f}",
        ]
        for name, item in lines
    ]
    text = _table(head, table)
    if "truth" in report:
        t = report["truth"]
        text += f"<p>Against the truth ({escape(t['people'])} people): Pearson r {t['pearson_r']:.3f}, "
        text += f"best IoU {t['best_iou']:.3f}, soft IoU {t['soft_iou']:.3f}.</p>"
    return f"<h2>Scores on {report['n_images']} test images (percent)</h2>{text}"


def _prompts(rows: dict[str, list], prompts: list[str]) -> str:
    table = []
    for text in prompts:
        screened = rows.get(slug(text), [])
        found = Statistics.of(screened)
        why = ", ".join(f"{reason} {number}" for reason, number in found.lost.items())
        table.append([text, str(found.images), str(found.kept), why])
    return "<h2>Prompts</h2>" + _table(["prompt", "images", "kept", "rejected for"], table)


def _table(head: list[str], rows: list[list[str]]) -> str:
    cells = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{cells}</tr>{lines}</table>"


def _picture(content: bytes, path: Path) -> str:
    data = base64.b64encode(content).decode()
    title, kind = escape(path.stem.replace("_", " ")), path.suffix.removeprefix(".")
    return f'<h2>{title}</h2><img alt="{title}" src="data:image/{kind};base64,{data}">'
