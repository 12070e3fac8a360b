"""Cases of `foresight/cases-*.json` as project facts.

The cases were written before the guide's fields had their parts, so words, helper booleans and prose are put into
today's shapes here. "unknown" and null are missing. A helper boolean (`beats_F03`, `meets_F04` …) stands for numbers
that were never published; the stand-ins are chosen so that the comparison comes out as it says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any, Final

from lifecycle.guide import FieldSpec, PartSpec
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.vocabulary import Duration, Gate, Money, Person, Quantity
from tests.rules.building import facts, guide, not_applicable

Case = Mapping[str, Any]
Answers = dict[str, Any]

MISSING: Final = object()
INNER: Final = ("value", "ms", "choice", "text", "status")  # names of a single answer inside a mapping
UNKNOWN: Final = (None, "unknown", "")
NOTHING: Final = ("none", "nothing", "not tried", "never", "empty")

# What the cases call a part, where it is not our own id for it.
PARTS: Final = MappingProxyType(
    {
        "D14": {"duration": "horizon"},
        "D16": {"consumer": "name"},
        "D19": {"duration": "within"},
        "D31": {"duration": "after"},
        "F03": {"choice": "baseline"},
        "F16": {"build": "cost"},
        "R04": {"ms": "value"},
        "R12": {"choice": "kind", "drill": "drill_planned"},
        "R15": {"duration": "keep"},
        "R19": {"choice": "way", "note": "steps"},
        "M08": {"ms": "response", "p90_ms": "response", "p95_ms": "response"},
        "P04": {"date": "tried_on", "duration": "restore"},
        "P09": {"closed": "closed_on"},
    }
)
WATCHES: Final = MappingProxyType({"D04": "business", "drift": "input", "inputs": "input", "proxy": "proxy"})
PROTECTED: Final = re.compile(
    r"nationalit|birth|\bage\b|\bsex\b|gender|ethnic|race|religio|disab|origin", re.I
)
NO_RECOURSE: Final = re.compile(r"\bno\b|\bnot\b|none|little|never|cannot|without|must disprove", re.I)
SILENCE: Final = re.compile(r"disprove|silence|unless the", re.I)
SOMETIME_BEFORE: Final = date(2029, 1, 1)  # stands for a change whose day the record does not give


def translated(case: Case, gate: Gate | None = None, extra: Mapping[str, Any] | None = None) -> ProjectFacts:
    """The case as known at `gate`, or all of it, with answers added that the case only states in prose."""
    told = {
        field_id: answer["value"]
        for field_id, answer in case["answers"].items()
        if field_id != "X" and _is_known(answer, gate)
    }
    read = {field_id: _answer(field_id, value) for field_id, value in told.items()}
    answers = {field_id: value for field_id, value in read.items() if value is not MISSING}
    _point_at_rows(answers)
    for stand_in in STAND_INS:
        stand_in(told, answers)
    sources = [_source(source, gate) for source in case["answers"].get("X", [])]
    added = dict(extra or {})
    for name, fields in added.pop("X", {}).items():
        next(source for source in sources if source["name"] == name).update(fields)
    return facts(sources=sources, **{**answers, **added})


def _is_known(answer: Mapping[str, Any], gate: Gate | None) -> bool:
    known_at = answer["known_at"]
    first = Gate(answer.get("phase") or "launch") if known_at == "production" else Gate(known_at)
    return gate is None or first.order <= gate.order


def _source(source: Mapping[str, Any], gate: Gate | None) -> dict[str, Any]:
    record: dict[str, Any] = {"name": source["source"]}
    for field_id, answer in source["fields"].items():
        value = _answer(field_id, answer["value"])
        if value is not MISSING and _is_known(answer, gate):
            record[field_id] = value
    if "X07" in record:
        named = [each for each in record["X07"].get("categories", ()) if PROTECTED.search(each)]
        record["X07"] = {**record["X07"], **({"protected": named} if named else {})}
    return record


# ---------------------------------------------------------------- one answer


def _answer(field_id: str, told: Any) -> Any:
    if field_id in SHAPES:
        return SHAPES[field_id](told)
    field = guide().field(field_id)
    if field.kind == "rows":
        return _rows(field, told)
    if field.kind == "parts":
        return _parts(field, told)
    if isinstance(told, Mapping) and not {"amount", "currency"} & set(told):
        told = next((told[name] for name in INNER if name in told), None)
    return _absent_or(field, told, _value(field.columns[0], told))


def _absent_or(field: FieldSpec, told: Any, value: Any) -> Any:
    """ "none" where no choice says so reads as: there is no such thing."""
    return (
        not_applicable() if value is MISSING and told in NOTHING and not _choice_for(field, told) else value
    )


def _rows(field: FieldSpec, told: Any) -> Any:
    if told in UNKNOWN:
        return MISSING
    if told in NOTHING:
        return []
    told = told if isinstance(told, list) else [told]
    return [_record(field, row if isinstance(row, Mapping) else {field.columns[0].id: row}) for row in told]


def _parts(field: FieldSpec, told: Any) -> Any:
    if isinstance(told, Mapping):
        return _record(field, told) or MISSING
    if told in UNKNOWN:
        return MISSING
    part = _choice_for(field, told) or next(part for part in field.parts if part.type != "choice")
    value = MISSING if told in NOTHING and part.type != "choice" else _value(part, told)
    return _absent_or(field, told, value if value is MISSING else {part.id: value})


def _choice_for(field: FieldSpec, told: Any) -> PartSpec | None:
    choices = (part for part in field.columns if part.type == "choice")
    return next((part for part in choices if _value(part, told) is not MISSING), None)


def _record(field: FieldSpec, told: Mapping[str, Any]) -> dict[str, Any]:
    names = PARTS.get(field.id, {})
    parts = {part.id: part for part in field.columns}
    record = {}
    for name, value in told.items():
        part = parts.get(names.get(name, name))
        if part is not None and (plain := _value(part, value)) is not MISSING:
            record[part.id] = plain
    return record


def _value(part: PartSpec, told: Any) -> Any:
    if told in UNKNOWN and not (part.id == "channel" and told is None):
        return MISSING
    return READERS.get(part.type, _text)(part, told)


# ---------------------------------------------------------------- one value


def _text(_: PartSpec, told: Any) -> Any:
    return str(told) if not isinstance(told, Mapping | list) else MISSING


def _list(_: PartSpec, told: Any) -> Any:
    return [str(item) for item in told] if isinstance(told, list) else [str(told)]


def _number(_: PartSpec, told: Any) -> Any:
    """Also of text such as "21%" or "0.76-0.83", of which the first number counts."""
    if isinstance(told, bool | Mapping | list):
        return MISSING
    found = re.match(r"\s*[-+]?[\d.]+", str(told))
    try:
        return Decimal(found.group()) if found else MISSING
    except InvalidOperation:
        return MISSING


def _quantity(part: PartSpec, told: Any) -> Any:
    if isinstance(told, Mapping):
        unit, told = str(told.get("unit", "")), told.get("value", told.get("amount"))
    else:
        unit = ""
    number = _number(part, told)
    return number if number is MISSING else Quantity(number, unit)


def _money(part: PartSpec, told: Any) -> Any:
    if isinstance(told, Mapping):
        number = _number(part, told.get("amount"))
        return number if number is MISSING else Money(number, told.get("currency", "EUR"))
    number = _number(part, told)
    return number if number is MISSING else Money(number, "EUR")


ISO_DURATION: Final = re.compile(
    r"P(?:(?P<years>[\d.]+)Y)?(?:(?P<months>[\d.]+)M)?(?:(?P<weeks>[\d.]+)W)?(?:(?P<days>[\d.]+)D)?"
    r"(?:T(?:(?P<hours>[\d.]+)H)?(?:(?P<minutes>[\d.]+)M)?(?:(?P<seconds>[\d.]+)S)?)?"
)


def _duration(_: PartSpec, told: Any) -> Any:
    found = ISO_DURATION.fullmatch(str(told))
    given = [
        Duration(Decimal(text), unit) for unit, text in (found.groupdict() if found else {}).items() if text
    ]
    if not given:
        return MISSING
    return given[0] if len(given) == 1 else Duration(sum((each.days for each in given), Decimal(0)), "days")


def _date(_: PartSpec, told: Any) -> Any:
    found = re.fullmatch(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?", str(told))
    return date(int(found[1]), int(found[2] or 1), int(found[3] or 1)) if found else MISSING


def _yes_no(_: PartSpec, told: Any) -> Any:
    return told if isinstance(told, bool) else {"yes": True, "no": False}.get(str(told).lower(), MISSING)


def _words(text: object) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", str(text).lower().replace("'s", "")))


def _choice(part: PartSpec, told: Any) -> Any:
    """The choice of this slug or label; else the one whose slug is among the words ("precomputed batch")."""
    if told is None:
        return "none"
    if isinstance(told, bool | Mapping | list):
        return MISSING
    words = _words(told)
    same = (slug for slug, label in part.choices.items() if words in (_words(slug), _words(label)))
    within = (slug for slug in part.choices if _words(slug.replace("_", " ")) <= words)
    spelled = (slug for slug in part.choices if _words(slug.replace("_", " ")) == words)
    return next((slug for found in (same, spelled, within) for slug in found), MISSING)


def _person(_: PartSpec, told: Any) -> Any:
    return Person(None, str(told))


READERS: Final[Mapping[str, Callable[[PartSpec, Any], Any]]] = MappingProxyType(
    {
        "number": _number,
        "quantity": _quantity,
        "money": _money,
        "duration": _duration,
        "date": _date,
        "yes_no": _yes_no,
        "choice": _choice,
        "choices": _list,
        "tags": _list,
        "references": _list,
        "person": _person,
    }
)


# ---------------------------------------------------------------- fields with a shape of their own


def _uses(told: Any) -> Any:
    if not isinstance(told, Mapping):
        return _rows(guide().field("R20"), told)
    rows = [{"use": use, "approved": "approved"} for use in told.get("approved") or ()]
    return rows + [{"use": use, "approved": "not_for"} for use in told.get("non_uses") or ()]


def _makers(told: Any) -> Any:
    """M15: whoever is "vendor" reports to the vendor."""
    if not isinstance(told, Mapping):
        return MISSING
    kinds = {"developer": told.get("developers"), "validator": told.get("validators")}
    return [
        {"person": Person(None, name), "part": part, **({"reports_to": "vendor"} if name == "vendor" else {})}
        for part, names in kinds.items()
        for name in ([names] if isinstance(names, str) else names or ())
        if name not in UNKNOWN
    ]


def _recourse(told: Any) -> Any:
    """R23 in words: what they deny cannot change the result, and a burden of proof counts silence against people."""
    route = told.get("route") if isinstance(told, Mapping) else told
    if route in UNKNOWN:
        return MISSING
    if route in NOTHING:
        return not_applicable()
    denied = {"can_change": False} if NO_RECOURSE.search(route) else {}
    return {"route": route, **denied, **({"silence_counts": True} if SILENCE.search(route) else {})}


def _monitors(told: Any) -> Any:
    if told in UNKNOWN:
        return MISSING
    rows = [{**row, "watches": WATCHES.get(row.get("watches"), row.get("watches"))} for row in told or ()]
    return _rows(guide().field("R13"), rows)


def _people_to_train(told: Any) -> Any:
    """A number in words ("staff in hundreds of stores") says at least that there are some."""
    field = guide().field("D24")
    told = {name: 1 if _is_worded(value) else value for name, value in told.items()}
    return _record(field, told) or MISSING


def _is_worded(value: object) -> bool:
    return isinstance(value, str) and value not in UNKNOWN and not re.match(r"\s*\d", value)


def _changes(told: Any) -> Any:
    if told in UNKNOWN:
        return MISSING
    rows = [{"changed_on": SOMETIME_BEFORE.isoformat(), **row} for row in told or ()]
    return _rows(guide().field("P10"), [{name: row[name] for name in row if name != "use"} for row in rows])


def _rollback(told: Any) -> Any:
    tried = told.get("tried") if isinstance(told, Mapping) else told
    return not_applicable() if tried is False else _parts(guide().field("P04"), told)


SHAPES: Final[Mapping[str, Callable[[Any], Any]]] = MappingProxyType(
    {
        "D24": _people_to_train,
        "M15": _makers,
        "P04": _rollback,
        "P10": _changes,
        "R13": _monitors,
        "R20": _uses,
        "R23": _recourse,
    }
)


# ---------------------------------------------------------------- rows that point at rows


POINTERS: Final = (
    ("D17", "consumer", "D16"),
    ("D18", "consumer", "D16"),
    ("R02", "consumer", "D16"),
    ("P10", "consumer", "D16"),
    ("F06", "system", "D21"),
    ("F14", "system", "D21"),
    ("M05", "group", "R11"),
    ("M06", "scenario", "R26"),
    ("P02", "monitor", "R13"),
)


def _point_at_rows(answers: Answers) -> None:
    for field_id, column, target in POINTERS:
        for row in answers.get(field_id) or ():
            if column in row:
                row[column] = _reference(answers, target, row[column])
    for row in answers.get("R13") or ():
        row["covers"] = [_reference(answers, "D32", change) for change in row.get("covers", ())]


def _reference(answers: Answers, target: str, name: str) -> str:
    first = guide().field(target).columns[0].id
    names = [row.get(first) for row in answers.get(target) or ()]
    return f"{target}/r{names.index(name) + 1}" if name in names else f"{target}/r0"


# ---------------------------------------------------------------- stand-ins for helper booleans


def _helper(told: Mapping[str, Any], field_id: str, name: str) -> Any:
    """The helper boolean of an answer, or of the first of its rows that has one; None if there is none."""
    value = told.get(field_id)
    records = value if isinstance(value, list) else [value]
    found = (each.get(name) for each in records if isinstance(each, Mapping))
    return next((each for each in found if isinstance(each, bool)), None)


def _part(answers: Answers, field_id: str, part: str, value: Any) -> Any:
    """The value of that part, set to `value` where it is missing."""
    record = answers.setdefault(field_id, {})
    return record.setdefault(part, value) if isinstance(record, dict) else value


def _beats_baseline(told: Mapping[str, Any], answers: Answers) -> None:
    beats = _helper(told, "F05", "beats_F03")
    if beats is None:
        return
    baseline = _part(answers, "F03", "score", Decimal(1))
    better = 1 if _part(answers, "F04", "direction", "higher") == "higher" else -1
    _part(answers, "F04", "value", baseline)
    answers.setdefault("F05", {})["value"] = baseline + better * (1 if beats else -1)


def _reaches_minimum(told: Mapping[str, Any], answers: Answers) -> None:
    same, meets = _helper(told, "M03", "same_metric_as_F04"), _helper(told, "M03", "meets_F04")
    for row in answers.get("M03") or ():
        if same is True:
            row["metric"] = _part(answers, "F04", "metric", row.get("metric", "score"))
        if meets is not None:
            least = _part(answers, "F04", "value", Decimal(1))
            better = 1 if _part(answers, "F04", "direction", "higher") == "higher" else -1
            row["value"] = least if meets else least - better


def _keeps_response_limit(told: Mapping[str, Any], answers: Answers) -> None:
    within = _helper(told, "M08", "within_limit")
    if within is not None:
        limit = answers.setdefault("R04", Decimal(100))
        answers.setdefault("M08", {})["response"] = limit if within else limit + 1


def _exceeds_gap(told: Mapping[str, Any], answers: Answers) -> None:
    exceeds = _helper(told, "M07", "exceeds_R11")
    if exceeds is not None:
        for row in answers.get("R11") or ():
            row.setdefault("largest_gap", Decimal(1))
        answers["M07"] = Decimal(2 if exceeds else 1)


def _keeps_plan(told: Mapping[str, Any], answers: Answers) -> None:
    within = _helper(told, "P15", "within_plan")
    if within is not None:
        _part(answers, "R06", "peak", Decimal(1))
        answers["P15"] = {"volume": answers["R06"]["peak"] + (0 if within else 1)}


def _uses_beyond(told: Mapping[str, Any], answers: Answers) -> None:
    """A changed use outside R20 points at a row that rules it out; one inside at an approved row."""
    if not isinstance(told.get("P10"), list):
        return
    for place, row in enumerate(told["P10"]):
        outside = row.get("outside_R20")
        if isinstance(outside, bool):
            uses = answers.setdefault("R20", [])
            uses.append({"use": str(row.get("use")), "approved": "not_for" if outside else "approved"})
            answers["P10"][place] |= {"kind": "usage", "use": f"R20/r{len(uses)}"}


def _adverse_step(told: Mapping[str, Any], answers: Answers) -> None:
    """D42 came later. Reasons owed to the person, or a lasting step on personal data, are its earlier signs."""
    effect, personal = answers.get("D13") or {}, answers.get("D25") or {}
    lasting = effect.get("affected") in ("customers", "public") and effect.get("undo") in ("hard", "never")
    acts = answers.get("D12") not in (None, "informs")
    if answers.get("D27") == "reasons_to_affected" or (lasting and acts and personal.get("personal")):
        answers.setdefault("D42", True)


STAND_INS: Final = (
    _beats_baseline,
    _reaches_minimum,
    _keeps_response_limit,
    _exceeds_gap,
    _keeps_plan,
    _uses_beyond,
    _adverse_step,
)
