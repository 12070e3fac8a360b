"""The whole-project document as a JSON file: written, read with every mistake named by its place, and its schema."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any, NoReturn

from pydantic import ValidationError

from lifecycle.actions.documents import stored_rows
from lifecycle.canonical import canonical_json
from lifecycle.errors import Invalid
from lifecycle.facts.document_parts import (
    FORMAT,
    NOT_PEOPLE,
    SCHEMA_VERSION,
    AnswerPart,
    EvidencePart,
    MonitorPart,
    ProjectDocument,
    VersionPart,
    people_in,
)
from lifecycle.guide import FieldSpec, Guide, PartSpec
from lifecycle.language import mark, say
from lifecycle.rules.answers import decode, describe, parse
from lifecycle.rules.parts import Problem, parse_part, shortened
from lifecycle.rules.people import email_problem, tidy_email
from lifecycle.store.readings import digest_of
from lifecycle.vocabulary import AnswerState

SCHEMA_FILE = "project-document.schema.json"
MOST_PROBLEMS = 50
_LINK = PartSpec(id="link", type="link")
_MARK = re.compile(r'"\\u0000(\d+)"')
_ONE_LINE = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
# What documents of version 1 do not have yet.
_LISTS_SINCE_2 = ("shared_sources", "releases", "retirements", "incidents", "monitors")

_Place = tuple[str, str]  # where, and a sentence


def document_text(document: ProjectDocument) -> str:
    """The same project gives the same text, whichever installation writes it. A reading takes one line."""
    said = document.model_dump(mode="json")
    lines: list[str] = []
    for monitor in said["monitors"]:
        for batch in monitor["batches"]:
            if batch["readings"]:
                lines.append(_reading_lines(batch["readings"]))
                batch["readings"] = f"\0{len(lines) - 1}"  # no text of a document holds this character
    text = json.dumps(said, ensure_ascii=False, indent=2)
    return _MARK.sub(lambda found: lines[int(found[1])], text) + "\n"


def _reading_lines(readings: Iterable[Any]) -> str:
    inner = ",\n".join([f"            {_ONE_LINE(each)}" for each in readings])
    return f"[\n{inner}\n          ]"


def schema_text() -> str:
    """The JSON Schema of the document, as it is kept in docs/."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **ProjectDocument.model_json_schema(),
    }
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def read_document(data: bytes, guide: Guide, *, largest_megabytes: int = 50) -> ProjectDocument:
    """The checked document. Raises Invalid that maps each place (a JSON path) to a sentence."""
    if len(data) > largest_megabytes * 1_000_000:
        raise Invalid(say("The file is larger than {most} MB.", most=largest_megabytes))
    text = _text(data)
    found = _parsed(text)
    _refuse_another_format(found)
    if _is_of_version(found, 1):
        text = json.dumps(_as_version_2(found))
    del found
    try:
        document = ProjectDocument.model_validate_json(text, strict=True)
    except ValidationError as error:
        _refuse((_path(each), _sentence(each)) for each in error.errors(include_url=False))
    problems = list(_problems(document, guide))
    if problems:
        _refuse(problems)
    return document


def notes(document: ProjectDocument, guide: Guide) -> tuple[str, ...]:
    """What is taken in and cannot be shown here."""
    said = []
    unknown = sorted({part.field for part in document.answers if part.field not in guide.fields})
    if unknown:
        said.append(
            say(
                "Kept, but not shown: answers to questions that this guide does not have ({questions}).",
                questions=", ".join(unknown),
            )
        )
    if document.project.guide_version != guide.version:
        said.append(
            say(
                "It goes by version {version} of the guide; where that is not kept here, it is "
                "judged by version {here}.",
                version=document.project.guide_version,
                here=guide.version,
            )
        )
    return tuple(said)


# ---------------------------------------------------------------- the file


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(say("The file is not UTF-8 text (byte {byte}).", byte=error.start)) from error


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        where = say("line {line}, column {column}", line=error.lineno, column=error.colno)
        raise Invalid({where: say("The file is not JSON, or not all of it is there.")}) from error
    except (RecursionError, ValueError) as error:
        raise Invalid(say("The file is not JSON that can be read.")) from error


def _no_number(word: str) -> NoReturn:
    raise ValueError(word)


