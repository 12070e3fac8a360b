"""Checks of the data sources: freshness, agreements, substitutes, retention, place, people, live learning."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from lifecycle.guide import ONLY
from lifecycle.language import say
from lifecycle.rules.checks.conditions import both, is_among, is_yes
from lifecycle.rules.checks.known import source_applies, source_says, unknown, unsaid
from lifecycle.rules.checks.origin import model_is_bought
from lifecycle.rules.checks.reading import (
    PASSES,
    Reading,
    Verdict,
    cannot_tell,
    fails,
    fails_if,
    rule,
)
from lifecycle.rules.checks.timing import readable
from lifecycle.rules.dates import months_after
from lifecycle.rules.project_facts import SourceFact

# Kinds of data that are protected attributes in themselves, where X07 names none.
_PROTECTED = ("demographic", "origin")

# ---------------------------------------------------------------- time


@rule("C05")
def source_staler_than_answers_may_be(reading: Reading) -> Verdict:
    """X04 + X05 of a source above D20; a known part that is too long already decides."""
    if not reading.applies("D20") or not reading.sources:
        return PASSES
    limit = reading.need("D20")
    findings: list[Mapping[str, object]] = []
    missing: list[str] = []
    for source in reading.sources:
        age = _age_in_days(reading, source)
        if age > limit.days:
            findings.append({"source": source.name, "age": readable(age), "limit": limit})
        else:
            missing += [
                f"{field_id}@{source.id}"
                for field_id in ("X04", "X05")
                if source_applies(source, field_id) and reading.of(source, field_id) is None
            ]
    return fails_if(findings, missing)


def _age_in_days(reading: Reading, source: SourceFact) -> Decimal:
    """As far as known: updated every (X04) plus delay (X05)."""
    spans = (reading.of(source, "X04"), reading.of(source, "X05"))
    return sum((span.days for span in spans if span is not None), Decimal(0))


@rule("C13")
def agreement_ends_early(reading: Reading) -> Verdict:
    """X09 before the set number of months after go-live (D37)."""
    ends = [(source, day) for source, day in reading.each_source("X09") if source_applies(source, "X09")]
    if not ends or not reading.applies("D37"):
        return PASSES
    go_live = reading.need("D37")
    least = months_after(go_live, int(reading.number("agreement_months_after_live")))
    return fails_if(
        [
            {"source": source.name, "ends": day, "go_live": go_live, "least": least}
            for source, day in ends
            if day is not None and day < least
        ],
        unsaid(reading, "X09"),
    )


@rule("C14")
def notice_shorter_than_adapting(reading: Reading) -> Verdict:
    """X16 of a source below the time to retrain and validate (R14)."""
    if not reading.applies("R14") or not reading.sources:
        return PASSES
    needed = reading.need("R14", "time_needed")
    return fails_if(
        [
            {"source": source.name, "notice": notice, "needed": needed}
            for source, notice in reading.each_source("X16")
            if notice is not None and notice.days < needed.days
        ],
        unsaid(reading, "X16"),
    )


# ---------------------------------------------------------------- dependence


@rule("C12")
def supplier_without_substitute(reading: Reading) -> Verdict:
    """Vendor or partner data (X03) with nothing in its place (X10), while there is no fallback either (R12).

    Not applicable means none, for the substitute and for the fallback.
    """
    no_fallback = not reading.applies("R12") or is_among(reading, "R12", "kind", ("none",))
    findings: list[Mapping[str, object]] = []
    missing: list[str] = []
    for source in reading.sources:
        supplied = source_says(reading, source, "X03", ONLY, "vendor", "partner")
        no_substitute = not source_applies(source, "X10") or source_says(
            reading, source, "X10", "mode", "none"
        )
        exposed = both(supplied, no_substitute, no_fallback)
        if exposed:
            findings.append({"source": source.name, "origin": _origin(reading, source)})
        elif exposed is None:
            keys = (f"X03@{source.id}", supplied), (f"X10@{source.id}", no_substitute), ("R12", no_fallback)
            missing += unknown(*keys)
    return fails_if(findings, missing)


def _origin(reading: Reading, source: SourceFact) -> str:
    return reading.label("X03", value=reading.of(source, "X03")).lower()


# ---------------------------------------------------------------- permission and place


@rule("C33")
def logs_kept_too_long(reading: Reading) -> Verdict:
    """R15 above the longest retention of a source (X18)."""
    if not reading.applies("R15") or not reading.sources:
        return PASSES
    kept = reading.need("R15", "keep")
    return fails_if(
        [
            {"source": source.name, "kept": kept, "allowed": allowed}
            for source, allowed in reading.each_source("X18")
            if allowed is not None and kept.days > allowed.days
        ],
        unsaid(reading, "X18"),
    )


@rule("C34")
def served_outside_its_place(reading: Reading) -> Verdict:
    """A source must stay in named places (X17), and the place of serving (R03) names none of them."""
    bound = [(source, places) for source, places in reading.each_source("X17") if places]
    unclear = unsaid(reading, "X17")
    if not reading.applies("R03") or not (bound or unclear):
        return PASSES
    if not bound:
        return cannot_tell(*unclear)
    served_in = reading.need("R03", "place")
    return fails_if(
        [
            {"source": source.name, "places": say(" or ").join(places), "served_in": served_in}
            for source, places in bound
            if not any(_names(served_in, place) for place in places)
        ],
        unclear,
    )


def _names(text: str, place: str) -> bool:
    """Whether the place stands in the text as whole words: "EU" in "EU (Frankfurt)", not in "Europe"."""
    return re.search(rf"(?<!\w){re.escape(place.strip())}(?!\w)", text, re.IGNORECASE) is not None


@rule("C82")
def protected_attribute_without_basis(reading: Reading) -> Verdict:
    """A source holds a protected attribute or stand-in and no basis for using it (X07), while D42 is yes."""
    adverse = is_yes(reading, "D42")
    if adverse is False:
        return PASSES
    concerned = [
        {"source": source.name, "attribute": ", ".join(attributes)}
        for source in reading.sources
        if (attributes := _protected(reading, source)) and not reading.of(source, "X07", "basis")
    ]
    unclear = [f"X07@{source.id}" for source in reading.sources if not reading.source_knows(source, "X07")]
    if adverse is None:
        return cannot_tell("D42", *unclear) if concerned or unclear else PASSES
    return fails_if([*concerned], unclear)


def _protected(reading: Reading, source: SourceFact) -> tuple[str, ...]:
    """What X07 names; where it names none, the kinds of data that are protected in themselves."""
    named = reading.of(source, "X07", "protected")
    if named:
        return tuple(named)
    kinds = [kind for kind in reading.of(source, "X07", "categories") or () if kind in _PROTECTED]
    return tuple(reading.label("X07", "categories", kind).lower() for kind in kinds)


# ---------------------------------------------------------------- people in the data


@rule("C70")
def thin_group_not_compared(reading: Reading) -> Verdict:
    """A group that F11 or X15 calls thin or missing and that R11 does not name; no comparison names none."""
    gaps = {group.casefold().strip(): group for group in _gaps(reading)}
    compared = reading.rows("R11")
    unclear = _gaps_unsaid(reading)
    if not gaps:
        return cannot_tell(*unclear) if unclear else PASSES
    if compared is None:
        return cannot_tell("R11", *unclear)
    named = {(row.get("group") or "").casefold().strip() for row in compared}
    return fails_if([{"group": group} for key, group in gaps.items() if key not in named], unclear)


def _gaps(reading: Reading) -> Iterator[str]:
    yield from reading.value("F11", "gaps") or ()
    for _, groups in reading.each_source("X15", "missing_groups"):
        yield from groups or ()


def _gaps_unsaid(reading: Reading) -> list[str]:
    """Where a gap may hide: F11 open, not checked or with gaps but no names, and sources with X15 open."""
    unnamed = is_among(reading, "F11", "match", ("yes",)) is not True and not reading.value("F11", "gaps")
    sources = [f"X15@{source.id}" for source in reading.sources if not reading.source_knows(source, "X15")]
    return [*(["F11"] if unnamed and reading.applies("F11") else []), *sources]


@rule("C70", "not_checked")
def population_not_checked(reading: Reading) -> Verdict:
    """F11 not checked, or not known once it is due. A bought model is the other branch's."""
    return PASSES if model_is_bought(reading) else _population_verdict(reading)


