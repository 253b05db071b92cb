"""T7 and T9: a language model's server that misbehaves, over real HTTP. Calls are counted, nothing escapes or runs."""

import json
from pathlib import Path

import pytest

from chorus import cli, store
from chorus.naming import slug
from chorus.prompts.chat import MAX_BODY, REPEATS
from chorus.prompts.parsing import MAX_ANSWER
from chorus.prompts.resource import read_prompts
from tests.attacks.chat_server import ChatServer, Reply, captions, serving
from tests.workflow.conftest import ENVIRONMENT, Workplace, program

__all__ = ["program"]

KEY = "canary-KEY-0123456789"
GOOD = [f"A {who} plays a ukulele" for who in ("person", "woman", "man", "child", "teacher")]
HOSTILE = [
    "../../escape a ukulele",
    'A person plays "a" ukulele; touch CANARY',
    "A person plays $(touch CANARY) a ukulele",
    "A person plays a ukulele `touch CANARY`",
    "A person plays a ukulele <script>alert(1)</script>",
    "A person plays a ukulele\u202e backwards",
    "A person plays a ukulele\x00\x1b[31m",
    "A person plays a ukulele \ud800",
]


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def ask(tmp_path, monkeypatch, capsys):
    """Run the stage in a folder of its own: exit status, what it printed, the file if there is one."""
    around = tmp_path / "around"
    work = around / "work"
    work.mkdir(parents=True)
    monkeypatch.chdir(work)

    def asking(server: ChatServer, **settings) -> tuple[int, str, dict | None]:
        chosen = {
            "source": "openai",
            "base_url": server.url,
            "count": 5,
            "subject": "any_person",
            "timeout": 5,
            **settings,
        }
        status = cli.main(
            [
                "ask",
                "--category",
                "ukulele",
                "--settings",
                json.dumps({"prompts": chosen}),
                "--output",
                "out/ukulele.json",
            ]
        )
        printed = capsys.readouterr()
        content = Path("out/ukulele.json")
        assert {path.name for path in around.iterdir()} == {"work"}
        written = {str(path) for path in Path().rglob("*")}
        assert written <= {"out", "out/ukulele.json", "out/ukulele.json.record.json"}
        assert not [path for path in Path().rglob("*") if path.is_file() and KEY in path.read_text("utf-8")]
        assert KEY not in printed.out + printed.err
        assert "Traceback" not in printed.err
        assert printed.err.count("\n") == (1 if status else 0)
        assert all(letter.isprintable() or letter == "\n" for letter in printed.out + printed.err)
        return status, printed.out + printed.err, store.read_json(content) if content.is_file() else None

    return asking


def texts(content: dict) -> list[str]:
    return [entry["text"] for entry in content["prompts"]]


def test_a_good_answer_is_kept_with_all_that_identifies_it(ask):
    with serving(captions(*GOOD)) as server:
        status, printed, content = ask(server)
    assert status == 0
    assert len(server.requests) == 1
    assert server.paths == ["/v1/chat/completions"]
    request = server.requests[0]
    assert (request["seed"], request["temperature"], request["model"]) == (0, 1.0, "gpt-4.1-mini")
    assert request["response_format"]["json_schema"]["strict"] is True
    assert request["max_completion_tokens"] > 0
    assert texts(content) == GOOD
    assert [entry["id"] for entry in content["prompts"]] == [slug(text) for text in GOOD]
    call = content["calls"][0]
    assert json.loads(call["text"]) == {"prompts": GOOD}
    assert (call["model"], call["request_id"], call["fingerprint"]) == ("tiny-model-2026", "req_1", "fp_1")
    assert call["usage"] == {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}
    assert call["question"] == request["messages"][0]["content"]
    assert content["asked"]["count"] == 5
    assert "100 tokens read and 50 written" in printed
    assert tuple(prompt.text for prompt in read_prompts(Path("out/ukulele.json"))) == tuple(GOOD)


