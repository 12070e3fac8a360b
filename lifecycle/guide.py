"""The guide as content: stages, fields, checks' texts, sign-off policy and thresholds from data/guide/*.yaml.

Everything is validated on loading; a mistake raises GuideError naming file and place, and stops the start.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from string import Formatter
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, Self, cast

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    model_validator,
)

from lifecycle.canonical import digest
from lifecycle.errors import GuideError
from lifecycle.language import ENGLISH, language, say, speaking
from lifecycle.vocabulary import Act, Gate, Meaning, Role, Severity, Stage

PartType = Literal[
    "text",
    "long_text",
    "number",
    "quantity",
    "duration",
    "money",
    "choice",
    "choices",
    "tags",
    "date",
    "yes_no",
    "person",
    "link",
    "reference",
    "references",
]

# Where no part is named, a field of a single type has one part with this id.
ONLY = "value"


class Spec(BaseModel):
    """`TEXTS` are the parts that are read by people, and so are translated; all else is read by the program."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    TEXTS: ClassVar[tuple[str, ...]] = ()

    def texts(self) -> Iterator[str]:
        """Every text in it for people, in the order of the files."""
        for name in type(self).model_fields:
            yield from _texts_in(getattr(self, name), is_text=name in self.TEXTS)

    def said(self) -> Self:
        """The same in the language spoken now; `self` where nothing in it is for people."""
        was = {name: getattr(self, name) for name in type(self).model_fields}
        now = {name: _said(value, is_text=name in self.TEXTS) for name, value in was.items()}
        if all(now[name] is was[name] for name in was):
            return self
        # Not a copy: that would take over what was worked out from the other words.
        new: Any = type(self).model_construct(self.model_fields_set, **now)
        return cast(Self, new)


def _texts_in(part: object, *, is_text: bool) -> Iterator[str]:
    if isinstance(part, str):
        if is_text and part:
            yield part
    elif isinstance(part, Spec):
        yield from part.texts()
    elif isinstance(part, Mapping):
        for value in part.values():
            yield from _texts_in(value, is_text=is_text)
    elif isinstance(part, tuple):
        for value in part:
            yield from _texts_in(value, is_text=is_text)


def _said(part: Any, *, is_text: bool) -> Any:
    """`part` with its texts said: the very same object where that changes nothing."""
    if isinstance(part, str):
        return say(part) if is_text and part else part
    if isinstance(part, Spec):
        return part.said()
    if isinstance(part, Mapping):
        values = {key: _said(value, is_text=is_text) for key, value in part.items()}
        return values if any(values[key] is not part[key] for key in part) else part
    if isinstance(part, tuple):
        items = tuple(_said(value, is_text=is_text) for value in part)
        return items if any(now is not was for now, was in zip(items, part, strict=True)) else part
    return part


def _missing_for(kind: PartType, choices: Mapping[str, str], to: tuple[str, ...]) -> str:
    if kind in ("choice", "choices") and not choices:
        return f"is of type {kind} and needs choices"
    if kind in ("reference", "references") and not to:
        return f"is of type {kind} and needs “to”, the fields whose rows it points at"
    return ""


class PartSpec(Spec):
    """One typed part of an answer, or one column of its rows."""

    TEXTS = ("label", "unit", "choices")

    id: str
    label: str = ""
    type: PartType
    unit: str = ""
    choices: dict[str, str] = Field(default_factory=dict)
    open: bool = False
    required: bool = True
    whole: bool = False
    min: Decimal | None = None
    max: Decimal | None = None
    to: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_complete(self) -> PartSpec:
        if problem := _missing_for(self.type, self.choices, self.to):
            raise ValueError(problem)
        return self


