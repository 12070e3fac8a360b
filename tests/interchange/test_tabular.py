"""Reading files of unknown make. Every file here is written by the test itself."""

from __future__ import annotations

import io
import json
import zipfile

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.errors import Invalid
from lifecycle.interchange import tabular_xlsx
from lifecycle.interchange.tabular import Table, read_grids, read_table, spreadsheet_safe, table_at
from lifecycle.interchange.tabular_text import LARGEST_CELL, column_letters

PLAIN = "Name;Café “owner”;Note\r\nRoute planner;Zoë;à la carte\r\n"


def cells(table: Table) -> list[tuple[str, ...]]:
    return [row.values for row in table.rows]


def workbook(*sheets: tuple[str, list[list[object]]], hidden: tuple[str, ...] = ()) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
        sheet.sheet_state = "hidden" if title in hidden else "visible"
    return book


def saved(book: openpyxl.Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


# ------------------------------------------------------------------ delimited text


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_csv_is_read_alike_in_every_common_encoding(encoding: str) -> None:
    table = read_table(PLAIN.encode(encoding), "a.csv")
    assert table.headers == ("Name", "Café “owner”", "Note")
    assert cells(table) == [("Route planner", "Zoë", "à la carte")]


def test_one_bad_byte_does_not_garble_a_utf8_file() -> None:
    content = ("Name,City\n" + "Zoë,Malmö\n" * 20).encode() + b"Bad \xff byte,Oslo\n"
    table = read_table(content, "a.csv")
    assert table.rows[0].values == ("Zoë", "Malmö")
    assert table.rows[-1].values == ("Bad \ufffd byte", "Oslo")


def test_bytes_unknown_to_windows_1252_are_read_as_latin_1() -> None:
    assert cells(read_table(b"Name,City\nCaf\xe9 \x81,Oslo\n", "a.csv")) == [("Café", "Oslo")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_found_though_others_occur_in_cells(delimiter: str) -> None:
    rows = [["Name", "Stage", "Remark"], ["A, B", "Live; since May", "x|y"], ["C", "Planned", "1, 2, 3"]]
    text = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    table = read_table(text.encode(), "a.txt")
    assert [table.headers, *cells(table)] == [tuple(row) for row in rows]


def test_excel_hint_line_sets_the_delimiter_and_keeps_row_numbers() -> None:
    table = read_table(b"sep=|\nName|Stage\nA, B, C|Live\n", "a.csv")
    assert (table.headers, table.rows[0].number, table.rows[0].values) == (
        ("Name", "Stage"),
        3,
        ("A, B, C", "Live"),
    )


def test_line_breaks_in_cells_and_mixed_line_ends_keep_spreadsheet_row_numbers() -> None:
    content = b'Name,Note\r\n"Two\nlines",x\n\r\n"Three\r\nmore\rlines","y ""q"""\nLast,z'
    table = read_table(content, "a.csv")
    assert [(row.number, row.values) for row in table.rows] == [
        (2, ("Two\nlines", "x")),
        (4, ("Three\nmore\nlines", 'y "q"')),
        (5, ("Last", "z")),
    ]


def test_repeated_headers_become_distinct_and_blank_ones_get_their_letter() -> None:
    table = read_table(b"Name,If other,,If Other,If other\nA,1,2,3,4\n", "a.csv")
    assert table.headers == ("Name", "If other", "Column C", "If Other (2)", "If other (3)")


def test_header_printed_again_further_down_is_no_row() -> None:
    assert cells(read_table(b"Name,Stage\nA,Live\nNAME, stage\nB,Live\n", "a.csv")) == [
        ("A", "Live"),
        ("B", "Live"),
    ]


def test_ragged_rows_are_kept_and_named() -> None:
    table = read_table(b"Name,Stage,Risk\nA,Live,High,slipped\nB,Live\nC,Live,Low\n", "a.csv")
    assert cells(table) == [("A", "Live", "High"), ("B", "Live", ""), ("C", "Live", "Low")]
    assert [(problem.row, problem.column) for problem in table.problems] == [(2, ""), (3, "Risk")]
    assert table.rows[0].extra == ("slipped",)
    assert "1 more filled cell" in table.problems[0].sentence


def test_huge_cell_is_cut_and_named_by_row_and_column() -> None:
    table = read_table(b"Name,Note\nA," + b"x" * 300_000 + b"\nB,y\n", "a.csv")
    assert [len(row.values[1]) for row in table.rows] == [LARGEST_CELL, 1]
    assert table.problems[0].sentence.startswith("Row 2, column “Note”: 300,000 characters")


def test_unseen_characters_go_and_visible_ones_stay() -> None:
    odd = "Name,Note\n\u200bZero\u200b width\ufeff,\u202eevil\u202c\n"
    content = odd + "שלום עולם,👩\u200d💻\n<script>,\u200b\u200d\n"
    assert cells(read_table(content.encode(), "a.csv")) == [
        ("Zero width", "evil"),
        ("שלום עולם", "👩\u200d💻"),
        ("<script>", "\u200d"),
    ]


def test_quotation_mark_never_closed_is_refused_by_row() -> None:
    with pytest.raises(Invalid, match=r"a\.csv, row 3: a quotation mark .* never closed"):
        read_table(b'Name,Stage\nA,Live\nB,"Live\nC,Live\nD,Live\n', "a.csv")


# ------------------------------------------------------------------ workbooks


def test_workbook_gives_visible_sheets_as_text_with_their_row_numbers() -> None:
    book = workbook(
        ("Lists", [["Planned"], ["Live"]]),
        ("Register", [["Our systems"], [], ["Name", "Count", "On"], ["A", 3.0, True], [None, None, None]]),
        hidden=("Lists",),
    )
    book["Register"].cell(9, 2, " ")
    (grid,) = read_grids(saved(book), "a.xlsx")
    assert "Register" in grid.source
    assert [(row.number, row.values) for row in grid.rows] == [
        (1, ("Our systems",)),
        (3, ("Name", "Count", "On")),
        (4, ("A", "3", "TRUE")),
    ]


def test_cells_merged_downwards_speak_for_every_row() -> None:
    book = workbook(("S", [["Who", "When", None], [None, "Start", "End"], ["A", 1, 2], [None, 3, 4]]))
    for merged in ("A1:A2", "B1:C1", "A3:A4"):
        book["S"].merge_cells(merged)
    grid = read_grids(saved(book), "a.xlsx")[0]
    table = table_at(grid, 1)
    assert table.headers == ("Who", "Start", "End")
    assert cells(table) == [("A", "1", "2"), ("A", "3", "4")]


def test_header_blank_below_its_title_takes_the_title() -> None:
    grid = read_grids(b"Name,Dates,\n,Start,End\nA,1,2\n", "a.csv")[0]
    assert table_at(grid, 1).headers == ("Name", "Start", "End")


def test_workbook_is_known_by_its_content_not_its_name() -> None:
    assert read_table(saved(workbook(("S", [["Name"], ["A"]]))), "register.csv").headers == ("Name",)


def test_archive_that_unpacks_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    content = saved(workbook(("S", [["Name"], ["A" * 30_000]])))
    monkeypatch.setattr(tabular_xlsx, "_LARGEST_UNPACKED", 20_000)
    with pytest.raises(Invalid, match="unpacks to more than"):
        read_grids(content, "bomb.xlsx")


def test_damaged_workbook_is_refused_with_a_sentence() -> None:
    content = saved(workbook(("S", [["Name", "Stage"], ["A", "Live"]])))
    with zipfile.ZipFile(io.BytesIO(content)) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"][:-40]
    broken = io.BytesIO()
    with zipfile.ZipFile(broken, "w") as target:
        for name, part in parts.items():
            target.writestr(name, part)
    for damaged in (broken.getvalue(), content[: len(content) // 2], content[:-30]):
        with pytest.raises(Invalid, match=r"a\.xlsx is .*(damaged|ZIP archive)"):
            read_grids(damaged, "a.xlsx")


# ------------------------------------------------------------------ JSON


@pytest.mark.parametrize(
    "document",
    [
        [{"name": "A", "by": {"unit": "X"}}, {"name": "B", "tags": ["p", 2], "live": True}],
        {
            "count": 2,
            "data": {
                "items": [{"name": "A", "by": {"unit": "X"}}, {"name": "B", "tags": ["p", 2], "live": True}]
            },
        },
    ],
)
def test_json_list_of_objects_is_found_and_flattened(document: object) -> None:
    table = read_table(json.dumps(document).encode(), "a.json")
    assert table.headers == ("name", "by.unit", "tags", "live")
    assert [(row.number, row.values) for row in table.rows] == [
        (1, ("A", "X", "", "")),
        (2, ("B", "", "p; 2", "true")),
    ]


def test_json_lines_and_json_under_another_name_are_read() -> None:
    assert cells(read_table(b'{"name": "A"}\n\n{"name": "B"}\n', "a.jsonl")) == [("A",), ("B",)]
    assert cells(read_table(b'[{"name": "A"}]', "export.txt")) == [("A",)]


def test_lone_surrogate_in_json_becomes_storable_text() -> None:
    (row,) = read_table(b'[{"name": "A \\ud800 B"}]', "a.json").rows
    assert row.values[0].encode() == "A \ufffd B".encode()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "empty list"),
        ("{}", "keys: none"),
        ('"text"', "a text"),
        ("42", "a number"),
        ("null", "a single value"),
        ("[1, 2]", "item 1: a number"),
        ('[{"name": "A"}, "B"]', "item 2: a text"),
        ('{"name": "A"}', "“name”"),
        ('{"a": [{"n": 1}], "b": [{"n": 2}]}', "“a”, “b”"),
        ('[{"name": "A"},]', "line 1"),
        ("[" * 100_000, "nested too deeply"),
        ('{"n": ' + "9" * 5_000 + "}", "not valid JSON"),
    ],
)
def test_json_of_the_wrong_shape_is_refused_naming_it(text: str, words: str) -> None:
    with pytest.raises(Invalid, match=r"a\.json") as refusal:
        read_table(text.encode(), "a.json")
    assert words in str(refusal.value)


# ------------------------------------------------------------------ no table at all


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b" \r\n\t\n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (",,,\n,,\n".encode("utf-16"), "is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(64), "PNG image"),
        (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
        (b"\xd0\xcf\x11\xe0" + bytes(32), "password"),
        (bytes(range(256)) * 20, "binary"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
    ],
)
def test_file_without_a_table_is_refused_with_one_sentence(content: bytes, words: str) -> None:
    with pytest.raises(Invalid, match=words) as refusal:
        read_table(content, "register.csv")
    assert str(refusal.value).startswith("register.csv")


