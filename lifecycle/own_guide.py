"""What an organisation adds to the guide: questions of its own, thresholds, what sign-offs rest on, gate evidence.

One YAML file beside the guide, or the same written on screen and kept in the database; or both, one on top of the
other. Checked as strictly as the guide itself: a mistake raises GuideError naming file and place. It adds and sets; it
takes nothing away and shadows no id of the guide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from lifecycle.errors import GuideError
from lifecycle.guide import FieldSpec, Guide, SectionSpec, Spec, WorksheetSpec, guide_error, read_yaml
from lifecycle.language import say
from lifecycle.vocabulary import OWN_ROLES, Act, Gate, Role, Stage

OF_SOURCES = "data"  # instead of a stage: the record of each data source
_PREFIX = re.compile(r"[A-WYZ][A-Z]{1,7}")
_SOURCE_MARK = "X"  # what ids of questions about a data source begin with, here as in the guide


class OwnAsk(Spec):
    """What a role of the organisation's own is asked for at one gate, from this tier on."""

    act: Act = Act.APPROVE
    meaning: str = Field(min_length=1)
    rests_on: tuple[str, ...] = Field(min_length=1)
    from_tier: int = Field(default=2, ge=1, le=4)


class OwnRole(Spec):
    """A role of the organisation's own that signs off. One that is asked nowhere keeps its name for what it signed."""

    id: Role
    title: str = Field(min_length=1, max_length=40)
    asked: dict[Gate, OwnAsk] = Field(default_factory=dict)
    lead_days: int = Field(default=5, ge=1, le=250)  # working days from asking to deciding


class OwnGuide(Spec):
    """The file. `fields` are as in the guide's files, each with its `stage`; `rests_on` adds to sign-offs."""

    version: str
    prefix: str
    sections: dict[str, tuple[SectionSpec, ...]] = Field(default_factory=dict)
    fields: tuple[dict[str, Any], ...] = ()
    thresholds: dict[str, Decimal | tuple[str, ...]] = Field(default_factory=dict)
    rests_on: dict[Gate, dict[Role, tuple[str, ...]]] = Field(default_factory=dict)
    required_evidence: dict[Gate, tuple[str, ...]] = Field(default_factory=dict)
    cosmetic: tuple[str, ...] = ()
    roles: tuple[OwnRole, ...] = ()
    retired: tuple[str, ...] = ()  # ids that were used once and are not given to another question

    @property
    def is_empty(self) -> bool:
        return not (
            self.fields
            or self.sections
            or self.thresholds
            or self.rests_on
            or self.required_evidence
            or self.roles
        )


def with_own(guide: Guide, file: Path | None) -> Guide:
    """The guide together with the organisation's file; the guide itself without one.

    Its version is that of both, so that projects move on from one to the next of either when somebody decides to.
    """
    if file is None:
        return guide
    return joined(guide, own_guide(read_yaml(file.parent, file.name), file.name), file.name)


def joined(guide: Guide, own: OwnGuide, file: str) -> Guide:
    """The guide with what is added; `file` is what a mistake is said to stand in."""
    fields = tuple(_fields(own, guide, file))
    by_id = {**guide.fields, **{field.id: field for field in fields}}
    _check(own, guide, fields, by_id, file)
    parts = guide.model_dump()
    parts["version"] = f"{guide.version}+{own.version}"
    parts["thresholds"] = {**guide.thresholds, **own.thresholds}
    sheets = [_with_fields(sheet, own, fields, file) for sheet in guide.worksheets]
    parts["worksheets"] = tuple(sheets)
    parts["source_worksheet"] = _with_fields(guide.source_worksheet, own, fields, file)
    _add_to_policy(parts["policy"], own)
    try:
        return Guide.model_validate(parts)
    except ValidationError as error:
        raise guide_error(file, error, parts) from error


