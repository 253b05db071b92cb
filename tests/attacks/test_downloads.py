"""T5 and T6: archives that reach outside their folder, and files that are not what was pinned, leave nothing behind."""

import hashlib
import io
import json
import re
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from chorus import cli, fetching
from chorus.errors import FileError, ModelError
from chorus.fetching import fetch_archive, fetch_file, fetch_member, unpack
from chorus.perception import blazepose

ROOT = Path(__file__).parents[2]
NAMES = {
    "parent": "../evil", "deep parent": "a/../../evil", "absolute": "/tmp/chorus-evil", "windows": "..\\evil",
    "drive": "C:evil",
}  # fmt: skip


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def zip_of(path: Path, name: str, mode: int = stat.S_IFREG | 0o644, content: bytes = b"evil") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("good.txt", "good")
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        archive.writestr(info, content)
    return path


def tar_of(path: Path, name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for member, content in ((tarfile.TarInfo("good.txt"), b"good"), (tarfile.TarInfo(name), b"evil")):
            if member.name == name:
                member.type, member.linkname = kind, target
            member.size = len(content) if member.isreg() else 0
            archive.addfile(member, io.BytesIO(content) if member.isreg() else None)
    return path


def refused(archive: Path, folder: Path, words: str) -> None:
    """The archive is refused and nothing but itself lies anywhere."""
    with pytest.raises(FileError, match=words):
        fetch_archive(str(archive), digest(archive), folder / "deep" / "new")
    assert sorted(path.name for path in folder.rglob("*")) == sorted([archive.name, "deep"])
    assert not Path("/tmp/chorus-evil").exists()


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
@pytest.mark.parametrize("make", [zip_of, tar_of])
def test_members_outside_the_folder_are_refused(make, name, tmp_path):
    refused(make(tmp_path / "archive", name), tmp_path, "lies outside the folder; nothing was unpacked")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_of_a_tar_are_refused(kind, tmp_path):
    refused(tar_of(tmp_path / "archive", "inside", kind, "/etc/passwd"), tmp_path, "is a link or a device")


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK])
def test_links_and_devices_of_a_zip_are_refused(mode, tmp_path):
    refused(zip_of(tmp_path / "archive", "inside", mode | 0o777, b"/etc/passwd"), tmp_path, "is a link or a device")