class FieldSpec(Spec):
    """One question. Exactly one of `type`, `parts`, `rows` says its shape; `id` is never used again."""

    TEXTS = ("title", "question", "help", "example", "none_label", "unit", "choices")

    id: str
    stage: Stage | None = None  # None: a data-source field
    gate: Gate
    section: str
    title: str
    question: str
    help: str = ""
    example: str = ""
    type: PartType | None = None
    parts: tuple[PartSpec, ...] = ()
    rows: tuple[PartSpec, ...] = ()
    answered_when: Literal["all", "any"] = "all"
    production: Literal["star", "plus"] | None = None
    light: bool = False
    none_label: str = "There are none"
    # shorthand of a single-typed field, moved into its only part
    unit: str = ""
    choices: dict[str, str] = Field(default_factory=dict)
    open: bool = False
    whole: bool = False
    min: Decimal | None = None
    max: Decimal | None = None

    @model_validator(mode="after")
    def _has_one_shape(self) -> FieldSpec:
        if sum((self.type is not None, bool(self.parts), bool(self.rows))) != 1:
            raise ValueError("needs exactly one of type, parts, rows")
        if self.type and (problem := _missing_for(self.type, self.choices, ())):
            raise ValueError(problem)
        for name in ("id", "label"):
            words = [getattr(part, name) for part in self.columns]
            if len(words) != len(set(words)):
                raise ValueError(f"has two parts with the same {name}")
        return self

    @property
    def kind(self) -> Literal["single", "parts", "rows"]:
        return "rows" if self.rows else "parts" if self.parts else "single"

    @cached_property
    def columns(self) -> tuple[PartSpec, ...]:
        """The parts, the row columns, or the one part of a single-typed field."""
        if self.type is None:
            return self.parts or self.rows
        return (
            PartSpec(
                id=ONLY,
                label=self.title,
                type=self.type,
                unit=self.unit,
                choices=self.choices,
                open=self.open,
                whole=self.whole,
                min=self.min,
                max=self.max,
            ),
        )

    def part(self, part_id: str) -> PartSpec:
        return next(part for part in self.columns if part.id == part_id)

    @property
    def is_of_source(self) -> bool:
        return self.stage is None


class SectionSpec(Spec):
    TEXTS = ("title", "intro")

    id: str
    title: str
    intro: str = ""


class WorksheetSpec(Spec):
    """The questions of one stage, or of a data source (`stage` None)."""

    TEXTS = ("purpose", "exit_question")

    stage: Stage | None
    purpose: str
    exit_question: str
    sections: tuple[SectionSpec, ...]
    fields: tuple[FieldSpec, ...]

    @model_validator(mode="after")
    def _sections_exist(self) -> WorksheetSpec:
        known = {section.id for section in self.sections}
        for field in self.fields:
            if field.section not in known:
                raise ValueError(f"{field.id} names the section “{field.section}”, which does not exist")
        return self


class BranchSpec(Spec):
    """One condition of a check: from which gate it is enforced and how gravely, and what it says.

    The message is a format string; its names are the values that the rule returns with a finding.
    """

    TEXTS = ("message",)

    id: str = "main"
    enforced: dict[Gate, Severity] = Field(min_length=1)
    message: str

    @model_validator(mode="after")
    def _message_has_plain_names(self) -> BranchSpec:
        """A message that cannot be filled in would fail on the screen of whoever meets it first."""
        names = [name for _, name, _, _ in Formatter().parse(self.message) if name is not None]
        if not all(name.isidentifier() for name in names):
            raise ValueError("its message holds braces without a plain name between them")
        return self

    def severity_at(self, gate: Gate) -> Severity | None:
        """The severity at `gate`: that of the latest gate named up to it; None while it is advice."""
        return self._severities[gate]

    @cached_property
    def _severities(self) -> Mapping[Gate, Severity | None]:
        found: dict[Gate, Severity | None] = {}
        severity = None
        for gate in Gate:
            severity = found[gate] = self.enforced.get(gate, severity)
        return found

    @cached_property
    def first_gate(self) -> Gate:
        return min(self.enforced, key=lambda named: named.order)


class CheckSpec(Spec):
    TEXTS = ("title", "why")

    id: str
    title: str
    reads: tuple[str, ...]
    waived_by: Role
    why: str = ""
    branches: tuple[BranchSpec, ...] = Field(min_length=1)

    def branch(self, branch_id: str) -> BranchSpec:
        return next(branch for branch in self.branches if branch.id == branch_id)


