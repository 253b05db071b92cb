"""The interactive page in a real browser: drawn, changed by its slider, silent, alone, small; and who voted where."""

import base64
import io
import json
import shutil
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from chorus import store
from chorus.body.loading import load_body
from chorus.body.model import STAR_POSE
from chorus.figures.interactive_stage import page_of
from chorus.figures.voters import mean_pose
from chorus.job import Job
from tests.devtools import PROGRAM, Tab
from tests.workflow.conftest import PROMPTS, ROOT

needs_browser = pytest.mark.skipif(PROGRAM is None, reason="no Chromium here: apt-get install chromium")
MOST_BYTES = 10_000_000
VIEW = (0, 80, 880, 780)  # where the field is drawn, pixels


@pytest.fixture(scope="module")
def page(undisturbed) -> Path:
    return undisturbed.folder / "results/report/motorcycle_interactive.html"


@pytest.fixture(scope="module")
def data(page) -> dict:
    return json.loads(page.read_text("utf-8").split('id="data">')[1].split("</script>")[0])


def unpacked(text: str, kind: str) -> np.ndarray:
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), kind)


def colourful(picture: bytes) -> int:
    """Pixels of the view that are neither grey nor white: the field."""
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB").crop(VIEW)).astype(int)
    return int((np.ptp(pixels, axis=2) > 40).sum())


# --- what is in it --------------------------------------------------------------------------------------------------


def test_fields_bodies_and_prompts_are_those_of_the_run(undisturbed, data, open_body):
    voxels = store.read_arrays(undisturbed.folder / "results/voxels/motorcycle.h5", "voxels")
    assert [kind["name"] for kind in data["types"]] == [
        "all prompts", "interaction: push", "interaction: ride", *(_text_of(group) for group in voxels["group"][1:]),
    ]  # fmt: skip
    assert data["types"][0]["images"] == voxels["images"][0].sum()
    assert [pose["name"] for pose in data["poses"]] == ["star", "mean of “push”", "mean of “ride”"]
    field = unpacked(data["types"][0]["fields"][0], "u1").reshape(data["shape"]) / data["steps"]
    begin = np.rint((np.array(data["corner"]) + 1.5) / data["voxel"] - 0.5).astype(int)
    whole = voxels["phi"][0][tuple(slice(b, b + n) for b, n in zip(begin, data["shape"], strict=True))]
    shown = field > 0
    top = data["types"][0]["greatest"]
    assert np.abs(field * top - whole)[shown].max() <= 0.5 * top / data["steps"] + 1e-6
    assert whole[~shown].max(initial=0.0) < 0.06 * top
    star = unpacked(data["poses"][0]["vertices"], "<i2").reshape(-1, 3) / 1000
    assert np.abs(star - open_body.vertices(STAR_POSE[None])[0]).max() < 0.001


def _text_of(prompt: str) -> str:
    from chorus.naming import slug

    return next(item["text"] for item in PROMPTS if slug(item["text"]) == prompt)


def test_the_images_of_a_voxel_are_those_that_voted(undisturbed, data):
    """All images of this small run are on the page, so their hits add up to the votes of full weight."""
    votes = [unpacked(data["votes"], "u1").reshape(len(data["pictures"]), -1)]
    size = int(np.prod(data["shape"]))
    hits = np.unpackbits(votes[0], axis=1, bitorder="little")[:, :size].reshape(-1, *data["shape"])
    counted = 0
    for path in (undisturbed.folder / "results/votes/motorcycle").glob("*.h5"):
        counted = counted + store.read_arrays(path, "votes")["numerator"][0].sum(axis=0) // 255
    begin = np.rint((np.array(data["corner"]) + 1.5) / data["voxel"] - 0.5).astype(int)
    box = tuple(slice(b, b + n) for b, n in zip(begin, data["shape"], strict=True))
    assert np.array_equal(hits.sum(axis=0), counted[box])


def test_the_mean_of_equal_poses_is_the_pose(rng):
    pose = rng.normal(0.0, 0.4, (24, 3))
    mean = mean_pose(np.repeat(pose[None], 5, axis=0))
    assert not mean[0].any()
    assert np.allclose(mean[1:], pose[1:])


