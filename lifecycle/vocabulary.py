"""The words of the product: stages, gates, roles, decisions, levels. No behaviour beyond small predicates."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from lifecycle.language import mark, mark_count, say, say_as, say_count, written_number


class Stage(StrEnum):
    DISCOVERY = "discovery"
    FEASIBILITY = "feasibility"
    DESIGN = "design"
    MODEL = "model"
    PRODUCTION = "production"

    @property
    def order(self) -> int:
        return _STAGE_ORDER[self]

    @property
    def title(self) -> str:
        return say(_STAGE_TITLES[self])


_STAGE_ORDER = MappingProxyType({stage: order for order, stage in enumerate(Stage)})
_STAGE_TITLES = MappingProxyType(
    {
        Stage.DISCOVERY: mark("Discovery"),
        Stage.FEASIBILITY: mark("Feasibility"),
        Stage.DESIGN: mark("Design & Requirements"),
        Stage.MODEL: mark("Model & Development"),
        Stage.PRODUCTION: mark("Production"),
    }
)


class Gate(StrEnum):
    """A checkpoint. Launch and Operate both belong to Production; Operate recurs."""

    DISCOVERY = "discovery"
    FEASIBILITY = "feasibility"
    DESIGN = "design"
    MODEL = "model"
    LAUNCH = "launch"
    OPERATE = "operate"

    @property
    def order(self) -> int:
        return _GATE_ORDER[self]

    @property
    def stage(self) -> Stage:
        return _STAGE_OF_GATE[self]

    @property
    def title(self) -> str:
        return {Gate.LAUNCH: say("Launch"), Gate.OPERATE: say("Operate")}.get(self) or self.stage.title


_GATE_ORDER = MappingProxyType({gate: order for order, gate in enumerate(Gate)})
_STAGE_OF_GATE = MappingProxyType(
    {gate: Stage.PRODUCTION if gate in (Gate.LAUNCH, Gate.OPERATE) else Stage(gate.value) for gate in Gate}
)


class ProjectStatus(StrEnum):
    """What a project in its stage is doing. Rollout, live and retired belong to Production only."""

    ACTIVE = "active"
    ROLLOUT = "rollout"
    LIVE = "live"
    RETIRED = "retired"
    STOPPED = "stopped"

    @property
    def word(self) -> str:
        """As it stands in a sentence: "This project is stopped"."""
        return {
            "active": say("active"),
            "rollout": say("rollout"),
            "live": say("live"),
            "retired": say("retired"),
            "stopped": say("stopped"),
        }[self.value]


class OrganisationRole(StrEnum):
    ADMINISTRATOR = "administrator"
    LEADERSHIP = "leadership"
    MEMBER = "member"

    @property
    def word(self) -> str:
        """As it stands in a sentence."""
        return {
            "administrator": say("administrator"),
            "leadership": say("leadership"),
            "member": say("member"),
        }[self.value]


class Role(StrEnum):
    """A person's role on one project. The first six are the reviewers; the last four wait for an organisation's own."""

    BUSINESS = "business"
    TECHNOLOGY = "technology"
    PRIVACY = "privacy"
    LEGAL = "legal"
    COMPLIANCE = "compliance"
    VALIDATION = "validation"
    APPROVER = "approver"
    PRODUCT_MANAGER = "product_manager"
    CONTRIBUTOR = "contributor"
    MONITOR_OWNER = "monitor_owner"
    READER = "reader"
    OWN_1 = "own_1"
    OWN_2 = "own_2"
    OWN_3 = "own_3"
    OWN_4 = "own_4"

    @property
    def title(self) -> str:
        return _own_roles.titles.get(self) or say(_ROLE_TITLES[self])


_ROLE_TITLES = MappingProxyType(
    {
        Role.BUSINESS: mark("Business owner"),
        Role.TECHNOLOGY: mark("Technology owner"),
        Role.PRIVACY: mark("Privacy"),
        Role.LEGAL: mark("Legal"),
        Role.COMPLIANCE: mark("Compliance"),
        Role.VALIDATION: mark("Model validation"),
        Role.APPROVER: mark("Approver"),
        Role.PRODUCT_MANAGER: mark("Product manager"),
        Role.CONTRIBUTOR: mark("Contributor"),
        Role.MONITOR_OWNER: mark("Monitor owner"),
        Role.READER: mark("Reader"),
        Role.OWN_1: mark("Own role 1"),
        Role.OWN_2: mark("Own role 2"),
        Role.OWN_3: mark("Own role 3"),
        Role.OWN_4: mark("Own role 4"),
    }
)

REVIEWERS: tuple[Role, ...] = (
    Role.BUSINESS,
    Role.TECHNOLOGY,
    Role.PRIVACY,
    Role.LEGAL,
    Role.COMPLIANCE,
    Role.VALIDATION,
)
OWN_ROLES: tuple[Role, ...] = (Role.OWN_1, Role.OWN_2, Role.OWN_3, Role.OWN_4)


class _OwnRoles(NamedTuple):
    """How this installation calls its own roles, and which of them it asks."""

    titles: Mapping[Role, str]
    asked: frozenset[Role]


_own_roles = _OwnRoles({}, frozenset())  # as the guide in force says (ADR 19)


def call_own_roles(titles: Mapping[Role, str], asked: Collection[Role]) -> None:
    """Have the organisation's own roles called so, in the whole process.

    Put in place whole: other threads are reading the names meanwhile.
    """
    global _own_roles
    _own_roles = _OwnRoles(dict(titles), frozenset(asked))


def reviewers() -> tuple[Role, ...]:
    """The six, and those of the organisation's own roles that are asked somewhere."""
    return (*REVIEWERS, *(role for role in OWN_ROLES if role in _own_roles.asked))