class ReviewSpec(Spec):
    """What one role is asked for at one gate, and on which fields its decision rests there.

    `meaning` completes the sentence that is signed, `stated` is its kind. The signer may choose one of the
    `alternatives` instead.
    """

    TEXTS = ("meaning", "alternatives")

    role: Role
    act: Act
    meaning: str
    stated: Meaning | None = None
    alternatives: dict[Meaning, str] = Field(default_factory=dict)
    evidence: tuple[str, ...] = ()
    only_when_stale: bool = False
    from_tier: int | None = Field(
        default=None, ge=1, le=4
    )  # asked from this tier on; an unknown one counts as it

    @model_validator(mode="after")
    def _alternatives_differ(self) -> ReviewSpec:
        if (self.stated or _STATED[self.act]) in self.alternatives:
            raise ValueError("names the same meaning as “stated” and as an alternative")
        if self.alternatives and self.act is Act.CONSULT:
            raise ValueError("is a consultation: an opinion has no alternatives")
        return self

    @cached_property
    def meanings(self) -> Mapping[Meaning, str]:
        """The meanings that the signer may choose from, each as it completes the sentence; the usual one first."""
        return {self.stated or _STATED[self.act]: self.meaning, **self.alternatives}


_STATED: Mapping[Act, Meaning] = MappingProxyType(
    {
        Act.APPROVE: Meaning.APPROVES_USE,
        Act.ACKNOWLEDGE: Meaning.ACKNOWLEDGES,
        Act.CONSULT: Meaning.REVIEWED,
    }
)


class ReentrySpec(Spec):
    """Signatures for which the password is entered again: all that is named here must be so."""

    gate: Gate | None = None
    role: Role | None = None
    from_tier: int | None = Field(default=None, ge=1, le=4)

    @model_validator(mode="after")
    def _names_something(self) -> ReentrySpec:
        if self.gate is None and self.role is None and self.from_tier is None:
            raise ValueError("names no gate, role or from_tier")
        return self

    def covers(self, gate: Gate, role: Role, tier: int | None) -> bool:
        """An unknown tier counts as the highest."""
        return (
            self.gate in (None, gate)
            and self.role in (None, role)
            and (self.from_tier is None or tier is None or tier >= self.from_tier)
        )


class StageDays(Spec):
    """How long a stage usually takes, in working days: the median, and what 85 of 100 do not exceed."""

    typical: int = Field(ge=1)
    safe: int = Field(ge=1)

    @model_validator(mode="after")
    def _is_ordered(self) -> StageDays:
        if self.safe < self.typical:
            raise ValueError("safe is shorter than typical")
        return self


class SignOffPolicy(Spec):
    """Who is asked for what. `role_fields` adds each role's own fields of that gate's stage or earlier."""

    cosmetic: tuple[str, ...] = ()
    role_fields: dict[Role, tuple[str, ...]]
    gates: dict[Gate, tuple[ReviewSpec, ...]]
    light_roles: tuple[Role, ...]
    own_roles: dict[Role, str] = Field(default_factory=dict)  # how the organisation calls them
    required_evidence: dict[Gate, tuple[str, ...]] = Field(default_factory=dict)
    review_months: dict[int, int]
    lead_days: dict[Role, int]  # working days from asking to deciding
    stage_days: dict[Stage, StageDays]
    reenter_password: tuple[ReentrySpec, ...] = ()
    # tier: role: how many different people have to approve; one where nothing is said
    approvals_needed: dict[int, dict[Role, int]] = Field(default_factory=dict)
    # role: tier: months after which an approval given at one of the gates has to be given again
    reapproval_months: dict[Role, dict[int, int]] = Field(default_factory=dict)
    reapproval_gates: tuple[Gate, ...] = ()
    reapproval_notice_days: int = Field(default=40, ge=0)

    @model_validator(mode="after")
    def _numbers_can_be_met(self) -> SignOffPolicy:
        for tier, of_role in self.approvals_needed.items():
            for role, number in of_role.items():
                if tier not in range(1, 5) or not 1 <= number <= 5:
                    raise ValueError(
                        f"approvals_needed › {tier} › {role}: name a tier from 1 to 4 and 1 to 5 people"
                    )
        for role, of_tier in self.reapproval_months.items():
            for tier, months in of_tier.items():
                if tier not in range(1, 5) or not 1 <= months <= 120:
                    raise ValueError(
                        f"reapproval_months › {role} › {tier}: name a tier from 1 to 4 and 1 to 120 months"
                    )
        return self

    @model_validator(mode="after")
    def _knows_every_stage(self) -> SignOffPolicy:
        if missing := [stage.value for stage in Stage if stage not in self.stage_days]:
            raise ValueError(f"stage_days lacks {', '.join(missing)}")
        return self


