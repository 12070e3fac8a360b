"""What a monitor watches and when it means trouble: the specification, its words, and what a plan's row amounts to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from lifecycle.language import ENGLISH, counted, mark, say, speaking, written_number
from lifecycle.rules.incidents import IncidentSeverity
from lifecycle.rules.triggers import Direction, LimitKind, Missing, TriggerRule, limit_of
from lifecycle.vocabulary import Duration, Person, plain_number

LONGEST_NAME = 120
LONGEST_TEXT = 2_000
LONGEST_SOURCE = 250
MOST_IN_A_ROW = 10_000
LONGEST_SECONDS = 10 * 366 * 86_400
SHOWN_READINGS = 5
READS = ("key", "column", "limit")  # of a file: names the readings, holds the values, holds their own limits
MLFLOW = "mlflow"
_OF_RULE = (
    "direction",
    "limit_kind",
    "threshold",
    "consecutive",
    "lasting_seconds",
    "missing",
    "baseline",
)


@dataclass(frozen=True, slots=True)
class MlflowSource:
    """Whose runs on the tracking server carry the metric: those of an experiment, or of a registered model."""

    metric: str = ""
    experiment: str = ""
    model: str = ""

    @property
    def text(self) -> str:
        if self.experiment:
            return say(
                "“{metric}” of the experiment “{experiment}”", metric=self.metric, experiment=self.experiment
            )
        return say("“{metric}” of the model “{model}”", metric=self.metric, model=self.model)

    def as_reads(self) -> dict[str, str]:
        found = {"metric": self.metric, "experiment": self.experiment, "model": self.model}
        return {name: value for name, value in found.items() if value}


@dataclass(frozen=True, slots=True)
class MonitorSpec:
    """`threshold` is a limit, a change or a share (0.05 is five in a hundred), as `limit_kind` says."""

    name: str
    direction: Direction
    limit_kind: LimitKind = LimitKind.FIXED
    threshold: float | None = None
    consecutive: int = 1
    lasting_seconds: int | None = None
    missing: Missing = Missing.SKIP
    expected_seconds: int | None = None
    severity: IncidentSeverity = IncidentSeverity.MAJOR
    owner: str = ""
    action: str = ""
    source: str = ""
    calls_retraining: bool = False
    # READS to columns, `where` to conditions, and MLFLOW to what is fetched from the tracking server
    reads: Mapping[str, Any] = field(default_factory=dict)
    baseline: float | None = None
    baseline_model_version: str | None = None

    @property
    def rule(self) -> TriggerRule:
        lasting = None if self.lasting_seconds is None else timedelta(seconds=self.lasting_seconds)
        return TriggerRule(self.direction, self.consecutive, self.missing, lasting)

    @property
    def expected(self) -> timedelta | None:
        return None if self.expected_seconds is None else timedelta(seconds=self.expected_seconds)

    @property
    def mlflow(self) -> MlflowSource | None:
        """What is fetched from the tracking server, if anything."""
        said = self.reads.get(MLFLOW)
        return MlflowSource(**said) if isinstance(said, Mapping) else None

    def fetching(self, source: MlflowSource | None) -> MonitorSpec:
        """The same monitor, with its readings from there."""
        rest = {name: value for name, value in self.reads.items() if name != MLFLOW}
        return replace(self, reads=rest if source is None else {**rest, MLFLOW: source.as_reads()})

    def limit(self, own: float | None = None) -> float | None:
        """The limit of one reading, which may bring its own."""
        return limit_of(self.limit_kind, self.threshold, self.direction, self.baseline, own)

    def fires_as(self, other: MonitorSpec) -> bool:
        """Whether both judge every reading alike."""
        return all(getattr(self, name) == getattr(other, name) for name in _OF_RULE)


def problems(spec: MonitorSpec) -> dict[str, str]:
    """What makes no sense in a specification: place to sentence."""
    found: dict[str, str] = {}
    if not spec.name:
        found[mark("name")] = say("Say what is watched.")
    elif len(spec.name) > LONGEST_NAME:
        found[mark("name")] = say("A name has at most {most} characters.", most=LONGEST_NAME)
    if spec.limit_kind is LimitKind.ROW:
        if spec.threshold is not None:
            found[mark("limit")] = say("Every reading brings its own limit, so there is no other.")
    elif spec.threshold is None or not math.isfinite(spec.threshold):
        found[mark("limit")] = say("Give the number from which on it means trouble.")
    elif spec.limit_kind.needs_baseline and spec.threshold < 0:
        found[mark("limit")] = say("Say how far away from the baseline: a number from 0 on.")
    if not 1 <= spec.consecutive <= MOST_IN_A_ROW:
        found[mark("times in a row")] = say("Choose a whole number from 1 to {most:,}.", most=MOST_IN_A_ROW)
    for place, seconds in ((mark("lasts"), spec.lasting_seconds), (mark("expected"), spec.expected_seconds)):
        if seconds is not None and not 1 <= seconds <= LONGEST_SECONDS:
            found[place] = say("Choose a time from a second to ten years.")
    if spec.baseline is not None and not math.isfinite(spec.baseline):
        found[mark("baseline")] = say("The baseline is a finite number.")
    for place, text in (
        (mark("action"), spec.action),
        (mark("source"), spec.source),
        (mark("owner"), spec.owner),
    ):
        if len(text) > LONGEST_TEXT:
            found[place] = say("At most {most:,} characters can be kept.", most=LONGEST_TEXT)
    if spec.mlflow is not None:
        found |= _source_problems(spec.mlflow, spec.limit_kind)
    return found


def _source_problems(source: MlflowSource, kind: LimitKind) -> dict[str, str]:
    found = {}
    if bool(source.experiment) == bool(source.model):
        found["MLflow"] = say("Name an experiment or a registered model of the MLflow server, and not both.")
    elif not source.metric:
        found[mark("MLflow metric")] = say("Say which metric of its runs is watched.")
    elif kind is LimitKind.ROW:
        found[mark("limit")] = say("Runs of MLflow bring no limits of their own. Choose another limit.")
    for text in (source.metric, source.experiment, source.model):
        if len(text) > LONGEST_SOURCE or not text.isprintable():
            found["MLflow"] = say(
                "A name on the MLflow server is one line of at most {most} characters.",
                most=LONGEST_SOURCE,
            )
    return found


# ---------------------------------------------------------------- from the monitoring plan


def planned(row: Mapping[str, Any], expected_seconds: int | None = None) -> MonitorSpec | None:
    """The monitor that a row of the monitoring plan (R13) describes; None where it lacks a limit or its side."""
    direction, threshold = row.get("direction"), row.get("threshold")
    if direction is None or threshold is None or not row.get("metric"):
        return None
    window, owner = row.get("window"), row.get("owner")
    return MonitorSpec(
        name=" ".join(str(row["metric"]).split())[:LONGEST_NAME],
        direction=Direction(direction),
        threshold=float(threshold),
        consecutive=int(row.get("consecutive") or 1),
        # A plan that counts times in a row says by that how long; its window then only explains it.
        lasting_seconds=None if row.get("consecutive") else _seconds(window),
        expected_seconds=expected_seconds,
        owner=_owner(owner),
        action=str(row.get("action") or ""),
        source=str(row.get("source") or ""),
        calls_retraining="retrain" in str(row.get("action") or "").casefold(),
    )


def _seconds(window: object) -> int | None:
    if not isinstance(window, Duration) or window.days <= 0:
        return None
    return max(1, int(window.days * 86_400))


def _owner(owner: object) -> str:
    if not isinstance(owner, Person):
        return ""
    return owner.key or owner.name


# ---------------------------------------------------------------- words


def number_text(value: float | None) -> str:
    """As a person writes it: at most six digits that count, without an exponent where it can be helped."""
    if value is None:
        return "—"
    if value != 0 and not 1e-4 <= abs(value) < 1e12:
        return written_number(f"{value:.4g}")
    digits = max(0, 5 - int(math.floor(math.log10(abs(value))))) if value else 0
    return plain_number(Decimal(f"{value:.{min(digits, 8)}f}"))


def length_text(seconds: int) -> str:
    """A time in the largest unit that is whole."""
    if seconds % 604_800 == 0:
        return counted(seconds // 604_800, "week")
    if seconds % 86_400 == 0:
        return counted(seconds // 86_400, "day")
    if seconds % 3_600 == 0:
        return counted(seconds // 3_600, "hour")
    if seconds % 60 == 0:
        return counted(seconds // 60, "minute")
    return counted(seconds, "second")


def rule_text(spec: MonitorSpec) -> str:
    """When it fires, in one line: “below 0.8, 2 times in a row”."""
    parts = [limit_text(spec)]
    if spec.consecutive > 1:
        parts.append(say("{number} times in a row", number=spec.consecutive))
    if spec.lasting_seconds is not None:
        parts.append(say("for {length}", length=length_text(spec.lasting_seconds)))
    return ", ".join(parts)


def limit_text(spec: MonitorSpec) -> str:
    is_below = spec.direction is Direction.BELOW
    if spec.limit_kind is LimitKind.ROW:
        return (
            say("below the limit that each reading brings")
            if is_below
            else say("above the limit that each reading brings")
        )
    if spec.limit_kind is LimitKind.FIXED:
        limit = number_text(spec.threshold)
        return say("below {limit}", limit=limit) if is_below else say("above {limit}", limit=limit)
    return _away_from_baseline(spec, is_below)


def _away_from_baseline(spec: MonitorSpec, is_below: bool) -> str:
    amount = number_text(spec.threshold)
    if spec.limit_kind is LimitKind.CHANGE_SHARE:
        amount = f"{number_text((spec.threshold or 0) * 100)} %"
    base = (
        say("the baseline")
        if spec.baseline is None
        else say("the baseline of {value}", value=number_text(spec.baseline))
    )
    return (
        say("more than {amount} below {base}", amount=amount, base=base)
        if is_below
        else say("more than {amount} above {base}", amount=amount, base=base)
    )


# What follows is kept, and so is written in English whoever caused it.


def breach_title(spec: MonitorSpec) -> str:
    """What an incident is called."""
    with speaking(ENGLISH):
        verb = "fell" if spec.direction is Direction.BELOW else "rose"
        what = limit_text(spec)
        if spec.limit_kind is LimitKind.ROW:
            what = f"{spec.direction.value} its limit"
        return f"{spec.name} {verb} {what}"


def breach_sentence(spec: MonitorSpec, readings: Sequence[tuple[str, float | None]]) -> str:
    """Why a sign-off no longer counts: the monitor, its rule and the readings, of many the last ones."""
    shown = readings[-SHOWN_READINGS:]
    with speaking(ENGLISH):
        named = ", ".join(f"{key} ({number_text(value)})" for key, value in shown)
        more = f"{len(readings):,} readings, the last of them " if len(readings) > len(shown) else ""
        return f"“{spec.name}” was {rule_text(spec)}: {more}{named}."


def silence_sentence(spec: MonitorSpec, since: str) -> str:
    with speaking(ENGLISH):
        every = length_text(spec.expected_seconds or 0)
    return f"No reading of “{spec.name}” has come since {since}; one was expected every {every}."
