"""A headless Chromium that a test talks to: run scripts in a page, click, take pictures, see what it asked for.

The protocol is Chromium's own (DevTools) over two pipes: JSON messages that end with a zero byte.
"""

import base64
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_ALONE = (
    "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
    "--enable-unsafe-swiftshader", "--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=127.0.0.1:9",
)  # fmt: skip
SECONDS = 120


class Tab:
    """One page in a browser of its own, which keeps its files in `folder`; use it in a `with` statement."""

    def __init__(self, folder: Path, size: tuple[int, int] = (1200, 800)):
        self._to_browser, self._from_browser = os.pipe(), os.pipe()
        ours, theirs = (self._to_browser[1], self._from_browser[0]), (self._to_browser[0], self._from_browser[1])
        # Chromium reads from file descriptor 3 and writes to 4.
        redirected = f'exec {PROGRAM} "$@" 3<&{theirs[0]} 4>&{theirs[1]}'
        arguments = [
            *_ALONE,
            f"--window-size={size[0]},{size[1]}",
            f"--user-data-dir={folder}",
            "--remote-debugging-pipe",
        ]
        self._process = subprocess.Popen(
            ["/bin/bash", "-c", redirected, "chromium", *arguments],
            pass_fds=theirs, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for end in theirs:
            os.close(end)
        self._write, self._read = ours[0], os.fdopen(ours[1], "rb")
        self._number, self._rest = 0, b""
        self.events: list[dict] = []
        target = self._call("Target.createTarget", {"url": "about:blank"})["targetId"]
        self._session = self._call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def __enter__(self) -> "Tab":
        return self

    def __exit__(self, *_) -> None:
        self._process.terminate()
        self._process.wait(30)
        self._read.close()
        os.close(self._write)

    def call(self, method: str, **parameters) -> dict:
        """Send a command to the page and wait for its answer."""
        return self._call(method, parameters, self._session)

    def open(self, page: str) -> None:
        """Go to an address."""
        self.call("Page.navigate", url=page)

    def evaluate(self, script: str):
        """Value of a script; promises are awaited."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_for(self, script: str):
        """Value of a script once it is true."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            if value := self.evaluate(script):
                return value
            time.sleep(0.05)
        raise AssertionError(f"never true: {script}")

    def click(self, x: float, y: float) -> None:
        """Move the mouse to a place of the window, in pixels, and click."""
        place = {"x": x, "y": y, "button": "left", "clickCount": 1}
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        self.call("Input.dispatchMouseEvent", type="mousePressed", **place)
        self.call("Input.dispatchMouseEvent", type="mouseReleased", **place)

    def screenshot(self) -> bytes:
        """PNG of the window."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])

    @property
    def complaints(self) -> list[str]:
        """Errors and warnings on the console, uncaught ones too."""
        texts = []
        for event in self.events:
            told = event["params"]
            if event["method"] == "Runtime.exceptionThrown":
                texts.append(told["exceptionDetails"]["text"])
            elif event["method"] == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning", "assert"):
                texts.append(str([item.get("value", item.get("description")) for item in told["args"]]))
            elif event["method"] == "Log.entryAdded" and told["entry"]["level"] == "error":
                texts.append(told["entry"]["text"])
        return texts

    @property
    def requests(self) -> list[str]:
        """Addresses that the page asked for, those inside the page itself left out."""
        asked = [
            event["params"]["request"]["url"] for event in self.events if event["method"] == "Network.requestWillBeSent"
        ]
        return [url for url in asked if not url.startswith(("data:", "blob:", "about:"))]

    def _call(self, method: str, parameters: dict, session: str | None = None) -> dict:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters} | (
            {"sessionId": session} if session else {}
        )
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._message()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def _message(self) -> dict:
        while b"\0" not in self._rest:
            more = self._read.read1(65536)
            assert more, "the browser has gone"
            self._rest += more
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)
