"""A mapping proposed for a register that no mapping knows: by the words of its headers and by what its columns hold.

It is a proposal: a person sees it and may change every part of it. Stage words get a place only when they are in
the list of known words (`data/register_words.yaml`); every other word is left to a person.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from lifecycle.interchange.mappings import (
    Columns,
    RegisterMapping,
    RiskWords,
    StageRule,
    exact_alias,
    header_key,
    risk_group_of,
    stage_key,
    stage_of,
)
from lifecycle.interchange.register_dates import DateOrder, looks_like_date, order_of
from lifecycle.interchange.register_words import (
    LEAST,
    NOTIONS,
    Notion,
    RegisterWords,
    plain_words,
    register_words,
)
from lifecycle.interchange.tabular import Row, Table, header_texts, likely_header, table_at
from lifecycle.interchange.tabular_text import Grid, is_blank, one_line
from lifecycle.language import say

EARLY_ROWS = 30
_SAMPLE = 300
_MOST_PROFILED = 5_000
_MOST_STAGE_WORDS = 25
_LONG_TEXT = 120
_MANY, _FEWEST_OF_MANY = 2, 3  # a document of many lists is no register; one of its short ones even less
_ADDRESS = re.compile(r"https?://|www\.", re.IGNORECASE)
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,}", re.IGNORECASE)
_NUMBER = re.compile(r"[-+\u20ac$\u00a3]?(?=[.,\s]*\d)[\d.,\s]+(?:%|[eE][-+]?\d+)?")
_CODE = re.compile(r"(?=\S*\d)[^\s@]{2,40}")
_LETTER = re.compile(r"[^\W\d_]")
_MOSTLY, _FEW = 0.5, 0.3
_SAYS_LITTLE = frozenset(("classification", "impact"))
_ASKS_FOR_HIGH_RISK = re.compile(
    r"\b(?:high (?:risk|impact)|hoog risico|haut risque|hochrisiko|alto (?:riesgo|rischio|risco))\b"
)
_RUNNING_NUMBER = frozenset(
    {"no", "nr", "num", "number", "nummer", "numero", "lfd nr", "laufende nummer", ""}
)

Why = Literal["header", "content"]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A mapping for one sheet and header row. `why` says what each notion's column was found by."""

    mapping: RegisterMapping
    grid: Grid
    header: int
    chief: int  # notions other than the name and dates
    has_dates: bool
    known_stage_cells: int
    why: Mapping[str, Why] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Profile:
    """What one column holds, in shares of its filled cells (`filled` in shares of all rows)."""

    place: int
    header: str
    rows: int
    filled: float
    distinct: float
    words: int  # how many different texts
    length: int  # of the middle one
    numbers: float
    dates: float
    addresses: float
    mails: float
    letters: float
    answers: float  # yes, no and their kin
    stages: float
    risks: float
    codes: float  # texts of at most 40 characters with a digit and no space
    runs: bool  # 1, 2, 3 … in the order of the rows


def propose(grids: Sequence[Grid]) -> Proposal | None:
    """The best proposal for one of these grids, or None when none of them looks like a register."""
    words = register_words()
    fewest = _FEWEST_OF_MANY if len(grids) > _MANY and grids[0].kind == "JSON" else 1
    found = [
        proposal
        for grid in grids
        if len(grid.rows) > fewest and (proposal := _propose_for(grid, words)) is not None
    ]
    return max(found, key=lambda each: (each.chief + each.has_dates, len(each.grid.rows)), default=None)


def with_known_words(mapping: RegisterMapping) -> RegisterMapping:
    """A mapping that also knows the listed stage words of every language, where it says nothing of them itself.

    Its own words may then go on after a dash or bracket where the list says that they may.
    """
    own = {word for rule in mapping.stages for word in map(stage_key, [*rule.words, *rule.prefixes])}
    listed = register_words().stages
    further = []
    for rule in listed:
        words = tuple(word for word in rule.words if stage_key(word) not in own)
        prefixes = tuple(prefix for prefix in rule.prefixes if stage_key(prefix) not in own)
        if words or prefixes:
            further.append(rule.model_copy(update={"words": words, "prefixes": prefixes}))
    return mapping.changed(
        stages=(*(_with_listed_prefixes(rule, listed) for rule in mapping.stages), *further)
    )


def _with_listed_prefixes(own: StageRule, listed: Sequence[StageRule]) -> StageRule:
    words = set(map(stage_key, own.words)) - set(map(stage_key, own.prefixes))
    prefixes = [
        prefix
        for rule in listed
        if (rule.stage, rule.status) == (own.stage, own.status)
        for prefix in rule.prefixes
        if stage_key(prefix) in words
    ]
    return own.model_copy(update={"prefixes": (*own.prefixes, *prefixes)})