def _answer_word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# YAML reads an unquoted true or 1 as something else than text.
AnswerWord = Annotated[str, BeforeValidator(_answer_word)]


class TierPoint(Spec):
    """Points for an answer: `when` lists choice values (or true/false) of `part`."""

    TEXTS = ("because",)

    field: str
    part: str = ONLY
    when: tuple[AnswerWord, ...]
    points: int
    because: str


class TierPolicy(Spec):
    """Impact and mitigation points. Quarters of the impact maximum give the tier.

    Nothing is proposed before the `needed` fields are answered.
    """

    needed: tuple[str, ...] = ()
    impact: tuple[TierPoint, ...]
    mitigation: tuple[TierPoint, ...]
    relief_from: Decimal
    relief: Decimal


class Guide(Spec):
    """The whole guide. Field ids, check ids and gates are looked up by the methods."""

    version: str
    worksheets: tuple[WorksheetSpec, ...]
    source_worksheet: WorksheetSpec
    checks: tuple[CheckSpec, ...]
    policy: SignOffPolicy
    tiers: TierPolicy
    thresholds: dict[str, Decimal | tuple[str, ...]]
    _as_written: Guide | None = PrivateAttr(default=None)
    _by_language: dict[str, Guide] = PrivateAttr(default_factory=dict)

    @property
    def as_written(self) -> Guide:
        """In the words of its files: what is kept, compared and digested."""
        return self._as_written or self

    def in_language(self, code: str) -> Guide:
        """The same guide for somebody who reads that language; what no catalogue knows stays as it was written."""
        written = self.as_written
        if code == ENGLISH:
            return written
        known = written._by_language.get(code)
        # A copy that was changed since starts with what was known of the one it was made from.
        if known is None or known._as_written is not written:
            with speaking(code):
                known = written.said()
            if known is written:
                return written
            known._as_written = written
            written._by_language = {**written._by_language, code: known}
        return known

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Guide:
        """Of a translation, what it was made from is changed alike."""
        copy = super().model_copy(update=update, deep=deep)
        if self._as_written is not None and update:
            copy._as_written = self._as_written.model_copy(update=update)
        return copy

    def here(self) -> Guide:
        """The same guide in the language spoken now."""
        return self.in_language(language())

    @cached_property
    def fields(self) -> Mapping[str, FieldSpec]:
        """All fields of stages and data sources by id, in worksheet order."""
        sheets = (*self.worksheets, self.source_worksheet)
        return {field.id: field for sheet in sheets for field in sheet.fields}

    @cached_property
    def checks_by_id(self) -> Mapping[str, CheckSpec]:
        return {check.id: check for check in self.checks}

    @cached_property
    def production_questions(self) -> tuple[FieldSpec, ...]:
        """The 24 production questions asked already at Discovery."""
        return tuple(field for field in self.worksheet(Stage.DISCOVERY).fields if field.production)

    @cached_property
    def dated_fields(self) -> tuple[str, ...]:
        """The ids of fields of which some part is a date."""
        return tuple(
            field.id for field in self.fields.values() if any(part.type == "date" for part in field.columns)
        )

    @cached_property
    def digest(self) -> str:
        if self._as_written is not None:
            return self._as_written.digest
        return digest(self.model_dump(mode="json"))

    def worksheet(self, stage: Stage) -> WorksheetSpec:
        return next(sheet for sheet in self.worksheets if sheet.stage is stage)

    def field(self, field_id: str) -> FieldSpec:
        return self.fields[field_id]

    def due_by(self, gate: Gate, *, light: bool = False) -> tuple[FieldSpec, ...]:
        """Fields due at `gate` or before it; on the light track only the marked ones."""
        return self._due_by[gate, light]

    @cached_property
    def _due_by(self) -> Mapping[tuple[Gate, bool], tuple[FieldSpec, ...]]:
        # Asked for six gates of a project whenever one of its answers changes.
        return {
            (gate, light): tuple(
                field
                for field in self.fields.values()
                if field.gate.order <= gate.order and (not light or field.light or field.production)
            )
            for gate in Gate
            for light in (False, True)
        }

    def evidence_by(self, gate: Gate, *, light: bool = False) -> tuple[FieldSpec, ...]:
        """Fields whose document is asked for at `gate` or before it, where they are due by then."""
        return self._evidence_by[gate, light]

    @cached_property
    def _evidence_by(self) -> Mapping[tuple[Gate, bool], tuple[FieldSpec, ...]]:
        asked = {each: self.policy.required_evidence.get(each, ()) for each in Gate}
        found = {}
        for (gate, light), due in self._due_by.items():
            by_id = {field.id: field for field in due}
            wanted = [field_id for each in Gate if each.order <= gate.order for field_id in asked[each]]
            found[gate, light] = tuple(by_id[field_id] for field_id in wanted if field_id in by_id)
        return found

    def number(self, name: str) -> Decimal:
        value = self.thresholds[name]
        if not isinstance(value, Decimal):
            raise TypeError(f"threshold {name} is a list")
        return value

    def words(self, name: str) -> tuple[str, ...]:
        value = self.thresholds[name]
        if isinstance(value, Decimal):
            raise TypeError(f"threshold {name} is a number")
        return value

    def reviews(self, gate: Gate, *, tier: int | None = None) -> tuple[ReviewSpec, ...]:
        """The reviews of a gate; tier 1 takes the light track."""
        specs = self.policy.gates[gate]
        if tier is None:
            return specs
        asked = tuple(spec for spec in specs if spec.from_tier is None or tier >= spec.from_tier)
        if tier == 1:
            on_light_track = (*self.policy.light_roles, Role.APPROVER)
            return tuple(spec for spec in asked if spec.role in on_light_track)
        return asked

    def review(self, gate: Gate, role: Role) -> ReviewSpec | None:
        return next((spec for spec in self.policy.gates[gate] if spec.role is role), None)

    def reenters_password(self, gate: Gate, role: Role, tier: int | None) -> bool:
        """Whether whoever agrees here enters the password again."""
        return any(spec.covers(gate, role, tier) for spec in self.policy.reenter_password)

    def approvals_needed(self, gate: Gate, role: Role, tier: int | None) -> int:
        """How many different people of `role` have to approve at `gate`; one where it is not asked to approve."""
        wanted = self.policy.approvals_needed.get(tier or 0)
        if not wanted or role not in wanted:
            return 1
        spec = self.review(gate, role)
        return wanted[role] if spec and spec.act is Act.APPROVE else 1

    def reapproval_months(self, gate: Gate, role: Role, tier: int | None) -> int | None:
        """After how many months an approval given here ends; None: it does not end by time."""
        if tier is None or gate not in self.policy.reapproval_gates:
            return None
        return self.policy.reapproval_months.get(role, {}).get(tier)

    def relied_on(self, gate: Gate, role: Role) -> tuple[str, ...]:
        """Field ids that a sign-off of `role` at `gate` rests on, without cosmetic ones, in guide order."""
        return self._relied_on[gate, role]

    @cached_property
    def _relied_on(self) -> Mapping[tuple[Gate, Role], tuple[str, ...]]:
        # Asked for every sign-off of a project whenever one of its answers changes.
        return {(gate, role): self._fields_of(gate, role) for gate in Gate for role in Role}

    def _fields_of(self, gate: Gate, role: Role) -> tuple[str, ...]:
        review = self.review(gate, role)
        wanted = set(review.evidence if review else ())
        if role is Role.APPROVER:
            wanted |= {field for spec in self.policy.gates[gate] for field in spec.evidence}
        for field_id in self.policy.role_fields.get(role, ()):
            if self.fields[field_id].gate.stage.order <= gate.stage.order:
                wanted.add(field_id)
        wanted -= set(self.policy.cosmetic)
        return tuple(field_id for field_id in self.fields if field_id in wanted)