def test_the_page_is_small(page):
    assert page.stat().st_size <= MOST_BYTES


def test_no_text_of_a_user_ends_the_script(tmp_path):
    nasty = "</script><script>alert(1)</script><!--"
    template = (ROOT / "resources/interactive.html").read_text("utf-8")
    made = page_of(template, {"category": nasty, "prompts": [nasty]}).decode()
    plain = page_of(template, {"category": "", "prompts": []}).decode()
    assert made.count("</script") == plain.count("</script")
    assert "alert(1)</" not in made
    inside = made.split('id="data">')[1].split("</script>")[0]
    assert json.loads(inside)["category"] == nasty


def test_another_body_is_refused(undisturbed, tmp_path):
    from chorus.body.loading import save_open_body
    from chorus.errors import FileError
    from chorus.figures import interactive_stage

    body = load_body(ROOT / "resources/body/open_body.npz")
    other = type(body)(**{**vars_of(body), "v_template": body.v_template * 1.01})
    save_open_body(tmp_path / "other.npz", other)
    files = {
        "voxels": (undisturbed.folder / "results/voxels/motorcycle.h5",),
        "skinning": (undisturbed.folder / "results/skinning.h5",),
        "body": (tmp_path / "other.npz",),
    }
    with pytest.raises(FileError, match="another body model"):
        interactive_stage.run(
            Job("interactive", files, {"output": tmp_path / "x.html"}, {}, {"category": "motorcycle"})
        )


def vars_of(body) -> dict:
    return {name: getattr(body, name) for name in body.__dataclass_fields__}


# --- what a browser shows -------------------------------------------------------------------------------------------


@needs_browser
def test_a_browser_draws_the_field_and_asks_nobody(page, tmp_path, capsys):
    """One visit: first view, slider, pose, a click on the field; no complaint and no request but the page itself."""
    copy = tmp_path / "page.html"
    shutil.copy(page, copy)
    with Tab(tmp_path / "profile") as tab:
        tab.open(f"{copy.as_uri()}#level=40")
        first = tab.wait_for("document.body && document.body.dataset.milliseconds")
        with capsys.disabled():
            print(f"\ninteractive page: first view after {int(first) / 1000:.1f} s, {page.stat().st_size / 1e6:.1f} MB")
        drawn = colourful(tab.screenshot())
        assert drawn > 2000

        tab.evaluate("at('level').value = 97; at('level').oninput()")
        assert colourful(tab.screenshot()) < drawn / 2

        tab.evaluate("at('level').value = 20; at('level').oninput()")
        before = tab.evaluate("at('count').textContent")
        tab.evaluate("at('type').value = 1; at('type').onchange()")
        tab.evaluate("at('pose').value = 2; at('pose').onchange()")
        assert tab.evaluate("at('count').textContent") != before
        assert tab.evaluate("[data.types[state.type].name, data.poses[state.pose].name].join()") == (
            "interaction: push,mean of “ride”"
        )
        assert colourful(tab.screenshot()) > 2000

        best = "(async () => { const f = await bytes(data.types[0].fields[0]); return f.indexOf(Math.max(...f)); })()"
        tab.evaluate("at('pose').value = 0; at('pose').onchange()")
        cell = np.unravel_index(tab.evaluate(best), tab.evaluate("data.shape"))
        place = np.array(tab.evaluate("data.corner")) + np.array(cell) * tab.evaluate("data.voxel")
        tab.evaluate(f"showVoters({json.dumps(dict(zip('xyz', place.tolist(), strict=True)))})")
        assert int(tab.evaluate("at('voters').textContent").split()[0]) == tab.evaluate(
            "at('voters').querySelectorAll('img').length"
        )
        assert tab.wait_for("[...at('voters').querySelectorAll('img')].every(i => i.complete && i.naturalWidth > 0)")
        assert tab.evaluate("at('voters').querySelectorAll('img').length") > 0
        assert tab.complaints == []
        assert {url.partition("#")[0] for url in tab.requests} == {copy.as_uri()}