def test_zip_that_is_no_workbook_is_named() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("register.csv", "Name\nA\n")
    with pytest.raises(Invalid, match="ZIP archive"):
        read_table(buffer.getvalue(), "register.xlsx")


def test_file_above_the_size_limit_is_refused_before_it_is_read() -> None:
    with pytest.raises(Invalid, match="larger than 1 MB"):
        read_grids(b"a" * 1_000_001, "big.csv", largest_megabytes=1)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_table_or_a_refusal(content: bytes) -> None:
    refusals = []
    try:
        table = read_table(content, "a.csv")
    except Invalid as refusal:
        refusals.append(str(refusal))
        table = Table((), ())
    assert all("a.csv" in sentence for sentence in refusals)
    assert all(len(row.values) == len(table.headers) for row in table.rows)


# ------------------------------------------------------------------ on the way out


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", " =1", "＝1", "\u200b=1"]
)
def test_formulas_are_neutralised_for_spreadsheets(text: str) -> None:
    assert spreadsheet_safe(text) == "'" + text


@pytest.mark.parametrize("text", ["Plain", "-5", "+3.5 %", "1=1", "", "'quoted"])
def test_harmless_text_goes_to_spreadsheets_unchanged(text: str) -> None:
    assert spreadsheet_safe(text) == text


def test_column_letters_follow_the_spreadsheet() -> None:
    assert [column_letters(place) for place in (0, 25, 26, 51, 701, 702)] == [
        "A",
        "Z",
        "AA",
        "AZ",
        "ZZ",
        "AAA",
    ]