def own_guide(content: Mapping[str, Any], file: str) -> OwnGuide:
    """What a file says, so far as it can be told without the guide."""
    try:
        own = OwnGuide.model_validate(content)
    except ValidationError as error:
        raise guide_error(file, error, content) from error
    if not _PREFIX.fullmatch(own.prefix):
        raise GuideError(
            file, "prefix", say("must be two to eight capital letters, not beginning with X, such as ORG")
        )
    if not own.version.strip() or "+" in own.version:
        raise GuideError(file, "version", say("must be a word or number of yours, without “+”"))
    return own


# ------------------------------------------------------------------ questions


def _fields(own: OwnGuide, guide: Guide, file: str) -> Iterator[FieldSpec]:
    seen: set[str] = set()
    for number, item in enumerate(own.fields, start=1):
        place = f"fields › {item.get('id', number)}"
        stage = item.get("stage")
        if stage != OF_SOURCES and stage not in set(Stage):
            known = ", ".join([*Stage, OF_SOURCES])
            raise GuideError(
                file,
                f"{place} › stage",
                say("must be one of {known}, not “{stage}”", known=known, stage=stage),
            )
        field = _field(item, stage, file, place)
        _check_id(field, own, guide, seen, file, place)
        seen.add(field.id)
        yield field


def _field(item: Mapping[str, Any], stage: Any, file: str, place: str) -> FieldSpec:
    content = {**item, "stage": None if stage == OF_SOURCES else stage}
    if stage not in (OF_SOURCES, Stage.PRODUCTION):
        content.setdefault("gate", stage)
    try:
        field = FieldSpec.model_validate(content)
    except ValidationError as error:
        raise guide_error(file, error, content, start=place) from error
    if field.stage and field.gate.stage.order < field.stage.order:
        raise GuideError(
            file, f"{place} › gate", say("is {gate}, which comes before this stage", gate=field.gate)
        )
    if field.production:
        raise GuideError(
            file,
            f"{place} › production",
            say("cannot be set: the production questions are those of the guide"),
        )
    return field


def _check_id(field: FieldSpec, own: OwnGuide, guide: Guide, seen: set[str], file: str, place: str) -> None:
    wanted = f"{_SOURCE_MARK if field.is_of_source else ''}{own.prefix}"
    if not re.fullmatch(rf"{wanted}\d{{1,4}}", field.id):
        raise GuideError(file, place, say("must be {prefix} and a number, such as {prefix}1", prefix=wanted))
    if field.id in guide.fields:
        raise GuideError(file, place, say("is an id of the guide; choose another prefix"))
    if field.id in seen:
        raise GuideError(file, place, say("this id is used twice"))
    if field.id in own.retired:
        raise GuideError(file, place, say("this id belonged to another question; take a new one"))


def _with_fields(
    sheet: WorksheetSpec, own: OwnGuide, fields: tuple[FieldSpec, ...], file: str
) -> WorksheetSpec:
    name = sheet.stage.value if sheet.stage else OF_SOURCES
    sections = (*sheet.sections, *own.sections.get(name, ()))
    ids = [section.id for section in sections]
    for section in ids:
        if ids.count(section) > 1:
            raise GuideError(
                file, f"sections › {name} › {section}", say("is there already; choose another id")
            )
    mine = tuple(field for field in fields if field.stage is sheet.stage)
    for field in mine:
        if field.section not in ids:
            raise GuideError(
                file,
                f"fields › {field.id} › section",
                say(
                    "“{section}” is no section of {name}: {known}",
                    section=field.section,
                    name=name,
                    known=", ".join(ids),
                ),
            )
    return sheet.model_copy(update={"sections": sections, "fields": (*sheet.fields, *mine)})


# ------------------------------------------------------------------ everything else