def roles_here() -> tuple[Role, ...]:
    """Every role that somebody can hold in this installation."""
    return tuple(role for role in Role if role not in OWN_ROLES or role in _own_roles.asked)


class AnswerState(StrEnum):
    ANSWERED = "answered"
    DONT_KNOW = "dont_know"
    NOT_APPLICABLE = "not_applicable"

    @property
    def title(self) -> str:
        return {
            "answered": say("Answered"),
            "dont_know": say("Don't know yet"),
            "not_applicable": say("Not applicable"),
        }[self.value]


class Severity(StrEnum):
    BLOCK = "block"
    WARNING = "warning"
    NOTE = "note"

    @property
    def weight(self) -> int:
        """Larger is graver."""
        return _WEIGHTS[self]

    @property
    def word(self) -> str:
        return {"block": say("block"), "warning": say("warning"), "note": say("note")}[self.value]


_WEIGHTS = MappingProxyType({Severity.NOTE: 1, Severity.WARNING: 2, Severity.BLOCK: 3})


class CheckResult(StrEnum):
    PASSES = "passes"
    FAILS = "fails"
    CANNOT_TELL = "cannot_tell"


class Act(StrEnum):
    """What a review asks of its role. Consult takes an opinion and never blocks."""

    APPROVE = "approve"
    ACKNOWLEDGE = "acknowledge"
    CONSULT = "consult"

    @property
    def word(self) -> str:
        """As it stands in a sentence: "is asked to approve"."""
        return {
            "approve": say("approve"),
            "acknowledge": say("acknowledge"),
            "consult": say("consult"),
        }[self.value]


class Decision(StrEnum):
    APPROVED = "approved"
    APPROVED_WITH_CONDITIONS = "approved_with_conditions"
    CHANGES_REQUESTED = "changes_requested"
    REJECTED = "rejected"
    ACKNOWLEDGED = "acknowledged"
    OPINION = "opinion"
    WITHDRAWN = "withdrawn"

    @property
    def title(self) -> str:
        return {
            "approved": say("Approved"),
            "approved_with_conditions": say("Approved with conditions"),
            "changes_requested": say("Changes requested"),
            "rejected": say("Rejected"),
            "acknowledged": say("Acknowledged"),
            "opinion": say("Opinion"),
            "withdrawn": say("Withdrawn"),
        }[self.value]

    @property
    def is_favourable(self) -> bool:
        """True for a decision that lets its gate go on while it is not stale."""
        return self in (
            Decision.APPROVED,
            Decision.APPROVED_WITH_CONDITIONS,
            Decision.ACKNOWLEDGED,
            Decision.OPINION,
        )


