"""A vision-language model's server that misbehaves, over real HTTP: what becomes of each fault, and what it costs."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from chorus.contacts.asking import ask, lines_of, parsed, tokens
from chorus.contacts.contacts import part_contacts
from chorus.contacts.picture import LARGEST_SIDE, boxed_crop
from chorus.contacts.replies import DECLINED, Replies
from chorus.contacts.votes import tally
from chorus.errors import ConfigError, ServiceError
from chorus.images.pixels import decode
from chorus.prompts.chat import MAX_BODY, REPEATS
from chorus.prompts.chat import ChatServer as Client
from tests.attacks.chat_server import Reply, serving
from tests.attacks.contact_teller import picture_of

KEY = "canary-KEY-0123456789"
SEEDS = range(5)
PICTURE = boxed_crop(np.full((90, 120, 3), 128, np.uint8), [np.array([10.0, 10, 60, 80])], np.array([40.0, 20, 90, 70]))


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def contacts(*cells: tuple[str, str]) -> Reply:
    entries = [{"person_1": {"part": part, "side": side}, "confidence": 0.9} for part, side in cells]
    return Reply(json.dumps({"contacts": entries}))


def unseen(choices) -> np.ndarray:
    return np.full(len(choices), np.nan)


def replies_of(server, folder: Path, timeout: float = 5.0) -> Replies:
    return Replies(Client(server.url, "tiny", 0.7, timeout, "contacts.source: lvlm"), folder)


def weights(server, folder: Path) -> tuple[int, dict[str, float]]:
    """Usable answers of five, and the weight of every part that they name."""
    asked = ask(replies_of(server, folder), 0, PICTURE, ("surfboard", False), SEEDS)
    answers = parsed(asked, pair=False)
    found = part_contacts(tally(answers), unseen, 0.05)
    return sum(answer.usable for answer in answers), {contact.first: round(contact.weight, 3) for contact in found}


GOOD = contacts(("hand", "left"), ("stomach", "none"))
BOTH = {"left_hand": 1.0, "stomach": 1.0}
# name -> (the five replies, usable answers, parts and their weights); docs/contacts.md has the same table in words
TOLD = {
    "good": ([GOOD], 5, BOTH),
    "a pair is invented once": (
        [contacts(("hand", "left"), ("stomach", "none"), ("head", "none")), GOOD], 5, {**BOTH, "head": 0.2},
    ),
    "a pair is dropped once": ([contacts(("hand", "left")), GOOD], 5, {"left_hand": 1.0, "stomach": 0.8}),
    "the side is swapped twice": (
        [contacts(("hand", "right"), ("stomach", "none"))] * 2 + [GOOD], 5, BOTH,
    ),
    "the side is not said": ([contacts(("hand", "none"))], 5, {"left_hand": 0.5, "right_hand": 0.5}),
    "plural": ([contacts(("hands", "none"))], 5, {"left_hand": 1.0, "right_hand": 1.0}),
    "an unknown part": ([contacts(("tentacle", "left"), ("hand", "left"))], 5, {"left_hand": 1.0}),
    "nothing touches": ([contacts()], 5, {}),
    "prose once": ([Reply("The left hand seems to hold it."), GOOD], 4, BOTH),
    "prose for ever": ([Reply("The left hand seems to hold it.")], 0, {}),
    "cut-off JSON": ([Reply(GOOD.content[:95], finish="length")], 5, {"left_hand": 1.0}),
    "a Markdown table": ([Reply("Sure!\n\n| Part | Side |\n|---|---|\n| Hand | left |\n")], 5, {"left_hand": 1.0}),
    "a refusal once": ([Reply(refusal="I'm sorry."), GOOD], 4, BOTH),
    "a refusal with contacts": ([Reply(GOOD.content, refusal="No."), GOOD], 4, BOTH),
    "400: this picture never": ([Reply(status=400, body=b'{"error": {"message": "unsafe"}}')], 0, {}),
    "429, then good": ([Reply(status=429, body=b"{}", headers={"Retry-After": "0.1"}), GOOD], 5, BOTH),
    "500, then good": ([Reply(status=500, body=b"oops", headers={"Retry-After": "0.1"}), GOOD], 5, BOTH),
    "many contacts": ([contacts(*[("hand", "left")] * 5000)], 5, {"left_hand": 1.0}),
}  # fmt: skip


@pytest.mark.parametrize("fault", TOLD)
def test_what_becomes_of_a_bad_answer(tmp_path, fault):
    script, usable, expected = TOLD[fault]
    with serving(*script) as server:
        assert weights(server, tmp_path) == (usable, expected)
        sent = len(server.requests)
        assert sent <= len(SEEDS) * (1 + REPEATS)
        assert weights(server, tmp_path) == (usable, expected)
    assert len(server.requests) == sent, "what was answered is never asked again"


FAILS = {
    "429 for ever": ([Reply(status=429, body=b"{}", headers={"Retry-After": "0.1"})], "status 429", 1 + REPEATS),
    "500 for ever": ([Reply(status=500, body=b"oops", headers={"Retry-After": "0.1"})], "status 500", 1 + REPEATS),
    "401": ([Reply(status=401, body=b"{}")], "check OPENAI_API_KEY", 1),
    "404": ([Reply(status=404, body=b"{}")], "check contacts.base_url and contacts.model", 1),
    "an endless response": ([Reply(body=b" " * (MAX_BODY + 1))], "more than", 1),
    "no chat completion": ([Reply(body=b"<html>")], "no chat completion; check that contacts.base_url", 1),
    "slow": ([Reply(GOOD.content, wait=2.0)], "raise contacts.timeout", 1 + REPEATS),
}


@pytest.mark.parametrize("fault", FAILS)
def test_a_server_that_fails_is_one_sentence_and_nothing_is_lost(tmp_path, fault):
    script, said, sent = FAILS[fault]
    with serving(GOOD, GOOD, *script) as server:
        replies = replies_of(server, tmp_path, timeout=1.0)
        started = time.monotonic()
        with pytest.raises(ServiceError, match=said.replace("(", r"\(")) as caught:
            ask(replies, 0, PICTURE, ("surfboard", False), SEEDS)
        assert time.monotonic() - started < 20
        assert "\n" not in str(caught.value)
        assert KEY not in str(caught.value)
        assert len(server.requests) == 2 + sent
    assert len(list(tmp_path.iterdir())) == 2
    with serving(GOOD) as server:
        assert weights(server, tmp_path)[0] == 5
    assert len(server.requests) == 3, "the two answers from before are kept"


def test_what_is_sent_and_what_is_kept(tmp_path):
    with serving(GOOD) as server:
        replies = replies_of(server, tmp_path)
        asked = ask(replies, 7, PICTURE, ("surfboard", False), SEEDS)
    assert (replies.calls, len(server.requests)) == (5, 5)
    assert [request["seed"] for request in server.requests] == list(SEEDS)
    request = server.requests[0]
    assert picture_of(request) == PICTURE
    assert max(decode(PICTURE, "picture").shape) <= LARGEST_SIDE
    assert "surfboard" in request["messages"][0]["content"][0]["text"]
    assert request["response_format"]["json_schema"]["strict"] is True
    assert request["max_completion_tokens"] > 0
    assert tokens([asked], "prompt_tokens") == 500
    assert KEY not in "".join(path.read_text() for path in tmp_path.iterdir()) + lines_of([asked]).decode()


def test_another_picture_question_model_or_seed_is_asked_anew(tmp_path):
    other = boxed_crop(np.zeros((90, 120, 3), np.uint8), [np.array([10.0, 10, 60, 80])], None)
    with serving(GOOD) as server:
        replies = replies_of(server, tmp_path)
        for picture, about, seeds in (
            (PICTURE, ("surfboard", False), [0]), (PICTURE, ("surfboard", False), [1]),
            (PICTURE, ("chair", False), [0]), (PICTURE, ("surfboard", True), [0]), (other, ("surfboard", False), [0]),
        ):  # fmt: skip
            ask(replies, 0, picture, about, seeds)
        assert replies.calls == 5
        Replies(Client(server.url, "other", 0.7, 5.0), tmp_path)
        ask(Replies(Client(server.url, "other", 0.7, 5.0), tmp_path), 0, PICTURE, ("surfboard", False), [0])
    assert len(server.requests) == 6


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b'{"text": 3}', b"\xff", b'{"text": 1, "refusal": 2, "finish": 3}']
)
def test_a_damaged_answer_is_asked_again(tmp_path, damage):
    with serving(GOOD) as server:
        ask(replies_of(server, tmp_path), 0, PICTURE, ("surfboard", False), [0])
        next(tmp_path.iterdir()).write_bytes(damage)
        ask(replies_of(server, tmp_path), 0, PICTURE, ("surfboard", False), [0])
    assert len(server.requests) == 2


def test_a_declined_question_is_kept_as_declined(tmp_path):
    with serving(Reply(status=400, body=b'{"error": {"message": "red \\u001b[31m"}}')) as server:
        asked = ask(replies_of(server, tmp_path), 0, PICTURE, ("surfboard", False), [0])
    assert asked.answers[0].finish == DECLINED
    assert asked.answers[0].refusal.isprintable()


def test_without_a_key_nothing_is_sent_to_openai(tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    replies = Replies(Client(None, "m", 0.7, 5.0, "contacts.source: lvlm"), tmp_path)
    with pytest.raises(ConfigError, match=r"contacts.source: lvlm needs a key"):
        ask(replies, 0, PICTURE, ("surfboard", False), [0])


ASK_TWENTY = """
import sys
from pathlib import Path
from chorus.contacts.asking import ask
from chorus.contacts.replies import Replies
from chorus.prompts.chat import ChatServer
replies = Replies(ChatServer(sys.argv[1], "tiny", 0.7, 5.0), Path(sys.argv[2]))
ask(replies, 0, b"picture", ("surfboard", False), range(20))
print(replies.calls)
"""


def test_answers_survive_a_kill(tmp_path):
    """kill -9 in the middle: at most the answer that was waited for is asked again."""
    with serving(Reply(GOOD.content, wait=0.02)) as server:
        command = [sys.executable, "-c", ASK_TWENTY, server.url, str(tmp_path)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while len(server.requests) < 6 and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        before = len(server.requests)
        assert before < 20
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert 20 - before <= int(done.stdout) <= 21 - before
        again = subprocess.run(command, capture_output=True, text=True, check=True)
        assert int(again.stdout) == 0
