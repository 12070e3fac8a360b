"""Releases: what may be frozen, how it comes to its users and back, what differs between two of them.

A release is frozen only while nothing stands in the way of the Launch gate for its model version. That holds for
later ones too: another version in P01 makes the launch sign-offs that rest on it stale, so they have to be affirmed
first. From then on it is what it is; a later answer changes the next release, never this one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from lifecycle.language import mark, say, say_count
from lifecycle.rules.checks.model import TEST_SECTIONS, section_word
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.vocabulary import (
    AnswerState,
    Area,
    Blocker,
    Gate,
    ProjectStatus,
    Stage,
    plain_number,
)

LEAST_SHARE, MOST_SHARE = 1, 99  # percent; 100 is everybody, a step of its own


class Move(StrEnum):
    """One step of a release. Shadow answers reach nobody; canary a chosen few; share a percentage of the traffic."""

    SHADOW = "shadow"
    CANARY = "canary"
    SHARE = "share"
    FULL = "full"
    ROLLED_BACK = "rolled_back"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        return say(_TITLES[self])


_TITLES = {
    Move.SHADOW: mark("Shadow"),
    Move.CANARY: mark("Canary"),
    Move.SHARE: mark("Share of traffic"),
    Move.FULL: mark("Everybody"),
    Move.ROLLED_BACK: mark("Rolled back"),
    Move.WITHDRAWN: mark("Withdrawn"),
}
ADVANCES = (Move.SHADOW, Move.CANARY, Move.SHARE, Move.FULL)
REACHES_USERS = (Move.CANARY, Move.SHARE, Move.FULL)
ENDS = (Move.ROLLED_BACK, Move.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class StepFact:
    """`began_at` of a rollback: when the trouble began or was noticed, from which restoring is counted."""

    move: Move
    happened_at: datetime
    share: int | None = None
    began_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReleaseFact:
    """One release with its steps, oldest first. `sign_offs` are the ids of those that it froze."""

    id: int
    number: int
    model_version: str
    digest: str
    at: datetime
    ready_at: datetime | None = None
    steps: tuple[StepFact, ...] = ()
    sign_offs: tuple[int, ...] = ()

    @property
    def newest(self) -> StepFact | None:
        return self.steps[-1] if self.steps else None

    @property
    def has_ended(self) -> bool:
        return self.newest is not None and self.newest.move in ENDS

    @property
    def reached_users_at(self) -> datetime | None:
        """When somebody first got its answers; None while nobody did."""
        return next((step.happened_at for step in self.steps if step.move in REACHES_USERS), None)

    @property
    def full_at(self) -> datetime | None:
        return next((step.happened_at for step in self.steps if step.move is Move.FULL), None)

    @property
    def is_rolling_out(self) -> bool:
        """Some have it and not yet everybody."""
        return self.reached_users_at is not None and self.full_at is None and not self.has_ended


class ReleaseState(StrEnum):
    PREPARED = "prepared"
    SHADOW = "shadow"
    CANARY = "canary"
    SHARE = "share"
    LIVE = "live"
    REPLACED = "replaced"
    ROLLED_BACK = "rolled_back"
    WITHDRAWN = "withdrawn"


def current(releases: Sequence[ReleaseFact]) -> ReleaseFact | None:
    """The one that everybody gets: of those not rolled back, the last that was brought to everybody."""
    there = [each for each in releases if each.full_at and not each.has_ended]
    return max(there, key=lambda each: (each.full_at, each.number), default=None)


def replaced_at(release: ReleaseFact, releases: Sequence[ReleaseFact]) -> datetime | None:
    """When the next one that is still counted was brought to everybody; None while none was."""
    if release.full_at is None:
        return None
    later = [
        each.full_at
        for each in releases
        if each.full_at
        and not each.has_ended
        and (each.full_at, each.number) > (release.full_at, release.number)
    ]
    return min(later, default=None)


def state_of(release: ReleaseFact, releases: Sequence[ReleaseFact]) -> ReleaseState:
    newest = release.newest
    if newest is None:
        return ReleaseState.PREPARED
    if newest.move is Move.FULL:
        serving = current(releases)
        return ReleaseState.LIVE if serving and serving.id == release.id else ReleaseState.REPLACED
    return ReleaseState(newest.move.value)


# ---------------------------------------------------------------- the model version


def signed_version(facts: ProjectFacts) -> str | None:
    """The version that the launch sign-offs cover: P01 as answered now; a change makes them stale."""
    fact = facts.answer("P01")
    if fact is None or fact.state is not AnswerState.ANSWERED or not fact.value:
        return None
    version = fact.value.get("version")
    return str(version) if version else None


def other_version(asked: str, signed: str | None) -> Blocker:
    text = (
        say("Version {signed} is signed, not {asked}.", signed=signed, asked=asked)
        if signed
        else say("No version is signed yet; {asked} was asked for.", asked=asked)
    )
    return Blocker("model_version", text, area=Area.SIGN_OFFS, fields=("P01",))


# ---------------------------------------------------------------- whether one may be frozen


def may_release(
    facts: ProjectFacts,
    model_version: str,
    against_launch: Sequence[Blocker],
    releases: Sequence[ReleaseFact] = (),
    digest: str = "",
) -> tuple[Blocker, ...]:
    """Why this version may not be released now; empty when it may. `against_launch` are the Launch gate's blockers."""
    return tuple(_against_release(facts, model_version, against_launch, releases, digest))