# name -> (replies, requests sent, exit status, what is said or kept)
FAULTS = {
    "429 with Retry-After, then good": (
        [Reply(status=429, body=b"{}", headers={"Retry-After": "1"}), captions(*GOOD)], 2, GOOD,
    ),
    "429 for ever": (
        [Reply(status=429, body=b'{"error": {"message": "slow down"}}', headers={"Retry-After": "0.1"})],
        1 + REPEATS, "refused with status 429 (slow down)",
    ),
    "500, then good": ([Reply(status=500, body=b"oops"), captions(*GOOD)], 2, GOOD),
    "500 for ever": (
        [Reply(status=500, body=b"oops", headers={"Retry-After": "0.1"})], 1 + REPEATS, "status 500 (oops)",
    ),
    "control characters in a reason": (
        [Reply(status=400, body=b'{"error": {"message": "red \\u001b[31m\\nERROR: \\u202e fake"}}')],
        1, "(red [31m ERROR: fake)",
    ),
    "a redirect": ([Reply(status=307, body=b"", headers={"Location": "/v2"})], 1, "refused with status 307"),
    "401": ([Reply(status=401, body=b'{"error": {"message": "bad key"}}')], 1, "(bad key); check OPENAI_API_KEY"),
    "400": ([Reply(status=400, body=b"{}")], 1, "refused with status 400"),
    "404": ([Reply(status=404, body=b"not here")], 1, "check prompts.base_url"),
    "a web page": ([Reply(body=b"<html>hello</html>", headers={"Content-Type": "text/html"})], 1, "no chat completion"),
    "truncated response": ([Reply(body=b'{"choices": [{"mess')], 1, "no chat completion"),
    "no choices": ([Reply(body=b'{"choices": []}')], 1, "no chat completion"),
    "numbers for texts": ([Reply(body=b'{"choices": [{"message": {"content": 3}}]}')], 1, "no chat completion"),
    "deep nesting": ([Reply(body=b"[" * 100_000)], 1, "no chat completion"),
    "an endless response": ([Reply(body=b" " * (MAX_BODY + 1))], 1, f"more than {MAX_BODY} bytes"),
    "truncated JSON": (
        [Reply('{"prompts": ["' + '", "'.join(GOOD[:4]) + '", "A dancer holds a uku', finish="length")], 3, GOOD[:4],
    ),
    "a refusal": (
        [Reply(refusal="I'm sorry, I can't help with that ukulele.")], 3, "last answer begins \"I'm sorry",
    ),
    "a refusal as text": ([Reply("I cannot write about a ukulele.")], 3, "0 usable in 3 answers"),
    "empty": ([Reply("")], 3, "no captions at all"),
    "too few, then the rest": ([captions(*GOOD[:2]), captions(*GOOD[2:])], 2, GOOD),
    "too few for ever": ([captions(*GOOD[:2])], 3, "2 usable in 3 answers, at least 3 are needed"),
    "fewer than asked, but enough": ([captions(*GOOD[:3])], 3, GOOD[:3]),
    "too many": ([captions(*GOOD, "A boy plays a ukulele", "A girl plays a ukulele")], 1, GOOD),
    "prose": ([Reply("Sure! Here are captions with a ukulele.\nI hope this ukulele helps.")], 3, "0 usable"),
    "prose around a numbered list": (
        [Reply("Sure, here is the list for ukulele:\n" + "".join(f"{n}. **{t}.**\n" for n, t in enumerate(GOOD, 1)))],
        1, GOOD,
    ),
    "fenced JSON": ([Reply("```json\n" + json.dumps({"prompts": GOOD}) + "\n```")], 1, GOOD),
    "1 MB of a good answer": ([Reply("\n".join(f"- {t}" for t in GOOD) + "\n" + "x" * 900_000)], 1, GOOD),
    "1 MB of nothing": ([Reply("ukulele " * 110_000)], 3, "0 usable"),
    "another category": ([captions(*(text.replace("ukulele", "guitar") for text in GOOD))], 3, "without the words"),
    "pronouns": ([captions("He plays a ukulele", "They play a ukulele", "Someone plays a ukulele")], 3, "a pronoun"),
    "hostile prompts among good ones": ([captions(*HOSTILE, *GOOD)], 1, GOOD),
    "hostile prompts alone": ([captions(*HOSTILE)], 3, "other characters than letters"),
    "good, then broken": ([captions(*GOOD[:3]), Reply(status=400, body=b"{}")], 2, GOOD[:3]),
    "too few, then broken": ([captions(*GOOD[:2]), Reply(status=400, body=b"no")], 2, "then: 127.0.0.1"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_has_its_outcome_and_its_number_of_calls(ask, name):
    replies, requests, outcome = FAULTS[name]
    with serving(*replies) as server:
        status, printed, content = ask(server)
    assert len(server.requests) == requests
    if isinstance(outcome, list):
        assert status == 0, printed
        assert texts(content) == outcome
        assert all(len(call["text"]) <= MAX_ANSWER for call in content["calls"])
    else:
        assert status == 1
        assert outcome in printed
        assert content is None


def test_a_silent_server_is_left_after_the_configured_time(ask):
    with serving(Reply(wait=3)) as server:
        status, printed, _ = ask(server, timeout=1)
    assert (status, len(server.requests)) == (1, 1 + REPEATS)
    assert "gave no answer within 1 s" in printed


def test_nobody_listens(ask):
    with serving(captions()) as server:
        pass
    status, printed, _ = ask(server)
    assert status == 1
    assert "cannot be reached" in printed


def test_a_second_question_asks_for_what_is_missing_with_another_seed(ask):
    with serving(captions(*GOOD[:2]), captions(GOOD[0].upper(), *GOOD[2:])) as server:
        ask(server, seed=7)
    first, second = (request["messages"][0]["content"] for request in server.requests)
    assert "up to 5" in first
    assert "up to 3" in second
    assert GOOD[0] in second
    assert [request["seed"] for request in server.requests] == [7, 8]


def test_the_number_of_calls_can_be_lowered(ask):
    with serving(captions()) as server:
        ask(server, calls=1)
    assert len(server.requests) == 1


# --- the key --------------------------------------------------------------------------------------------------------


def test_the_key_is_sent_and_cut_out_of_everything_that_comes_back(ask):
    def echo(request: dict) -> Reply:
        said = request["authorization"]
        assert KEY in said
        return Reply(json.dumps({"prompts": [*GOOD, said]}), refusal=said, headers={"x-request-id": KEY})

    with serving(echo) as server:
        status, _, content = ask(server)  # the fixture looks for the key in files and output
    assert status == 0
    assert "[key]" in content["calls"][0]["text"]
    assert content["calls"][0]["request_id"] == "[key]"


def test_the_key_in_an_error_of_the_server_is_cut_out(ask):
    def echo(request: dict) -> Reply:
        return Reply(status=401, body=json.dumps({"error": {"message": request["authorization"]}}).encode())

    with serving(echo) as server:
        _, printed, _ = ask(server)
    assert "Bearer [key]" in printed


def test_the_key_follows_no_redirect(ask):
    with serving(captions(*GOOD)) as elsewhere:
        to = Reply(status=307, body=b"", headers={"Location": f"{elsewhere.url}/chat/completions"})
        with serving(to) as server:
            status, _, _ = ask(server)
    assert (status, len(server.requests), len(elsewhere.requests)) == (1, 1, 0)


def test_the_key_hidden_in_escapes_is_cut_out(ask):
    hidden = "".join(f"\\u{ord(letter):04x}" for letter in KEY)
    answer = Reply(f'{{"prompts": ["A person plays a ukulele {hidden}", "{hidden}"]}}')
    with serving(answer, captions(*GOOD)) as server:
        status, _, content = ask(server)
    assert status == 0
    assert texts(content) == GOOD


def test_a_server_without_key(ask, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    with serving(captions(*GOOD)) as server:
        assert ask(server)[0] == 0
    assert server.headers[0]["authorization"] == "Bearer none"


def test_openai_itself_needs_a_key_and_a_broken_key_is_not_shown(ask, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    status, printed, _ = ask(ChatServer(lambda *_: Reply(), url=""), base_url=None)
    assert (status, "OPENAI_API_KEY; set it" in printed) == (1, True)
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}\nX: y")
    status, printed, _ = ask(ChatServer(lambda *_: Reply(), url="http://127.0.0.1:1/v1"))
    assert (status, "no key has" in printed) == (1, True)


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        (None, True), ("https://example.org/v1", True), ("http://localhost:8000/v1", True), ("http://[::1]:1/v1", True),
        ("http://example.org/v1", False), ("http://localhost.example.org/v1", False), ("http://10.0.0.7/v1", False),
    ],
)  # fmt: skip
def test_the_key_goes_nowhere_in_plain_text(url, sent):
    from chorus.prompts.chat import ChatServer as Client

    assert Client(url, "m", 1.0, 1.0)._key() == (KEY if sent else None)


def test_an_address_with_a_secret_in_it_is_no_configuration():
    from chorus.config import parse_config
    from chorus.errors import ConfigError

    for url in (
        "https://user:secret@host/v1",
        "https://host/v1?key=secret",
        "https://host/v1#secret",
        "ftp://host",
        "x",
    ):
        with pytest.raises(ConfigError, match=r"base_url"):
            parse_config({"prompts": {"base_url": url}}, "test")


# --- the real Snakemake ---------------------------------------------------------------------------------------------


def everything_in(folder: Path) -> str:
    return "".join(path.read_bytes().decode("utf-8", "replace") for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def place(tmp_path, program) -> Workplace:
    work = Workplace(tmp_path / "around" / "work", program, {**ENVIRONMENT, "OPENAI_API_KEY": KEY})
    work.folder.mkdir(parents=True)
    return work


def configure(place: Workplace, server: ChatServer, **prompts) -> None:
    place.configure(
        {
            "categories": ["ukulele"],
            "prompts": {"source": "openai", "base_url": server.url, "count": 5, "subject": "any_person", **prompts},
            "images": {"source": "coco", "folder": "f", "annotations": "a.json"},
            "people": {"backend": "blazepose"},
            "testset": {"source": "none"},
        }
    )


def test_snakemake_prompts_asks_once_and_again_only_for_another_question(place):
    path = place.folder / "results/prompts/ukulele.json"
    with serving(captions(*HOSTILE, *GOOD), Reply(status=401, body=b"no")) as server:
        configure(place, server)
        place.snakemake("prompts")
        assert len(server.requests) == 1
        first = path.read_bytes()
        assert texts(json.loads(first)) == GOOD
        assert "tokens read" in place.logs()

        configure(place, server, timeout=30)
        assert "are there" in place.snakemake("prompts")
        assert len(server.requests) == 1

        configure(place, server, temperature=0.1)
        printed = place.snakemake("prompts", fails=True)
        assert "status 401" in printed
        assert (len(server.requests), path.read_bytes()) == (2, first), "a failed request loses nothing"
    around = place.folder.parent
    assert KEY not in everything_in(around) + printed
    assert {entry.name for entry in around.iterdir()} == {"work"}
    assert {entry.name for entry in place.folder.iterdir()} == {"tiny.yaml", "results", ".snakemake"}
    assert not [entry for entry in around.rglob("*") if "CANARY" in entry.name]


def test_a_crash_shows_no_key(place):
    """Even the traceback of a programming error, here a client that breaks with the key in its hands."""
    with serving(captions(*GOOD)) as server:
        configure(place, server)
        (place.folder / "openai").mkdir()
        (place.folder / "openai" / "__init__.py").write_text(
            "class OpenAI:\n    def __init__(self, api_key, **given): raise RuntimeError('a crash inside the client')\n"
        )
        printed = place.snakemake("prompts", fails=True)
    assert "Traceback" in printed
    assert "a crash inside the client" in printed
    assert KEY not in everything_in(place.folder) + printed
