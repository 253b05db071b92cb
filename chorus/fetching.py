"""Files from outside: taken only against a pinned SHA-256, archives unpacked only after a look at every member.

Nothing appears under its final name before it is complete and checked; a refusal leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import stat
import tarfile
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from chorus.errors import FileError

MODELS = Path(__file__).parents[1] / "resources" / "models.json"
MAX_BYTES = 16 * 2**30
MAX_MEMBERS = 100_000
_CHUNK = 2**20
_TIMEOUT_SECONDS = 60
_SHA256 = re.compile(r"[0-9a-f]{64}")


def fetch_file(source: str, sha256: str, output: Path) -> None:
    """Copy a file of this machine, or of an https address, to `output` if it is the pinned one.

    Args:
        source: local path or https URL.
        sha256: 64 hex digits that the content must have.

    Raises:
        FileError: no such source, another content, or `output` cannot be written.
    """
    _check_pin(source, sha256)
    temporary = output.with_name(f".{output.name}.{os.getpid()}.tmp")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with _opened(source) as stream, open(temporary, "wb") as target:
            digest = _copied(stream, target, source)
        _compare(source, digest, sha256)
        os.replace(temporary, output)
    except OSError as error:  # URLError is one too
        raise FileError(f"{source}: cannot be fetched to {output} ({error}); check address and disk space.") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def fetch_archive(source: str, sha256: str, folder: Path) -> None:
    """Unpack a pinned .zip or .tar(.gz, .bz2, .xz) of this machine, or of an https address, into a new folder.

    Raises:
        FileError: `folder` exists, the archive is not the pinned one, or a member is no ordinary file inside it.
    """
    if folder.exists():
        raise FileError(f"{folder}: exists already; give a new folder, or delete this one first.")
    download = folder.with_name(f".{folder.name}.{os.getpid()}.archive")
    fetch_file(source, sha256, download)
    try:
        unpack(download, folder, source)
    finally:
        download.unlink(missing_ok=True)


def bring(output: Path) -> None:
    """Say where to get a model that this program cannot fetch: nobody may hand it on, or no checksum of it is known.

    Raises:
        FileError: always, naming what resources/models.json knows of the file.
    """
    known = json.loads(MODELS.read_text("utf-8"))
    if output.name not in known:
        raise FileError(f"{output}: is no model that this program knows; it knows {', '.join(known)}.")
    about = known[output.name]
    raise FileError(
        f"{output}: is missing and has to be brought: {about['what']}, from {about['where']} "
        f"(licence: {about['licence']}); put it there."
    )


def fetch_member(source: str, sha256: str, member: str, output: Path) -> None:
    """Take one file out of a pinned .zip of this machine, or of an https address.

    Args:
        member: its path inside the archive.

    Raises:
        FileError: the archive is not the pinned one, has no such member, or `output` cannot be written.
    """
    download = output.with_name(f".{output.name}.{os.getpid()}.archive")
    temporary = output.with_name(f".{output.name}.{os.getpid()}.tmp")
    fetch_file(source, sha256, download)
    try:
        with zipfile.ZipFile(download) as content, content.open(member) as stream, open(temporary, "wb") as target:
            _copied(stream, target, f"{source}: {member}")
        os.replace(temporary, output)
    except (KeyError, zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError) as error:
        raise FileError(f"{source}: holds no readable {member[:200]!r}; look into the archive.") from error
    except OSError as error:
        raise FileError(f"{source}: {member} cannot be written to {output} ({error.strerror or error}).") from error
    finally:
        for rest in (download, temporary):
            rest.unlink(missing_ok=True)


def unpack(archive: Path, folder: Path, shown: str = "") -> None:
    """Unpack an archive into a new folder: everything or nothing.

    Args:
        shown: what to call the archive in messages.

    Raises:
        FileError: it is no archive, too large, or has a member that is no ordinary file or folder inside it.
    """
    shown = shown or archive.name
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    try:
        temporary.mkdir(parents=True)
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as content:
                _check_members(shown, _members_of_zip(content))
                content.extractall(temporary)  # noqa: S202 - every member was checked
        else:
            with tarfile.open(archive) as content_of_tar:
                _check_members(shown, _members_of_tar(content_of_tar))
                content_of_tar.extractall(temporary, filter="data")
        os.replace(temporary, folder)
    except (tarfile.TarError, zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError) as error:
        raise FileError(f"{shown}: is no readable .zip or .tar archive ({error}); fetch it again.") from error
    except OSError as error:
        raise FileError(f"{shown}: cannot be unpacked to {folder} ({error.strerror or error}).") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _members_of_zip(content: zipfile.ZipFile) -> Iterator[tuple[str, int, bool]]:
    # Name, size, and whether it is an ordinary file or folder; no mode at all (made on Windows) is ordinary.
    for member in content.infolist():
        kind = stat.S_IFMT(member.external_attr >> 16)
        yield member.orig_filename, member.file_size, kind in (0, stat.S_IFREG, stat.S_IFDIR)


def _members_of_tar(content: tarfile.TarFile) -> Iterator[tuple[str, int, bool]]:
    for member in content:
        yield member.name, member.size, member.isreg() or member.isdir()


def _check_members(shown: str, members: Iterator[tuple[str, int, bool]]) -> None:
    total = 0
    for count, (name, size, ordinary) in enumerate(members, 1):
        total += size
        if count > MAX_MEMBERS or total > MAX_BYTES:
            raise FileError(f"{shown}: unpacks to more than {MAX_MEMBERS} files or {MAX_BYTES >> 30} GB; refused.")
        path = PurePosixPath(name)
        outside = path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or "\0" in name
        if outside or not ordinary:
            what = "lies outside the folder" if outside else "is a link or a device"
            raise FileError(f"{shown}: its member {name[:200]!r} {what}; nothing was unpacked.")


@contextlib.contextmanager
def _opened(source: str) -> Iterator[IO[bytes]]:
    if "://" in source:
        if not source.startswith("https://"):
            raise FileError(f"{source}: only https addresses and local files are read.")
        with urllib.request.urlopen(source, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - https, checked above
            yield answer
    else:
        with open(source, "rb") as stream:
            yield stream


def _copied(stream: IO[bytes], target: IO[bytes], source: str) -> str:
    digest, size = hashlib.sha256(), 0
    while block := stream.read(_CHUNK):
        size += len(block)
        if size > MAX_BYTES:
            raise FileError(f"{source}: has more than {MAX_BYTES >> 30} GB; refused.")
        digest.update(block)
        target.write(block)
    target.flush()
    os.fsync(target.fileno())
    return digest.hexdigest()


def _check_pin(source: str, sha256: str) -> None:
    if not _SHA256.fullmatch(sha256):
        raise FileError(f"{source}: {sha256[:80]!r} is no SHA-256; give the 64 hex digits that its publisher states.")


def _compare(source: str, found: str, pinned: str) -> None:
    if found != pinned:
        raise FileError(f"{source}: has SHA-256 {found}, pinned is {pinned}; nothing was kept, get the right file.")