def _check(
    own: OwnGuide, guide: Guide, fields: tuple[FieldSpec, ...], by_id: Mapping[str, FieldSpec], file: str
) -> None:
    for name in own.sections:
        if name != OF_SOURCES and name not in set(Stage):
            raise GuideError(file, f"sections › {name}", say("is no stage"))
    for field in fields:
        for part in field.columns:
            for target in part.to:
                if target != "source" and (target not in by_id or not by_id[target].rows):
                    raise GuideError(
                        file,
                        f"fields › {field.id}",
                        say("refers to {target}, which has no rows to point at", target=target),
                    )
    for name, value in own.thresholds.items():
        if name not in guide.thresholds:
            raise GuideError(file, f"thresholds › {name}", say("is no threshold of the guide"))
        if isinstance(value, Decimal) != isinstance(guide.thresholds[name], Decimal):
            is_number = isinstance(guide.thresholds[name], Decimal)
            problem = say("must be a number") if is_number else say("must be a list of words")
            raise GuideError(file, f"thresholds › {name}", problem)
    for gate, of_roles in own.rests_on.items():
        for role, ids in of_roles.items():
            if guide.review(gate, role) is None:
                raise GuideError(file, f"rests_on › {gate} › {role}", say("is not asked at this gate"))
            _require_known(ids, by_id, file, f"rests_on › {gate} › {role}")
    for gate, ids in own.required_evidence.items():
        _require_known(ids, by_id, file, f"required_evidence › {gate}")
    _require_known(own.cosmetic, {field.id: field for field in fields}, file, "cosmetic")
    for number, mine in enumerate(own.roles):
        _check_role(mine, own.roles[:number], guide, by_id, file)


def _check_role(
    role: OwnRole, before: tuple[OwnRole, ...], guide: Guide, by_id: Mapping[str, FieldSpec], file: str
) -> None:
    place = f"roles › {role.id}"
    if role.id not in OWN_ROLES:
        raise GuideError(
            file, place, say("is a role of the guide; yours are {roles}", roles=", ".join(OWN_ROLES))
        )
    if role.id in guide.policy.own_roles or role.id in {other.id for other in before}:
        raise GuideError(file, place, say("is there already; take another of the four"))
    titles = {other.title for other in Role if other not in OWN_ROLES}
    titles |= {*guide.policy.own_roles.values(), *(other.title for other in before)}
    if role.title.strip().casefold() in {title.casefold() for title in titles}:
        raise GuideError(
            file, f"{place} › title", say("“{title}” is the name of another role", title=role.title)
        )
    for gate, asked in role.asked.items():
        here = f"{place} › asked › {gate} › rests_on"
        _require_known(asked.rests_on, by_id, file, here)
        for field_id in asked.rests_on:
            if by_id[field_id].gate.order > gate.order:
                raise GuideError(
                    file,
                    here,
                    say(
                        "{field_id} is due only at {gate}", field_id=field_id, gate=by_id[field_id].gate.title
                    ),
                )


def _require_known(ids: tuple[str, ...], known: Mapping[str, FieldSpec], file: str, place: str) -> None:
    for field_id in ids:
        if field_id not in known:
            raise GuideError(file, place, say("{field_id} does not exist", field_id=field_id))


def _add_to_policy(policy: dict[str, Any], own: OwnGuide) -> None:
    policy["cosmetic"] = (*policy["cosmetic"], *own.cosmetic)
    evidence = {gate: tuple(ids) for gate, ids in policy["required_evidence"].items()}
    for gate, ids in own.required_evidence.items():
        evidence[gate] = tuple(dict.fromkeys((*evidence.get(gate, ()), *ids)))
    policy["required_evidence"] = evidence
    for role in own.roles:
        policy["own_roles"] = {**policy["own_roles"], role.id: role.title.strip()}
        policy["lead_days"] = {**policy["lead_days"], role.id: role.lead_days}
        if any(asked.from_tier == 1 for asked in role.asked.values()):
            policy["light_roles"] = (*policy["light_roles"], role.id)
        for gate, asked in role.asked.items():
            policy["gates"][gate] = (*policy["gates"][gate], _review(role, asked))
    for gate, of_roles in own.rests_on.items():
        for spec in policy["gates"][gate]:
            spec["evidence"] = tuple(dict.fromkeys((*spec["evidence"], *of_roles.get(spec["role"], ()))))


def _review(role: OwnRole, asked: OwnAsk) -> dict[str, Any]:
    return {
        "role": role.id,
        "act": asked.act,
        "meaning": asked.meaning,
        "evidence": asked.rests_on,
        "from_tier": asked.from_tier,
    }


# ------------------------------------------------------------------ on screen


