"""Mapping files: which column of a register means what, and which of its stage words is which of our stages.

What is particular to one register stands in `data/mappings/*.yaml`, or in a file of the user's own. Headers
and words are compared after `folded`: case, white space, no-break spaces, curly quotes and dashes do not
count. A header ending in `*` matches by its beginning, one that also starts with `*` by its middle.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from lifecycle.errors import GuideError
from lifecycle.interchange.tabular_text import one_line
from lifecycle.language import say
from lifecycle.settings import PROJECT_ROOT
from lifecycle.vocabulary import ProjectStatus, Stage

MAPPINGS_FOLDER = PROJECT_ROOT / "data" / "mappings"
LARGEST_MAPPING = 1_000_000
_SAME_CHARACTER = str.maketrans(
    {**dict.fromkeys("‘’‚‛′`´", "'"), **dict.fromkeys("“”„‟″", '"'), **dict.fromkeys("‐‑‒–—―−﹘﹣－", "-")}
)
_ENUMERATORS = re.compile(  # some are told twice: "b) b) Pilot"
    r"^(?:(?:stage|phase|step|etape|fase|etapa|stufe|stadium)\s+\d{1,2}\s*[-:.)]\s*"
    r"|\(?(?:[a-z]|\d{1,2}|[ivx]{2,4})\)\s*|(?:[a-z]|\d{1,2})\.\s+|\d{1,2}\s*[-:]\s+){1,3}"
)
# What a wrong encoding leaves of a dash between two words, as in "Pilot ñ a trial". Some languages have words of one
# such letter.
_LOST_DASH = re.compile(r" (?![àáåèéíóöü] )(?:[\u0080-\u024f\u2010-\u20cf\ufffd]{1,3}|\?) ", re.IGNORECASE)
# What people put before a word for looks. A cross or a warning is none of these.
_ORNAMENTS = "✅✓✔⭐🚀💡🧪●○•▪■🟢🟡🟠🔴🔵🟣🟤⚪⚫🛠\ufe0f "
_HYPHEN_IN_A_WORD = re.compile(r"(?<=\w)-(?=\w)")
_IN_TWO_LANGUAGES = re.compile(r"\s*[/|]\s*")  # the same word in two languages
_WORD_STARTS_IN_CAMEL_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

Text = Annotated[str, Field(min_length=1, strict=True)]
Texts = tuple[Text, ...]
Answer = Literal["yes", "no", "not_applicable", "planned", "unknown", "other", "blank"]
PLAIN_ANSWERS: Mapping[Answer, str] = MappingProxyType(
    {"yes": "Yes", "no": "No", "not_applicable": "Not applicable", "unknown": "Unknown"}
)
RiskGroup = Literal["high", "standard", "needs_review"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Columns(_Part):
    """Our notions; each lists the headers it may have, the preferred one first."""

    name: Texts = Field(min_length=1)
    external_id: Texts = ()
    organisation: Texts = ()
    stage: Texts = ()
    risk: Texts = ()


class StageRule(_Part):
    """A register's words for one stage and status; a prefix is followed by a dash, colon or bracket."""

    stage: Stage
    status: ProjectStatus = ProjectStatus.ACTIVE
    words: Texts = ()
    prefixes: Texts = ()

    @model_validator(mode="after")
    def _status_belongs(self) -> StageRule:
        in_production = self.stage is Stage.PRODUCTION
        if in_production == (self.status is ProjectStatus.ACTIVE) or self.status is ProjectStatus.STOPPED:
            raise ValueError(
                say("the status of stage {stage} must be rollout, live or retired", stage=self.stage.value)
                if in_production
                else say("the status of stage {stage} must be active", stage=self.stage.value)
            )
        if not self.words and not self.prefixes:
            raise ValueError(say("a stage rule needs at least one word or prefix"))
        return self


class AnswerWords(_Part):
    """How the register writes yes, no and their kin; a yes or no may go on after a dash or comma."""

    yes: Texts = ()
    no: Texts = ()
    not_applicable: Texts = ()
    planned: Texts = ()
    unknown: Texts = ()


class RiskWords(_Part):
    """Risk words in two groups; every other one needs a person's look. They are never our tiers."""

    high: Texts = ()
    standard: Texts = ()