# ---------------------------------------------------------------- loading

STAGE_FILES = ("discovery", "feasibility", "design", "model", "production")
CHECK_FILES = tuple(f"checks_{name}.yaml" for name in (*STAGE_FILES, "data"))
_FILE_OF = MappingProxyType(
    {"policy": "sign_offs.yaml", "tiers": "tiers.yaml", "thresholds": "thresholds.yaml"}
)


def load_guide(folder: Path) -> Guide:
    """Read and check the guide in `folder`; raises GuideError naming file and place of the first mistake."""
    sheets = tuple(_worksheet(folder, name) for name in STAGE_FILES)
    checks = {name: _checks(folder, name) for name in CHECK_FILES}
    parts = {
        "version": str(read_yaml(folder, "guide.yaml").get("version", "1")),
        "worksheets": sheets,
        "source_worksheet": _worksheet(folder, "data"),
        "checks": tuple(check for of_file in checks.values() for check in of_file),
        **{name: read_yaml(folder, file) for name, file in _FILE_OF.items()},
    }
    try:
        guide = Guide.model_validate(parts)
    except ValidationError as error:
        place = error.errors()[0]["loc"]
        raise guide_error(_FILE_OF.get(str(place[0]), "guide.yaml"), error, parts, drop=1) from error
    _check_field_names(guide)
    _check_check_names(checks, set(guide.fields))
    _check_policy_names(guide)
    _check_tier_names(guide.tiers, guide.fields)
    return guide


