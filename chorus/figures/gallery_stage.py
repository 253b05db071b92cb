"""Stage `gallery`: one self-contained HTML page with kept and rejected images, what was found, and the reasons."""

from __future__ import annotations

import base64
from collections import defaultdict
from html import escape
from typing import TYPE_CHECKING

from chorus import store
from chorus.detections import read_detections, read_thumbnails
from chorus.figures.gallery import Finding, draw_finding
from chorus.figures.sheet_stage import spread
from chorus.naming import slug, words
from chorus.screening.cascade import FULL_WEIGHT, Row, read_table
from chorus.screening.reasons import Reason
from chorus.screening.statistics import Statistics

if TYPE_CHECKING:
    from chorus.job import Job

LEAST_SHOWN = 12  # images of every reason, however rare it is
_LEGEND = """<p>Blue: person. Red: object. Yellow: keypoints that are sure enough, grey: the others.
Point at a picture for its prompt.</p>"""
_STYLE = """
body { font-family: sans-serif; max-width: 80rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
section { display: flex; flex-wrap: wrap; gap: .5rem } h2 { margin: 1.5rem 0 .5rem }
figure { margin: 0; width: 136px; font-size: .7rem; overflow-wrap: anywhere } img { border: 4px solid #be2828 }
.kept img { border-color: #1e8c3c } figcaption { color: #444 }
"""


def run(job: Job) -> None:
    """Write the gallery; every text is escaped, pictures are inside the file, nothing is loaded from elsewhere."""
    rows = [(path.stem, row) for path in job.many("screening") for row in read_table(path)]
    shown = chosen(rows, job.settings.figures.gallery_images)
    pictures = draw_all(job, {(prompt, row.index) for group in shown.values() for prompt, row in group})
    texts = {slug(text): text for text in job.names["prompts"].split("\x1f")}
    found = Statistics.of(row for _, row in rows)
    parts = [f"<h1>{escape(words(job.names['category']))}: screening</h1>", f"<p>{escape(found.outcome)}</p>", _LEGEND]
    for reason, group in shown.items():
        number = found.number_of(reason)
        note = f", {len(group)} shown" if len(group) < number else ""
        parts.append(f"<h2>{escape(reason or 'kept')} ({number}{note})</h2>")
        parts.append(f"<p>Usually: {escape(reason.usual_cause)}.</p>" if reason else "")
        figures = [_figure(pictures[prompt, row.index], row, texts.get(prompt, prompt)) for prompt, row in group]
        parts.append(f'<section class="{"rejected" if reason else "kept"}">{"".join(figures)}</section>')
    title = f"{escape(words(job.names['category']))}: screening"
    head = f'<meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
    body = "\n".join(parts)
    page = f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'
    job.write_file(page.encode(), "html")


def chosen(rows: list[tuple[str, Row]], most: int) -> dict[Reason, list[tuple[str, Row]]]:
    """Rows to show of every reason that occurs, kept ones first: in proportion, and some of every reason."""
    groups: dict[Reason, list[tuple[str, Row]]] = defaultdict(list)
    for prompt, row in rows:
        groups[row.reason].append((prompt, row))
    return {
        reason: spread(groups[reason], max(LEAST_SHOWN, most * len(groups[reason]) // len(rows)))
        for reason in Reason
        if reason in groups
    }


def draw_all(job: Job, wanted: set[tuple[str, int]]) -> dict[tuple[str, int], bytes]:
    """JPEG of every wanted (prompt, image index)."""
    pictures = {}
    threshold = job.settings.screening.keypoint_confidence
    for masks_path, keypoints_path in zip(job.many("masks"), job.many("keypoints"), strict=True):
        prompt, thumbnails = masks_path.parent.name, read_thumbnails(masks_path)
        keypoints = store.read_arrays(keypoints_path, "keypoints", ("index", "keypoints"))["keypoints"]
        for position, detections in enumerate(read_detections(masks_path)):
            key = prompt, detections.index
            if key in wanted:
                finding = Finding(thumbnails[detections.index], detections, keypoints[position].astype(float))
                pictures[key] = draw_finding(finding, threshold)
    return pictures


def _figure(picture: bytes, row: Row, prompt: str) -> str:
    data = base64.b64encode(picture).decode()
    lines = [f"image {row.index}, view {row.view}", f"people {row.people}, objects {row.objects}"]
    if row.people == row.objects == 1:
        lines.append(f"overlap {row.overlap:.2f}")
    if row.pose_found:
        lines.append(f"pose score {row.pose_score:.2f}, residual {100 * row.residual:.1f} %")
    if 0 < row.weight < FULL_WEIGHT:
        lines.append(f"weight {row.weight}/{FULL_WEIGHT}")
    caption = "<br>".join(escape(line) for line in lines)
    text = escape(prompt, quote=True)
    image = f'<img alt="{text}" src="data:image/jpeg;base64,{data}">'
    return f'<figure title="{text}">{image}<figcaption>{caption}</figcaption></figure>'