@dataclass(frozen=True, slots=True)
class OwnQuestion:
    """One question as it is written on screen: `field` as in the file, and where it counts besides.

    `rests_on` are the sign-offs that rest on it, `evidence_at` the gates that ask for a document to it.
    """

    field: Mapping[str, Any]
    rests_on: tuple[tuple[Gate, Role], ...] = ()
    evidence_at: tuple[Gate, ...] = ()

    @property
    def id(self) -> str:
        return str(self.field["id"])


def questions(own: OwnGuide) -> tuple[OwnQuestion, ...]:
    """All of them, in their order."""
    return tuple(
        OwnQuestion(
            field,
            tuple(
                (gate, role)
                for gate, of_roles in own.rests_on.items()
                for role, ids in of_roles.items()
                if field["id"] in ids
            ),
            tuple(gate for gate, ids in own.required_evidence.items() if field["id"] in ids),
        )
        for field in own.fields
    )


def next_id(own: OwnGuide, *, of_source: bool) -> str:
    """An id that no question has or had."""
    start = f"{_SOURCE_MARK if of_source else ''}{own.prefix}"
    used = [str(field["id"]) for field in own.fields] + list(own.retired)
    numbers = [int(each.removeprefix(start)) for each in used if re.fullmatch(rf"{start}\d+", each)]
    return f"{start}{max(numbers, default=0) + 1}"


def with_question(own: OwnGuide, question: OwnQuestion) -> OwnGuide:
    """With this question in the place of the one with its id, or at the end."""
    kept = _unmentioned(own, question.id)
    fields = [dict(field) for field in kept.fields]
    places = [place for place, field in enumerate(fields) if field["id"] == question.id]
    if places:
        fields[places[0]] = dict(question.field)
    else:
        fields.append(dict(question.field))
    rests_on = {gate: dict(of_roles) for gate, of_roles in kept.rests_on.items()}
    for gate, role in question.rests_on:
        of_roles = rests_on.setdefault(gate, {})
        of_roles[role] = (*of_roles.get(role, ()), question.id)
    evidence = dict(kept.required_evidence)
    for gate in question.evidence_at:
        evidence[gate] = (*evidence.get(gate, ()), question.id)
    return kept.model_copy(
        update={"fields": tuple(fields), "rests_on": rests_on, "required_evidence": evidence}
    )


def without_question(own: OwnGuide, field_id: str) -> OwnGuide:
    """Without it; its id is kept from being given to another, because stored answers bear it."""
    kept = _unmentioned(own, field_id)
    return kept.model_copy(
        update={
            "fields": tuple(field for field in kept.fields if field["id"] != field_id),
            "cosmetic": tuple(each for each in kept.cosmetic if each != field_id),
            "retired": tuple(dict.fromkeys((*kept.retired, field_id))),
        }
    )


def _unmentioned(own: OwnGuide, field_id: str) -> OwnGuide:
    """Nothing rests on it and no gate asks for a document to it."""
    rests_on = {
        gate: {
            role: left
            for role, ids in of_roles.items()
            if (left := tuple(each for each in ids if each != field_id))
        }
        for gate, of_roles in own.rests_on.items()
    }
    evidence = {
        gate: left
        for gate, ids in own.required_evidence.items()
        if (left := tuple(each for each in ids if each != field_id))
    }
    return own.model_copy(
        update={
            "rests_on": {gate: of_roles for gate, of_roles in rests_on.items() if of_roles},
            "required_evidence": evidence,
        }
    )


def with_threshold(own: OwnGuide, name: str, value: Decimal | tuple[str, ...] | None) -> OwnGuide:
    """With this value of ours; None: the guide's own again."""
    thresholds = {each: said for each, said in own.thresholds.items() if each != name}
    if value is not None:
        thresholds[name] = value
    return own.model_copy(update={"thresholds": thresholds})


def with_role(own: OwnGuide, role: OwnRole) -> OwnGuide:
    """With this role in the place of the one with its id, or at the end."""
    others = {other.id: other for other in own.roles}
    return own.model_copy(update={"roles": tuple({**others, role.id: role}.values())})