def is_a_list_of_people(table: Table) -> bool:
    """Whether most rows hold an e-mail address of their own: then its names are people's."""
    for place in range(len(table.headers)):
        cells = [row.values[place] for row in table.rows if not is_blank(row.values[place])]
        mails = {cell.casefold() for cell in cells if _MAIL.fullmatch(one_line(cell))}
        if len(mails) > 0.8 * len(table.rows) and len(mails) > 0.8 * len(cells):
            return True
    return False


def header_row(grid: Grid, words: RegisterWords) -> int:
    """The early row whose cells name the most notions; without any, the first full row."""
    scores = [_row_score(header_texts(grid, index), words) for index in range(len(grid.rows[:EARLY_ROWS]))]
    best = max(scores, default=0)
    return scores.index(best) if best >= 2 * LEAST else likely_header(grid)


def _row_score(headers: Sequence[str], words: RegisterWords) -> float:
    """Each notion's best header, and a little for every cell that is a short label: what headers look like."""
    best = {
        notion: max((words.notion_score(text, notion) for text in headers if text), default=0)
        for notion in NOTIONS
    }
    told = [score for score in best.values() if score >= LEAST]
    if not told:
        return 0
    filled = [text for text in headers if text]
    labels = {text for text in filled if not _NUMBER.fullmatch(text) and not looks_like_date(text)}
    return sum(told) * (len(labels) / max(1, len(filled))) + min(10, len(labels))


def _propose_for(grid: Grid, words: RegisterWords) -> Proposal | None:
    index = header_row(grid, words)
    table = table_at(grid, index)
    ragged = len({problem.row for problem in table.problems})
    if not table.rows or ragged > 0.5 * len(table.rows):
        return None
    known = _known_words(words)
    profiles = [_profile(table, place, known) for place in range(len(table.headers))]
    if _is_a_series(profiles):
        return None
    places, why = _assigned(profiles, words)
    dates = _date_places(profiles, words, set(places.values()))
    if "name" not in places or not (set(places) - {"name"} or dates):
        return None
    if is_a_list_of_people(table) and "stage" not in places:
        return None
    mapping = _mapping(table, places, dates, profiles, words)
    stage = profiles[places["stage"]] if "stage" in places else None
    return Proposal(
        mapping=mapping,
        grid=grid,
        header=table.header_index,
        chief=len(places) - 1,
        has_dates=bool(dates),
        known_stage_cells=round(stage.stages * stage.filled * stage.rows) if stage else 0,
        why=why,
    )


# ------------------------------------------------------------------ what columns hold


def _known_words(words: RegisterWords) -> RegisterMapping:
    return RegisterMapping(
        name="known-words",
        title="Known words",
        fallback=True,
        columns=Columns(name=("name",)),
        stages=words.stages,
        risk=words.risk,
        words=words.answers,
    )


