"""Registers that no mapping knows: what is proposed for them, and what is never guessed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.errors import Invalid
from lifecycle.interchange.mappings import locate
from lifecycle.interchange.registers import RegisterReading, read_register
from tests.interchange import nasty
from tests.interchange.nasty import Nasty, as_csv

NOTIONS = ("name", "external_id", "organisation", "stage", "risk")


def columns_of(reading: RegisterReading) -> dict[str, str]:
    place = locate(reading.mapping, reading.headers)
    found = {notion: getattr(place, notion) for notion in NOTIONS}
    return {notion: reading.headers[at] for notion, at in found.items() if at is not None}


def places_of(reading: RegisterReading) -> tuple[str | None, ...]:
    return tuple(
        None
        if row.stage is None
        else f"production:{row.status}"
        if row.stage == "production"
        else row.stage.value
        for row in reading.rows
    )


@pytest.mark.parametrize("make", nasty.ALL, ids=lambda make: make.__name__)
def test_register_nobody_has_mapped_is_read_as_a_person_would(make: Callable[[], Nasty]) -> None:
    register = make()
    reading = read_register(register.content, register.file)
    found = columns_of(reading)
    assert {notion: found.get(notion) for notion in register.columns} == register.columns
    assert tuple(row.name for row in reading.rows) == register.names
    assert places_of(reading) == register.places
    assert reading.organisations == register.organisations
    assert set(register.left_to_a_person) <= set(reading.unmapped_words)
    first = {date.label: date.day.isoformat() if date.day else None for date in reading.rows[0].dates}
    assert {label: first.get(label) for label in register.dates} == register.dates
    assert not [problem for problem in reading.problems if not problem.kept]


# ------------------------------------------------------------------ what may not change the result

ROWS = [
    ["AI-1", "Grain grader", "Grain Board", "En production", "Évalue le grain"],
    ["AI-2", "Mail router", "Poste", "En développement", "Trie le courrier, même à « 5 h »"],
    ["AI-3", "Ice forecaster", "Service des glaces", "Retiré", ""],
    ["AI-4", "Bœuf tracé", "Grain Board", "Mijote", "Suit l’élevage"],
    ["AI-5", "Bœuf tracé", "Grain Board", "Planifié", "Suit l’abattage"],
]
FRENCH = ["Identifiant unique", "Nom du système", "Organisme responsable", "État d’avancement", "Finalité"]


def told(reading: RegisterReading) -> set[tuple[object, ...]]:
    """All that a reading says of its projects, whatever the order."""
    return {
        (row.name, row.organisation, row.external_id, row.stage, row.status, row.identity, row.content_digest)
        for row in reading.rows
    }


@settings(max_examples=25, deadline=None)
@given(
    columns=st.permutations(range(len(FRENCH))),
    rows=st.permutations(range(len(ROWS))),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "utf-32"]),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    titles=st.integers(0, 3),
)
def test_order_encoding_delimiter_and_titles_change_nothing(
    columns: Sequence[int], rows: Sequence[int], encoding: str, delimiter: str, titles: int
) -> None:
    lines = [["Registre"] + [""] * 4] * titles
    lines += [[line[at] for at in columns] for line in [FRENCH, *(ROWS[at] for at in rows)]]
    reading = read_register(as_csv(lines, delimiter=delimiter, encoding=encoding), "registre.csv")
    plain = read_register(as_csv([FRENCH, *ROWS]), "registre.csv")
    assert told(reading) == told(plain)
    assert reading.mapping.told_apart_in == plain.mapping.told_apart_in
    assert reading.by_stage == {"discovery": 1, "feasibility": 0, "design": 0, "model": 1, "production": 2}
    assert reading.unmapped_words == {"Mijote": 1}


@pytest.mark.parametrize(
    "document",
    [
        [dict(zip(FRENCH, row, strict=True)) for row in ROWS],
        {"items": [dict(zip(FRENCH, row, strict=True)) for row in ROWS]},
        {"meta": {"n": 1}, "result": {"records": [dict(zip(FRENCH, row, strict=True)) for row in ROWS]}},
        {"features": [{"properties": dict(zip(FRENCH, row, strict=True))} for row in ROWS]},
        {"columns": FRENCH, "data": ROWS},
        [FRENCH, *ROWS],
        {header: [row[at] for row in ROWS] for at, header in enumerate(FRENCH)},
        {header: {str(n): row[at] for n, row in enumerate(ROWS)} for at, header in enumerate(FRENCH)},
    ],
    ids=["list", "items", "nested", "features", "split", "table", "columns", "pandas"],
)
def test_shape_of_json_changes_nothing(document: object) -> None:
    reading = read_register(json.dumps(document).encode(), "registre.json")
    assert told(reading) == told(read_register(as_csv([FRENCH, *ROWS]), "registre.csv"))


# ------------------------------------------------------------------ what is no register


def numbers(count: int) -> list[list[str]]:
    chance = random.Random(7)
    return [
        [f"2031-01-{n:02d}", f"{chance.random():.4f}", str(chance.randint(1, 99)), "ok"]
        for n in range(1, count)
    ]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("series.csv", as_csv([["date", "value", "n", "status"], *numbers(20)]), "“date”, “value”"),
        (
            "people.csv",
            as_csv([["Name", "Department", "E-mail"], ["Ann", "A", "a@x.org"], ["Bo", "B", "b@x.org"]]),
            "a list of people",
        ),
        ("fields.yaml", b"fields:\n  - name: a\n    stage: b\n", "a YAML document (line 1"),
        ("card.json", b'{"model_details": {"owners": [{"name": "a"}]}}', "a model card"),
        ("schema.json", b'{"definitions": {"a": {"oneOf": [{"id": 1, "name": "b"}]}}}', "a JSON schema"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(80), "PNG image"),
        ("letter.txt", b"Dear all,\nhere is the status of our project.\nBest,\nAnn\n", "is not recognised"),
        (
            "notes.md",
            b"# Notes\n| a | b |\n|---|---|\n| name | x |\nabout a project\nmore\n",
            "is not recognised",
        ),
        ("colours.csv", as_csv([["Colour", "Size"], ["red", "1"], ["blue", "2"]]), "“Colour”, “Size”"),
    ],
)
def test_file_that_is_no_register_is_refused_with_what_it_is(name: str, content: bytes, words: str) -> None:
    with pytest.raises(Invalid) as refusal:
        read_register(content, name)
    assert words in str(refusal.value)
    assert str(refusal.value).startswith(name)


# ------------------------------------------------------------------ what is shown to a person


def test_rows_that_share_an_id_or_a_name_stay_apart_and_are_shown() -> None:
    headers = ["ID", "System name", "Authority", "Phase"]
    rows = [
        ["1", "Berth planner", "Ports", "In use"],
        ["1", "Crane rota", "Ports", "In use"],
        ["2", "Signal box", "Rail", "Planned"],
        ["3", "Signal box", "Rail", "Planned"],
        ["", "Twin", "Rail", "Planned"],
        ["", "Twin", "Rail", "Planned"],
        ["", "Twin", "Ports", "Planned"],
    ]
    reading = read_register(as_csv([headers, *rows]), "a.csv")
    assert len({row.identity for row in reading.rows}) == len(rows)
    assert [(each.shared, each.rows, each.identical) for each in reading.duplicates] == [
        ("the id “1”", (2, 3), False),
        ("name and organisation", (4, 5), False),
        ("name and organisation", (6, 7), True),
    ]


def test_every_cell_without_a_notion_is_kept_under_its_header() -> None:
    rows = [["Grader", "Board", "Planned", "grey", "7"], ["Router", "Post", "Planned", "", "8"]]
    reading = read_register(as_csv([["System name", "Agency", "Phase", "Colour", "Size"], *rows]), "a.csv")
    assert [row.others for row in reading.rows] == [(("Colour", "grey"), ("Size", "7")), (("Size", "8"),)]


def test_owner_that_says_much_is_no_wrapper_of_the_record() -> None:
    owner = {"name": "Kim Quay", "email": "kim@example.org", "phone": "1", "desk": "2", "floor": "3"}
    items = [
        {"id": "A-1", "system": "Berth planner", "owner": owner},
        {"id": "A-2", "system": "Crane rota", "owner": owner},
    ]
    reading = read_register(json.dumps(items).encode(), "owners.json")
    assert [row.name for row in reading.rows] == ["Berth planner", "Crane rota"]


def test_sheet_is_chosen_by_name() -> None:
    def fill(name: str) -> Callable[[object], None]:
        def lines(sheet: object) -> None:
            for line in [["System name", "Phase"], [f"{name} one", "In use"], [f"{name} two", "Planned"]]:
                sheet.append(line)  # type: ignore[attr-defined]

        return lines

    content = nasty.as_xlsx(("North", fill("N")), ("South", fill("S")))
    first = read_register(content, "a.xlsx")
    assert "South" in " ".join(first.notes)
    assert [row.name for row in read_register(content, "a.xlsx", sheet="south").rows] == ["S one", "S two"]
    with pytest.raises(Invalid, match="no visible sheet or list “East”"):
        read_register(content, "a.xlsx", sheet="East")


def test_first_columns_after_a_byte_order_mark_and_a_separator_line() -> None:
    text = "sep=;\r\n" + "".join(";".join(line) + "\r\n" for line in [FRENCH, *ROWS])
    assert len(read_register(text.encode("utf-8-sig"), "a.csv").rows) == len(ROWS)


def test_yes_below_a_question_for_high_risk_is_high_and_no_standard() -> None:
    register = nasty.dashes_lost_on_the_way()
    groups = [row.risk_group for row in read_register(register.content, register.file).rows]
    assert groups == ["high", "standard", "needs_review", *["standard"] * 5]
    rows = [
        ["System Name", "Dept", "High-Impact AI? (first look)"],
        ["Gate", "Port", "Yes"],
        ["Tide", "Port", "No"],
        ["Buoy", "Rail", "Unsure"],
    ]
    found = read_register(as_csv(rows), "b.csv").rows
    assert [row.risk_group for row in found] == ["high", "standard", "needs_review"]


def test_fallback_takes_the_order_of_days_and_months_from_the_file_itself() -> None:
    rows = [
        ["Project Name", "Department", "Stage", "Date Initiated", "Checked"],
        ["Berth planner", "Port", "Pilot", "3/4/2024", "5/13/2024"],
        ["Crane rota", "Port", "Retired", "6/9/2020", ""],
    ]
    reading = read_register(as_csv(rows), "a.csv")
    assert reading.mapping.name == "generic-english"
    assert [date.day.isoformat() for row in reading.rows for date in row.dates if date.day] == [
        "2024-03-04",
        "2020-06-09",
    ]


@pytest.mark.parametrize(
    "word",
    [
        "Active",
        "Ongoing",
        "Completed",
        "Closed",
        "Phase 2",
        "Not in production",
        "Pilot cancelled",
        "Alpha",
        "Live?!",
        "Pilot (completed)",
    ],
)
def test_word_that_only_looks_like_a_stage_stays_with_a_person(word: str) -> None:
    rows = [["System name", "Phase"], ["Berth planner", word], ["Crane rota", "In use"]]
    reading = read_register(as_csv(rows), "a.csv")
    assert [row.stage is None for row in reading.rows] == [True, False]
    assert reading.unmapped_words == {word: 1}
