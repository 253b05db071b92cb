"""Answers that were paid for: one small file an answer, kept by what was asked, so that nothing is asked twice.

A file appears complete or not at all, so a killed run loses at most the answer it was waiting for. The folder is no
result: deleting it costs money and changes nothing else.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from chorus import store
from chorus.errors import DeclinedError
from chorus.naming import digest_of
from chorus.prompts.chat import Answer, ChatServer, Question

_MAX_BYTES = 2**20  # of a kept answer
DECLINED = "declined"  # finish reason of a question that the server will not answer


@dataclass
class Replies:
    """A server and the answers it gave so far.

    Attributes:
        folder: where answers are kept.
        calls: requests sent by this object; an answer that was kept costs none.
    """

    server: ChatServer
    folder: Path
    calls: int = field(default=0, init=False)

    def answer(self, question: Question) -> Answer:
        """The kept answer, else the server's.

        Raises:
            ServiceError, ConfigError, MissingExtraError: see `ChatServer.ask`; a question that the server declines is
                kept as an answer that refuses.
        """
        path = self.folder / f"{self.key(question)}.json"
        if kept := _read(path):
            return kept
        self.calls += 1
        try:
            answer = self.server.ask(question)
        except DeclinedError as error:
            answer = Answer("", str(error), DECLINED, "", "", "")
        store.write_bytes(path, store.json_bytes(asdict(answer)))
        return answer

    def key(self, question: Question) -> str:
        """What an answer depends on, as 64 hex digits: picture, text, form, seed, model and temperature."""
        asked = {
            "picture": hashlib.sha256(question.picture).hexdigest(),
            "text": question.text,
            "form": question.form,
            "seed": question.seed,
            "model": self.server.model,
            "temperature": self.server.temperature,
        }
        return digest_of(asked)


def _read(path: Path) -> Answer | None:
    """A kept answer; what cannot be read is asked again."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            return None
        answer = Answer(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    texts = (answer.text, answer.refusal, answer.finish, answer.model, answer.request_id, answer.fingerprint)
    return answer if all(isinstance(text, str) for text in texts) and isinstance(answer.usage, dict) else None