def _refuse_another_format(found: Any) -> None:
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise Invalid(
            {
                "format": say(
                    "This is no whole-project document: its format would be “{format}”.", format=FORMAT
                )
            }
        )
    version = found.get("schema_version")
    if isinstance(version, int) and not isinstance(version, bool) and version > SCHEMA_VERSION:
        raise Invalid(
            {
                "schema_version": say(
                    "This document is of version {version}, and versions up to {newest} are read "
                    "here. Update Lifecycle first.",
                    version=version,
                    newest=SCHEMA_VERSION,
                )
            }
        )


def _is_of_version(found: dict[str, Any], version: int) -> bool:
    said = found.get("schema_version")
    return said == version and isinstance(said, int) and not isinstance(said, bool)


def _as_version_2(found: dict[str, Any]) -> dict[str, Any]:
    """What an older document could not say was not there, or is not known."""
    project, entry = found.get("project"), found.get("register_entry")
    newer = [name for name in _LISTS_SINCE_2 if name in found]
    newer += [f"project.{name}" for name in ("merged_into",) if isinstance(project, dict) and name in project]
    newer += [f"register_entry.{name}" for name in ("others",) if isinstance(entry, dict) and name in entry]
    if newer:
        _refuse((name, say("is not part of a document of version 1.")) for name in newer)
    later: dict[str, Any] = {name: [] for name in _LISTS_SINCE_2}
    if isinstance(project, dict):
        later["project"] = {**project, "merged_into": None}
    if isinstance(entry, dict):
        later["register_entry"] = {**entry, "others": None}
    return {**found, **later, "schema_version": 2}


def _refuse(problems: Iterable[_Place]) -> NoReturn:
    found = dict(reversed(list(problems)))  # the first of several at one place
    kept = dict(list(reversed(found.items()))[:MOST_PROBLEMS])
    if len(found) > MOST_PROBLEMS:
        kept["…"] = say("and {number} more places.", number=len(found) - MOST_PROBLEMS)
    raise Invalid(kept)


def _path(error: Mapping[str, Any]) -> str:
    """`answers[3].versions[0].state`"""
    path = ""
    for step in error["loc"]:
        if isinstance(step, int):
            path += f"[{step}]"
        elif step.isidentifier():
            path += f".{step}" if path else step
    return path


def _sentence(error: Mapping[str, Any]) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "json_invalid":
            return say(
                "The file is not JSON that can be read ({reason}).", reason=context.get("error", "broken")
            )
        case "missing":
            return say("is missing.")
        case "extra_forbidden":
            return say("is not part of this document.")
        case "enum" | "literal_error":
            return say(
                "needs to be {expected}, not {found}.",
                expected=context.get("expected") or say("another word"),
                found=_shown(error["input"]),
            )
        case "string_type":
            return say("needs text, not {found}.", found=_shown(error["input"]))
        case "int_type" | "int_from_float":
            return say("needs a whole number, not {found}.", found=_shown(error["input"]))
        case "bool_type":
            return say("needs true or false, not {found}.", found=_shown(error["input"]))
        case "list_type":
            return say("needs a list.")
        case "model_type" | "model_attributes_type" | "dict_type":
            return say("needs an object with its fields.")
        case "string_pattern_mismatch":
            return say("cannot be {found}.", found=_shown(error["input"]))
        case "value_error":
            return f"{context.get('error', error['msg'])}."
        case _:
            message = error["msg"]
            return say("is not right: {reason}.", reason=f"{message[:1].lower()}{message[1:]}")


def _shown(value: object) -> str:
    return (
        say("“{text}”", text=shortened(str(value)))
        if isinstance(value, str | int | float)
        else say("what is there")
    )


# ---------------------------------------------------------------- what has to fit together


def _problems(document: ProjectDocument, guide: Guide) -> Iterator[_Place]:
    yield from _of_people(document)
    yield from _of_sources(document)
    yield from _of_project(document)
    for index, part in enumerate(document.answers):
        yield from _of_answer(part, f"answers[{index}]", guide, document.project.guide_version)
    yield from _of_decisions(document)
    for index, document_ in enumerate(document.evidence):
        yield from _of_evidence(document_, f"evidence[{index}]")
    yield from _of_releases(document)
    yield from _of_incidents(document)
    yield from _twice(
        ((part.key, f"monitors[{index}].key") for index, part in enumerate(document.monitors)),
        mark("monitor"),
    )
    for index, monitor in enumerate(document.monitors):
        yield from _of_monitor(monitor, f"monitors[{index}]", len(document.incidents))


