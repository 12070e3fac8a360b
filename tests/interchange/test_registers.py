"""Registers of our own invention: choosing the mapping, identities, names, dates, problems."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Sequence
from datetime import date

import openpyxl
import pytest

from lifecycle.errors import Invalid
from lifecycle.interchange.mappings import RegisterMapping, parse_mapping
from lifecycle.interchange.register_dates import read_date
from lifecycle.interchange.registers import LONGEST_NAME, RegisterReading, read_register

HEADERS = ("Project Name", "Department", "Lifecycle Stage", "Risk Level", "Start Date", "Summary")


def as_csv(*rows: Sequence[str], headers: Sequence[str] = HEADERS, delimiter: str = ",") -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter).writerows([headers, *rows])
    return buffer.getvalue().encode()


def read(*rows: Sequence[str], headers: Sequence[str] = HEADERS) -> RegisterReading:
    return read_register(as_csv(*rows, headers=headers), "ours.csv")


def row(name: str, unit: str = "Ports", stage: str = "Live", note: str = "") -> tuple[str, ...]:
    return (name, unit, stage, "High", "2024-05-06", note)


def test_generic_register_becomes_projects_with_stages_and_facts() -> None:
    reading = read_register(as_csv(row("Berth planner", stage="d) Deployed – daily", note="Plans")), "a.csv")
    (project,) = reading.rows
    assert reading.mapping.name == "generic-english"
    assert (project.name, project.organisation, project.row_number) == ("Berth planner", "Ports", 2)
    assert (project.stage, project.status, project.stage_word) == (
        "production",
        "live",
        "d) Deployed – daily",
    )
    assert (project.risk, project.risk_group) == ("High", "high")
    assert project.facts == (("Purpose", "Plans"),)
    assert [(day.label, day.day) for day in project.dates] == [("Started", date(2024, 5, 6))]


def test_unknown_and_blank_stage_words_stay_unmapped_and_are_counted() -> None:
    reading = read(row("A", stage="Simmering"), row("B", stage=""), row("C", stage="simmering"), row("D"))
    assert [project.stage for project in reading.rows] == [None, None, None, "production"]
    assert reading.unmapped_words == {"Simmering": 1, "": 1, "simmering": 1}
    assert reading.by_stage == {"discovery": 0, "feasibility": 0, "design": 0, "model": 0, "production": 1}
    assert reading.by_status == {"live": 1}


def test_title_rows_section_row_and_hidden_sheet_do_not_hide_the_register() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for line in [["Inventory 2031"], [], ["Identity", None, "Planning"], ["Use Case", "Agency", "Phase"]]:
        sheet.append(line)
    sheet.merge_cells("A3:B3")
    sheet.append(["Dock camera", "Harbour", "Pilot – two quays"])
    book.create_sheet("Lists").append(["Use Case", "Agency", "Phase", "Status"])
    book["Lists"].sheet_state = "hidden"
    buffer = io.BytesIO()
    book.save(buffer)
    (project,) = read_register(buffer.getvalue(), "inventory.xlsx").rows
    assert (project.row_number, project.name, project.organisation) == (5, "Dock camera", "Harbour")
    assert (project.stage, project.status) == ("production", "rollout")


@pytest.mark.parametrize(
    ("below", "said"),
    [
        (["Total", "", "", "", "2", ""], "Row 4 is a total"),
        (["", "", "Grand total: 2 projects", "", "", ""], "Row 4 is a total"),
        (["Summe (2)"], "Row 4 is a total"),
        (["Source: the harbour office, 2031-05-06"], "Row 4 is a note"),
        (["* preliminary"], "Row 4 is a note"),
    ],
)
def test_totals_and_notes_below_the_rows_are_no_projects(below: list[str], said: str) -> None:
    reading = read(row("Berth planner"), row("Crane rota"), below)
    assert [project.name for project in reading.rows] == ["Berth planner", "Crane rota"]
    assert [note for note in reading.notes if said in note]
    assert reading.problems == ()


@pytest.mark.parametrize(
    "name", ["Total cost forecast", "Count of berths", "Sum 41", "Source: crane camera", "* starred"]
)
def test_project_that_is_called_much_like_a_total_or_a_note_stays_one(name: str) -> None:
    assert [project.name for project in read(row(name), row("Crane rota")).rows] == [name, "Crane rota"]


def test_row_with_nothing_but_a_name_among_full_ones_is_kept_and_shown_to_a_person() -> None:
    reading = read(
        row("Berth planner", note="Plans"), ["Department of Cranes"], row("Crane rota", note="Rota")
    )
    assert [project.name for project in reading.rows] == [
        "Berth planner",
        "Department of Cranes",
        "Crane rota",
    ]
    (problem,) = [problem for problem in reading.problems if "heading or a note" in problem.text]
    assert (problem.row, problem.column, problem.kept) == (3, "Project Name", True)


def test_heading_merged_over_the_columns_of_a_workbook_is_no_project() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(HEADERS)
    for unit in ("Ports", "Rail"):
        sheet.append([f"Department of {unit}"])
        sheet.merge_cells(start_row=sheet.max_row, end_row=sheet.max_row, start_column=1, end_column=6)
        sheet.append(row(f"{unit} planner", unit=unit))
    buffer = io.BytesIO()
    book.save(buffer)
    reading = read_register(buffer.getvalue(), "a.xlsx")
    assert [(project.name, project.row_number) for project in reading.rows] == [
        ("Ports planner", 3),
        ("Rail planner", 5),
    ]
    assert "Rows 2 and 4 are headings, so no project was made of them." in reading.notes


def test_second_sheet_that_is_a_register_too_is_named() -> None:
    book = openpyxl.Workbook()
    book.active.title = "North"
    for sheet in (book.active, book.create_sheet("South")):
        sheet.append(HEADERS)
        sheet.append(row(sheet.title))
    buffer = io.BytesIO()
    book.save(buffer)
    reading = read_register(buffer.getvalue(), "a.xlsx")
    assert [project.name for project in reading.rows] == ["North"]
    assert "South" in " ".join(reading.notes)


def test_same_register_reads_alike_from_csv_json_and_workbook() -> None:
    rows = [
        row("Berth planner", note="one\ntwo"),
        row("Crane rota", stage="Ideation"),
        row("Ärende", unit="Öst"),
    ]
    document = json.dumps({"meta": 1, "systems": [dict(zip(HEADERS, each, strict=True)) for each in rows]})
    book = openpyxl.Workbook()
    for line in [HEADERS, *rows]:
        book.active.append(line)
    buffer = io.BytesIO()
    book.save(buffer)
    wide = as_csv(*rows, delimiter=";").decode().encode("utf-16")
    readings = [
        read_register(content, name)
        for content, name in [
            (as_csv(*rows), "a.csv"),
            (wide, "b.csv"),
            (document.encode(), "c.json"),
            (buffer.getvalue(), "d.xlsx"),
        ]
    ]
    told = [
        [(p.name, p.organisation, p.stage, p.identity, p.content_digest) for p in r.rows] for r in readings
    ]
    assert told[0] == told[1] == told[2] == told[3]


# ------------------------------------------------------------------ identity


def test_identities_do_not_depend_on_the_order_of_rows_or_columns() -> None:
    rows = [row("Twin", note="left"), row("Twin", note="right"), row("Other"), row("Twin", unit="Rail")]
    first = {(p.name, p.organisation, p.facts): p.identity for p in read(*rows).rows}
    assert len(set(first.values())) == 4
    for seed in range(5):
        shuffled = random.Random(seed).sample(rows, len(rows))
        columns = random.Random(seed).sample(range(len(HEADERS)), len(HEADERS))
        again = read(
            *[tuple(each[column] for column in columns) for each in shuffled],
            headers=[HEADERS[column] for column in columns],
        )
        assert {(p.name, p.organisation, p.facts): p.identity for p in again.rows} == first


def test_exact_copies_are_told_apart_by_order_alone() -> None:
    rows = [row("Copy"), row("Copy"), row("Copy", note="else"), row("Copy")]
    first, second = read(*rows), read(*reversed(rows))
    assert len({p.identity for p in first.rows}) == 4
    assert {p.identity for p in first.rows} == {p.identity for p in second.rows}


def test_name_is_the_same_project_whatever_its_case_and_white_space() -> None:
    first = read(row("Berth  planner\n2", unit="Ports ")).rows[0]
    second = read(row("berth planner 2", unit="PORTS")).rows[0]
    assert (first.name, first.organisation) == ("Berth planner 2", "Ports")
    assert first.identity == second.identity


def test_unique_id_outlives_a_new_name_and_a_repeated_id_does_not_join_projects() -> None:
    headers = ("ID", "Project Name", "Department", "Status")
    before = read(("7", "Old name", "Ports", "Live"), ("8", "A", "Ports", "Live"), headers=headers)
    after = read(("8", "A", "Ports", "Live"), ("7", "New name", "Ports", "Live"), headers=headers)
    assert before.rows[0].identity == after.rows[1].identity
    clash = read(("7", "A", "Ports", "Live"), ("7", "B", "Ports", "Live"), headers=headers)
    assert len({p.identity for p in clash.rows}) == 2


def test_equal_ids_of_two_organisations_stay_two_projects() -> None:
    headers = ("ID", "Project Name", "Status")
    content = as_csv(("1", "A", "Live"), headers=headers)
    ports = read_register(content, "a.csv", organisation="Ports").rows[0]
    rail = read_register(content, "a.csv", organisation="Rail").rows[0]
    assert (ports.organisation, rail.organisation) == ("Ports", "Rail")
    assert ports.identity != rail.identity


def test_bare_ids_of_unknown_owners_do_not_join_projects() -> None:
    headers = ("ID", "Project Name", "Status")
    first, second = (read(("1", name, "Live"), headers=headers).rows[0] for name in ("Radar", "Tide table"))
    assert first.identity != second.identity
    assert first.identity == read(("1", "radar", "Planned"), headers=headers).rows[0].identity


def test_ids_that_carry_their_agency_need_no_organisation_and_bare_ones_do() -> None:
    mapping = mapped("organisation_from_id: '^([A-Z]+)[- ]'\nexternal_ids_unique_in: register")
    content = as_csv(("A", "ABC 1"), ("B", "2"), headers=("Vessel", "Ref"))
    plain = read_register(content, "a.csv", mapping).rows
    given = read_register(content, "a.csv", mapping, "North").rows
    assert plain[0].identity == given[0].identity
    assert plain[1].identity != given[1].identity


@pytest.mark.parametrize("name", ["project_name", "projectName", "PROJECT-NAME", "Project\u00a0Name*"])
def test_headers_of_exports_are_known_however_they_are_spelt(name: str) -> None:
    headers = (name.replace("-", " "), "lifecycle_stage", "businessUnit")
    (project,) = read(("A", "Phase 4: Operation and Maintenance (monitored)", "Ports"), headers=headers).rows
    assert (project.name, project.status, project.organisation) == ("A", "live", "Ports")


def test_digest_changes_with_any_column_and_not_with_white_space() -> None:
    headers = (*HEADERS, "Something nobody maps")
    one = read((*row("A"), "left"), headers=headers).rows[0]
    same = read((*row(" A "), "left \n"), headers=headers).rows[0]
    other = read((*row("A"), "right"), headers=headers).rows[0]
    assert one.content_digest == same.content_digest != other.content_digest
    assert one.identity == other.identity


def test_organisation_comes_from_the_column_then_the_caller_then_the_id() -> None:
    mapping = mapped("organisation_from_id: '^([A-Z]+)-'")
    headers = ("Vessel", "Ref", "Fleet")
    content = as_csv(("A", "ABC-1", "North"), ("B", "ABC-2", ""), ("C", "3", ""), headers=headers)
    own = read_register(content, "a.csv", mapping)
    given = read_register(content, "a.csv", mapping, "  South  fleet ")
    assert [p.organisation for p in own.rows] == ["North", "ABC", ""]
    assert [p.organisation for p in given.rows] == ["North", "South fleet", "South fleet"]
    assert "--organisation" in " ".join(own.notes)
    assert "--organisation" not in " ".join(given.notes)


# ------------------------------------------------------------------ names and problems


def test_rows_without_a_name_are_kept_by_id_or_left_to_a_person() -> None:
    headers = ("ID", "Project Name", "Department", "Status")
    reading = read(
        ("P-1", " ", "Ports", "Live"),
        ("", "\u200b", "Rail", "Live"),
        ("", "", "", ""),
        ("P-2", "Named", "Rail", "Live"),
        headers=headers,
    )
    assert [p.name for p in reading.rows] == ["P-1", "Named"]
    assert [(p.row, p.column, p.kept) for p in reading.problems] == [
        (2, "Project Name", True),
        (3, "Project Name", False),
    ]
    assert "Rail · Live" in reading.problems[1].sentence


def test_overlong_name_is_cut_and_named() -> None:
    reading = read(row("x" * 100_000), row("y" * LONGEST_NAME))
    assert [len(p.name) for p in reading.rows] == [LONGEST_NAME, LONGEST_NAME]
    sentences = [problem.sentence for problem in reading.problems]
    assert (
        len([text for text in sentences if text.startswith("Row 2, column “Project Name”")])
        == len(sentences)
        > 0
    )


@pytest.mark.parametrize(
    "name", ["=1+1", "<script>alert(1)</script>", "מערכת ניהול", "'; DROP TABLE project; --"]
)
def test_odd_names_are_kept_as_they_are(name: str) -> None:
    assert read(row(name)).rows[0].name == name


def test_repeated_import_columns_take_the_first_and_keep_the_rest_in_the_digest() -> None:
    headers = ("Project Name", "Status", "Status")
    reading = read(("A", "Live", "Planned"), headers=headers)
    assert reading.headers == ("Project Name", "Status", "Status (2)")
    assert reading.rows[0].stage == "production"


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (as_csv(("Ann", "ann@example.org"), headers=("Name", "E-mail")), "“Name”, “E-mail”"),
        (b"Dear all,\nplease find the register attached.\n", "“Dear all”"),
        (json.dumps([{"colour": "red", "size": 3}]).encode(), "“colour”, “size”"),
        (as_csv(headers=HEADERS), "no rows"),
        (b"", "is empty"),
    ],
)
def test_file_that_is_no_register_is_refused_with_what_is_missing(content: bytes, words: str) -> None:
    with pytest.raises(Invalid) as refusal:
        read_register(content, "list.csv")
    assert words in str(refusal.value)
    assert str(refusal.value).startswith("list.csv")


def test_explicit_mapping_without_its_name_column_is_refused_naming_it() -> None:
    with pytest.raises(Invalid, match="“fleet” needs a column for the name: Vessel"):
        read_register(as_csv(row("A")), "a.csv", mapped())


def test_explicit_mapping_reads_words_and_an_encoding_nothing_else_knows() -> None:
    mapping = mapped("encoding: cp1250")
    text = "Vessel;State\nŽralok;afloat\nKaczka;Łódź\n"
    reading = read_register(text.encode("cp1250"), "a.csv", mapping)
    assert [(p.name, p.stage, p.stage_word) for p in reading.rows] == [
        ("Žralok", "production", "afloat"),
        ("Kaczka", None, "Łódź"),
    ]


def mapped(extra: str = "") -> RegisterMapping:
    return parse_mapping(
        f"""