def _profile(table: Table, place: int, known: RegisterMapping) -> Profile:
    cells = [one_line(row.values[place]) for row in table.rows[:_MOST_PROFILED]]
    filled = [cell for cell in cells if not is_blank(cell)]
    step = max(1, len(filled) // _SAMPLE)
    sample = filled[::step][: _SAMPLE * 2]
    different = Counter(cell.casefold() for cell in filled)

    def share(kept: Iterator[object]) -> float:
        return sum(1 for _ in kept) / len(sample) if sample else 0.0

    return Profile(
        place=place,
        header=table.headers[place],
        rows=len(cells),
        filled=len(filled) / len(cells) if cells else 0.0,
        distinct=len(different) / len(filled) if filled else 0.0,
        words=len(different),
        length=sorted(map(len, sample))[len(sample) // 2] if sample else 0,
        numbers=share(cell for cell in sample if _NUMBER.fullmatch(cell)),
        dates=share(cell for cell in sample if looks_like_date(cell)),
        addresses=share(cell for cell in sample if _ADDRESS.match(cell)),
        mails=share(cell for cell in sample if _MAIL.fullmatch(cell)),
        letters=share(cell for cell in sample if _LETTER.search(cell)),
        answers=share(cell for cell in sample if cell.casefold().rstrip(".") in _answer_keys(known)),
        stages=share(cell for cell in sample if stage_of(known, cell)),
        risks=share(cell for cell in sample if risk_group_of(known, cell) != "needs_review"),
        codes=share(cell for cell in sample if _CODE.fullmatch(cell)),
        runs=filled == [str(number) for number in range(1, len(filled) + 1)],
    )


def _answer_keys(known: RegisterMapping) -> frozenset[str]:
    words = known.words
    return frozenset(
        word.casefold() for word in (*words.yes, *words.no, *words.not_applicable, *words.unknown)
    )


def _is_a_series(profiles: Sequence[Profile]) -> bool:
    """Measurements: most filled columns are numbers or dates."""
    filled = [profile for profile in profiles if profile.filled]
    measured = sum(profile.numbers > 0.8 or profile.dates > 0.8 for profile in filled)
    return len(filled) > 1 and measured > 0.6 * len(filled)


# ------------------------------------------------------------------ which column is what


def _assigned(profiles: Sequence[Profile], words: RegisterWords) -> tuple[dict[str, int], dict[str, Why]]:
    """Each notion's column: the surest pair first, every column once."""
    scored = [
        (score, -NOTIONS.index(notion), -profile.place, notion, profile, by)
        for profile in profiles
        for notion in NOTIONS
        for score, by in [_fit(profile, notion, words)]
        if score >= LEAST
    ]
    places: dict[str, int] = {}
    why: dict[str, Why] = {}
    for _, _, _, notion, profile, by in sorted(scored, key=lambda each: each[:3], reverse=True):
        if notion not in places and profile.place not in places.values():
            places[notion], why[notion] = profile.place, by
    if "name" not in places and len(places) >= 2:
        guess = _named_by_content(profiles, set(places.values()))
        if guess is not None:
            places["name"], why["name"] = guess, "content"
    return places, why


def _fit(profile: Profile, notion: Notion, words: RegisterWords) -> tuple[float, Why]:
    """How well a column fits a notion, and by what: its header's words, or its content alone."""
    said = words.notion_score(profile.header, notion)
    if said < LEAST:
        content = _by_content(profile, notion, words)
        return content, "content"
    fits = {
        "name": _name_fit,
        "external_id": _id_fit,
        "organisation": _organisation_fit,
        "stage": _stage_fit,
        "risk": _risk_fit,
    }[notion]
    return said + fits(profile), "header"


def _name_fit(profile: Profile) -> float:
    wrong = profile.letters < 0.6 or profile.dates > 0.3 or profile.addresses > 0.3 or profile.mails > 0.3
    fit = -80.0 if wrong else 0.0
    if profile.length > 2 * _LONG_TEXT or profile.answers > 0.5:
        fit -= 50
    if profile.rows >= 10:
        fit += 15 if profile.distinct > 0.9 else -40 if profile.distinct < 0.2 else 0
    elif profile.rows > 1 and profile.distinct <= 0.5:
        fit -= 20
    return fit - (30 if profile.filled < 0.5 else 0)


def _id_fit(profile: Profile) -> float:
    if profile.runs and plain_words(profile.header) in _RUNNING_NUMBER:
        return -100  # counts the rows: another order would give every project another number
    if profile.dates > 0.5 or profile.mails > 0.3 or profile.answers > 0.5 or profile.length > 60:
        return -80
    if profile.filled < 0.3:
        return -80
    fit = 20.0 if profile.distinct == 1 else -50.0 if profile.distinct < 0.5 and profile.rows >= 10 else 0.0
    return fit - (30 if profile.addresses > 0.5 else 0)


def _organisation_fit(profile: Profile) -> float:
    if profile.letters < 0.6 or profile.dates > 0.3 or profile.mails > 0.3 or profile.answers > 0.5:
        return -80
    if profile.addresses > 0.3 or profile.length > _LONG_TEXT or profile.stages > 0.8:
        return -80
    return 10 * profile.filled + (5 if profile.distinct < 0.9 else 0)


def _stage_fit(profile: Profile) -> float:
    codes = profile.numbers > 0.5
    if (
        profile.dates > 0.3
        or profile.answers > 0.6
        or profile.addresses > 0.3
        or (codes and profile.words > 10)
    ):
        return -90
    if codes:
        return -30  # stages that go by a number: a person says which is which
    many = profile.words > max(_MOST_STAGE_WORDS, 0.2 * profile.rows)
    return (
        40 * profile.stages
        - (60 if many and profile.stages < 0.5 else 0)
        - (20 if profile.filled < 0.2 else 0)
    )


def _risk_fit(profile: Profile) -> float:
    if (
        profile.dates > 0.3
        or profile.addresses > 0.3
        or (profile.length > _LONG_TEXT and profile.risks < 0.3)
    ):
        return -80
    if plain_words(profile.header) in _SAYS_LITTLE and profile.risks < _FEW:
        return -100  # a kind of technology may be a classification too
    if _asks_for_high_risk(profile):
        return 30 * profile.answers
    many = profile.words > max(_MOST_STAGE_WORDS, 0.2 * profile.rows)
    unknown = profile.filled > 0 and profile.risks == 0
    lacks = (25 if unknown else 0) + (50 if many else 0) + (15 if profile.answers > 0.6 else 0)
    return 30 * profile.risks - lacks


def _asks_for_high_risk(profile: Profile) -> bool:
    return profile.answers > _MOSTLY and bool(_ASKS_FOR_HIGH_RISK.search(plain_words(profile.header)))


def _by_content(profile: Profile, notion: Notion, words: RegisterWords) -> float:
    """Without a word in the header: only what can hardly be anything else."""
    few = 1 < profile.words <= _MOST_STAGE_WORDS and profile.answers < 0.3
    if notion == "stage" and few and profile.stages >= 0.6:
        return 30 + 30 * profile.stages
    if notion == "external_id" and profile.rows >= 5 and profile.distinct == 1 and profile.filled == 1:
        apart = words.notion_score(profile.header, "name") >= LEAST
        codes = profile.letters > 0.9 and profile.numbers == 0 and profile.dates < 0.1
        if codes and not apart and profile.codes > 0.95:
            return LEAST + 2
    return 0


def _named_by_content(profiles: Sequence[Profile], taken: set[int]) -> int | None:
    """The first column of short texts that are nearly all different."""
    for profile in profiles:
        free = profile.place not in taken and profile.filled > 0.9 and profile.letters > 0.9
        short = 3 <= profile.length <= _LONG_TEXT and profile.distinct > 0.9
        plain = profile.dates < 0.1 and profile.addresses < 0.1 and profile.mails < 0.1
        if free and short and plain and profile.rows >= 3:
            return profile.place
    return None


def _date_places(profiles: Sequence[Profile], words: RegisterWords, taken: set[int]) -> list[int]:
    return [
        profile.place
        for profile in profiles
        if profile.place not in taken
        and profile.filled
        and (
            profile.dates > 0.6
            or (profile.dates > 0.25 and words.notion_score(profile.header, "date") >= LEAST)
        )
    ]


# ------------------------------------------------------------------ as a mapping


def _mapping(
    table: Table,
    places: Mapping[str, int],
    dates: Sequence[int],
    profiles: Sequence[Profile],
    words: RegisterWords,
) -> RegisterMapping:
    def alias(notion: str) -> tuple[str, ...]:
        return (exact_alias(table.headers[places[notion]]),) if notion in places else ()

    key = register_key(table.headers, words)
    taken = {*places.values(), *dates}
    return RegisterMapping(
        name=key,
        title=say("Proposed from this file"),
        recognise=(tuple(exact_alias(table.headers[place]) for place in sorted(places.values())),),
        recognise_share=1,
        proposed=True,
        columns=Columns(**{notion: alias(notion) for notion in NOTIONS}),
        stages=words.stages,
        risk=_risk_words(profiles[places["risk"]], words) if "risk" in places else words.risk,
        words=words.answers,
        dates={one_line(table.headers[place]): (exact_alias(table.headers[place]),) for place in dates},
        date_order=date_order(table.rows, dates),
        facts=_facts(profiles, taken, words),
    )


def _risk_words(profile: Profile, words: RegisterWords) -> RiskWords:
    """Below a header such as “High risk?” yes and no are the two groups themselves."""
    if not _asks_for_high_risk(profile):
        return words.risk
    return RiskWords(
        high=(*words.risk.high, *words.answers.yes), standard=(*words.risk.standard, *words.answers.no)
    )


def date_order(rows: Sequence[Row], places: Sequence[int]) -> DateOrder:
    """Which number of 3/4/2024 is the day, when the file itself says so by a 13 or more; else unknown."""
    return order_of(row.values[place] for row in rows for place in places)


def register_key(headers: Sequence[str], words: RegisterWords) -> str:
    """A name for the register, the same for every file with these headers, whatever its columns hold.

    Only headers with the words of a notion count, so that a further column makes no other register.
    """
    named = {header: words.notion_score(header, "name") for header in headers}
    telling = [
        header for header in headers if any(words.notion_score(header, notion) >= LEAST for notion in NOTIONS)
    ]
    mark = hashlib.sha256(repr(sorted(map(header_key, telling or headers))).encode()).hexdigest()[:8]
    best = max(headers, key=lambda header: named[header])
    readable = plain_words(best).encode("ascii", "ignore").decode().replace(" ", "-")
    return f"{readable[:40].strip('-') or 'register'}-{mark}"


def _facts(profiles: Sequence[Profile], taken: set[int], words: RegisterWords) -> dict[str, tuple[str, ...]]:
    """Further columns under the labels that every register shares; all others keep their own headers."""
    facts: dict[str, tuple[str, ...]] = {}
    for profile in profiles:
        label = words.fact_label(profile.header)
        if label and label not in facts and profile.place not in taken and profile.filled:
            facts[label] = (exact_alias(profile.header),)
    return facts
