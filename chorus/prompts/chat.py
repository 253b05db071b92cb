"""One question to a server that speaks OpenAI's chat completions: bounded in time, size and repeats.

A question is a text, or a text with a picture; `prompts` and `contacts` ask here.

The key comes from the environment, goes to the server alone, and is cut out of everything that comes back. Nothing
that a server says is trusted: its text is capped, made encodable and checked field by field.
"""

from __future__ import annotations

import base64
import json
import os
import re
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from chorus.errors import ConfigError, DeclinedError, MissingExtraError, ServiceError
from chorus.prompts.parsing import MAX_ANSWER, Parsed, Refusal, encodable

KEY_VARIABLE = "OPENAI_API_KEY"
OPENAI_URL = "https://api.openai.com/v1"
REPEATS = 2  # of one request after 429, 408, 409, 5xx or a lost connection; the client waits as Retry-After says
MAX_TOKENS = 4000  # of one answer, so that it has a highest price
MAX_BODY = 2**20  # bytes of one response
_NO_KEY = "none"  # the client wants one; servers without keys ignore it
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_MAX_SAID = 300  # characters of a server's own words in an error message
_MAX_NAME = 200  # characters of an identifier
_DECLINED = (400, 413, 415, 422)  # of this question; another one may be answered


@dataclass(frozen=True)
class Question:
    """What is asked once.

    Attributes:
        form: the `response_format` that the answer must have.
        seed: sent along; few servers promise to honour it.
        picture: a JPEG that is sent with the text, empty for none.
    """

    text: str
    form: dict[str, Any]
    seed: int
    picture: bytes = b""

    @property
    def content(self) -> str | list[dict[str, Any]]:
        """What the message holds."""
        if not self.picture:
            return self.text
        url = "data:image/jpeg;base64," + base64.b64encode(self.picture).decode()
        return [{"type": "text", "text": self.text}, {"type": "image_url", "image_url": {"url": url, "detail": "high"}}]