name: fleet
title: Fleet
recognise: [[Vessel]]
columns: {{name: [Vessel], external_id: [Ref], organisation: [Fleet], stage: [State]}}
stages: [{{stage: production, status: live, words: [afloat]}}]
{extra}
""",
        "fleet.yaml",
    )


# ------------------------------------------------------------------ dates


@pytest.mark.parametrize(
    ("text", "month_first", "day_first", "unknown"),
    [
        ("2024-03-04", date(2024, 3, 4), date(2024, 3, 4), date(2024, 3, 4)),
        ("2024-03-04T10:00:00Z", date(2024, 3, 4), date(2024, 3, 4), date(2024, 3, 4)),
        ("3/4/2024", date(2024, 3, 4), date(2024, 4, 3), None),
        ("03/04/2024 12:00:00 AM", date(2024, 3, 4), date(2024, 4, 3), None),
        ("31-12-2024", None, date(2024, 12, 31), date(2024, 12, 31)),
        ("5.5.2025", date(2025, 5, 5), date(2025, 5, 5), date(2025, 5, 5)),
        ("4 March 2024", date(2024, 3, 4), date(2024, 3, 4), date(2024, 3, 4)),
        ("Sept. 9, 2024", date(2024, 9, 9), date(2024, 9, 9), date(2024, 9, 9)),
        ("24-Jun", None, None, None),
        ("7/14/1905", None, None, None),
        ("2023", None, None, None),
        ("Q4FY25", None, None, None),
        ("10/12023", None, None, None),
        ("2/30/2024", None, None, None),
        ("2022-08 (estimated)", None, None, None),
        ("2015-2022", None, None, None),
        ("TODO", None, None, None),
        ("1/1/9999", None, None, None),
    ],
)
def test_only_certain_days_are_dates(
    text: str, month_first: date | None, day_first: date | None, unknown: date | None
) -> None:
    orders = ("month_first", "day_first", "unknown")
    found = [read_date(text, order=order, earliest_year=1950) for order in orders]
    assert found == [month_first, day_first, unknown]


def test_uncertain_date_keeps_its_text() -> None:
    (project,) = read(("A", "Ports", "Live", "", "24-Jun", "")).rows
    (started,) = project.dates
    assert (started.text, started.day, started.is_uncertain) == ("24-Jun", None, True)


# ------------------------------------------------------------------ layouts beside the shared ones


def test_year_with_short_headers_is_owned_by_the_department_not_the_bureau() -> None:
    headers = (
        "Use_Case_ID",
        "Department_Code",
        "Agency",
        "Title",
        "Summary",
        "Development_Stage",
        "Department",
    )
    reading = read(
        ("H-1", "H", "Docks bureau", "Dredge plan", "Plans", "Initiation", "Harbours"),
        (
            "H-2",
            "H",
            "Docks bureau",
            "Silt map",
            "Maps",
            "Stage 2 - Development and Acquisition (x)",
            "Harbours",
        ),
        ("H-3", "H", "Docks bureau", "Tug alarm", "Rings", "Deployment", "Harbours"),
        headers=headers,
    )
    assert reading.mapping.name == "us-federal-2023"
    assert reading.organisations == ("Harbours",)
    assert [project.stage for project in reading.rows] == ["feasibility", "model", None]


def test_consolidated_layout_takes_the_clean_column_beside_the_raw_one() -> None:
    headers = (
        "Agency",
        "Use Case ID",
        "Use Case Name",
        "Bureau/Component",
        "Stage of Development (Raw)",
        "Stage of Development",
        "Is the AI use case high-impact? (Raw)",
        "Is the AI use case high-impact?",
        "AI Classification",
    )
    row = ("Harbours", "H-1", "Tug alarm", "Docks", "In mission", "Pilot", "Yes", "Not high-impact", "Other")
    reading = read(row, headers=headers)
    (project,) = reading.rows
    assert reading.mapping.name == "us-agency-2025"
    assert (project.status, project.risk, project.organisation) == ("rollout", "Not high-impact", "Harbours")
