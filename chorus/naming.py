"""Names and seeds: the only place where text becomes a path component or a random seed."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata

PERSON = "person"  # the category of two people in contact, and COCO's word for people
RESULTS = "results"  # the folder of a run's files, and how records name it
SLUG_LENGTH = 60
CATEGORY_PATTERN = r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$"
_HASH_DIGITS = 8


def slug(text: str) -> str:
    """A path component for any text: a readable ascii part and 8 hex digits of the hash of the exact text.

    The result matches `[a-z0-9][a-z0-9-]*`, has at most 60 characters, and differs for texts that differ (up to a
    32-bit hash collision, which `unique_slugs` refuses).
    """
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_DIGITS]
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    readable = re.sub(r"[^a-z0-9]+", "-", ascii_text).strip("-")
    readable = readable[: SLUG_LENGTH - _HASH_DIGITS - 1].strip("-")
    return f"{readable}-{digest}" if readable else f"text-{digest}"


def words(category: str) -> str:
    """The category as it is written in a sentence: `sports_ball` -> `sports ball`."""
    return category.replace("_", " ")


def digest_of(value: object) -> str:
    """SHA-256 (hex) of a JSON value in canonical form."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def seed_of(*identity: object) -> int:
    """A 63-bit seed from what an item *is* (run seed, category, prompt text, view, index), never from its turn."""
    return int(digest_of(list(identity))[:16], 16) >> 1
