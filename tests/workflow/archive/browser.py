"""A headless Chromium without a network: what a page shows, what it complains of and what it asks for elsewhere."""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_CUT_OFF = ("--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=127.0.0.1:9")
_ALONE = ("--headless=new", "--disable-gpu", "--no-sandbox", "--disable-dev-shm-usage", "--no-first-run")


@dataclass(frozen=True)
class Shown:
    """A page after its scripts have run.

    Attributes:
        document: its HTML as it is then.
        console: everything written to the console, uncaught errors too.
        requests: addresses that the page asked the network for, in vain.
    """

    document: str
    console: list[str]
    requests: list[str]

    @property
    def names(self) -> set[str]:
        """What the document refers to and does not hold itself."""
        return set(re.findall(r'(?:src|href)="(?!data:|#)([^"]+)"', self.document))


def show(page: Path, folder: Path) -> Shown:
    """Open a file in a browser of its own, which keeps its files in `folder`."""
    requests = folder / "requests.json"
    command = [
        *(PROGRAM, *_ALONE, *_CUT_OFF, f"--user-data-dir={folder / 'profile'}", "--enable-logging=stderr", "--v=0"),
        *(f"--log-net-log={requests}", "--virtual-time-budget=5000", "--dump-dom", page.absolute().as_uri()),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return Shown(done.stdout, re.findall(r':CONSOLE\W\d+\W+"(.*)", source: ', done.stderr), asked(requests))


def asked(log: Path) -> list[str]:
    """Addresses in the browser's log of its network; what it asks of its own accord has no origin."""
    told = [event.get("params", {}) for event in json.loads(log.read_text("utf-8"))["events"]]
    return [said["url"] for said in told if said.get("initiator", "not an origin") != "not an origin" and "url" in said]
