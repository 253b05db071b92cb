"""F12: a hub that breaks off half-way, a run that finishes what is missing, and machines without a network."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.workflow.conftest import ROOT

MODEL, COMMIT = "somebody/tiny", "a" * 40
BROKEN = "unet/diffusion_pytorch_model.safetensors"
ACTS = """
import sys
import huggingface_hub.constants as constants
from chorus.config import Diffusion
from chorus.errors import ChorusError
from chorus.images.diffusion import located_model

def act(model, revision):
    try:
        print("HAVE", located_model(Diffusion(model=model, revision=revision)).name, flush=True)
    except ChorusError as error:
        print("ERROR", error, flush=True)

act("somebody/tiny", "a" * 40)
sys.stdin.readline()
act("somebody/tiny", "a" * 40)
act("somebody/other", "b" * 40)
constants.HF_HUB_OFFLINE = True
act("somebody/tiny", "a" * 40)
act("CompVis/stable-diffusion-v1-4", Diffusion().revision)
"""


class Hub(ThreadingHTTPServer):
    """As much of the hub as a download needs."""

    def __init__(self, folder: Path):
        super().__init__(("127.0.0.1", 0), Request)
        self.files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.*")}
        self.breaks_off, self.sent = True, []

    def content(self, path: str) -> tuple[bytes, dict] | None:
        """Body and headers of a path."""
        if path == f"/api/models/{MODEL}/revision/{COMMIT}":
            listing = {"id": MODEL, "sha": COMMIT, "siblings": [{"rfilename": name} for name in self.files]}
            return json.dumps(listing).encode(), {}
        if path.startswith(f"/api/models/{MODEL}/tree/{COMMIT}"):
            entries = [
                {"type": "file", "path": name, "size": len(body), "oid": "0" * 40} for name, body in self.files.items()
            ]
            return json.dumps(entries).encode(), {}
        body = self.files.get(path.removeprefix(f"/{MODEL}/resolve/{COMMIT}/"))
        return body and (body, {"ETag": hashlib.sha256(body).hexdigest(), "X-Repo-Commit": COMMIT})


class Request(BaseHTTPRequestHandler):
    """One request."""

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.answer(with_body=False)

    def do_GET(self):
        self.answer(with_body=True)

    def answer(self, with_body: bool):
        found = self.server.content(self.path.split("?")[0])
        self.send_response(200 if found else 404)
        body, headers = found or (b"", {})
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        broken = self.server.breaks_off and self.path.endswith(BROKEN)
        if with_body and found:
            self.wfile.write(body[: len(body) // 2] if broken else body)
            self.server.sent.append(self.path.rpartition(f"{COMMIT}/")[2])


@pytest.fixture
def hub(tiny_model):
    """A hub that breaks off the largest file."""
    server = Hub(tiny_model)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def test_a_broken_download_is_told_finished_later_and_used_without_a_network(hub, tmp_path):
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT), "HF_HOME": str(tmp_path), "OMP_NUM_THREADS": "1",
        "HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}", "NO_PROXY": "127.0.0.1",
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-c", ACTS], env=environment, cwd=tmp_path, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    first = process.stdout.readline()
    assert first.startswith(f"ERROR diffusion.model: {MODEL} at revision {COMMIT} is not complete in {tmp_path}")
    assert "missing" in first
    assert "unet/" in first
    (snapshot,) = tmp_path.glob("hub/*/snapshots/*")
    had = {path.relative_to(snapshot).as_posix() for path in snapshot.rglob("*") if path.is_file()}
    assert "model_index.json" in had
    hub.breaks_off, hub.sent[:] = False, []
    later, _ = process.communicate("go on\n", timeout=120)
    finished, other, offline, absent = later.splitlines()
    assert finished == offline == f"HAVE {COMMIT}"
    assert BROKEN in hub.sent
    assert not had & set(hub.sent), "finished files are kept"
    assert other.startswith("ERROR diffusion.model: somebody/other at revision bbbb")
    assert "404" in other
    assert "CompVis/stable-diffusion-v1-4 at revision 133a221b8aa7" in absent
    assert "missing model_index.json, the parts that it names" in absent
    assert "HF_HUB_OFFLINE is set: unset it" in absent
    assert "name its folder in diffusion.model" in absent