def _against_release(
    facts: ProjectFacts,
    model_version: str,
    against_launch: Sequence[Blocker],
    releases: Sequence[ReleaseFact],
    digest: str,
) -> Iterator[Blocker]:
    if not facts.is_adopted:
        yield Blocker("not_adopted", say("This project comes from a register. Adopt it before releasing."))
        return
    if facts.status in (ProjectStatus.STOPPED, ProjectStatus.RETIRED):
        yield Blocker(
            "ended",
            say("This project is {status}; nothing of it is released any more.", status=facts.status.word),
        )
        return
    if facts.stage is not Stage.PRODUCTION:
        text = (
            say("The project is in {stage}. Releases are made in Production.", stage=facts.stage.title)
            if facts.stage
            else say("The project has no stage yet. Releases are made in Production.")
        )
        yield Blocker("not_in_production", text, gate=facts.gate)
        return
    signed = signed_version(facts)
    if model_version != signed:
        yield other_version(model_version, signed)
    yield from against_launch
    same = [each for each in releases if each.digest == digest and not each.has_ended] if digest else []
    if same:
        text = say(
            "Release {number} holds exactly this already: the same version, answers and sign-offs.",
            number=same[-1].number,
        )
        yield Blocker("same_release", text)


# ---------------------------------------------------------------- steps


def may_step(
    facts: ProjectFacts, release: ReleaseFact, releases: Sequence[ReleaseFact], move: Move, share: int | None
) -> tuple[Blocker, ...]:
    """Why the release may not take this step now; empty when it may."""
    return tuple(_against_step(facts, release, releases, move, share))


def next_moves(release: ReleaseFact) -> tuple[Move, ...]:
    """The steps forward that are left; a share of the traffic may be widened and narrowed again."""
    newest = release.newest
    if newest is None:
        return ADVANCES
    if newest.move in (Move.FULL, *ENDS):
        return ()
    left = ADVANCES[ADVANCES.index(newest.move) + 1 :]
    return (Move.SHARE, *left) if newest.move is Move.SHARE else left


def _against_step(
    facts: ProjectFacts, release: ReleaseFact, releases: Sequence[ReleaseFact], move: Move, share: int | None
) -> Iterator[Blocker]:
    name = say("Release {number}", number=release.number)
    if facts.status in (ProjectStatus.STOPPED, ProjectStatus.RETIRED):
        yield Blocker(
            "ended",
            say("This project is {status}; nothing of it is released any more.", status=facts.status.word),
        )
        return
    if release.has_ended:
        text = (
            say("{name} was rolled back. Make a new release instead.", name=name)
            if _was_rolled_back(release)
            else say("{name} was withdrawn. Make a new release instead.", name=name)
        )
        yield Blocker("release_ended", text)
        return
    if move not in next_moves(release):
        newest = release.newest
        text = say(
            "{name} is at “{here}” already and cannot go to “{there}”.",
            name=name,
            here=newest.move.label.lower() if newest else say("prepared"),
            there=move.label.lower(),
        )
        yield Blocker("wrong_order", text)
        return
    if move is Move.SHARE:
        yield from _against_share(release, share)
    if move in REACHES_USERS:
        yield from _against_reaching_users(facts, release, releases)
    if move is Move.FULL and Gate.LAUNCH not in facts.passed_gates:
        text = say("Everybody gets it only once the Launch gate was decided with a go.")
        yield Blocker("launch_not_decided", text, gate=Gate.LAUNCH)