def _worksheet(folder: Path, name: str) -> WorksheetSpec:
    file = f"{name}.yaml"
    content = read_yaml(folder, file)
    stage = content.get("stage")
    if stage != name:
        raise GuideError(file, "stage", f"must be “{name}”, not “{stage}”")
    of_source = name == "data"
    defaults = {"stage": None if of_source else stage}
    if not of_source and stage != "production":
        defaults["gate"] = stage
    fields = [{**defaults, **item} for item in _listed(content, "fields", file)]
    content = {**content, "stage": defaults["stage"], "fields": fields}
    try:
        sheet = WorksheetSpec.model_validate(content)
    except ValidationError as error:
        raise guide_error(file, error, content) from error
    for field in sheet.fields:
        if field.stage and field.gate.stage.order < field.stage.order:
            raise GuideError(file, f"{field.id} › gate", f"is {field.gate}, which comes before this stage")
    return sheet


def _checks(folder: Path, file: str) -> tuple[CheckSpec, ...]:
    content = read_yaml(folder, file)
    found = []
    for check in _listed(content, "checks", file):
        try:
            found.append(CheckSpec.model_validate(check))
        except ValidationError as error:
            raise guide_error(file, error, check, start=str(check.get("id", "checks"))) from error
    return tuple(found)


def _listed(content: Mapping[str, Any], key: str, file: str) -> list[dict[str, Any]]:
    """The list of mappings under `key`; an empty one may be left out."""
    items = content.get(key) or []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise GuideError(file, key, "must be a list of mappings, each starting with “- id:”")
    return items


# The C loader, ten times as fast, where PyYAML was built with it.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _StrictLoader(_Loader):  # type: ignore[misc]
    """Refuses a key written twice in one mapping; YAML alone would keep the last and say nothing."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode) and key.value != "<<"]
        for (key, _), name in zip(node.value, keys, strict=False):
            if keys.count(name) > 1:
                raise yaml.constructor.ConstructorError(
                    problem=f"the key “{name}” is written twice", problem_mark=key.start_mark
                )
        content: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return content


def read_yaml(folder: Path, name: str) -> dict[str, Any]:
    """The mapping that a file holds; raises GuideError naming file and line."""
    try:
        content = yaml.load((folder / name).read_text(encoding="utf-8"), Loader=_StrictLoader)
    except FileNotFoundError as error:
        raise GuideError(name, "file", f"is missing in {folder}") from error
    except OSError as error:
        raise GuideError(name, "file", f"cannot be opened ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise GuideError(name, "file", f"is not UTF-8 text (byte {error.start + 1})") from error
    except yaml.MarkedYAMLError as error:
        place = f"line {error.problem_mark.line + 1}" if error.problem_mark else "file"
        raise GuideError(name, place, f"cannot be read as YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise GuideError(name, "file", f"cannot be read as YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise GuideError(name, "file", "must hold a mapping (lines of the form “key: value”)")
    return content


def guide_error(
    file: str, error: ValidationError, content: object, *, drop: int = 0, start: str = ""
) -> GuideError:
    """pydantic's first finding as file, place and sentence; `content` is what was read, `start` where it stood."""
    first = error.errors()[0]
    words = [start] if start else []
    words += _place(first["loc"], content)[drop:]
    return GuideError(file, " › ".join(words) or "file", _sentence(first))


