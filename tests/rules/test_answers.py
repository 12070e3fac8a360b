"""Answers keep their meaning on every way round; what cannot be kept is refused in a useful sentence."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from lifecycle.canonical import canonical_json
from lifecycle.errors import Invalid
from lifecycle.guide import FieldSpec, PartSpec, PartType
from lifecycle.rules.answers import (
    clean_text,
    decode,
    describe,
    encode,
    is_complete,
    missing_parts,
    parse,
    parse_number,
)
from lifecycle.vocabulary import DURATION_UNITS, Money, Person, Quantity
from tests.rules.building import guide

FIELDS = tuple(guide().fields.values())
BY_FIELD = pytest.mark.parametrize("field", FIELDS, ids=[field.id for field in FIELDS])
# Letters that break careless code: controls, joiners, half surrogates, right to left, accents to be joined.
AWKWARD = (
    "aé\u0301\u0308 \t\n\r\x00\x1f\x85\u200b\u200f\u202e\u2028\ufeff\ud800\ufe0f\u3164"
    "٣½<&\"'/:@%.,-\U0001f469"
)
TEXT = st.text(st.one_of(st.characters(), st.sampled_from(AWKWARD)), max_size=60)
NUMBER = st.decimals(-(10**14), 10**14, places=6, allow_nan=False)


def field_of(kind: PartType, **more: Any) -> FieldSpec:
    """A question of one type, with choices where the type needs them."""
    if kind in ("choice", "choices"):
        more.setdefault("choices", {"low": "Low", "high": "High"})
    base = {
        "id": "D01",
        "stage": "discovery",
        "gate": "discovery",
        "section": "s",
        "title": "T",
        "question": "Q?",
    }
    if kind in ("reference", "references"):
        return FieldSpec.model_validate(
            base | {"parts": [{"id": "to", "type": kind, "to": ["D16", "source"]}]}
        )
    return FieldSpec.model_validate(base | {"type": kind} | more)


def rows_of(*columns: dict[str, Any]) -> FieldSpec:
    base = {
        "id": "D16",
        "stage": "discovery",
        "gate": "discovery",
        "section": "s",
        "title": "T",
        "question": "Q?",
    }
    return FieldSpec.model_validate(base | {"rows": list(columns)})


# ---------------------------------------------------------------- what people and files give


def number_for(part: PartSpec) -> SearchStrategy[Any]:
    low = part.min if part.min is not None else Decimal(-(10**14))
    high = part.max if part.max is not None else Decimal(10**14)
    whole = st.integers(int(low), int(high))
    if part.whole:
        return st.one_of(whole, whole.map(str))
    exact = st.decimals(low, high, places=6, allow_nan=False)
    return st.one_of(whole, exact, exact.map(str), exact.map(lambda number: f"{number:,f}"))


def value_for(part: PartSpec) -> SearchStrategy[Any]:
    """Acceptable raw values of a part, in every shape that a widget, a table or a document may give."""
    amount = st.decimals(0, 10**9, places=4, allow_nan=False)
    span = st.decimals(0, 100, places=3, allow_nan=False)
    choices = st.sampled_from([*part.choices.keys(), *part.choices.values()] or ["x"])
    references = st.builds(
        "{}/{}".format, st.sampled_from(part.to or ("D16",)), st.sampled_from(["r1", "till-2"])
    )
    by_type: dict[str, SearchStrategy[Any]] = {
        "text": st.one_of(TEXT, st.integers(), amount),
        "long_text": TEXT,
        "link": TEXT.filter(lambda text: ":" not in text) | st.just("https://wiki.example/a?b=c"),
        "number": number_for(part),
        "quantity": st.one_of(
            NUMBER.map(lambda n: f"{n} kWh"), st.builds(Quantity, NUMBER, st.just("per day"))
        ),
        "duration": st.builds(
            lambda n, unit: {"amount": n, "unit": unit}, span, st.sampled_from(DURATION_UNITS)
        ),
        "money": st.one_of(amount.map(lambda n: f"{n} eur"), st.builds(Money, amount, st.just("CAD"))),
        "choice": choices,
        "choices": st.lists(choices | TEXT if part.open else choices, max_size=5),
        "tags": st.lists(TEXT, max_size=5),
        "date": st.dates(date(1900, 1, 1), date(2200, 12, 31))
        | st.datetimes(timezones=st.just(UTC)).filter(lambda moment: 1900 <= moment.year <= 2200),
        "yes_no": st.sampled_from([True, False, "Yes", "no", "TRUE"]),
        "person": st.one_of(TEXT, st.builds(Person, st.just("p1"), st.just("Ada Example")), st.just("@p2")),
        "reference": references,
        "references": st.lists(references, max_size=4),
    }
    return st.none() | by_type[part.type]


@st.composite
def raw_for(draw: DrawFn, field: FieldSpec) -> Any:
    if field.kind == "single":
        return draw(value_for(field.columns[0]))
    record = st.fixed_dictionaries({}, optional={part.id: value_for(part) for part in field.columns})
    if field.kind == "parts":
        return draw(record)
    rows = draw(st.lists(record, max_size=3))
    named = draw(st.sets(st.integers(0, 2)))
    return [{"id": f"r{number + 1}", **row} if number in named else row for number, row in enumerate(rows)]


def assert_round_trip(field: FieldSpec, raw: Any) -> None:
    stored = parse(field, raw)
    canonical_json(stored).encode()  # what the digest and the database take
    assert parse(field, stored) == stored, "what is stored must parse to itself"
    assert encode(field, decode(field, stored, {"p1": "Ada Example"})) == stored
    assert is_complete(field, stored) == is_complete(field, decode(field, stored))
    assert isinstance(describe(field, decode(field, stored)), str)


@BY_FIELD
@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_answers_to_every_shipped_field_survive_the_round_trip(field: FieldSpec, data: st.DataObject) -> None:
    assert_round_trip(field, data.draw(raw_for(field)))


@pytest.mark.parametrize("kind", get_args(PartType))
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_every_type_survives_the_round_trip(kind: PartType, data: st.DataObject) -> None:
    field = field_of(kind)
    assert_round_trip(field, data.draw(raw_for(field)))


ANYTHING = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        TEXT,
        st.dates(),
        st.binary(max_size=4),
        st.decimals(),
        st.just(Decimal("sNaN")),
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "amount", "unit"]) | TEXT, inner, max_size=3)
    ),
    max_leaves=6,
)


def assert_kept_or_refused(field: FieldSpec, raw: object) -> None:
    refused: dict[str, str] = {}
    try:
        assert_round_trip(field, raw)
    except Invalid as refusal:
        refused = refusal.problems
    for place, sentence in refused.items():
        assert sentence.endswith(".")
        assert len(sentence) < 400
        f"{place} {sentence}".encode()


@pytest.mark.parametrize("kind", get_args(PartType))
@settings(max_examples=60, deadline=None)
@given(raw=ANYTHING)
def test_anything_at_all_is_kept_or_refused_in_words(kind: PartType, raw: object) -> None:
    field = field_of(kind)
    assert_kept_or_refused(field, {"to": raw} if field.kind == "parts" else raw)


@pytest.mark.parametrize("kind", get_args(PartType))
def test_a_number_that_cannot_be_printed_is_refused(kind: PartType) -> None:
    field = field_of(kind)
    with pytest.raises(Invalid, match="is too long a number|needs a list of words"):
        parse(field, {"to": 10**5000} if field.kind == "parts" else 10**5000)


@settings(max_examples=60, deadline=None)
@given(raw=ANYTHING)
def test_any_rows_at_all_are_kept_or_refused_in_words(raw: object) -> None:
    field = rows_of(
        {"id": "name", "label": "Name", "type": "text"}, {"id": "n", "label": "Number", "type": "number"}
    )
    for given_rows in (raw, [raw], [{"id": raw, "name": "a"}], [{"name": raw, "n": raw}]):
        assert_kept_or_refused(field, given_rows)


# ---------------------------------------------------------------- how people write


@pytest.mark.parametrize(
    ("kind", "raw", "stored"),
    [
        ("number", "1,200.5", "1200.5"),
        ("number", "1 200", "1200"),
        ("number", "1\u00a0200\u202f300", "1200300"),
        ("number", "0,5", "0.5"),
        ("number", "0,500", "0.5"),
        ("number", "12 500,5", "12500.5"),
        ("number", "1'500", "1500"),
        ("quantity", "1'500.5 kWh", {"amount": "1500.5", "unit": "kWh"}),
        ("number", "1,200", "1200"),
        ("number", "٣", "3"),
        ("number", "-0", "0"),
        ("number", 0.1, "0.1"),
        ("number", "1e3", "1000"),
        ("quantity", "12.5", {"amount": "12.5", "unit": ""}),
        ("quantity", "81,4 %", {"amount": "81.4", "unit": "%"}),
        ("quantity", "1e3", {"amount": "1000", "unit": ""}),
        ("quantity", "1 200 kWh per day", {"amount": "1200", "unit": "kWh per day"}),
        ("duration", "3 months", {"amount": "3", "unit": "months"}),
        ("duration", "1 Day", {"amount": "1", "unit": "days"}),
        ("duration", "0,5 years", {"amount": "0.5", "unit": "years"}),
        ("duration", {"amount": "", "unit": "days"}, None),
        ("money", "1,200.50 eur", {"amount": "1200.5", "currency": "EUR"}),
        ("money", "EUR 45", {"amount": "45", "currency": "EUR"}),
        ("choice", "HIGH", "high"),
        ("choices", ["High", "low", "high"], ["high", "low"]),
        ("choices", [], None),
        ("tags", [], []),
        ("tags", ["  ", "\u200b"], None),
        ("tags", ["b", "a", "b"], ["b", "a"]),
        ("tags", {"b", "a", "c"}, ["a", "b", "c"]),
        ("date", datetime(2027, 1, 2, 3, 4, tzinfo=UTC), "2027-01-02"),
        ("text", "a\nb\t c", "a b c"),
        ("text", 12, "12"),
        ("text", "\u200b\u200d\ufeff", None),
        ("text", "\u3164\u2800", None),
        ("long_text", "  one\r\ntwo  ", "one\ntwo"),
        ("long_text", "a\x00b", "ab"),
        ("long_text", "e\x00\u0301", "é"),
        ("long_text", "\u202bשלום\u202c עולם", "\u202bשלום\u202c עולם"),
        ("long_text", "<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("link", "Contract with the vendor, 2027", "Contract with the vendor, 2027"),
        ("link", "S:\\contracts\\feed.pdf", "S:\\contracts\\feed.pdf"),
        ("link", "wiki.example:8080/runbook", "wiki.example:8080/runbook"),
        ("link", "localhost:5000", "localhost:5000"),
        ("person", "@", None),
        ("person", Person("p1", "Ada Example"), "@p1"),
    ],
)
def test_parse_reads_what_people_write(kind: PartType, raw: object, stored: object) -> None:
    assert parse(field_of(kind), raw) == stored


def test_a_number_takes_its_own_unit_and_no_other() -> None:
    field = field_of("number", unit="ms")
    assert parse(field, "300 ms") == parse(field, "300MS") == parse(field, 300) == "300"
    for other in ("300 s", "5 %"):
        with pytest.raises(Invalid, match="needs a number"):
            parse(field, other)
    assert parse_number(" 5 % ") == 5


# ---------------------------------------------------------------- what cannot be kept


def shown(value: object) -> str:
    """A test id; Python does not print whole numbers of thousands of digits."""
    plain = f"{value:.0e}" if isinstance(value, Decimal) else "huge" if value == 10**5000 else repr(value)
    return re.sub(r"\W+", "-", plain)[:30]


@pytest.mark.parametrize(
    ("kind", "raw", "words"),
    [
        ("text", ["a list"], "needs text"),
        ("text", True, "needs text"),
        ("text", float("nan"), "needs text, not an empty"),
        ("text", "x" * 501, "501 characters .* at most 500"),
        ("long_text", "x" * 100_000, "100,000 characters .* at most 20,000 .* link to a document"),
        ("number", "many", "needs a number, not “many”"),
        ("number", "12 or so", "needs a number, not “12 or so”"),
        ("number", "NaN", "needs a number"),
        ("number", float("nan"), "needs a finite number"),
        ("number", float("inf"), "needs a finite number"),
        ("number", "1.200,5", "needs a number, not “1.200,5”"),
        ("number", 10**15, "larger than can be kept"),
        ("number", 10**5000, "too long a number"),
        ("number", "9" * 5000, "needs a number, not “9{39}…”"),
        ("number", False, "needs a number"),
        ("quantity", ["3"], "needs an amount and its unit"),
        ("duration", "3", "needs a unit of time, for example days"),
        ("duration", "3 moons", "needs a unit of time .*months.*not “moons”"),
        ("duration", "-3 days", "cannot be a negative length"),
        ("duration", "101 years", "longer than a hundred years"),
        ("duration", {"amount": 3, "unit": "days", "note": "x"}, "has only an amount and a unit, no “note”"),
        ("money", "1200", "needs a currency as three letters, for example EUR"),
        ("money", "1200 euros", "needs a currency as three letters"),
        ("money", {"amount": 5, "currency": "€"}, "needs a currency as three letters"),
        ("money", "-5 EUR", "cannot be a negative amount"),
        ("choice", "middle", "is not one of: Low, High"),
        ("choice", True, "is not one of"),
        ("choices", ["low", "middle"], "“middle” is not one of: Low, High"),
        ("choices", [1], "needs a list of words"),
        ("tags", ["x"] * 101, "has 101 entries; at most 100"),
        ("tags", ["x" * 121], "121 characters"),
        ("tags", {"a": 1}, "needs a list of words"),
        ("date", "31/12/2027", "needs a date as year-month-day .* not “31/12/2027”"),
        ("date", "2027-02-30", "needs a date"),
        ("date", date(1066, 10, 14), "is 1066-10-14; dates from 1900"),
        ("yes_no", "perhaps", "needs yes or no, not “perhaps”"),
        ("person", 3.5j, "needs text"),
        ("link", "javascript:alert(1)", "web address .* not “javascript:”"),
        ("link", "JavaScript:1/alert(1)", "not “JavaScript:”"),
        ("link", " \u0000javascript:alert(1)", "not “javascript:”"),
        ("link", "data:text/html,x", "not “data:”"),
    ],
    ids=shown,
)
def test_parse_refuses_in_words(kind: PartType, raw: object, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse(field_of(kind), raw)
    assert list(refused.value.problems) == [""]
    assert re.search(words, refused.value.problems[""])


def test_a_scheme_cannot_hide_behind_a_tab() -> None:
    """Browsers drop tabs and line breaks inside an address before they look for its scheme."""
    stored = parse(field_of("link"), "java\tscript\n:alert(1)")
    assert stored == "java script :alert(1)"


@pytest.mark.parametrize(
    ("limits", "raw", "sentence"),
    [
        ({"min": 0, "max": 100, "unit": "%"}, "101", "is 101 %; the most possible is 100 %."),
        ({"min": 0}, -1, "is -1; the least possible is 0."),
        ({"whole": True}, "2.5", "needs a whole number, not 2.5."),
    ],
)
def test_a_number_outside_its_limits_is_refused(limits: dict[str, Any], raw: object, sentence: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse(field_of("number", **limits), raw)
    assert refused.value.problems == {"": sentence}


NAMED = rows_of(
    {"id": "name", "label": "Consumer", "type": "text"}, {"id": "n", "label": "How many", "type": "number"}
)


@pytest.mark.parametrize(
    ("raw", "place", "words"),
    [
        ([{"name": "a"}] * 501, "", "has 501 rows; at most 500"),
        ([{"id": "r1", "name": "a"}, {"id": "r1", "name": "b"}], "", "two rows with the same id"),
        ([{"name": "a"}, {"name": "b", "n": "few"}], "row 2 · How many", "needs a number, not “few”"),
        ([{"name": "a", "colour": "red"}], "row 1 · colour", "is not a part of this question"),
        (["a"], "row 1", r"needs its parts by name \(name, n\)"),
        ([{"id": "r\x001", "name": "a"}], "row 1", "has an id"),
        ("a", "", "needs a list of rows"),
    ],
)
def test_rows_are_refused_at_their_place(raw: object, place: str, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse(NAMED, raw)
    assert list(refused.value.problems) == [place]
    assert re.search(words, refused.value.problems[place])


def test_one_refusal_names_every_place_and_keeps_nothing() -> None:
    field = guide().field("D28")
    with pytest.raises(Invalid) as refused:
        parse(field, {part.id: "soon" for part in field.parts if part.type == "date"})
    assert len(refused.value.problems) == 6


def test_rows_keep_their_ids_and_get_free_ones() -> None:
    stored = parse(NAMED, [{"name": "a"}, {"id": "r1", "name": "b"}, {}, {"name": "\u200b"}, {"name": "c"}])
    assert [(row["id"], row["name"]) for row in stored or ()] == [("r2", "a"), ("r1", "b"), ("r3", "c")]


def test_no_rows_says_there_are_none_and_blank_rows_say_nothing() -> None:
    assert parse(NAMED, []) == []
    assert describe(NAMED, decode(NAMED, [])) == "There are none"
    assert parse(NAMED, [{}, {"name": " "}]) is None
    assert parse(NAMED, None) is None


@pytest.mark.parametrize("raw", ["D17/r1", "D16", "D16/", "D16/r1/r2", "source/" + "x" * 61, "D16/r\n1"])
def test_a_pointer_elsewhere_is_refused(raw: str) -> None:
    with pytest.raises(Invalid, match="must point at a row of D16 or source"):
        parse(field_of("reference"), {"to": raw})


@settings(max_examples=200, deadline=None)
@given(TEXT)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    once = clean_text(text)
    assert clean_text(once) == once
    assert "\x00" not in once
    assert once == once.strip()


# ---------------------------------------------------------------- complete, and in words


@pytest.mark.parametrize(
    ("field_id", "value", "complete"),
    [
        ("D14", {"horizon": {"amount": "3", "unit": "months"}}, False),
        ("D14", {"horizon": {"amount": "3", "unit": "months"}, "kind": "at"}, True),
        ("D19", {"need": "daily"}, True),  # its outer limit is optional
        ("D10", {"scale": "4"}, True),  # any part will do
        ("D10", {}, False),
        ("D16", [], True),  # there are none
        ("D02", [{"id": "r1", "persona": "Planner"}], False),
        ("X17", [], True),
        ("D42", False, True),
        ("D01", None, False),
    ],
)
def test_complete_means_that_every_required_part_is_there(field_id: str, value: Any, complete: bool) -> None:
    assert is_complete(guide().field(field_id), value) is complete


@pytest.mark.parametrize(
    ("field_id", "raw", "words"),
    [
        (
            "D14",
            {"horizon": "1 months", "kind": "at"},
            "How far ahead: 1 month · Within or at: At the end of it",
        ),
        ("D08", "640000 eur", "640,000 EUR per year"),
        ("D42", False, "No"),
        (
            "D02",
            [{"persona": "Planner", "count": 12}, {"persona": "Patient"}],
            "Who: Planner · How many: 12\nWho: Patient",
        ),
        (
            "D17",
            [{"consumer": "D16/r1", "forms": ["score", "alert"]}],
            "Consumer: Ward · Forms it takes: Alert or task, Score on a screen",
        ),
        ("D17", [{"consumer": "D16/r9"}], "Consumer: a row that is gone"),
        ("X17", [], "none"),
        ("X02", "@p1", "Ada Example"),
        ("X02", "@p9", "somebody erased"),
        ("D41", [], "It replaces no existing control"),
        ("D01", None, "—"),
    ],
)
def test_describe_says_it_in_words(field_id: str, raw: Any, words: str) -> None:
    field = guide().field(field_id)
    value = decode(field, parse(field, raw), {"p1": "Ada Example"})
    assert describe(field, value, {"D16/r1": "Ward"}) == words


@pytest.mark.parametrize(
    ("field_id", "raw", "lacking"),
    [
        ("D14", {"horizon": "3 months"}, ("Within or at",)),
        ("D14", {"horizon": "3 months", "kind": "at"}, ()),
        ("D10", {"scale": 3}, ()),  # either of its parts is enough
        ("D16", [{"name": "Sales", "kind": "team"}], ("Customers see it", "Outside the organisation")),
        ("D16", [], ()),
        ("D15", "3 months", ()),
    ],
)
def test_begun_answer_names_what_it_still_lacks(field_id: str, raw: object, lacking: tuple[str, ...]) -> None:
    field = guide().field(field_id)
    assert missing_parts(field, parse(field, raw)) == lacking