def _of_people(document: ProjectDocument) -> Iterator[_Place]:
    yield from _twice(
        ((part.id, f"people[{index}].id") for index, part in enumerate(document.people)), mark("person")
    )
    yield from _twice(
        (
            (tidy_email(part.email), f"people[{index}].email")
            for index, part in enumerate(document.people)
            if part.email
        ),
        mark("address"),
    )
    for index, part in enumerate(document.people):
        if part.email and (part.erased or email_problem(tidy_email(part.email))):
            yield (
                f"people[{index}].email",
                say("An erased person has none.") if part.erased else say("is no e-mail address."),
            )
    known = {part.id for part in document.people} | set(NOT_PEOPLE)
    for place, name in people_in(document):
        if name not in known:
            yield place, say("“{name}” is not in the list of people.", name=shortened(name))


def _of_sources(document: ProjectDocument) -> Iterator[_Place]:
    listed = list(enumerate(document.sources))
    yield from _twice(((part.id, f"sources[{index}].id") for index, part in listed), mark("data source"))
    yield from _twice(((part.key, f"sources[{index}].key") for index, part in listed), mark("key"))
    known = {part.id for part in document.sources}
    for name in ("answers", "threads", "evidence", "shared_sources"):
        for index, part in enumerate(getattr(document, name)):
            if part.source is not None and part.source not in known:
                yield (
                    f"{name}[{index}].source",
                    say("“{source}” is not in the list of data sources.", source=part.source),
                )


def _of_project(document: ProjectDocument) -> Iterator[_Place]:
    project = document.project
    if project.gate and project.gate.stage is not project.stage:
        yield (
            "project.gate",
            say(
                "The {gate} gate is not at the end of the stage that the project is in.",
                gate=project.gate.title,
            ),
        )
    if project.origin == "register" and document.register_entry is None:
        yield "register_entry", say("is missing, though the project comes from a register.")
    gates = ((part.gate, f"target_dates[{index}].gate") for index, part in enumerate(document.target_dates))
    yield from _twice(gates, mark("gate"))


def _of_answer(part: AnswerPart, place: str, guide: Guide, version: str) -> Iterator[_Place]:
    spec = guide.fields.get(part.field)
    if spec and spec.is_of_source != (part.source is not None):
        yield (
            f"{place}.source",
            say("{question} needs a data source.", question=part.field)
            if spec.is_of_source
            else say("{question} is not asked of a data source.", question=part.field),
        )
    seen: set[int] = set()
    for index, each in enumerate(part.versions):
        here = f"{place}.versions[{index}]"
        if seen and each.revision <= max(seen):
            yield f"{here}.revision", say("Versions have to stand in the order of their numbers, each once.")
        if each.restored_from is not None and each.restored_from not in seen:
            yield f"{here}.restored_from", say("names a version that is not there before it.")
        seen.add(each.revision)
        yield from _of_value(each, here, spec, is_ours=version == guide.version)


def _of_value(version: VersionPart, place: str, spec: FieldSpec | None, *, is_ours: bool) -> Iterator[_Place]:
    if (version.state is AnswerState.ANSWERED) != (version.value is not None):
        yield f"{place}.value", say("has to be there exactly when the question is answered.")
    elif version.value is not None and spec is not None:
        try:
            if canonical_json(parse(spec, version.value)) != canonical_json(version.value):
                yield (
                    f"{place}.value",
                    say("is not in the form in which {question} is kept.", question=spec.id),
                )
        except Invalid as error:
            if is_ours or not _can_be_shown(spec, version.value):
                yield from (
                    (f"{place}.value", say("{place}: {text}", place=inner, text=text) if inner else text)
                    for inner, text in error.problems.items()
                )


def _can_be_shown(spec: FieldSpec, value: Any) -> bool:
    """Whether an answer from before its question changed can be kept: it has to be given again, and breaks nothing."""
    try:
        decoded = decode(spec, value)
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
        return True  # reads as one that has to be given again
    try:
        describe(spec, decoded)
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
        return False
    return True