def _sentence(error: Mapping[str, Any]) -> str:
    """pydantic's message as a person who edits YAML needs it; others as they are."""
    given = error["input"]
    match error["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return "is not a key of the guide; check its spelling in docs/guide.md"
        case "literal_error" | "enum":
            return f"“{given}” is not one of {error.get('ctx', {}).get('expected', '')}"
        case "value_error":
            return str(error["msg"]).removeprefix("Value error, ")
        case "string_type" if isinstance(given, bool):
            return "must be text: put yes, no, true and false in quotes"
        case "string_type":
            return f"must be text: put “{given}” in quotes"
        case _:
            return str(error["msg"])


# Steps that pydantic adds to a place: the tried member of a union, and a mapping's key.
_NOT_A_PLACE = re.compile(r"^(decimal|tuple\[.*\]|\[key\]|lax-or-strict.*)$")


def _place(place: tuple[int | str, ...], content: object) -> list[str]:
    """The path to the mistake with list positions replaced by the ids that stand there."""
    words: list[str] = []
    here: Any = content
    for step in place:
        try:
            here = here[step]
        except (KeyError, IndexError, TypeError):
            here = None
        identity = here.get("id") or here.get("role") if isinstance(here, dict) else None
        if not _NOT_A_PLACE.match(str(step)):
            words.append(str(identity or step))
    return words


def _check_field_names(guide: Guide) -> None:
    """A field id stands for one field, and a pointer points at rows that exist."""
    fields = [
        (f"{sheet.stage or 'data'}.yaml", field)
        for sheet in (*guide.worksheets, guide.source_worksheet)
        for field in sheet.fields
    ]
    seen: dict[str, FieldSpec] = {}
    for file, field in fields:
        if field.id in seen:
            raise GuideError(file, field.id, "this id is used twice")
        seen[field.id] = field
    for file, field in fields:
        for part in field.columns:
            for target in part.to:
                if target != "source" and target not in seen:
                    raise GuideError(file, field.id, f"refers to {target}, which does not exist")
                if target != "source" and not seen[target].rows:
                    raise GuideError(file, field.id, f"refers to {target}, which has no rows to point at")


def _check_check_names(checks: Mapping[str, tuple[CheckSpec, ...]], fields: set[str]) -> None:
    seen: set[str] = set()
    for file, of_file in checks.items():
        for check in of_file:
            if check.id in seen:
                raise GuideError(file, check.id, "this id is used twice")
            seen.add(check.id)
            for field_id in check.reads:
                if field_id not in fields:
                    raise GuideError(file, f"{check.id} › reads", f"{field_id} does not exist")


def _check_policy_names(guide: Guide) -> None:
    policy = guide.policy
    named = [
        *(("cosmetic", field_id) for field_id in policy.cosmetic),
        *(
            (f"role_fields › {role}", field_id)
            for role, ids in policy.role_fields.items()
            for field_id in ids
        ),
        *(
            (f"gates › {gate} › {spec.role}", field_id)
            for gate, specs in policy.gates.items()
            for spec in specs
            for field_id in spec.evidence
        ),
        *(
            (f"required_evidence › {gate}", field_id)
            for gate, ids in policy.required_evidence.items()
            for field_id in ids
        ),
    ]
    for where, field_id in named:
        if field_id not in guide.fields:
            raise GuideError("sign_offs.yaml", where, f"{field_id} does not exist")
    for gate in Gate:
        if gate not in policy.gates:
            raise GuideError("sign_offs.yaml", f"gates › {gate}", "is missing")


def _check_tier_names(tiers: TierPolicy, fields: Mapping[str, FieldSpec]) -> None:
    """A point that names no answer anybody can give would quietly never count."""
    for field_id in tiers.needed:
        if field_id not in fields:
            raise GuideError("tiers.yaml", "needed", f"{field_id} does not exist")
    for point in (*tiers.impact, *tiers.mitigation):
        parts = {part.id: part for part in fields[point.field].columns} if point.field in fields else None
        if parts is None:
            raise GuideError("tiers.yaml", point.field, "does not exist")
        if point.part not in parts:
            raise GuideError("tiers.yaml", point.field, f"has no part “{point.part}”")
        possible = (
            ("true", "false") if parts[point.part].type == "yes_no" else tuple(parts[point.part].choices)
        )
        for word in point.when:
            if word not in possible:
                raise GuideError(
                    "tiers.yaml", point.field, f"“{word}” is not one of its answers: {', '.join(possible)}"
                )
