"""Snakemake's own report and our pages: files with captions that a browser shows whole, without any network."""

import re
import shutil

import pytest

from tests.workflow.archive import browser
from tests.workflow.conftest import Workplace

needs_browser = pytest.mark.skipif(browser.PROGRAM is None, reason="no Chromium here: apt-get install chromium")
# A hint for the makers of the report's style sheet, which is inside the file.
HINT = "cdn.tailwindcss.com should not be used in production"
OPEN_CATEGORY = """<script>
const entries = () => [...document.querySelectorAll("#app a")];
setTimeout(() => entries().find(entry => entry.textContent.trim() == "motorcycle").click(), 500);
</script>"""


@pytest.fixture(scope="module")
def reported(undisturbed, tmp_path_factory) -> Workplace:
    """A copy of the finished run with its report."""
    folder = tmp_path_factory.mktemp("report") / "work"
    shutil.copytree(undisturbed.folder, folder, symlinks=True)
    place = Workplace(folder, undisturbed.program)
    place.snakemake("--report", "report.html", cores=1)
    return place


def test_the_report_is_one_file_with_captions(reported):
    page = (reported.folder / "report.html").read_text("utf-8")
    for name in ("field.png", "screening.png", "people.png", "gallery.html"):
        assert f"motorcycle_{name}" in page
    assert "summary.md" in page
    assert "Where the motorcycle is around the person" in page
    assert "Projective average precision of every category" in page
    assert re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=.https?:", page) == []


@needs_browser
def test_the_report_opens_without_network_and_without_complaint(reported, tmp_path):
    page = tmp_path / "report.html"
    page.write_text((reported.folder / "report.html").read_text("utf-8") + OPEN_CATEGORY, "utf-8")
    shown = browser.show(page, tmp_path)
    assert [line for line in shown.console if not line.startswith(HINT)] == []
    assert shown.requests == []
    listed = shown.document[shown.document.index('id="app"') :]
    for name in ("field.png", "screening.png", "people.png", "gallery.html"):
        assert f"motorcycle_{name}" in listed, "the results of the category are listed"


@needs_browser
def test_our_pages_open_without_network_and_without_complaint(reported, tmp_path):
    pages = reported.folder / "results/report"
    for name, others in {
        "motorcycle": {"motorcycle_gallery.html", "motorcycle_interactive.html"},
        "motorcycle_gallery": set(),
    }.items():
        shown = browser.show(pages / f"{name}.html", tmp_path)
        assert (shown.console, shown.requests, shown.names) == ([], [], others)
        assert all((pages / other).is_file() for other in others)
        assert shown.document.count("<img") >= 3


@needs_browser
def test_a_page_that_asks_or_fails_is_noticed(tmp_path):
    page = tmp_path / "page.html"
    page.write_text('<!doctype html><img src="http://example.org/a.png"><script>nowhere()</script>')
    shown = browser.show(page, tmp_path)
    assert set(shown.requests) == {"http://example.org/a.png"}
    assert ["nowhere is not defined" in line for line in shown.console] == [True]
