"""Photographs of a folder through the real rule: what is read, what is skipped and why, what a new file makes again."""

import io
import os

import numpy as np
import pytest
from PIL import Image

from chorus import cli, store
from chorus.errors import ConfigError
from chorus.images.folder import squared
from chorus.images.shard import read_shard
from chorus.naming import slug
from chorus.prompts.folder import folder_prompts, listing_digest, photographs_in
from chorus.prompts.resource import Prompt
from tests.attacks.test_bombs import png_bomb
from tests.workflow.conftest import ROOT, Workplace

SETTINGS = {
    "images": {"source": "folder", "folder": "photos", "size": 64},
    "keypoints": {"backend": "blazepose"},
    "people": {"backend": "blazepose"},
}
STAND_IN = slug("photographs of a person with motorcycle")
RIDES = Prompt("A person rides a motorcycle", "ride")


def photo(colour: int, size=(80, 120), kind="PNG", **options) -> bytes:
    """A picture (height, width) whose left half is dark and whose right half has one colour."""
    pixels = np.zeros((*size, 3), np.uint8)
    pixels[:, size[1] // 2 :] = colour
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def upright(colour: int) -> bytes:
    """A photograph of a camera that was turned: its right half is the lower one."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return photo(colour, kind="JPEG", exif=exif, quality=95)


@pytest.fixture(scope="module")
def collected(tmp_path_factory) -> Workplace:
    """Two shards of a flat folder with everything that can lie in one."""
    place = Workplace(tmp_path_factory.mktemp("folder") / "work", ROOT)
    place.configure({**SETTINGS, "images": {**SETTINGS["images"], "shards": 2}})
    photos = place.folder / "photos/motorcycle"
    photos.mkdir(parents=True)
    (place.folder / "secret.png").write_bytes(photo(1))
    contents = {
        "a.png": photo(200), "b turned.jpg": upright(200), "c bömb {x}.png": png_bomb(9_000),
        "d $HOME.webp": photo(99, kind="WEBP"), "e broken.png": photo(200)[:60], "f notes.txt": b"not a picture",
        "ünïcode '.png": photo(7), ".hidden.png": photo(3),
    }  # fmt: skip
    for name, content in contents.items():
        (photos / name).write_bytes(content)
    (photos / "g out.png").symlink_to(place.folder / "secret.png")
    (photos / "h in.png").symlink_to(photos / "a.png")
    (photos / "i nowhere.png").symlink_to(photos / "gone.png")
    (photos / "j loop.png").symlink_to("j loop.png")
    (photos / os.fsdecode(b"k \xff.png")).write_bytes(photo(5))
    place.snakemake("images", cores=1)
    return place


def shard_of(place: Workplace, number: str):
    return place.folder / f"results/images/motorcycle/{STAND_IN}/{number}.h5"


def test_every_second_file_by_name_goes_into_each_of_two_shards(collected):
    kept = {i: n for s in "01" for i, n in zip(*_kept(collected, f"00{s}"), strict=True)}
    assert kept == {
        0: "a.png", 1: "b turned.jpg", 3: "d $HOME.webp", 7: "h in.png", 8: "k \N{REPLACEMENT CHARACTER}.png",
        9: "ünïcode '.png",
    }  # fmt: skip
    assert _kept(collected, "000")[0] == [0, 8]


def _kept(place, number):
    shard = read_shard(shard_of(place, number))
    return shard.index.tolist(), shard.name.tolist()


def test_what_is_skipped_has_its_reason_in_the_file_and_in_the_log(collected):
    found = {}
    for number in ("000", "001"):
        file = store.read_arrays(shard_of(collected, number), "images")
        found |= dict(zip(file["dropped_name"].tolist(), file["dropped_reason"].tolist(), strict=True))
    expected = {
        "c bömb {x}.png": "9000x9000 pixels", "e broken.png": "is not a readable", "f notes.txt": "is not a readable",
        "g out.png": "leads out of images.folder",
    }  # fmt: skip
    assert found.keys() == expected.keys()
    assert all(told in found[name] and str(collected.folder) not in found[name] for name, told in expected.items())
    logs = collected.logs()
    assert all(f"skipped: {reason}" in logs for reason in found.values())
    assert "2 of 5 photographs collected, 3 skipped" in logs


def test_pictures_are_square_and_upright(collected):
    shard = read_shard(shard_of(collected, "001"))
    turned = shard.pixels(shard.name.tolist().index("b turned.jpg")).astype(int)
    assert turned.shape == (64, 64, 3)
    assert turned[:28].max() < 30
    assert turned[36:].min() > 170


def test_a_second_run_has_nothing_to_do_and_a_new_photograph_makes_every_shard_again(collected):
    assert collected.planned("images") == set()
    late = collected.folder / "photos/motorcycle/zz.png"
    late.write_bytes(photo(1))
    try:
        assert collected.planned("images") == {f"results/images/motorcycle/{STAND_IN}/00{s}.h5" for s in "01"}
    finally:
        late.unlink()


def test_one_sub_folder_a_prompt_and_scores_need_interactions(tmp_path):
    place = Workplace(tmp_path / "work", ROOT)
    place.configure(SETTINGS)
    place.write_prompts([{"text": RIDES.text, "interaction": "ride"}])
    for name in (RIDES.text, "Ein Mann schiebt ein Motorrad"):
        (place.folder / "photos/motorcycle" / name).mkdir(parents=True)
    planned = place.planned("images")
    assert planned == {
        f"results/images/motorcycle/{slug(text)}/000.h5" for text in (RIDES.text, "Ein Mann schiebt ein Motorrad")
    }
    printed = place.snakemake("--dry-run", "results/testset/motorcycle.h5", fails=True)
    assert "ERROR: testset.source: `scenes` draws the interactions" in printed
    assert "'Ein Mann schiebt ein Motorrad' names none" in printed


# --- without Snakemake --------------------------------------------------------------------------------------------


def test_no_photographs_are_an_empty_shard(tmp_path, capsys):
    (tmp_path / "photos/motorcycle").mkdir(parents=True)
    output = tmp_path / "000.h5"
    arguments = {"photographs": tmp_path / "photos/motorcycle", "category": "tie", "prompt": "p", "shard": "0"}
    assert cli.main(["folder", f"--output={output}", *(f"--{k}={v}" for k, v in arguments.items())]) == 0
    assert len(read_shard(output)) == 0
    assert "0 of 0 photographs collected" in capsys.readouterr().out


@pytest.mark.parametrize(("height", "width"), [(80, 120), (120, 80), (64, 64), (1, 500), (30, 31)])
def test_the_shorter_side_is_resized_and_the_centre_kept(height, width):
    ramp = np.zeros((height, width, 3), np.uint8)
    ramp[..., 0] = np.linspace(0, 250, width)[None]
    ramp[..., 1] = np.linspace(0, 250, height)[:, None]
    made = squared(ramp, 64).astype(int)
    assert made.shape == (64, 64, 3)
    if min(height, width) > 20:
        assert abs(made[32, 32, 0] - 125) < 6
        assert abs(made[32, 32, 1] - 125) < 6
        side = min(height, width)
        assert abs((made[32, 60, 0] - made[32, 4, 0]) - 250 * side / width * 56 / 64) < 8


def test_prompts_of_a_folder(tmp_path):
    home = tmp_path / "tie"
    with pytest.raises(ConfigError, match=r"tie: cannot be read .*; put the photographs of tie there"):
        folder_prompts(tmp_path, "tie", ())
    home.mkdir()
    assert [(p.text, p.folder) for p in folder_prompts(tmp_path, "tie", ())] == [
        ("photographs of a person with tie", "tie")
    ]
    known = (Prompt("A man wears a tie", "wear"), Prompt("B", "hold"))
    for name in ("A man wears a tie", known[1].id, ".git"):
        (home / name).mkdir()
    assert folder_prompts(tmp_path, "tie", known) == (
        Prompt("A man wears a tie", "wear", "tie/A man wears a tie"),
        Prompt("B", "hold", f"tie/{known[1].id}"),
    )
    (home / "B").mkdir()
    with pytest.raises(ConfigError, match="stands twice"):
        folder_prompts(tmp_path, "tie", known)
    (home / "loose.png").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"sub-folders and files such as 'loose\.png'"):
        folder_prompts(tmp_path, "tie", known)


@pytest.mark.parametrize("name", [b"\xff", b"a\nb\x01"])
def test_a_sub_folder_that_is_no_prompt_is_one_line(tmp_path, name):
    (tmp_path / "tie" / os.fsdecode(name)).mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"\A.*holds control characters.*\Z"):
        folder_prompts(tmp_path, "tie", ())


def test_the_digest_of_a_listing_moves_with_every_change_of_a_file(tmp_path):
    (tmp_path / "a").write_bytes(b"1")
    digests = [listing_digest(tmp_path)]
    for change in (
        lambda: (tmp_path / "a").write_bytes(b"22"),
        lambda: os.utime(tmp_path / "a", ns=(1, 1)),
        lambda: (tmp_path / "b").write_bytes(b""),
        lambda: (tmp_path / "b").rename(tmp_path / "c"),
        lambda: (tmp_path / "c").unlink(),
    ):
        change()
        digests.append(listing_digest(tmp_path))
    assert len(set(digests[:-1])) == 5
    assert digests[-1] == digests[2]
    (tmp_path / ".hidden").write_bytes(b"")
    assert listing_digest(tmp_path) == digests[-1]
    assert photographs_in(tmp_path) == ["a"]