class RegisterMapping(_Part):
    """One register's mapping file.

    `organisation_from_id` finds the organisation in an id, in rows that no column and no caller gives one.
    Ids unique in the register need no organisation to tell two rows apart; where both are set, that holds for
    ids of that pattern only, because somebody always numbers from 1. Stage words in `undecided` stay with a person,
    whatever the rules say. `register_name` keeps a register's projects together when its mapping is renamed.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,59}$")]
    title: Text
    recognise: tuple[Annotated[Texts, Field(min_length=1)], ...] = ()
    recognise_share: float = Field(default=0.6, gt=0, le=1)
    fallback: bool = False
    columns: Columns
    stages: tuple[StageRule, ...] = ()
    facts: dict[Text, Texts] = Field(default_factory=dict)
    dates: dict[Text, Texts] = Field(default_factory=dict)
    date_order: Literal["month_first", "day_first", "unknown"] = "unknown"
    earliest_year: int = Field(default=1950, ge=1, le=2100)
    words: AnswerWords = AnswerWords()
    risk: RiskWords = RiskWords()
    external_ids_unique_in: Literal["register", "organisation"] = "organisation"
    organisation_from_id: str | None = None
    encoding: str | None = None
    register_name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,59}$")] | None = None
    undecided: Texts = ()
    proposed: bool = False

    @property
    def told_apart_in(self) -> str:
        """The register whose entries this mapping's rows are compared with, however the mapping is called."""
        return self.register_name or self.name

    def changed(self, **parts: object) -> RegisterMapping:
        """Another mapping, checked anew, with these parts in the place of its own."""
        own = {name: getattr(self, name) for name in type(self).model_fields}
        return RegisterMapping.model_validate({**own, **parts})

    @model_validator(mode="after")
    def _consistent(self) -> RegisterMapping:
        seen: set[str] = set()
        for rule in self.stages:
            for word in {stage_key(text) for text in [*rule.words, *rule.prefixes]}:
                if word in seen:
                    raise ValueError(say("the stage word “{word}” stands in two stage rules", word=word))
                seen.add(word)
        if not self.recognise and not self.fallback:
            raise ValueError(
                say("`recognise` needs the headers that identify the register, or set `fallback: true`")
            )
        if self.organisation_from_id is not None:
            _checked_pattern(self.organisation_from_id)
        return self

    @cached_property
    def stage_words(self) -> Mapping[str, tuple[Stage, ProjectStatus]]:
        return {stage_key(word): (rule.stage, rule.status) for rule in self.stages for word in rule.words}

    @cached_property
    def undecided_words(self) -> frozenset[str]:
        return frozenset(map(stage_key, self.undecided))

    @cached_property
    def stage_prefixes(self) -> tuple[tuple[re.Pattern[str], Stage, ProjectStatus], ...]:
        return tuple(
            (re.compile(re.escape(stage_key(prefix)) + r"\s*(?:\s-|-\s|[:(])"), rule.stage, rule.status)
            for rule in self.stages
            for prefix in rule.prefixes
        )

    @cached_property
    def risk_words(self) -> Mapping[str, RiskGroup]:
        groups: dict[str, RiskGroup] = {stage_key(word): "high" for word in self.risk.high}
        return groups | {stage_key(word): "standard" for word in self.risk.standard}

    @cached_property
    def answer_words(self) -> Mapping[str, Answer]:
        """The register's words beside our own plain ones, in which facts are kept."""
        kinds: tuple[Answer, ...] = ("yes", "no", "not_applicable", "planned", "unknown")
        own = {folded(word): kind for kind, word in PLAIN_ANSWERS.items()}
        return own | {folded(word): kind for kind in kinds for word in getattr(self.words, kind)}


@dataclass(frozen=True, slots=True)
class Located:
    """Where the notions of a mapping stand in one table: places of columns, None where there is none."""

    name: int | None
    external_id: int | None
    organisation: int | None
    stage: int | None
    risk: int | None
    facts: tuple[tuple[str, int], ...]
    dates: tuple[tuple[str, int], ...]

    @property
    def all_places(self) -> frozenset[int]:
        """Every column that stands for something."""
        single = (self.name, self.external_id, self.organisation, self.stage, self.risk)
        further = (place for _, place in (*self.facts, *self.dates))
        return frozenset(place for place in (*single, *further) if place is not None)

    @property
    def notions(self) -> int:
        """How many notions other than the name were found."""
        single = (self.external_id, self.organisation, self.stage, self.risk)
        return sum(place is not None for place in single) + len(self.facts) + len(self.dates)


@lru_cache(maxsize=20_000)
def folded(text: str) -> str:
    """Text as it is compared: one line, one case, one kind of quote and dash, no closing punctuation."""
    plain = unicodedata.normalize("NFKC", text).translate(_SAME_CHARACTER)
    return one_line(plain).casefold().rstrip(" :?.*")


@lru_cache(maxsize=20_000)
def header_key(text: str) -> str:
    """A header as it is compared: folded, so that use_case_name and useCaseName are Use Case Name."""
    plain = text if " " in text.strip() else _WORD_STARTS_IN_CAMEL_CASE.sub(" ", text)
    return _without_accents(" ".join(folded(plain).replace("_", " ").split()))