def _was_rolled_back(release: ReleaseFact) -> bool:
    return release.newest is not None and release.newest.move is Move.ROLLED_BACK


def _ended_already(release: ReleaseFact, name: str) -> Blocker:
    text = (
        say("{name} was rolled back already.", name=name)
        if _was_rolled_back(release)
        else say("{name} was withdrawn already.", name=name)
    )
    return Blocker("release_ended", text)


def _against_share(release: ReleaseFact, share: int | None) -> Iterator[Blocker]:
    if share is None or not LEAST_SHARE <= share <= MOST_SHARE:
        text = say(
            "Say which share of the traffic gets it: from {least} to {most} percent.",
            least=LEAST_SHARE,
            most=MOST_SHARE,
        )
        yield Blocker("no_share", text)
    elif release.newest and release.newest.share == share:
        yield Blocker(
            "same_share",
            say("Release {number} has {share} % of the traffic already.", number=release.number, share=share),
        )


def _against_reaching_users(
    facts: ProjectFacts, release: ReleaseFact, releases: Sequence[ReleaseFact]
) -> Iterator[Blocker]:
    """Nobody more gets what a signer has taken back, or beside another one that is still on its way."""
    for other in releases:
        if other.id != release.id and other.is_rolling_out:
            text = say(
                "Release {number} is still on its way. Bring it to everybody or roll it back first.",
                number=other.number,
            )
            yield Blocker("another_rolling_out", text)
        if other.id != release.id and other.number > release.number and other.full_at and not other.has_ended:
            text = say("Release {number} is newer and with everybody already.", number=other.number)
            yield Blocker("newer_is_live", text)
    standing = {made.id: made for made in facts.sign_offs}
    for sign_off_id in release.sign_offs:
        made = standing.get(sign_off_id)
        if made is None:
            text = say("A sign-off that release {number} rests on was taken back.", number=release.number)
            yield Blocker("sign_off_gone", text, area=Area.SIGN_OFFS, gate=Gate.LAUNCH)
        elif made.invalidations:
            text = say(
                "The sign-off of {role} that release {number} rests on no longer counts.",
                role=made.role.title,
                number=release.number,
            )
            yield Blocker("sign_off_invalid", text, area=Area.SIGN_OFFS, role=made.role, gate=made.gate)


def may_roll_back(release: ReleaseFact) -> tuple[Blocker, ...]:
    """Only what users got can be taken from them; nothing stands in the way of that but having ended."""
    name = say("Release {number}", number=release.number)
    if release.has_ended:
        return (_ended_already(release, name),)
    if release.reached_users_at is None:
        return (Blocker("not_out", say("{name} has reached nobody. Withdraw it instead.", name=name)),)
    return ()


def may_withdraw(release: ReleaseFact) -> tuple[Blocker, ...]:
    name = say("Release {number}", number=release.number)
    if release.has_ended:
        return (_ended_already(release, name),)
    if release.reached_users_at is not None:
        return (Blocker("is_out", say("{name} has reached users. Roll it back instead.", name=name)),)
    return ()


def back_to(release: ReleaseFact, releases: Sequence[ReleaseFact]) -> ReleaseFact | None:
    """Which release serves once this one is rolled back; None: none, the fallback takes over."""
    return current([each for each in releases if each.id != release.id])


