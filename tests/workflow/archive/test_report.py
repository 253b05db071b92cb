"""Snakemake's own report: one file, nothing from the network, every main picture and table with its caption."""

import re


def test_the_report_is_one_file_with_captions(finished):
    finished.snakemake("--report", "report.html", cores=1)
    page = (finished.folder / "report.html").read_text("utf-8")
    for name in ("motorcycle_field.png", "motorcycle_screening.png", "motorcycle_people.png", "summary.md"):
        assert name in page
    assert "Where the motorcycle is around the person" in page
    assert "Projective average precision of every category" in page
    assert re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=.https?:", page) == []
