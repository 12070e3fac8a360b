"""What an organisation adds to the guide: questions of its own, thresholds, what sign-offs rest on, gate evidence.

One YAML file beside the guide, checked on loading as strictly as the guide itself: a mistake raises GuideError naming
file and place, and stops the start. It adds and sets; it takes nothing away and shadows no id of the guide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from lifecycle.errors import GuideError
from lifecycle.guide import FieldSpec, Guide, SectionSpec, Spec, WorksheetSpec, guide_error, read_yaml
from lifecycle.vocabulary import Gate, Role, Stage

OF_SOURCES = "data"  # instead of a stage: the record of each data source
_PREFIX = re.compile(r"[A-WYZ][A-Z]{1,7}")
_SOURCE_MARK = "X"  # what ids of questions about a data source begin with, here as in the guide


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


def with_own(guide: Guide, file: Path | None) -> Guide:
    """The guide together with the organisation's file; the guide itself without one.

    Its version is that of both, so that projects move on from one to the next of either when somebody decides to.
    """
    if file is None:
        return guide
    own = _read(file)
    fields = tuple(_fields(own, guide, file.name))
    by_id = {**guide.fields, **{field.id: field for field in fields}}
    _check(own, guide, fields, by_id, file.name)
    parts = guide.model_dump()
    parts["version"] = f"{guide.version}+{own.version}"
    parts["thresholds"] = {**guide.thresholds, **own.thresholds}
    sheets = [_with_fields(sheet, own, fields, file.name) for sheet in guide.worksheets]
    parts["worksheets"] = tuple(sheets)
    parts["source_worksheet"] = _with_fields(guide.source_worksheet, own, fields, file.name)
    _add_to_policy(parts["policy"], own)
    try:
        return Guide.model_validate(parts)
    except ValidationError as error:
        raise guide_error(file.name, error, parts) from error


def _read(file: Path) -> OwnGuide:
    content = read_yaml(file.parent, file.name)
    try:
        own = OwnGuide.model_validate(content)
    except ValidationError as error:
        raise guide_error(file.name, error, content) from error
    if not _PREFIX.fullmatch(own.prefix):
        raise GuideError(
            file.name, "prefix", "must be two to eight capital letters, not beginning with X, such as ORG"
        )
    if not own.version.strip() or "+" in own.version:
        raise GuideError(file.name, "version", "must be a word or number of yours, without “+”")
    return own


# ------------------------------------------------------------------ questions


def _fields(own: OwnGuide, guide: Guide, file: str) -> Iterator[FieldSpec]:
    seen: set[str] = set()
    for number, item in enumerate(own.fields, start=1):
        place = f"fields › {item.get('id', number)}"
        stage = item.get("stage")
        if stage != OF_SOURCES and stage not in set(Stage):
            known = ", ".join([*Stage, OF_SOURCES])
            raise GuideError(file, f"{place} › stage", f"must be one of {known}, not “{stage}”")
        field = _field(item, stage, file, place)
        _check_id(field, own.prefix, guide, seen, file, place)
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
        raise GuideError(file, f"{place} › gate", f"is {field.gate}, which comes before this stage")
    if field.production:
        raise GuideError(
            file, f"{place} › production", "cannot be set: the production questions are those of the guide"
        )
    return field


def _check_id(field: FieldSpec, prefix: str, guide: Guide, seen: set[str], file: str, place: str) -> None:
    wanted = f"{_SOURCE_MARK if field.is_of_source else ''}{prefix}"
    if not re.fullmatch(rf"{wanted}\d{{1,4}}", field.id):
        raise GuideError(file, place, f"must be {wanted} and a number, such as {wanted}1")
    if field.id in guide.fields:
        raise GuideError(file, place, "is an id of the guide; choose another prefix")
    if field.id in seen:
        raise GuideError(file, place, "this id is used twice")


def _with_fields(
    sheet: WorksheetSpec, own: OwnGuide, fields: tuple[FieldSpec, ...], file: str
) -> WorksheetSpec:
    name = sheet.stage.value if sheet.stage else OF_SOURCES
    sections = (*sheet.sections, *own.sections.get(name, ()))
    ids = [section.id for section in sections]
    for section in ids:
        if ids.count(section) > 1:
            raise GuideError(file, f"sections › {name} › {section}", "is there already; choose another id")
    mine = tuple(field for field in fields if field.stage is sheet.stage)
    for field in mine:
        if field.section not in ids:
            raise GuideError(
                file,
                f"fields › {field.id} › section",
                f"“{field.section}” is no section of {name}: {', '.join(ids)}",
            )
    return sheet.model_copy(update={"sections": sections, "fields": (*sheet.fields, *mine)})


# ------------------------------------------------------------------ everything else


def _check(
    own: OwnGuide, guide: Guide, fields: tuple[FieldSpec, ...], by_id: Mapping[str, FieldSpec], file: str
) -> None:
    for name in own.sections:
        if name != OF_SOURCES and name not in set(Stage):
            raise GuideError(file, f"sections › {name}", "is no stage")
    for field in fields:
        for part in field.columns:
            for target in part.to:
                if target != "source" and (target not in by_id or not by_id[target].rows):
                    raise GuideError(
                        file, f"fields › {field.id}", f"refers to {target}, which has no rows to point at"
                    )
    for name, value in own.thresholds.items():
        if name not in guide.thresholds:
            raise GuideError(file, f"thresholds › {name}", "is no threshold of the guide")
        if isinstance(value, Decimal) != isinstance(guide.thresholds[name], Decimal):
            kind = "a number" if isinstance(guide.thresholds[name], Decimal) else "a list of words"
            raise GuideError(file, f"thresholds › {name}", f"must be {kind}")
    for gate, of_roles in own.rests_on.items():
        for role, ids in of_roles.items():
            if guide.review(gate, role) is None:
                raise GuideError(file, f"rests_on › {gate} › {role}", "is not asked at this gate")
            _require_known(ids, by_id, file, f"rests_on › {gate} › {role}")
    for gate, ids in own.required_evidence.items():
        _require_known(ids, by_id, file, f"required_evidence › {gate}")
    _require_known(own.cosmetic, {field.id: field for field in fields}, file, "cosmetic")


def _require_known(ids: tuple[str, ...], known: Mapping[str, FieldSpec], file: str, place: str) -> None:
    for field_id in ids:
        if field_id not in known:
            raise GuideError(file, place, f"{field_id} does not exist")


def _add_to_policy(policy: dict[str, Any], own: OwnGuide) -> None:
    policy["cosmetic"] = (*policy["cosmetic"], *own.cosmetic)
    evidence = {gate: tuple(ids) for gate, ids in policy["required_evidence"].items()}
    for gate, ids in own.required_evidence.items():
        evidence[gate] = tuple(dict.fromkeys((*evidence.get(gate, ()), *ids)))
    policy["required_evidence"] = evidence
    for gate, of_roles in own.rests_on.items():
        for spec in policy["gates"][gate]:
            spec["evidence"] = tuple(dict.fromkeys((*spec["evidence"], *of_roles.get(spec["role"], ()))))
