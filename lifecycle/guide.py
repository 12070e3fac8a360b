"""The guide as content: stages, fields, checks' texts, sign-off policy and thresholds from data/guide/*.yaml.

Everything is validated on loading; a mistake raises GuideError naming file and place, and stops the start.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from lifecycle.canonical import digest
from lifecycle.errors import GuideError
from lifecycle.vocabulary import Act, Gate, Role, Severity, Stage

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
    model_config = ConfigDict(frozen=True, extra="forbid")


class PartSpec(Spec):
    """One typed part of an answer, or one column of its rows."""

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
        if self.type == "choice" and not self.choices:
            raise ValueError(f"part {self.id} of type choice needs choices")
        if self.type in ("reference", "references") and not self.to:
            raise ValueError(f"part {self.id} of type {self.type} needs “to”")
        return self


class FieldSpec(Spec):
    """One question. Exactly one of `type`, `parts`, `rows` says its shape; `id` is never used again."""

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
        names = [part.id for part in self.columns]
        if len(names) != len(set(names)):
            raise ValueError("has two parts with the same id")
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
    id: str
    title: str
    intro: str = ""


class WorksheetSpec(Spec):
    """The questions of one stage, or of a data source (`stage` None)."""

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

    id: str = "main"
    enforced: dict[Gate, Severity]
    message: str

    def severity_at(self, gate: Gate) -> Severity | None:
        """The severity enforced at `gate`: that of the latest gate named up to it; None while it is advice."""
        reached = [named for named in self.enforced if named.order <= gate.order]
        return self.enforced[max(reached, key=lambda named: named.order)] if reached else None

    @property
    def first_gate(self) -> Gate:
        return min(self.enforced, key=lambda named: named.order)


class CheckSpec(Spec):
    id: str
    title: str
    reads: tuple[str, ...]
    waived_by: Role
    why: str = ""
    branches: tuple[BranchSpec, ...]

    def branch(self, branch_id: str) -> BranchSpec:
        return next(branch for branch in self.branches if branch.id == branch_id)


class ReviewSpec(Spec):
    """What one role is asked for at one gate, and on which fields its decision rests there."""

    role: Role
    act: Act
    meaning: str
    evidence: tuple[str, ...] = ()
    only_when_stale: bool = False




class SignOffPolicy(Spec):
    """Who is asked for what. `role_fields` adds each role's own fields of that gate's stage or earlier."""

    cosmetic: tuple[str, ...] = ()
    role_fields: dict[Role, tuple[str, ...]]
    gates: dict[Gate, tuple[ReviewSpec, ...]]
    light_roles: tuple[Role, ...]
    required_evidence: dict[Gate, tuple[str, ...]] = Field(default_factory=dict)
    review_months: dict[int, int]
    lead_days: dict[Role, int]


class TierPoint(Spec):
    """Points for an answer: `when` lists choice values (or true/false) of `part`."""

    field: str
    part: str = ONLY
    when: tuple[Annotated[str, BeforeValidator(lambda value: str(value).lower() if isinstance(value, bool) else str(value))], ...]
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

    @cached_property
    def fields(self) -> Mapping[str, FieldSpec]:
        """All fields of stages and data sources by id, in worksheet order."""
        return {field.id: field for sheet in (*self.worksheets, self.source_worksheet) for field in sheet.fields}

    @cached_property
    def checks_by_id(self) -> Mapping[str, CheckSpec]:
        return {check.id: check for check in self.checks}

    @cached_property
    def production_questions(self) -> tuple[FieldSpec, ...]:
        """The 24 production questions asked already at Discovery."""
        return tuple(field for field in self.worksheet(Stage.DISCOVERY).fields if field.production)

    @cached_property
    def digest(self) -> str:
        return digest(self.model_dump(mode="json"))

    def worksheet(self, stage: Stage) -> WorksheetSpec:
        return next(sheet for sheet in self.worksheets if sheet.stage is stage)

    def field(self, field_id: str) -> FieldSpec:
        return self.fields[field_id]

    def due_by(self, gate: Gate, *, light: bool = False) -> Iterator[FieldSpec]:
        """Fields due at `gate` or before it; on the light track only the marked ones."""
        for field in self.fields.values():
            if field.gate.order <= gate.order and (not light or field.light or field.production):
                yield field

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
        if tier == 1:
            return tuple(spec for spec in specs if spec.role in self.policy.light_roles or spec.role is Role.APPROVER)
        return specs

    def review(self, gate: Gate, role: Role) -> ReviewSpec | None:
        return next((spec for spec in self.policy.gates[gate] if spec.role is role), None)

    def relied_on(self, gate: Gate, role: Role) -> tuple[str, ...]:
        """Field ids that a sign-off of `role` at `gate` rests on, without cosmetic ones, in guide order."""
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


def load_guide(folder: Path) -> Guide:
    """Read and check the guide in `folder`; raises GuideError naming file and place of the first mistake."""
    sheets = tuple(_worksheet(folder, name) for name in STAGE_FILES)
    parts = {
        "version": str(_read(folder, "guide.yaml").get("version", "1")),
        "worksheets": sheets,
        "source_worksheet": _worksheet(folder, "data"),
        "checks": [check for name in CHECK_FILES for check in _read(folder, name).get("checks") or ()],
        "policy": _read(folder, "sign_offs.yaml"),
        "tiers": _read(folder, "tiers.yaml"),
        "thresholds": _read(folder, "thresholds.yaml"),
    }
    files = {"checks": "checks_*.yaml", "policy": "sign_offs.yaml", "tiers": "tiers.yaml", "thresholds": "thresholds.yaml"}
    try:
        guide = Guide.model_validate(parts)
    except ValidationError as error:
        raise _guide_error(error, lambda place: files.get(str(place[0]), "guide.yaml") if place else "guide.yaml", parts) from error
    _check_names(guide)
    return guide


def _worksheet(folder: Path, name: str) -> WorksheetSpec:
    content = _read(folder, f"{name}.yaml")
    stage = content.get("stage")
    if stage != name:
        raise GuideError(f"{name}.yaml", "stage", f"must be “{name}”, not “{stage}”")
    of_source = name == "data"
    defaults = {"stage": None if of_source else stage}
    if not of_source and stage != "production":
        defaults["gate"] = stage
    fields = content.get("fields") or []
    if not isinstance(fields, list) or not all(isinstance(item, dict) for item in fields):
        raise GuideError(f"{name}.yaml", "fields", "must be a list of fields")
    content = {**content, "stage": defaults["stage"], "fields": [{**defaults, **item} for item in fields]}
    try:
        return WorksheetSpec.model_validate(content)
    except ValidationError as error:
        raise _guide_error(error, lambda _: f"{name}.yaml", content) from error


def _read(folder: Path, name: str) -> dict[str, Any]:
    try:
        content = yaml.safe_load((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise GuideError(name, "file", f"is missing in {folder}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise GuideError(name, "file", f"cannot be read as YAML: {error}") from error
    if not isinstance(content, dict):
        raise GuideError(name, "file", "must hold a mapping")
    return content


def _guide_error(error: ValidationError, file_of: Any, content: Mapping[str, Any]) -> GuideError:
    first = error.errors()[0]
    place = first["loc"]
    return GuideError(file_of(place), _place(place, content), first["msg"])


def _place(place: tuple[int | str, ...], content: Any) -> str:
    """The path to the mistake with list positions replaced by the ids that stand there."""
    words: list[str] = []
    here = content
    for step in place:
        try:
            here = here[step]
        except (KeyError, IndexError, TypeError):
            here = None
        identity = here.get("id") or here.get("role") if isinstance(here, dict) else None
        words.append(str(identity or step))
    return " › ".join(words) or "file"


def _check_names(guide: Guide) -> None:
    """Every field, part and check that the guide names must exist, and only once."""
    seen: set[str] = set()
    for sheet in (*guide.worksheets, guide.source_worksheet):
        for field in sheet.fields:
            if field.id in seen:
                raise GuideError(f"{sheet.stage or 'data'}.yaml", field.id, "this id is used twice")
            seen.add(field.id)
    for sheet in (*guide.worksheets, guide.source_worksheet):
        for field in sheet.fields:
            for part in field.columns:
                for target in part.to:
                    if target != "source" and target not in seen:
                        raise GuideError(f"{sheet.stage or 'data'}.yaml", field.id, f"refers to {target}, which does not exist")
    _check_check_names(guide, seen)
    _check_policy_names(guide, seen)


def _check_check_names(guide: Guide, fields: set[str]) -> None:
    ids = [check.id for check in guide.checks]
    for check in guide.checks:
        if ids.count(check.id) > 1:
            raise GuideError("checks_*.yaml", check.id, "this id is used twice")
        for field_id in check.reads:
            if field_id not in fields:
                raise GuideError("checks_*.yaml", check.id, f"reads {field_id}, which does not exist")


def _check_policy_names(guide: Guide, fields: set[str]) -> None:
    named = {
        *guide.policy.cosmetic,
        *(field for ids in guide.policy.role_fields.values() for field in ids),
        *(field for specs in guide.policy.gates.values() for spec in specs for field in spec.evidence),
        *(field for ids in guide.policy.required_evidence.values() for field in ids),
    }
    for field_id in sorted(named - fields):
        raise GuideError("sign_offs.yaml", field_id, "names a field that does not exist")
    for gate in Gate:
        if gate not in guide.policy.gates:
            raise GuideError("sign_offs.yaml", f"gates › {gate}", "is missing")
    points = (point.field for point in (*guide.tiers.impact, *guide.tiers.mitigation))
    for field_id in (*guide.tiers.needed, *points):
        if field_id not in fields:
            raise GuideError("tiers.yaml", field_id, "names a field that does not exist")