def _without_accents(text: str) -> str:
    """Exports lose accents on the way, so they do not count."""
    if text.isascii():
        return text
    split = unicodedata.normalize("NFKD", text)
    return "".join(character for character in split if not unicodedata.combining(character))


def exact_alias(header: str) -> str:
    """A header of a file as a mapping lists it: without the asterisks that would make a pattern of it."""
    return header.strip().strip("*").strip() or header


@lru_cache(maxsize=20_000)
def stage_key(text: str) -> str:
    """A stage or risk word as compared: folded, underscores and hyphens as spaces, without "a) " or "Stage 2 - ".

    One with a question mark is another word: who wrote it did not know.
    """
    asked = " ?" if text.rstrip().endswith("?") else ""
    mended = _LOST_DASH.sub(" - ", one_line(text).strip(_ORNAMENTS))
    plain = _without_accents(" ".join(folded(mended).replace("_", " ").split()))
    return (_HYPHEN_IN_A_WORD.sub(" ", _ENUMERATORS.sub("", plain)).strip() + asked).strip()


_SHORT_REST = 5
# A pilot that is over is none; that what is retired is over goes without saying.
_ENDINGS = frozenset(
    [
        "cancelled",
        "canceled",
        "withdrawn",
        "stopped",
        "ended",
        "ending",
        "concluded",
        "completed",
        "finished",
        "closed",
        "terminated",
        "abandoned",
        "afgerond",
        "gestopt",
        "beendet",
        "abgeschlossen",
        "termine",
        "acheve",
        "terminado",
        "finalizado",
        "concluso",
        "avsluttet",
        "ukonceno",
    ]
)
_DOUBTS = _ENDINGS | frozenset(
    [
        "not",
        "no",
        "non",
        "never",
        "planned",
        "planning",
        "proposed",
        "expected",
        "soon",
        "paused",
        "suspended",
        "halted",
        "hold",
        "former",
        "formerly",
        "limited",
        "partial",
        "partially",
        "partly",
        "test",
        "testing",
        "trial",
        "experimental",
        "pending",
        "prototype",
        "sandbox",
        "staging",
        "demo",
    ]
)


def stage_of(mapping: RegisterMapping, word: str) -> tuple[Stage, ProjectStatus] | None:
    """Our stage and status for a register's word, or None: an unknown word is never guessed."""
    key = stage_key(word)
    if key in mapping.undecided_words:
        return None
    if key in mapping.stage_words:
        return mapping.stage_words[key]
    halves = {_plain_stage(mapping, half) for half in _IN_TWO_LANGUAGES.split(key)}
    if len(halves) == 1 and None not in halves:
        return halves.pop()
    for pattern, stage, status in mapping.stage_prefixes:
        found = pattern.match(key)
        if found:
            return None if _takes_back(mapping, key[found.end() :], (stage, status)) else (stage, status)
    return None


def _plain_stage(mapping: RegisterMapping, key: str) -> tuple[Stage, ProjectStatus] | None:
    return mapping.stage_words.get(key.strip())


def _takes_back(mapping: RegisterMapping, rest: str, said: tuple[Stage, ProjectStatus]) -> bool:
    """Whether the few words behind a stage word say something else: "In production (pilot)", "Live - on hold".

    A long text is the register's own explanation of its word, and may name other stages. One that denies another
    stage takes nothing back: "Planned (not in production)".
    """
    words = re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", rest)
    if len(words) > _SHORT_REST:
        return False
    others = {word for word, place in mapping.stage_words.items() if place != said}
    words = _without_denials(words, others)
    parts = {
        " ".join(words[start:end]) for start in range(len(words)) for end in range(start + 1, len(words) + 1)
    }
    doubts = _DOUBTS - _ENDINGS if said[1] is ProjectStatus.RETIRED else _DOUBTS
    return bool(parts & (others | doubts))


def _without_denials(words: Sequence[str], others: Collection[str]) -> list[str]:
    kept, at = [], 0
    while at < len(words):
        start = at + 2 if words[at : at + 2] == ["not", "yet"] else at + 1
        ends = (end for end in range(len(words), start, -1) if " ".join(words[start:end]) in others)
        end = next(ends, None) if words[at] == "not" else None
        if end is None:
            kept.append(words[at])
        at = at + 1 if end is None else end
    return kept


def risk_group_of(mapping: RegisterMapping, word: str) -> RiskGroup:
    """The group of a risk word; blank and unknown ones need review."""
    return mapping.risk_words.get(stage_key(word), "needs_review")


def answer_of(mapping: RegisterMapping, text: str) -> Answer:
    """What a cell says to a yes-or-no question; "other" is a text that a person must read."""
    key = folded(text)
    if not key:
        return "blank"
    if key in mapping.answer_words:
        return mapping.answer_words[key]
    start = re.split(r"\s-|-\s|[,;:]|\.\s", key, maxsplit=1)[0].strip()
    kind = mapping.answer_words.get(start)
    return kind if kind in ("yes", "no") else "other"


