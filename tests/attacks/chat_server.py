"""A real HTTP server on this machine that speaks the chat API, and misbehaves as it is told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """One HTTP response: what the model says, or raw bytes with any status, perhaps late."""

    content: str | None = None
    refusal: str | None = None
    finish: str = "stop"
    status: int = 200
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0.0

    def encoded(self) -> bytes:
        if self.body is not None:
            return self.body
        message = {"role": "assistant", "content": self.content, "refusal": self.refusal}
        return json.dumps(
            {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "model": "tiny-model-2026",
                "system_fingerprint": "fp_1",
                "choices": [{"index": 0, "message": message, "finish_reason": self.finish}],
                "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150},
            }
        ).encode()


@dataclass
class ChatServer:
    """The running server.

    Attributes:
        reply: request number (from 0) and request -> reply.
        requests: bodies of all requests so far; `headers` likewise.
    """

    reply: Callable[[int, dict], Reply]
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


def captions(*texts: str) -> Reply:
    """A well-behaved answer."""
    return Reply(json.dumps({"prompts": list(texts)}))


@contextmanager
def serving(*replies: Reply | Callable[[dict], Reply]) -> Iterator[ChatServer]:
    """A server that gives the replies in order, then the last one for ever."""

    def reply(number: int, request: dict) -> Reply:
        chosen = replies[min(number, len(replies) - 1)]
        return chosen(request) if callable(chosen) else chosen

    state = ChatServer(reply)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            number = len(state.requests)
            state.requests.append(request)
            state.headers.append({name.lower(): value for name, value in self.headers.items()})
            state.paths.append(self.path)
            answer = state.reply(number, {**request, "authorization": self.headers.get("Authorization", "")})
            time.sleep(answer.wait)
            content = answer.encoded()
            try:
                self.send_response(answer.status)
                usual = {"Content-Type": "application/json", "x-request-id": "req_1"}
                for name, value in {**usual, **answer.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except OSError:
                pass  # the client has gone

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