def _of_decisions(document: ProjectDocument) -> Iterator[_Place]:
    for name in ("reviews", "sign_offs", "evidence"):
        numbers = ((part.id, f"{name}[{index}].id") for index, part in enumerate(getattr(document, name)))
        yield from _twice(numbers, mark("number"))
    reviews = {part.id for part in document.reviews}
    signed = {part.id for part in document.sign_offs}
    for index, made in enumerate(document.sign_offs):
        if made.review not in reviews:
            yield f"sign_offs[{index}].review", say("There is no review {review}.", review=made.review)
        for name in ("affirms", "withdraws"):
            if getattr(made, name) is not None and getattr(made, name) not in signed:
                yield (
                    f"sign_offs[{index}].{name}",
                    say("There is no sign-off {sign_off}.", sign_off=getattr(made, name)),
                )
    for name in ("change_answers", "invalidations", "conditions"):
        for index, part in enumerate(getattr(document, name)):
            if part.sign_off is not None and part.sign_off not in signed:
                yield (
                    f"{name}[{index}].sign_off",
                    say("There is no sign-off {sign_off}.", sign_off=part.sign_off),
                )


def _of_evidence(part: EvidencePart, place: str) -> Iterator[_Place]:
    numbers = (
        (each.number, f"{place}.revisions[{index}].number") for index, each in enumerate(part.revisions)
    )
    yield from _twice(numbers, mark("number"))
    for index, each in enumerate(part.revisions):
        try:
            parse_part(_LINK, each.address)
        except Problem as problem:
            yield f"{place}.revisions[{index}].address", str(problem)


def _of_releases(document: ProjectDocument) -> Iterator[_Place]:
    listed = list(enumerate(document.releases))
    yield from _twice(((part.number, f"releases[{index}].number") for index, part in listed), mark("release"))
    numbers = {part.number for part in document.releases}
    sources = {part.id for part in document.sources}
    for index, part in listed:
        place = f"releases[{index}]"
        for other, step in enumerate(part.steps):
            if step.back_to is not None and step.back_to not in numbers:
                yield (
                    f"{place}.steps[{other}].back_to",
                    say("There is no release {release}.", release=step.back_to),
                )
        for name in ("answers", "sources"):
            for other, frozen in enumerate(getattr(part, name)):
                if frozen.source is not None and frozen.source not in sources:
                    where = f"{place}.{name}[{other}].source"
                    yield where, say("“{source}” is not in the list of data sources.", source=frozen.source)


def _of_incidents(document: ProjectDocument) -> Iterator[_Place]:
    monitors = {part.key for part in document.monitors}
    for index, part in enumerate(document.incidents):
        place = f"incidents[{index}]"
        if part.id != index + 1:
            yield (
                f"{place}.id",
                say("Incidents are numbered in their order: this one is number {number}.", number=index + 1),
            )
        if part.monitor is not None and part.monitor not in monitors:
            yield f"{place}.monitor", say("There is no monitor “{monitor}”.", monitor=shortened(part.monitor))


def _of_monitor(part: MonitorPart, place: str, incidents: int) -> Iterator[_Place]:
    keys: set[str] = set()
    for index, batch in enumerate(part.batches):
        here = f"{place}.batches[{index}]"
        for other, reading in enumerate(batch.readings):
            if reading[0] in keys:
                yield (
                    f"{here}.readings[{other}]",
                    say("The key “{key}” is there twice.", key=shortened(reading[0])),
                )
            keys.add(reading[0])
        if digest_of(stored_rows(batch.readings)) != batch.digest:
            yield f"{here}.digest", say("is not that of these readings: the file was changed.")
    for index, corrected in enumerate(part.corrections):
        if corrected.reading not in keys:
            where = f"{place}.corrections[{index}].reading"
            yield where, say("There is no reading “{reading}”.", reading=shortened(corrected.reading))
    fired = ((f"{each.kind} {each.key}", index) for index, each in enumerate(part.firings))
    yield from _twice(((name, f"{place}.firings[{index}].key") for name, index in fired), mark("firing"))
    for index, firing in enumerate(part.firings):
        here = f"{place}.firings[{index}]"
        if firing.reading is not None and firing.reading not in keys:
            yield (
                f"{here}.reading",
                say("There is no reading “{reading}”.", reading=shortened(firing.reading)),
            )
        if firing.incident > incidents:
            yield f"{here}.incident", say("There is no incident {incident}.", incident=firing.incident)
        if firing.replaces is not None and firing.replaces > index:
            yield f"{here}.replaces", say("names a firing that is not there before it.")


def _twice(named: Iterable[tuple[Hashable, str]], what: str) -> Iterator[_Place]:
    pairs = list(named)
    counts = Counter(name for name, _ in pairs)
    yield from (
        (place, say("names a {what} that is there twice.", what=say(what)))
        for name, place in pairs
        if counts[name] > 1
    )
