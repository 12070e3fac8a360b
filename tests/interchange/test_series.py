"""Series out of files as people export them: order of time, conditions, numbers, and what is no number."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from lifecycle.errors import Invalid
from lifecycle.interchange.series import Series, filter_of, read_readings, read_series
from lifecycle.rules.moments import moments_of


def series(text: str, *, limit: str = "0", where: tuple[str, ...] = (), encoding: str = "utf-8") -> Series:
    return read_series(
        text.encode(encoding), key="when", column="score", limit=limit, where=where, filename="series.csv"
    )


def keys(found: Series) -> list[str]:
    return [point.key for point in found.points]


@pytest.mark.parametrize(
    "in_order",
    [
        ("2024-01-31", "2024-02-01", "2024-10-01"),
        ("2024-1-9", "2024-1-10", "2024-02-01"),
        ("20231231", "20240101", "20240301"),
        ("2024-03-01 09:59:59", "2024-03-01 10:00:00", "2024-03-02 00:00:00"),
        ("2024-03-01T23:00:00+02:00", "2024-03-01T22:00:00Z", "2024-03-01 22:30"),
        ("2016-09-26/2016-10-02", "2016-10-03/2016-10-09", "2016-11-21/2016-11-27"),
        ("2023-11", "2023-12", "2024-1"),
        ("2023 Q4", "2024Q1", "2024-Q2"),
        ("2023-W52", "2024-W01", "2024-W10"),
        ("9/30/2024", "10/1/2024", "12/25/2024"),
        ("30/09/2024", "01/10/2024", "25/12/2024"),
        ("30.09.2024 8:05", "30.09.2024 12:30", "01.10.2024 00:00"),
        ("9/30/2024 9:05 AM", "9/30/2024 12:10 PM", "9/30/2024 1:10 PM"),
        ("3 Sep 2024", "20 Sep 2024", "1 Oct 2024"),
        ("Sep 3, 2024", "Oct 1, 2024", "Jan 5, 2025"),
        ("Dec 2023", "Jan 2024", "Apr 2024"),
        ("1700000000", "1700000060", "1800000000"),
        ("1700000000000", "1700000000001", "1800000000000"),
        ("1700000000000.0", "1700000000001.0", "1800000000000.0"),
        ("1700000000000001", "1700000000000002", "1800000000000000"),
        ("2024-03-01 23:00:00 +02:00", "2024-03-01 22:00:00 UTC", "2024-03-01 22:30:00 GMT"),
        ("Sun, 3 Mar 2024 09:00:00 GMT", "Sun, 3 Mar 2024 10:00:00 GMT", "Mon, 1 Apr 2024 00:00:00 GMT"),
        ("30/09/24", "01/10/24", "25/12/24 8:00"),
        ("02.01.2024", "01.02.2024", "03.03.2024"),
        ("9/30/2024, 9:05:00 AM", "9/30/2024, 1:10:00\u202fPM", "10/1/2024, 12:10:00 AM"),
        ("31. Januar 2024", "1. Februar 2024", "3. Oktober 2024"),
        ("31 janv. 2024", "1 févr. 2024", "3 août 2024"),
        ("Dec-23", "Jan-24", "Apr-24"),
        ("2022", "2023", "2024"),
        ("12/2023", "1/2024", "11/2024"),
        ("Q4 2023", "Q1 2024", "Q2 2024"),
        ("2024-W2", "2024-W10", "2024-W11"),
        ("KW 52/2023", "KW 1/2024", "KW 10/2024"),
        ("2016-09-26 - 2016-10-02", "2016-10-03 to 2016-10-09", "2016-10-10..2016-10-16"),
    ],
)
def test_keys_that_are_times_are_put_in_their_order(in_order: tuple[str, ...]) -> None:
    shuffled = list(in_order)
    random.Random(4).shuffle(shuffled)
    assert shuffled != list(in_order)
    text = "when,score\n" + "".join(f'"{key}",1\n' for key in shuffled)
    found = series(text)
    assert found.in_time_order
    assert keys(found) == list(in_order)


@pytest.mark.parametrize(
    "kept",
    [
        ("10", "9", "1"),
        ("2024-01-02", "total", "2024-01-01"),
        ("b", "a"),
        ("2024-13-01", "2024-01-01"),
        ("1.2.11", "1.2.10"),
    ],
)
def test_keys_that_are_not_all_times_stay_as_in_the_file(kept: tuple[str, ...]) -> None:
    found = series("when,score\n" + "".join(f"{key},1\n" for key in kept))
    assert not found.in_time_order
    assert keys(found) == list(kept)


def test_rows_of_one_time_keep_their_order() -> None:
    found = series("when,score\n2024-01-02,1\n2024-01-01,5\n2024-01-02,2\n2024-01-01,6\n")
    assert [point.value for point in found.points] == [5, 6, 1, 2]


def test_days_and_months_are_told_apart_by_every_key_then_by_how_the_file_runs() -> None:
    def days(*texts: str) -> list[str]:
        return [moment.date().isoformat() for moment in moments_of(texts) or []]

    assert days("3/4/2024", "25/4/2024") == ["2024-04-03", "2024-04-25"]
    assert days("3/4/2024", "4/25/2024") == ["2024-03-04", "2024-04-25"]
    # Both fit; only read with the day first do these run steadily backward.
    assert days("1/3/2024", "7/2/2024", "1/2/2024") == ["2024-03-01", "2024-02-07", "2024-02-01"]
    assert days("3/4/2024", "3/5/2024") == ["2024-03-04", "2024-03-05"]
    assert moments_of(["13/13/2024"]) is None


@pytest.mark.parametrize(
    ("cells", "values", "odd"),
    [
        (("1.5", "-0", "1e-3"), [1.5, 0.0, 0.001], 0),
        (("NA", "", "nan", "null", "n/a", "-"), [None] * 6, 0),
        (("0,75", "1.234,5"), [0.75, 1234.5], 0),
        (("1,234", "12,345.5"), [1234.0, 12345.5], 0),
        (("0.5", "broken", "12%"), [0.5, None, None], 2),
        (("1_000",), [None], 1),
        (("0,912", "1,001", "NA"), [0.912, 1.001, None], 0),
        (("1.234", "987,5", "1.234.567"), [1234.0, 987.5, 1234567.0], 0),
        (("1 234,5", "1\u202f234", "12'345,25"), [1234.5, 1234.0, 12345.25], 0),
        (("93.2%", "91 %", "", "low"), [93.2, 91.0, None, None], 1),
        (("93,25 %", "\u2013", "?"), [93.25, None, None], 0),
        (("\u22120.5", "Infinity"), [-0.5, float("inf")], 0),
    ],
)
def test_numbers_are_read_as_people_write_them(
    cells: tuple[str, ...], values: list[float | None], odd: int
) -> None:
    found = series("when;score;x\n" + "".join(f'k{n};"{cell}";x\n' for n, cell in enumerate(cells)))
    assert [point.value for point in found.points] == values
    assert len(found.problems) == odd
    assert all(problem.column == "score" for problem in found.problems)


def test_other_columns_say_what_a_comma_before_three_digits_is() -> None:
    german = series("when;score;recall\n1;98,123;0,5\n2;97,456;0,61\n")
    english = series("when;score;recall\n1;98,123;0.5\n2;97,456;0.61\n")
    assert [point.value for point in german.points] == [98.123, 97.456]
    assert [point.value for point in english.points] == [98123, 97456]


def test_a_value_that_nothing_names_is_left_out_and_told() -> None:
    found = series("when,score\n2024-01-02,0.5\n2024-01-01,0.6\n,0.55\n,\n")
    assert (keys(found), found.in_time_order) == (["2024-01-01", "2024-01-02"], True)
    assert [problem.row for problem in found.problems] == [4]


@pytest.mark.parametrize(
    "head",
    [
        ",batch,batch,recall,recall,f1,f1\n,key,kind,value,alert,value,alert\n",
        ",batch,,recall,,f1,\n,key,kind,value,alert,value,alert\n",
    ],
)
def test_headers_in_two_rows_are_joined_as_data_frames_are_flattened(head: str) -> None:
    rows = "0,2024-01-08/2024-01-14,later,0.7,1,0.1,0\n1,2024-01-01/2024-01-07,first,0.9,0,0.2,0\n"
    text = head + rows
    found = read_series(
        text.encode(), key="batch_key", column="recall_value", limit="0.8", where=["batch_kind=later"]
    )
    assert [(point.key, point.value) for point in found.points] == [("2024-01-08/2024-01-14", 0.7)]
    assert read_readings(text.encode(), name="f1_value", key="batch_key").column == "f1_value"


def test_comments_above_the_headers_are_passed_over_and_headers_behind_a_sign_are_headers() -> None:
    commented = series("# of one shop, made by hand\nwhen,score\n2024-01-02,0.5\n2024-01-01,0.6\n")
    signed = series("#when,score\n2024-01-02,0.5\n2024-01-01,0.6\n")
    assert keys(commented) == keys(signed) == ["2024-01-01", "2024-01-02"]


def test_series_of_points_in_json_become_a_row_for_each() -> None:
    text = """{"status": "success", "data": {"resultType": "matrix", "result": [
        {"metric": {"shop": "north"}, "values": [[1700000060, "0.7"], [1700000000, "0.9"]]},
        {"metric": {"shop": "south"}, "values": [[1700000000, "NaN"]]}]}}"""
    found = read_series(
        text.encode(),
        key="timestamp",
        column="value",
        limit="0.8",
        where=["metric.shop=north"],
        filename="a.json",
    )
    assert [(point.key, point.value) for point in found.points] == [("1700000000", 0.9), ("1700000060", 0.7)]


def test_key_of_readings_is_the_column_that_holds_times_when_none_is_called_so() -> None:
    found = read_readings(b"model,reported,value\nA,2024-W06,0.5\nA,2024-W05,0.6\n", name="accuracy")
    assert found.key == "reported"


def test_a_cell_that_is_no_number_is_named_by_row_and_column() -> None:
    found = series("when,score\n2024-01-01,0.9\n2024-01-02,about half\n")
    assert [problem.sentence for problem in found.problems] == [
        "Row 3, column “score”: “about half” is not a number."
    ]


def test_limits_may_come_from_a_column() -> None:
    found = series("when,score,floor\na,1,2\nb,1,NA\n", limit="floor")
    assert [point.limit for point in found.points] == [2.0, None]


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        (("period=analysis",), ["b", "c"]),
        (("period = analysis", "n>=5"), ["c"]),
        (("n>2",), ["b", "c"]),
        (("n<=3",), ["a", "b"]),
        (("n=3.0",), ["b"]),
        (("period!=analysis",), ["a"]),
        (("PERIOD=analysis", "n<5"), ["b"]),
        (("share>=50=yes",), ["a"]),  # a header that itself holds an operator
        (("period=Analysis",), []),
    ],
)
def test_conditions_choose_rows(where: tuple[str, ...], kept: list[str]) -> None:
    text = "when,score,period,n,share>=50\na,1,reference,2,yes\nb,1,analysis,3,no\nc,1,analysis,7,no\n"
    assert keys(series(text, where=where)) == kept


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [("period", "no condition"), ("=5", "no condition"), ("n>=many", "not a number")],
)
def test_what_is_no_condition_is_refused(condition: str, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        filter_of(condition, ["period", "n"])


def test_a_column_that_is_not_there_is_named_with_the_nearest_one() -> None:
    with pytest.raises(Invalid, match="no column “scor”. Did you mean “score”"):
        read_series(b"when,score\na,1\n", key="when", column="scor", limit="1")
    with pytest.raises(Invalid, match="no column “week”"):
        series("when,score\na,1\n", where=("week=2",))


def test_encodings_and_a_missing_file(tmp_path: Path) -> None:
    assert keys(series("when;score\nété;1\n", encoding="cp1252")) == ["été"]
    assert keys(series("when\tscore\na\t1\n", encoding="utf-16")) == ["a"]
    with pytest.raises(Invalid, match="is empty"):
        series("")
    with pytest.raises(Invalid, match="cannot be read"):
        read_series(tmp_path / "none.csv", key="when", column="score", limit="1")