def locate(mapping: RegisterMapping, headers: Sequence[str]) -> Located:
    """The columns that the mapping knows; each column is taken once, the notions before the facts."""
    keys = [header_key(header) for header in headers]
    taken: set[int] = set()

    def place(aliases: Iterable[str]) -> int | None:
        found = _first_match(aliases, keys, taken)
        if found is not None:
            taken.add(found)
        return found

    columns = mapping.columns
    return Located(
        name=place(columns.name),
        external_id=place(columns.external_id),
        organisation=place(columns.organisation),
        stage=place(columns.stage),
        risk=place(columns.risk),
        dates=_found([(label, place(aliases)) for label, aliases in mapping.dates.items()]),
        facts=_found([(label, place(aliases)) for label, aliases in mapping.facts.items()]),
    )


def recognition(mapping: RegisterMapping, headers: Sequence[str]) -> float:
    """How well headers fit a mapping: 0 when they do not, else those recognised, weighed by their share.

    A fallback mapping fits below every other one, and needs a name and one more notion.
    """
    keys = [header_key(header) for header in headers if header]
    if _first_match(mapping.columns.name, keys, ()) is None:
        return 0.0
    if mapping.fallback:
        notions = locate(mapping, headers).notions
        return min(0.5, notions / 100) if notions else 0.0
    best = 0.0
    for layout in mapping.recognise:
        hits = sum(_first_match([header], keys, ()) is not None for header in layout)
        if hits >= mapping.recognise_share * len(layout):
            best = max(best, hits * hits / len(layout))
    return best


def load_mapping(path: Path) -> RegisterMapping:
    """One mapping file. Raises GuideError naming the file and the field that is wrong."""
    try:
        if path.stat().st_size > LARGEST_MAPPING:
            raise GuideError(str(path), say("file"), say("is too large for a mapping"))
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise GuideError(str(path), say("file"), say("cannot be read: {reason}", reason=error)) from error
    return parse_mapping(text, str(path))


def parse_mapping(text: str, file: str) -> RegisterMapping:
    """A mapping from YAML text, such as one edited on screen. Raises GuideError naming file and field.

    Every scalar is read as text, so that the words Yes and No need no quotes.
    """
    try:
        content = yaml.load(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        where = say("line {line}", line=place.line + 1) if place else say("file")
        reason = getattr(error, "problem", error)
        raise GuideError(file, where, say("is not valid YAML: {reason}", reason=reason)) from error
    if not isinstance(content, dict):
        raise GuideError(file, say("file"), say("must hold keys such as name, recognise, columns and stages"))
    try:
        return RegisterMapping.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or say("file")
        raise GuideError(file, where, first["msg"].removeprefix("Value error, ")) from error


def load_mappings(folder: Path = MAPPINGS_FOLDER) -> tuple[RegisterMapping, ...]:
    """All mapping files of a folder, in the order of their names. Raises GuideError."""
    mappings: dict[str, RegisterMapping] = {}
    for path in sorted(folder.glob("*.yaml")):
        mapping = load_mapping(path)
        if mapping.name in mappings:
            raise GuideError(
                str(path), "name", say("“{name}” is the name of another mapping too", name=mapping.name)
            )
        mappings[mapping.name] = mapping
    return tuple(mappings.values())


def _found(places: list[tuple[str, int | None]]) -> tuple[tuple[str, int], ...]:
    return tuple((label, place) for label, place in places if place is not None)


def _first_match(aliases: Iterable[str], keys: Sequence[str], taken: Iterable[int]) -> int | None:
    for alias in aliases:
        matches = _matcher(alias)
        for place, key in enumerate(keys):
            if place not in taken and matches(key):
                return place
    return None


class _Alias:
    """One header of a mapping file, ready to compare."""

    __slots__ = ("key", "middle", "start")

    def __init__(self, alias: str) -> None:
        text = alias.strip()
        self.middle = text.startswith("*") and text.endswith("*")
        self.start = text.endswith("*")
        self.key = header_key(text.strip("*"))

    def __call__(self, key: str) -> bool:
        if self.middle:
            return self.key in key
        return key.startswith(self.key) if self.start else key == self.key


@lru_cache(maxsize=5_000)
def _matcher(alias: str) -> _Alias:
    return _Alias(alias)


def _checked_pattern(pattern: str) -> None:
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise ValueError(
            say("organisation_from_id is not a regular expression: {reason}", reason=error)
        ) from error
    if groups != 1:
        raise ValueError(say("organisation_from_id must hold exactly one group in brackets"))