def test_a_bomb_is_refused_by_what_it_announces(tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "MAX_BYTES", 1000)
    archive = zip_of(tmp_path / "archive", "inside", content=bytes(1001))
    with pytest.raises(FileError, match="unpacks to more than"):
        unpack(archive, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_rubbish_is_no_archive(tmp_path):
    (tmp_path / "archive").write_bytes(b"rubbish" * 100)
    refused(tmp_path / "archive", tmp_path, "is no readable .zip or .tar archive")


@pytest.mark.parametrize("make", [zip_of, tar_of])
def test_a_good_archive_is_unpacked_once(make, tmp_path):
    archive = make(tmp_path / "archive", "folder/inside.txt")
    fetch_archive(str(archive), digest(archive), tmp_path / "new")
    assert (tmp_path / "new" / "good.txt").read_text() == "good"
    assert (tmp_path / "new" / "folder" / "inside.txt").read_text() == "evil"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["archive", "new"]
    with pytest.raises(FileError, match="exists already"):
        fetch_archive(str(archive), digest(archive), tmp_path / "new")


@pytest.mark.parametrize("place", [0, 500, 999])
def test_one_wrong_byte_is_refused_and_nothing_is_kept(place, tmp_path):
    content = bytearray(range(256)) * 4
    pinned = hashlib.sha256(content).hexdigest()
    content[place] ^= 1
    (tmp_path / "weights").write_bytes(content)
    for fetch, output in ((fetch_file, tmp_path / "copy"), (fetch_archive, tmp_path / "folder")):
        with pytest.raises(FileError, match="nothing was kept"):
            fetch(str(tmp_path / "weights"), pinned, output)
    assert [path.name for path in tmp_path.iterdir()] == ["weights"]


@pytest.mark.parametrize("pin", ["", "latest", "0" * 63, "G" * 64])
def test_without_a_pin_nothing_is_fetched(pin, tmp_path):
    (tmp_path / "weights").write_bytes(b"x")
    with pytest.raises(FileError, match="is no SHA-256"):
        fetch_file(str(tmp_path / "weights"), pin, tmp_path / "copy")


@pytest.mark.parametrize("source", ["http://example.org/x", "ftp://example.org/x", "file:///etc/passwd"])
def test_only_https_addresses_are_read(source, tmp_path):
    with pytest.raises(FileError, match="only https"):
        fetch_file(source, "0" * 64, tmp_path / "copy")
    assert list(tmp_path.iterdir()) == []


def test_the_command_line_says_it_in_one_line(tmp_path, capsys):
    (tmp_path / "weights").write_bytes(b"x")
    arguments = ["fetch", "file", "--source", str(tmp_path / "weights"), "--output", str(tmp_path / "copy")]
    assert cli.main([*arguments, "--sha256", "0" * 64]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert cli.main([*arguments, "--sha256", digest(tmp_path / "weights")]) == 0
    assert (tmp_path / "copy").read_bytes() == b"x"


def test_one_member_is_taken_out_of_a_pinned_archive_and_nothing_else_appears(tmp_path):
    archive = zip_of(tmp_path / "archive", "annotations/instances.json", content=b"{}")
    output = tmp_path / "data" / "instances.json"
    fetch_member(str(archive), digest(archive), "annotations/instances.json", output)
    assert output.read_bytes() == b"{}"
    assert [path.name for path in output.parent.iterdir()] == ["instances.json"]


@pytest.mark.parametrize(
    ("pin", "member", "words"),
    [("0" * 64, "good.txt", "pinned is"), ("", "nothing.txt", "holds no readable"), ("null", "good.txt", "no SHA-256")],
)
def test_a_refused_member_leaves_nothing(tmp_path, pin, member, words):
    archive = zip_of(tmp_path / "archive", "inside")
    with pytest.raises(FileError, match=words):
        fetch_member(str(archive), pin or digest(archive), member, tmp_path / "data" / "file")
    assert list((tmp_path / "data").glob("*") if (tmp_path / "data").exists() else []) == []


def test_a_member_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    archive = zip_of(tmp_path / "archive", "inside", content=bytes(2000))
    monkeypatch.setattr(fetching, "MAX_BYTES", 1000)
    with pytest.raises(FileError, match="has more than"):
        fetch_member(str(archive), digest(archive), "inside", tmp_path / "data" / "file")
    assert list((tmp_path / "data").iterdir()) == []


def test_the_lock_names_everything_that_is_fetched_by_name():
    lock = json.loads((ROOT / "resources/checksums.json").read_text())
    assert set(lock) == {blazepose.MODEL_NAME, "instances_val2014.json"}
    for name, entry in lock.items():
        assert set(entry) == {"sha256", "bytes", "licence", "source"}, name
        assert re.fullmatch(r"[0-9a-f]{64}", entry["sha256"])
        assert entry["bytes"] > 0
        assert re.search(r"\d+\.\d+\.\d+|2014", entry["source"]), f"{name}: a source without a version can change"


def test_a_wheel_with_one_wrong_byte_is_refused(tmp_path):
    content = bytearray(json.loads((ROOT / "resources/checksums.json").read_text())[blazepose.MODEL_NAME]["bytes"])
    with zipfile.ZipFile(tmp_path / "wheel.whl", "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(blazepose.WHEEL_MEMBER, bytes(content))
    with pytest.raises(ModelError, match="SHA-256 differs"):
        blazepose.member_of(tmp_path / "wheel.whl")
