"""What changed between two texts or two lists of rows: all of it is kept, and only what differs is marked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.rules.differences import MOST_WORDS, Piece, differences, word_differences

TEXTS = st.text(alphabet="ab ,.\n\u05d0\u200b", max_size=60)
ROWS = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["one", "two words"]), max_size=6)


def marked(pieces: tuple[Piece, ...] | None) -> list[str]:
    return [piece.text for piece in pieces or () if piece.is_different]


@given(before=TEXTS, now=TEXTS)
def test_pieces_joined_are_the_texts_and_what_is_unmarked_is_the_same_on_both_sides(
    before: str, now: str
) -> None:
    left, right = word_differences(before, now)
    assert "".join(piece.text for piece in left) == before
    assert "".join(piece.text for piece in right) == now
    unmarked = ["".join(piece.text for piece in side if not piece.is_different) for side in (left, right)]
    assert unmarked[0] == unmarked[1]
    assert (before == now) == (not marked(left) and not marked(right))


@pytest.mark.parametrize(
    ("before", "now", "gone", "new"),
    [
        ("Planners phone every morning", "Planners phone every evening", ["morning"], ["evening"]),
        ("Split at random, twice", "Split by time, twice", ["at random,"], ["by time,"]),
        ("6 weeks", "6 months", ["weeks"], ["months"]),
        ("kept as it is", "kept as it is, mostly", ["is"], ["is, mostly"]),
        ("No answer", "Yes", ["No answer"], ["Yes"]),
    ],
)
def test_words_that_differ_are_marked_whole(before: str, now: str, gone: list[str], new: list[str]) -> None:
    left, right = word_differences(before, now)
    assert (marked(left), marked(right)) == (gone, new)


def test_long_texts_are_compared_by_sentences_and_endless_ones_as_a_whole() -> None:
    sentence = "One more word here. " * (MOST_WORDS // 4)
    left, right = word_differences(sentence + "The end was red.", sentence + "The end was blue.")
    assert (marked(left), marked(right)) == (["The end was red."], ["The end was blue."])
    left, _ = word_differences("a. " * 2 * MOST_WORDS, "b. " * 2 * MOST_WORDS)
    assert marked(left) == ["a. " * 2 * MOST_WORDS]


@given(before=ROWS, now=ROWS)
def test_every_row_stands_once_beside_its_own_earlier_self(
    before: dict[str, str], now: dict[str, str]
) -> None:
    lines = differences(list(before.items()), list(now.items()))
    assert len(lines) == len(before.keys() | now.keys())
    assert sum(line.before is None for line in lines) == len(now.keys() - before.keys())
    assert sum(line.now is None for line in lines) == len(before.keys() - now.keys())
    same = {row for row in before.keys() & now.keys() if before[row] == now[row]}
    assert sum(line.is_same for line in lines) == len(same)


def test_row_that_went_stands_where_it_was() -> None:
    lines = differences([("a", "A"), ("b", "B"), ("c", "C")], [("a", "A"), ("c", "C"), ("d", "D")])
    words = [((line.before or line.now or (Piece("?"),))[0].text, line.now is None) for line in lines]
    assert words == [("A", False), ("B", True), ("C", False), ("D", False)]
