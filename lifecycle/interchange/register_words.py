"""The words by which columns and stage words of an unmapped register are proposed: content, in a file of its own."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from lifecycle.errors import GuideError
from lifecycle.interchange.mappings import AnswerWords, RiskWords, StageRule
from lifecycle.settings import PROJECT_ROOT

WORDS_FILE = PROJECT_ROOT / "data" / "register_words.yaml"
Notion = Literal["name", "external_id", "organisation", "stage", "risk", "date"]
NOTIONS: tuple[Notion, ...] = ("name", "external_id", "organisation", "stage", "risk")

WHOLE, PART, LEAST = 100, 70, 34
_EACH_FURTHER_WORD = 4
_IN_TWO_LANGUAGES = re.compile(r"\s+[/|]\s+|\s*[\n|]\s*|\s+[-\u2013]\s+")
_WORD_STARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ARTICLES = frozenset(
    (
        "the",
        "a",
        "an",
        "le",
        "la",
        "les",
        "l",
        "de",
        "du",
        "des",
        "d",
        "der",
        "die",
        "das",
        "el",
        "los",
        "las",
        "het",
        "een",
    )
)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _HeaderWords(_Part):
    """`is`: the whole header; `has`: within it; `not`: then it is something else."""

    whole: tuple[str, ...] = ()
    has: tuple[str, ...] = ()
    no: tuple[str, ...] = ()


class _File(_Part):
    columns: Mapping[str, _HeaderWords]
    facts: Mapping[str, _HeaderWords]
    stages: tuple[StageRule, ...]
    risk: RiskWords
    words: AnswerWords


@dataclass(frozen=True, slots=True)
class _Phrases:
    whole: frozenset[str]
    has: tuple[str, ...]
    no: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RegisterWords:
    """What the file says, ready to compare."""

    notions: Mapping[str, _Phrases]
    facts: Mapping[str, _Phrases]
    stages: tuple[StageRule, ...]
    risk: RiskWords
    answers: AnswerWords

    def notion_score(self, header: str, notion: Notion) -> int:
        """How surely a header names a notion: WHOLE, less for one that only has its words, 0 for none."""
        return _score(header, self.notions[notion])

    def fact_label(self, header: str) -> str | None:
        """The label under which a further column is kept, when its header has the words of one."""
        scores = {label: _score(header, phrases) for label, phrases in self.facts.items()}
        best = max(scores, key=lambda label: scores[label])
        return best if scores[best] >= LEAST else None


def plain_words(text: str) -> str:
    """Text as it is compared here: no case, accents or punctuation, one space between words."""
    spaced = _WORD_STARTS.sub(" ", text) if " " not in text.strip() else text
    bare = "".join(
        character
        for character in unicodedata.normalize("NFKD", spaced.casefold())
        if not unicodedata.combining(character)
    )
    return " ".join(re.findall(r"[^\W_]+", bare))


@lru_cache(maxsize=1)
def register_words(path: Path = WORDS_FILE) -> RegisterWords:
    """The shipped words. Raises GuideError naming file and place."""
    try:
        content = yaml.load(path.read_text("utf-8"), Loader=yaml.BaseLoader)
        for group in ("columns", "facts"):
            for words in content[group].values():
                words["whole"], words["no"] = words.pop("is", []), words.pop("not", [])
        file = _File.model_validate(content)
    except (OSError, yaml.YAMLError, KeyError, AttributeError) as error:
        raise GuideError(str(path), "file", f"cannot be read: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise GuideError(str(path), ".".join(map(str, first["loc"])), first["msg"]) from error
    return RegisterWords(
        notions={name: _ready(words) for name, words in file.columns.items()},
        facts={label: _ready(words) for label, words in file.facts.items()},
        stages=file.stages,
        risk=file.risk,
        answers=file.words,
    )


def _ready(words: _HeaderWords) -> _Phrases:
    return _Phrases(
        whole=frozenset(map(plain_words, words.whole)),
        has=tuple(map(plain_words, words.has)),
        no=tuple(map(plain_words, words.no)),
    )


def _score(header: str, phrases: _Phrases) -> int:
    """A header in two languages counts by the better of its halves."""
    return max(
        (_score_of(plain_words(part), phrases) for part in {header, *_IN_TWO_LANGUAGES.split(header)}),
        default=0,
    )


@lru_cache(maxsize=20_000)
def _score_of(key: str, phrases: _Phrases) -> int:
    if not key:
        return 0
    bare = " ".join(word for word in key.split() if word not in _ARTICLES)
    if key in phrases.whole or bare in phrases.whole or _without_language(bare) in phrases.whole:
        return WHOLE
    padded = f" {key} "
    if any(f" {phrase} " in padded for phrase in phrases.no):
        return 0
    held = [phrase for phrase in phrases.has if f" {phrase} " in padded]
    if not held:
        return _led_by(key, phrases.whole)
    longest = max(held, key=len)
    further = len(key.split()) - len(longest.split())
    early = 6 if padded.startswith(f" {longest} ") else 0
    return max(0, PART + early - _EACH_FURTHER_WORD * further)


def _led_by(key: str, whole: frozenset[str]) -> int:
    """A short header that begins or ends with a whole phrase, as in "AI system" or "Status (current)"."""
    words = key.split()
    if not 2 <= len(words) <= 3:
        return 0
    return PART - 20 - 4 * len(words) if words[0] in whole or words[-1] in whole else 0


def _without_language(key: str) -> str:
    """ "title en" is "title": exports in two languages end their headers so."""
    words: Sequence[str] = key.split()
    return " ".join(words[:-1]) if len(words) > 1 and words[-1] in _LANGUAGES else key


_LANGUAGES = frozenset(["en", "eng", "english", "anglais"])