def time_problem(
    release: ReleaseFact, happened_at: datetime, now: datetime, began_at: datetime | None = None
) -> str | None:
    """Steps are in the order of time and none lies ahead; what a rollback ends began before it was over."""
    earliest = release.newest.happened_at if release.newest else release.at
    if happened_at > now:
        return say("This lies ahead. Record a step once it was taken.")
    if happened_at < earliest:
        return say(
            "The step before it was at {earliest} UTC; this one cannot be earlier.",
            earliest=f"{earliest:%Y-%m-%d %H:%M}",
        )
    if began_at is not None and began_at > happened_at:
        return say("The trouble cannot have begun after it was over.")
    if began_at is not None and release.reached_users_at and began_at < release.reached_users_at:
        return say(
            "The release reached its first users at {reached} UTC, not before.",
            reached=f"{release.reached_users_at:%Y-%m-%d %H:%M}",
        )
    return None


def length_words(length: timedelta) -> str:
    """As "45 min", "3 h 20 min", "2 days 4 h": the two units that matter."""
    minutes = round(length.total_seconds() / 60)
    days, rest = divmod(minutes, 1_440)
    hours, minutes = divmod(rest, 60)
    if days:
        return say_count("{number} day", "{number} days", days) + (f" {hours} h" if hours else "")
    if hours:
        return f"{hours} h" + (f" {minutes} min" if minutes else "")
    return f"{minutes} min"


# ---------------------------------------------------------------- what differs between two


@dataclass(frozen=True, slots=True)
class Frozen:
    """What a release holds, for comparing: digests by key (`D14`, `X04@3`), sign-offs by place, test scores."""

    answers: Mapping[str, str]
    sources: Mapping[int, str] = field(default_factory=dict)
    sign_offs: Mapping[str, int] = field(default_factory=dict)  # "launch/technology/KEY" -> id
    tests: Mapping[str, str] = field(default_factory=dict)  # test -> score as chosen


@dataclass(frozen=True, slots=True)
class Difference:
    """Keys that differ, in order; `before` has what only the older one holds, `after` what only the newer."""

    answers: tuple[str, ...]
    sources_gone: tuple[str, ...]
    sources_new: tuple[str, ...]
    signed_anew: tuple[str, ...]
    tests: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.answers or self.sources_gone or self.sources_new or self.signed_anew or self.tests)


def compare(before: Frozen, after: Frozen) -> Difference:
    return Difference(
        answers=_differing(before.answers, after.answers),
        sources_gone=tuple(name for key, name in before.sources.items() if key not in after.sources),
        sources_new=tuple(name for key, name in after.sources.items() if key not in before.sources),
        signed_anew=_differing(before.sign_offs, after.sign_offs),
        tests=_differing(before.tests, after.tests),
    )


def _differing(before: Mapping[str, str | int], after: Mapping[str, str | int]) -> tuple[str, ...]:
    return tuple(key for key in sorted(before.keys() | after.keys()) if before.get(key) != after.get(key))


def test_score(tests: Mapping[str, str]) -> tuple[Decimal, str]:
    """The weakest of the four sections of the production test, with its name: the others make up for nothing."""
    sections = dict.fromkeys(TEST_SECTIONS, Decimal(0))
    for test, score in tests.items():
        section = test.rsplit("_", 1)[0]
        if section in sections:
            sections[section] += Decimal(score or 0)
    weakest = min(sections, key=lambda section: sections[section])
    return sections[weakest], weakest


def metric_key(name: str) -> str:
    """Under which a metric of the tests and a figure that is watched are the same."""
    return " ".join(name.split()).casefold()


def results_by_metric(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The results (M03) by `metric_key`: of several those from the place of use; where these differ, none."""
    found: dict[str, dict[bool, set[float]]] = {}
    for row in rows:
        if row.get("metric") and row.get("value") is not None:
            places = found.setdefault(metric_key(str(row["metric"])), {})
            places.setdefault(row.get("own_population") is True, set()).add(float(row["value"]))
    counting = {name: places.get(True) or places[False] for name, places in found.items()}
    return {name: next(iter(values)) for name, values in counting.items() if len(values) == 1}


def score_words(tests: Mapping[str, str]) -> str:
    if not tests:
        return say("no test entered")
    score, section = test_score(tests)
    return say("{score} of 7, in {section}", score=plain_number(score), section=section_word(section))
