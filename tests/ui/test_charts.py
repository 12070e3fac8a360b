"""Charts: legible in light and dark, never by colour alone, and nothing a person wrote is read as markup."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lifecycle.language import speaking
from lifecycle.ui import charts, standing
from lifecycle.ui.charts import Bar, Cell
from lifecycle.vocabulary import Level, SignOffStatus

MARKS = {
    mark.word: mark
    for mark in (
        *standing.LEVELS.values(),
        *standing.SIGN_OFFS.values(),
        standing.NOT_ASSESSED,
        standing.STOPPED,
    )
}


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("strength", [0.0, 0.5, 0.99, 1.0])
@pytest.mark.parametrize("word", MARKS)
def test_text_in_a_cell_can_be_read(word: str, strength: float, dark: bool) -> None:
    cell = Cell(0, 0, "✕ 3", "Blocked", MARKS[word], strength)
    trace = charts.heat_map(["A"], ["Design"], [cell], dark=dark).data[0]

    assert contrast(trace.marker.color[0], trace.textfont.color[0]) >= 4.5


@pytest.mark.parametrize("signs", [charts.LEVEL_SIGNS, charts.STATUS_SIGNS])
def test_every_standing_has_a_sign_of_its_own(signs: dict[Level | SignOffStatus, str]) -> None:
    assert len(set(signs.values())) == len(signs)
    assert set(charts.LEVEL_SIGNS) == set(Level)
    assert set(charts.STATUS_SIGNS) == set(SignOffStatus)


def test_heat_map_puts_each_cell_into_its_row_and_column() -> None:
    cells = [Cell(1, 2, "a", "", MARKS["Ready"]), Cell(0, 0, "b", "", MARKS["Blocked"])]
    figure = charts.heat_map(["first", "second"], ["x", "y", "z"], cells, dark=False)
    trace, columns, rows = figure.data[0], figure.layout.xaxis, figure.layout.yaxis

    middles = [round(base + width / 2, 2) for base, width in zip(trace.base, trace.x, strict=True)]
    assert [columns.ticktext[columns.tickvals.index(middle)] for middle in middles] == ["z", "x"]
    assert [rows.ticktext[row] for row in trace.y] == ["second", "first"]
    assert rows.range[0] > rows.range[1]  # the first row stands on top


def test_bars_of_one_label_follow_each_other_and_tell_their_total() -> None:
    pieces = [
        Bar("Production", 287, "", MARKS["Ready"]),
        Bar("Design", 4, "", MARKS["Ready"]),
        Bar("Production", 892, "", MARKS["Blocked"]),
    ]
    figure = charts.bars(pieces, dark=False)
    trace = figure.data[0]

    assert list(trace.base) == [0, 0, 287]
    assert [note.text for note in figure.layout.annotations] == ["1,179", "4"]


def test_names_are_shortened_on_one_line_and_never_read_as_markup() -> None:
    name = "<a href='https://example.org'>Claims</a>\n" + "long " * 20
    figure = charts.heat_map([name], ["x"], [Cell(0, 0, "1", "", MARKS["Ready"])], dark=False)
    label = figure.layout.yaxis.ticktext[0]

    assert "<" not in label
    assert "\n" not in label
    assert label.startswith("&lt;a href=")
    assert label.endswith("…")


def test_numbers_and_days_are_written_as_the_language_does() -> None:
    """Plotly itself knows English months only."""
    bar = Bar("Orders", 1_200, "", standing.STALE)
    dots = [
        charts.SeriesPoint(datetime(2026, 3, day, tzinfo=UTC), 1.5, 1.5, 1.5, 2.0, False, "")
        for day in (1, 2)
    ]

    with speaking("fr"):
        total = charts.bars([bar], dark=False).layout
        axis = charts.series(dots, [], dark=False).layout.xaxis

    assert total.annotations[0].text == "1\u202f200"
    assert total.separators == ",\u202f"
    assert [stop.value for stop in axis.tickformatstops] == ["%m-%d %H:%M", "%Y-%m-%d", "%Y-%m"]
    assert not charts.series(dots, [], dark=False).layout.xaxis.tickformatstops