class Meaning(StrEnum):
    """What a signature says of whoever signs; the guide words it for each gate and role."""

    REVIEWED = "reviewed"
    APPROVES_USE = "approves_use"
    ACCEPTS_RISK = "accepts_residual_risk"
    ACKNOWLEDGES = "acknowledges"

    @property
    def title(self) -> str:
        return {
            "reviewed": say("Reviewed"),
            "approves_use": say("Approves use"),
            "accepts_residual_risk": say("Accepts residual risk"),
            "acknowledges": say("Acknowledges"),
        }[self.value]


class Verification(StrEnum):
    """How the product knew that the signer was the signer."""

    SESSION = "session"
    PASSWORD = "password"
    PROVIDER = "provider"

    @property
    def title(self) -> str:
        return {
            "session": say("Signed in"),
            "password": say("Signed in, and entered the password again to sign"),
            "provider": say("Signed in, and signed in again with the identity provider to sign"),
        }[self.value]


class Outcome(StrEnum):
    """What a gate decided. Stop is a success when the evidence says stop."""

    GO = "go"
    GO_WITH_CONDITIONS = "go_with_conditions"
    RECYCLE = "recycle"
    STOP = "stop"

    @property
    def title(self) -> str:
        return {
            "go": say("Go"),
            "go_with_conditions": say("Go with conditions"),
            "recycle": say("Recycle"),
            "stop": say("Stop"),
        }[self.value]


class Area(StrEnum):
    """The five shares of which a gate's readiness is the smallest."""

    ANSWERS = "answers"
    CHECKS = "checks"
    SIGN_OFFS = "sign_offs"
    CONDITIONS = "conditions"
    EVIDENCE = "evidence"

    @property
    def title(self) -> str:
        return {
            "answers": say("Answers"),
            "checks": say("Checks"),
            "sign_offs": say("Sign-offs"),
            "conditions": say("Conditions"),
            "evidence": say("Evidence"),
        }[self.value]


class Level(StrEnum):
    """Readiness in words, weakest first; passed comes after a go."""

    BLOCKED = "blocked"
    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    WAITING = "waiting"
    CONDITIONAL = "conditional"
    READY = "ready"
    PASSED = "passed"

    @property
    def order(self) -> int:
        return list(Level).index(self)

    @property
    def title(self) -> str:
        return {
            "blocked": say("Blocked"),
            "not_started": say("Not started"),
            "in_progress": say("In progress"),
            "waiting": say("Waiting"),
            "conditional": say("Conditional"),
            "ready": say("Ready"),
            "passed": say_as("Passed", "gate"),  # a test that is "Passed" is another word
        }[self.value]


class SignOffStatus(StrEnum):
    """What the screen says about one required sign-off now."""

    NOT_ASKED = "not_asked"
    WAITING = "waiting"
    SIGNED = "signed"
    CONDITIONAL = "conditional"
    STALE = "stale"
    CHANGES_REQUESTED = "changes_requested"
    REJECTED = "rejected"
    ELSEWHERE = "recorded_elsewhere"

    @property
    def title(self) -> str:
        return {
            "not_asked": say("Not asked"),
            "waiting": say("Waiting"),
            "signed": say("Signed"),
            "conditional": say("Conditional"),
            "stale": say("Stale"),
            "changes_requested": say("Changes requested"),
            "rejected": say("Rejected"),
            "recorded_elsewhere": say("Recorded elsewhere"),
        }[self.value]


# ---------------------------------------------------------------- typed answer values

# In milliseconds, so that 60 minutes and 1 hour compare as equal: their shares of a day are no finite decimals.
_MILLISECONDS = MappingProxyType(
    {
        "milliseconds": 1,
        "seconds": 1_000,
        "minutes": 60_000,
        "hours": 3_600_000,
        "days": 86_400_000,
        "weeks": 604_800_000,
        "months": 2_629_800_000,
        "years": 31_557_600_000,
    }
)
DURATION_UNITS: tuple[str, ...] = tuple(_MILLISECONDS)


_UNITS = MappingProxyType(
    {
        "milliseconds": mark_count("millisecond", "milliseconds"),
        "seconds": mark_count("second", "seconds"),
        "minutes": mark_count("minute", "minutes"),
        "hours": mark_count("hour", "hours"),
        "days": mark_count("day", "days"),
        "weeks": mark_count("week", "weeks"),
        "months": mark_count("month", "months"),
        "years": mark_count("year", "years"),
    }
)


def unit_word(unit: str, amount: Decimal) -> str:
    """A unit of time as it stands behind that amount, in the language spoken now."""
    return say_count(*_UNITS[unit], amount) if unit in _UNITS else unit