@rule("C70", "not_checked_bought")
def population_not_checked_for_bought_model(reading: Reading) -> Verdict:
    verdict = _population_verdict(reading)
    bought = model_is_bought(reading)
    if verdict is PASSES or bought is False:
        return PASSES
    return cannot_tell("M11", *verdict.missing) if bought is None else verdict


def _population_verdict(reading: Reading) -> Verdict:
    checked = is_among(reading, "F11", "match", ("yes", "gaps", "no"))
    if checked or not reading.applies("F11"):
        return PASSES
    if checked is None and not reading.is_due("F11"):
        return cannot_tell("F11")
    return fails()


# ---------------------------------------------------------------- live learning


@rule("C89")
def learns_without_approval(reading: Reading) -> Verdict:
    """Retrains on public or user input (R14, X03) and nobody approves it."""
    unapproved = reading.value("R14", "approver") is None
    return _live_learning(reading, {source.id: unapproved for source in reading.sources})


@rule("C89", "unchecked")
def learns_from_unchecked_input(reading: Reading) -> Verdict:
    """The same with no checks on arrival (X11), unless two people release what was learned (R14, R22)."""
    released = _is_released_by_two(reading)
    if released:
        return PASSES
    verdict = _live_learning(
        reading, {source.id: _is_unchecked(reading, source) for source in reading.sources}
    )
    return cannot_tell("R22", *verdict.missing) if released is None and verdict is not PASSES else verdict


def _is_unchecked(reading: Reading, source: SourceFact) -> bool | None:
    rows = reading.source_rows(source, "X11")
    return None if rows is None else not rows


def _is_released_by_two(reading: Reading) -> bool | None:
    """A release step stands between: not learning continuously, an approver, and another person (R22)."""
    approver, second = reading.value("R14", "approver"), reading.value("R22", "second_person")
    if is_among(reading, "R14", "trigger", ("new_data",)) is not True or approver is None:
        return False
    if not reading.is_known("R22"):
        return None
    return second is not None and not approver.is_same(second)


def _live_learning(reading: Reading, unguarded: Mapping[int, bool | None]) -> Verdict:
    learns = is_among(reading, "R14", "trigger", ("continuous", "new_data"))
    findings: list[Mapping[str, object]] = []
    missing: list[str] = []
    for source in reading.sources:
        outside = source_says(reading, source, "X03", ONLY, "public", "users")
        exposed = both(learns, outside, unguarded[source.id])
        if exposed:
            findings.append({"source": source.name})
        elif exposed is None:
            keys = ("R14", learns), (f"X03@{source.id}", outside), (f"X11@{source.id}", unguarded[source.id])
            missing += unknown(*keys)
    return fails_if(findings, missing)
