"""Stage `ask`: ask a language model for the prompts of a category, at most three times, and keep all it said."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from chorus.errors import ServiceError
from chorus.layout import FORMAT_VERSION
from chorus.naming import slug, words
from chorus.prompts.asked import identity_of
from chorus.prompts.chat import Answer, ChatServer, Question
from chorus.prompts.parsing import Parsed, parse_answer
from chorus.prompts.template import A_PERSON, ANSWER_FORM, question, subject_of

if TYPE_CHECKING:
    from chorus.job import Job

FEWEST = 3  # the paper's least number of prompts
_SHOWN = 500  # characters of an answer in the log


@dataclass
class Conversation:
    """What was asked and answered so far.

    Attributes:
        prompts: usable ones, in order, without repetition.
        calls: one entry an answer: the question, the raw answer, its identity and usage, refused lines.
        broken: why the server could not be asked again, empty if it could.
    """

    prompts: list[str] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    broken: str = ""

    def add(self, asked: str, answer: Answer, parsed: Parsed) -> None:
        """Keep an answer."""
        self.prompts += parsed.prompts
        self.calls.append({"question": asked, **asdict(answer), "refused": [asdict(item) for item in parsed.refused]})

    def tokens(self, name: str) -> int:
        """Sum of one count of the servers' usage over all calls."""
        return sum(call["usage"].get(name, 0) for call in self.calls)


def run(job: Job) -> None:
    """Ask, check, ask again for what is missing, and write the prompts file."""
    category, settings = job.names["category"], job.settings.prompts
    talk = converse(settings, category)
    print(
        f"{category}: {len(talk.calls)} answers, {talk.tokens('prompt_tokens')} tokens read and "
        f"{talk.tokens('completion_tokens')} written (this is what the server charges)."
    )
    for call in talk.calls:
        # As JSON: a log is looked at in terminals, which obey control characters.
        print(json.dumps([call["request_id"], call["model"], (call["text"] or call["refusal"])[:_SHOWN]]))
    if len(talk.prompts) < FEWEST:
        raise ServiceError(_too_few(talk, category))
    if talk.broken:
        print(f"Asking again failed: {talk.broken}")
    kept = talk.prompts[: settings.count]
    print(f"{category}: {len(kept)} of {settings.count} prompts.")
    job.models["prompts"] = talk.calls[-1]["model"] or settings.model
    job.write_json(
        {
            "format_version": FORMAT_VERSION,
            "category": category,
            "prompts": [{"id": slug(text), "text": text} for text in kept],
            "asked": identity_of(settings),
            "calls": talk.calls,
        }
    )


def converse(settings: Any, category: str) -> Conversation:
    """Ask until there are `count` prompts, at most `calls` times.

    Raises:
        ServiceError: the first request failed; later failures end the asking and keep what was paid for.
    """
    server = ChatServer(settings.base_url, settings.model, settings.temperature, settings.timeout)
    subject = subject_of(settings.subject, settings.seed, category)
    talk = Conversation()
    for number in range(settings.calls):
        missing = settings.count - len(talk.prompts)
        if missing <= 0:
            break
        asked = question(category, missing, subject, talk.prompts)
        try:
            # Another seed each time: a server that honours it would repeat itself.
            answer = server.ask(Question(asked, ANSWER_FORM, settings.seed + number))
        except ServiceError as error:
            if not talk.calls:
                raise
            talk.broken = str(error)
            break
        parsed = parse_answer(answer.text, category, talk.prompts, subject == A_PERSON)
        talk.add(asked, answer, server.without_key(parsed))
    return talk


def _too_few(talk: Conversation, category: str) -> str:
    said = next((call["refusal"] or call["text"] for call in reversed(talk.calls)), "")
    why = next((item["reason"] for call in talk.calls for item in call["refused"]), "no captions at all")
    broken = f", then: {talk.broken.rstrip('.')}" if talk.broken else ""
    return (
        f"prompts of {category}: {len(talk.prompts)} usable in {len(talk.calls)} answers, at least {FEWEST} are needed "
        f"(first refusal: {why}; last answer begins {json.dumps(said[:80])}{broken}); use another model or write "
        f"results/prompts/{category}.json yourself, naming {words(category)!r} in every prompt."
    )