def duration_unit(unit: str) -> str:
    """One of DURATION_UNITS as a list of them shows it."""
    return unit_word(unit, Decimal(2))


def unit_named(word: str) -> str | None:
    """The unit of time that a word stands for: in English as it is kept, or as it is spoken now."""
    wanted = _as_typed(word)
    for unit in DURATION_UNITS:
        spoken = (unit_word(unit, Decimal(1)), duration_unit(unit))
        if wanted in (unit, unit[:-1], *map(_as_typed, spoken)):
            return unit
    return None


def _as_typed(word: str) -> str:
    """In small letters, with the apostrophe and the blank of a keyboard."""
    return word.casefold().replace("\u2019", "'").replace("\u00a0", " ")


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time as a person writes it; compared in days (a month is 30.4375, a year 365.25)."""

    amount: Decimal
    unit: str

    @property
    def days(self) -> Decimal:
        return self.amount * _MILLISECONDS[self.unit] / _MILLISECONDS["days"]

    def __str__(self) -> str:
        return f"{plain_number(self.amount)} {unit_word(self.unit, self.amount)}"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency (ISO 4217 code). Amounts of two currencies are never compared."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{plain_number(self.amount)} {self.currency}"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with a unit the person wrote."""

    amount: Decimal
    unit: str

    def __str__(self) -> str:
        return f"{plain_number(self.amount)} {self.unit}".strip()


@dataclass(frozen=True, slots=True)
class Person:
    """Someone named in an answer: a registered person by key, or just a name. Naming grants nothing."""

    key: str | None
    name: str

    def is_same(self, other: Person) -> bool:
        if self.key and other.key:
            return self.key == other.key
        return self.name.casefold().strip() == other.name.casefold().strip() != ""

    def __str__(self) -> str:
        return self.name


def plain_number(value: Decimal) -> str:
    """12500.50 as "12,500.5": grouped, without trailing zeros or an exponent; as the language spoken writes it."""
    text = f"{value:,f}"
    return written_number(text.rstrip("0").rstrip(".") if "." in text else text)


# ---------------------------------------------------------------- who acts


class Scope(StrEnum):
    """What an access token is for. `rules/permissions.py` says which actions each lets through."""

    READ = "read"
    PROJECTS_WRITE = "projects:write"
    WORKSHEETS_WRITE = "worksheets:write"
    MONITORS_WRITE = "monitors:write"
    READINGS_WRITE = "readings:write"
    RELEASES_WRITE = "releases:write"
    INCIDENTS_WRITE = "incidents:write"


@dataclass(frozen=True, slots=True)
class TokenGrant:
    """What a token leaves of the rights of the person it belongs to; `only_project` is a project's id."""

    id: int
    scopes: frozenset[Scope]
    only_project: int | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever acts now. `kind` is person, token, command_line or system; only a person can sign.

    A program with a token acts under the key of the person it belongs to, within its `grant`.
    """

    key: str
    name: str
    organisation_role: OrganisationRole | None = None
    approval_level: int = 0
    kind: str = "person"
    grant: TokenGrant | None = None

    @property
    def is_person(self) -> bool:
        """Somebody who is signed in and looks at what they do."""
        return self.kind == "person"

    @property
    def has_account(self) -> bool:
        """A person, or a program that acts for one."""
        return self.kind in ("person", "token")

    def is_kept_from(self, project_id: int) -> bool:
        """Whether the token that acts here is for another project only."""
        return self.grant is not None and self.grant.only_project not in (None, project_id)


COMMAND_LINE = Actor("command-line", "Command line", OrganisationRole.ADMINISTRATOR, 0, "command_line")
SYSTEM = Actor("system", "Lifecycle", None, 0, "system")


@dataclass(frozen=True, slots=True)
class Blocker:
    """One reason why a gate or an act cannot go on: what, where to mend it, and who can."""

    code: str
    text: str
    area: Area | None = None
    severity: Severity = Severity.BLOCK
    fields: tuple[str, ...] = ()
    role: Role | None = None
    gate: Gate | None = None
    is_unclear: bool = False  # nothing is known to be wrong: a check cannot tell yet


Scalar = str | bool | Decimal | date | datetime | Duration | Money | Quantity | Person
