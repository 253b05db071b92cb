"""Pictures and photographs: what is too large or no picture is refused in one sentence, nothing leaves the folder."""

import io

import numpy as np
import pytest
from PIL import Image

from chorus.coco import CocoImage
from chorus.errors import ChorusError, ConfigError, FileError
from chorus.images import pixels
from chorus.images.photographs_stage import photograph
from chorus.images.shard import Dropped, ImageRecord, Origin, arrays_of, read_shard
from chorus.store import encode_arrays, write_recorded

PICTURE = np.arange(6 * 8 * 3, dtype=np.uint8).reshape(6, 8, 3)


def encoded(array=PICTURE, kind="PNG", **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, kind, **options)
    return buffer.getvalue()


def test_png_comes_back_and_is_the_same_every_time():
    assert np.array_equal(pixels.decode(pixels.encode_png(PICTURE), "x"), PICTURE)
    assert pixels.encode_png(PICTURE) == pixels.encode_png(PICTURE)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_allowed_formats_are_read(kind):
    assert pixels.decode(encoded(kind=kind), "x").shape == (6, 8, 3)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "1", "I;16", "CMYK"])
def test_every_mode_becomes_rgb(mode):
    kind = "JPEG" if mode == "CMYK" else "PNG"
    buffer = io.BytesIO()
    Image.new(mode, (8, 6)).save(buffer, kind)
    assert pixels.decode(buffer.getvalue(), "x").shape == (6, 8, 3)


def test_the_camera_may_have_been_held_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    Image.fromarray(PICTURE).save(buffer, "JPEG", exif=exif)
    assert pixels.decode(buffer.getvalue(), "x").shape == (8, 6, 3)


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", b"\x89PNG\r\n\x1a\n", encoded()[:50], encoded(kind="JPEG")[:100], encoded(kind="GIF"),
    encoded(kind="BMP"),
     encoded(kind="TIFF"), b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", b"<svg xmlns='http://www.w3.org/2000/svg'/>"],
    ids=["empty", "text", "magic only", "truncated png", "truncated jpeg", "gif", "bmp", "tiff", "eps", "svg"],
)  # fmt: skip
def test_anything_else_is_one_sentence(content):
    with pytest.raises(FileError, match=r"^photo.jpg: is not a readable PNG/JPEG/WEBP image"):
        pixels.decode(content, "photo.jpg")


def test_no_flipped_bit_of_a_png_is_silent(rng):
    content = pixels.encode_png(rng.integers(0, 255, (40, 40, 3), np.uint8))
    before = pixels.decode(content, "x")
    for _ in range(200):
        place = int(rng.integers(len(content)))
        flipped = content[:place] + bytes([content[place] ^ 1 << int(rng.integers(8))]) + content[place + 1 :]
        try:
            after = pixels.decode(flipped, "x")
        except FileError:
            continue
        assert np.array_equal(before, after)


def test_thumbnails_are_small_and_keep_the_shape():
    small = Image.open(io.BytesIO(pixels.thumbnail(np.zeros((512, 256, 3), np.uint8))))
    assert small.size == (64, 128)
    assert small.format == "JPEG"


@pytest.mark.parametrize("side", [pixels.MAX_SIDE + 1, 6000])
def test_large_pictures_are_refused_from_their_header(side):
    other = 1 if side > pixels.MAX_SIDE else side
    header = encoded(np.zeros((1, 1, 3), np.uint8))
    with pytest.raises(FileError, match="pixels"):
        pixels.decode(_with_size(header, side, other), "x")


def _with_size(png: bytes, width: int, height: int) -> bytes:
    import struct
    import zlib

    ihdr = b"IHDR" + struct.pack(">II", width, height) + png[24:29]
    return png[:8] + struct.pack(">I", 13) + ihdr + struct.pack(">I", zlib.crc32(ihdr)) + png[33:]


def test_shards_survive_their_file(tmp_path):
    records = [
        ImageRecord(i + 7, i, 2**63 - 1 - i, (6, 8), f"ü{i}.jpg", encoded(PICTURE + np.uint8(i))) for i in range(3)
    ]
    for chosen in (records, []):
        path = tmp_path / "images.h5"
        lost = [Dropped(3, "ä.jpg", "too large")] * (3 - len(chosen))
        content = encode_arrays(
            "images", arrays_of(chosen, lost), Origin("tie", "a\n'`", "folder", batch=4).attributes()
        )
        write_recorded(path, content, {})
        shard = read_shard(path)
        assert len(shard) == len(chosen)
        assert shard.seed.tolist() == [record.seed for record in chosen]
        assert shard.name.tolist() == [record.name for record in chosen]
        assert all(np.array_equal(shard.pixels(i), PICTURE + np.uint8(i)) for i in range(len(chosen)))


# --- photographs of an annotated set ------------------------------------------------------------------------------


def annotated(name: str, size=(6, 8)) -> CocoImage:
    return CocoImage(1, name, size, ())


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "photos/sub").mkdir(parents=True)
    (tmp_path / "secret.png").write_bytes(encoded())
    for name in ("a.png", "sub/b ü.png"):
        (tmp_path / "photos" / name).write_bytes(encoded())
    return tmp_path / "photos"


@pytest.mark.parametrize("name", ["a.png", "sub/b ü.png", "sub/../a.png"])
def test_photographs_of_the_folder_are_read(folder, name):
    assert photograph(folder, annotated(name)) == encoded()


@pytest.mark.parametrize("name", ["../secret.png", "sub/../../secret.png", "/etc/passwd", "link.png"])
def test_no_name_leaves_the_folder(folder, name):
    (folder / "link.png").symlink_to(folder.parent / "secret.png")
    with pytest.raises(ConfigError, match="leaves the folder"):
        photograph(folder, annotated(name))


@pytest.mark.parametrize("name", ["no.png", "sub", "a.png/x", "a\0.png", "n" * 300])
def test_a_photograph_that_cannot_be_read_is_one_sentence(folder, name):
    with pytest.raises(ChorusError) as caught:
        photograph(folder, annotated(name))
    assert "\n" not in str(caught.value)


def test_a_photograph_of_another_size_than_annotated_is_refused(folder):
    with pytest.raises(FileError, match="annotate it again"):
        photograph(folder, annotated("a.png", (8, 6)))
