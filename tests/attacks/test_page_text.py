"""T10: text of prompts and models reaches the page escaped, and the page loads nothing from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

from chorus import store
from chorus.figures import page
from chorus.job import Job
from chorus.naming import slug
from chorus.screening.cascade import Row, table
from chorus.screening.reasons import Reason

NASTY = '<script>alert("x")</script><img src=x onerror=alert(1)>" onload="y'


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen: list[tuple[str, dict]] = []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


def make_page(folder: Path) -> str:
    rows = [Row(0, 0, Reason.KEPT, 255, 1, 1, 0.5, True, True, 0.9, 0.01, 1.0, 1.0)]
    screening = folder / f"{slug(NASTY)}.csv"
    store.write_recorded(screening, table(rows), {"kind": "screening"})
    picture = folder / "hat_field.png"
    store.write_recorded(picture, b"\x89PNG not decoded here", {"kind": "png"})
    names = {"category": "hat", "prompts": NASTY}
    output = folder / "hat.html"
    job = Job("page", {"screening": (screening,), "figures": (picture,), "pap": ()}, {"output": output}, {}, names)
    page.run(job)
    return output.read_text()


def test_nothing_of_a_prompt_becomes_markup(tmp_path):
    text = make_page(tmp_path)
    tags = Tags()
    tags.feed(text)
    assert "script" not in {tag for tag, _ in tags.seen}
    assert not [name for _, attributes in tags.seen for name in attributes if name.startswith("on")]
    assert "&lt;script&gt;" in text


def test_the_page_loads_nothing(tmp_path):
    tags = Tags()
    tags.feed(make_page(tmp_path))
    sources = [value for _, attributes in tags.seen for name, value in attributes.items() if name in ("src", "href")]
    assert sources
    assert all(value.startswith("data:image/png;base64,") for value in sources)
    assert not re.search(r"https?://", make_page(tmp_path))
