"""One scale for standing everywhere: a colour, an icon and a word, never the colour alone.

Colour names are Streamlit's; .streamlit/config.toml gives each its tone in light and dark. Charts use `hue`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from lifecycle.language import mark, say, say_as
from lifecycle.vocabulary import CheckResult, Decision, Level, Outcome, ProjectStatus, Severity, SignOffStatus

Colour = Literal["gray", "blue", "violet", "orange", "red", "green"]


@dataclass(frozen=True, slots=True)
class Mark:
    """How one standing looks. `english` is its word, marked; `word` is said in the language of whoever reads it."""

    english: str
    colour: Colour
    icon: str
    sense: str = ""  # where another language has several words for it

    @property
    def word(self) -> str:
        if self.sense:
            return say_as(self.english, self.sense)
        return say(self.english) if self.english else ""

    @property
    def material(self) -> str:
        return f":material/{self.icon}:"

    @property
    def text(self) -> str:
        """As part of a line of Markdown."""
        return f":{self.colour}[{self.material} {self.word}]"

    @property
    def badge(self) -> str:
        """As a badge within a line of Markdown."""
        return f":{self.colour}-badge[{self.material} {self.word}]"

    def hue(self, *, dark: bool) -> str:
        return (_DARK if dark else _LIGHT)[self.colour]


_LIGHT: Mapping[str, str] = MappingProxyType(
    {
        "gray": "#5b6675",
        "blue": "#1f5fbf",
        "violet": "#6d4bb8",
        "orange": "#b45309",
        "red": "#b3261e",
        "green": "#0b7a75",
    }
)
_DARK: Mapping[str, str] = MappingProxyType(
    {
        "gray": "#8e9aab",
        "blue": "#6ea3ee",
        "violet": "#a98ae8",
        "orange": "#e0a03c",
        "red": "#f2766b",
        "green": "#3fb8ad",
    }
)

LEVELS: Mapping[Level, Mark] = MappingProxyType(
    {
        Level.BLOCKED: Mark(mark("Blocked"), "red", "block"),
        Level.NOT_STARTED: Mark(mark("Not started"), "gray", "radio_button_unchecked"),
        Level.IN_PROGRESS: Mark(mark("In progress"), "blue", "clock_loader_40"),
        Level.WAITING: Mark(mark("Waiting"), "violet", "hourglass_top"),
        Level.CONDITIONAL: Mark(mark("Conditional"), "orange", "rule"),
        Level.READY: Mark(mark("Ready"), "green", "check_circle"),
        Level.PASSED: Mark(mark("Passed"), "green", "verified", "gate"),
    }
)
STOPPED = Mark(mark("Stopped"), "gray", "stop_circle")
RETIRED = Mark(mark("Retired"), "gray", "inventory_2")
NOT_ASSESSED = Mark(mark("Not assessed here"), "gray", "help")

STALE = Mark(mark("Stale"), "orange", "history")

SIGN_OFFS: Mapping[SignOffStatus, Mark] = MappingProxyType(
    {
        SignOffStatus.NOT_ASKED: Mark(mark("Not asked"), "gray", "radio_button_unchecked"),
        SignOffStatus.WAITING: Mark(mark("Waiting"), "violet", "hourglass_top"),
        SignOffStatus.SIGNED: Mark(mark("Signed"), "green", "check_circle"),
        SignOffStatus.CONDITIONAL: Mark(mark("With conditions"), "orange", "rule"),
        SignOffStatus.STALE: STALE,
        SignOffStatus.CHANGES_REQUESTED: Mark(mark("Changes requested"), "red", "edit_note"),
        SignOffStatus.REJECTED: Mark(mark("Rejected"), "red", "block"),
        SignOffStatus.ELSEWHERE: Mark(mark("Recorded elsewhere"), "gray", "folder_open"),
    }
)

DECISIONS: Mapping[Decision, Mark] = MappingProxyType(
    {
        Decision.APPROVED: Mark(mark("Approved"), "green", "check_circle"),
        Decision.APPROVED_WITH_CONDITIONS: Mark(mark("Approved with conditions"), "orange", "rule"),
        Decision.CHANGES_REQUESTED: Mark(mark("Changes requested"), "red", "edit_note"),
        Decision.REJECTED: Mark(mark("Rejected"), "red", "block"),
        Decision.ACKNOWLEDGED: Mark(mark("Acknowledged"), "green", "visibility"),
        Decision.OPINION: Mark(mark("Opinion given"), "blue", "forum"),
        Decision.WITHDRAWN: Mark(mark("Withdrawn"), "gray", "undo"),
    }
)

OUTCOMES: Mapping[Outcome, Mark] = MappingProxyType(
    {
        Outcome.GO: Mark(mark("Go"), "green", "check_circle"),
        Outcome.GO_WITH_CONDITIONS: Mark(mark("Go with conditions"), "orange", "rule"),
        Outcome.RECYCLE: Mark(mark("Recycle"), "blue", "replay"),
        Outcome.STOP: Mark(mark("Stop"), "gray", "stop_circle"),
    }
)

CHECKS: Mapping[CheckResult, Mark] = MappingProxyType(
    {
        CheckResult.FAILS: Mark(mark("Fails"), "red", "cancel"),
        CheckResult.CANNOT_TELL: Mark(mark("Cannot tell"), "gray", "help"),
        CheckResult.PASSES: Mark(mark("Passes"), "green", "check_circle"),
    }
)

SEVERITIES: Mapping[Severity, Mark] = MappingProxyType(
    {
        Severity.BLOCK: Mark(mark("Blocks"), "red", "block"),
        Severity.WARNING: Mark(mark("Warning"), "orange", "warning"),
        Severity.NOTE: Mark(mark("Note"), "blue", "info"),
    }
)

STATUSES: Mapping[ProjectStatus, Mark] = MappingProxyType(
    {
        ProjectStatus.ACTIVE: Mark(mark("Active"), "blue", "clock_loader_40"),
        ProjectStatus.ROLLOUT: Mark(mark("Rolling out"), "blue", "rocket_launch"),
        ProjectStatus.LIVE: Mark(mark("Live"), "green", "sensors"),
        ProjectStatus.RETIRED: RETIRED,
        ProjectStatus.STOPPED: STOPPED,
    }
)
