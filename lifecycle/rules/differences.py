"""What changed between two texts: word by word within a line, row by row where rows have ids."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_WORD = re.compile(r"\S+|\s+")
_SENTENCE = re.compile(r"[^.!?\n]*[.!?\n]*\s*")
MOST_WORDS = 1_500  # beyond that sentences are compared: comparing words takes the square of their number


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text; `is_different` when the other side does not have it there."""

    text: str
    is_different: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One text or one row on both sides; None where that side does not have it."""

    before: tuple[Piece, ...] | None
    now: tuple[Piece, ...] | None

    @property
    def is_same(self) -> bool:
        return self.before == self.now


Rows = Sequence[tuple[str, str]]  # id and text of each


def differences(before: Rows, now: Rows) -> tuple[Line, ...]:
    """Rows of the same id beside each other, in the order of now; a row that went stands where it was.

    A text without rows is one row without an id.
    """
    old, new = dict(before), dict(now)
    lines: list[Line] = []
    for row in _merged([row for row, _ in before], [row for row, _ in now]):
        if row not in old:
            lines.append(Line(None, (Piece(new[row], True),)))
        elif row not in new:
            lines.append(Line((Piece(old[row], True),), None))
        else:
            lines.append(Line(*word_differences(old[row], new[row])))
    return tuple(lines)


def _merged(before: Sequence[str], now: Sequence[str]) -> Iterator[str]:
    """All ids once: those of now in their order, each that went after the one it followed."""
    known = set(now)
    gone: dict[str | None, list[str]] = {}
    anchor: str | None = None
    for row in before:
        if row in known:
            anchor = row
        else:
            gone.setdefault(anchor, []).append(row)
    yield from gone.get(None, ())
    for row in now:
        yield row
        yield from gone.get(row, ())


def word_differences(before: str, now: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Both texts in pieces; joined again they are the texts. A space between two changes belongs to them."""
    if before == now:
        return (Piece(before),), (Piece(now),)
    old, new = _tokens(before, now)
    left: list[Piece] = []
    right: list[Piece] = []
    steps = SequenceMatcher(None, old, new).get_opcodes()
    for number, (kind, i1, i2, j1, j2) in enumerate(steps):
        between = 0 < number < len(steps) - 1
        is_different = kind != "equal" or (between and "".join(old[i1:i2]).isspace())
        _add(left, "".join(old[i1:i2]), is_different)
        _add(right, "".join(new[j1:j2]), is_different)
    return tuple(left), tuple(right)


def _tokens(before: str, now: str) -> tuple[list[str], list[str]]:
    words = _WORD.findall(before), _WORD.findall(now)
    if max(map(len, words)) <= MOST_WORDS:
        return words
    sentences = [[part for part in _SENTENCE.findall(text) if part] for text in (before, now)]
    if max(map(len, sentences)) <= MOST_WORDS:
        return sentences[0], sentences[1]
    return [before], [now]


def _add(pieces: list[Piece], text: str, is_different: bool) -> None:
    if not text:
        return
    if pieces and pieces[-1].is_different is is_different:
        text = pieces.pop().text + text
    pieces.append(Piece(text, is_different))