@dataclass(frozen=True)
class Answer:
    """One answer and what identifies it.

    Attributes:
        text: the model's words, at most MAX_ANSWER characters; empty if there were none.
        refusal: the model's words if it declined.
        finish: why the model stopped, such as `stop` or `length`.
        usage: tokens read and written, as the server counts them.
    """

    text: str
    refusal: str
    finish: str
    model: str
    request_id: str
    fingerprint: str
    usage: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ChatServer:
    """A server and how it is asked.

    Attributes:
        base_url: address up to `/v1`; None is OpenAI's own.
        timeout: seconds to wait for one response.
        setting: the configured value that wants this server; messages name it and the keys of its section.
    """

    base_url: str | None
    model: str
    temperature: float
    timeout: float
    setting: str = "prompts.source: openai"

    def ask(self, question: Question) -> Answer:
        """The answer to one question. At most 1 + REPEATS requests are sent.

        Raises:
            ConfigError: there is no key where one is needed.
            MissingExtraError: the package `openai` is not installed.
            DeclinedError: the server will not answer this question.
            ServiceError: no usable response; one sentence without the key.
        """
        try:
            import httpx2
            import openai
        except ImportError as error:
            raise MissingExtraError(
                f'{self.setting} needs the package openai; type: pip install "openai==3.51.0"'
            ) from error
        key = self._key()
        client = openai.OpenAI(
            api_key=key or _NO_KEY, base_url=self.base_url or OPENAI_URL, timeout=self.timeout, max_retries=REPEATS,
            http_client=httpx2.Client(follow_redirects=False),  # the key goes where the user said
        )  # fmt: skip
        try:
            with client, client.chat.completions.with_streaming_response.create(**self._request(question)) as got:
                body, request_id = self._read(got.iter_bytes()), got.headers.get("x-request-id", "")
        except openai.APIStatusError as error:
            kind = DeclinedError if error.status_code in _DECLINED else ServiceError
            raise kind(self._refused(error.status_code, cleaned(_said(error.body), key))) from None
        except (openai.APITimeoutError, httpx2.TimeoutException):
            raise ServiceError(
                f"{self.host}: gave no answer within {self.timeout:g} s; raise {self.section}.timeout or try again "
                "later."
            ) from None
        except (openai.APIError, httpx2.HTTPError) as error:
            raise ServiceError(
                f"{self.host}: cannot be reached ({cleaned(str(error), key)[:_MAX_SAID]}); check "
                f"{self.section}.base_url."
            ) from None
        return self._answer(body, request_id, key)

    def without_key(self, parsed: Parsed) -> Parsed:
        """What an answer held, less the key: JSON can hide it from a search of the raw text."""
        key = self._key()
        return Parsed(
            [text for text in parsed.prompts if cleaned(text, key) == text],
            [Refusal(cleaned(item.text, key), item.reason) for item in parsed.refused],
        )

    @property
    def section(self) -> str:
        """The section of the configuration that names this server."""
        return self.setting.partition(".")[0]

    @property
    def host(self) -> str:
        """The server's name for messages."""
        return urlsplit(self.base_url or OPENAI_URL).netloc

    def _key(self) -> str | None:
        """The key to send: none without encryption, unless the server is this machine.

        Raises:
            ConfigError: OpenAI's own server needs one.
        """
        key = os.environ.get(KEY_VARIABLE, "").strip()
        if self.base_url is None and not key:
            raise ConfigError(
                f"{self.setting} needs a key in the environment variable {KEY_VARIABLE}; set it, or name a "
                f"server of your own in {self.section}.base_url"
            )
        if not re.fullmatch(r"[!-~]*", key):
            raise ConfigError(f"{KEY_VARIABLE}: holds spaces or other characters that no key has; set it again")
        address = urlsplit(self.base_url or OPENAI_URL)
        return key if key and (address.scheme == "https" or address.hostname in _LOOPBACK) else None

    def _request(self, question: Question) -> dict[str, Any]:
        return {
            "model": self.model,
            "messages": [{"role": "user", "content": question.content}],
            "response_format": question.form,
            "temperature": self.temperature,
            "seed": question.seed,
            "max_completion_tokens": MAX_TOKENS,
        }

    def _read(self, chunks: Any) -> bytes:
        body, end = b"", time.monotonic() + self.timeout
        for chunk in chunks:
            body += chunk
            if len(body) > MAX_BODY:
                raise ServiceError(f"{self.host}: answered with more than {MAX_BODY} bytes; use another model.")
            if time.monotonic() > end:
                raise ServiceError(f"{self.host}: took more than {self.timeout:g} s; raise {self.section}.timeout.")
        return body

    def _refused(self, status: int, said: str) -> str:
        hint = {
            401: f"check {KEY_VARIABLE}",
            403: f"check {KEY_VARIABLE} and its rights",
            404: f"check {self.section}.base_url and {self.section}.model",
            429: "wait, or check the account's limits, and run it again",
        }.get(status, f"check {self.section}.model" if status < 500 else "try again later")
        return f"{self.host}: refused with status {status} ({said[:_MAX_SAID] or 'no reason given'}); {hint}."

    def _answer(self, body: bytes, request_id: str, key: str | None) -> Answer:
        try:
            response = json.loads(body)
            choice = response["choices"][0]
            message = choice["message"]
            usage = {name: n for name, n in (response.get("usage") or {}).items() if type(n) is int}
            return Answer(
                text=cleaned(message.get("content"), key),
                refusal=cleaned(message.get("refusal"), key),
                finish=cleaned(choice.get("finish_reason"), key)[:_MAX_NAME],
                model=cleaned(response.get("model"), key)[:_MAX_NAME],
                request_id=cleaned(request_id or response.get("id"), key)[:_MAX_NAME],
                fingerprint=cleaned(response.get("system_fingerprint"), key)[:_MAX_NAME],
                usage=usage,
            )
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
            raise ServiceError(
                f"{self.host}: its response is no chat completion; check that {self.section}.base_url ends where "
                "/chat/completions begins."
            ) from None


def cleaned(text: object, key: str | None) -> str:
    """A server's text as it may be kept: without the key, without lone surrogates, and not endless; None is empty.

    Raises:
        TypeError: it is no text.
    """
    if text is None:
        return ""
    if not isinstance(text, str):
        raise TypeError("not a text")
    whole = encodable(text)
    return (whole.replace(key, "[key]") if key else whole)[:MAX_ANSWER]


def _said(body: object) -> str:
    """The server's reason from the body of an error, as one printable line."""
    inner = body.get("message") if isinstance(body, dict) else body
    return " ".join("".join(letter if letter.isprintable() else " " for letter in str(inner or "")).split())
