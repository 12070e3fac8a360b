"""Sentences that are kept or compared, and shown as well: English by themselves, said where people read them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from string import Formatter
from typing import Any, Self

from lifecycle.language import ENGLISH, language, mark, say, speaking

# Of rows, kept with the import of a register or with a batch of readings.
MORE_CELLS = mark("{number} more filled cells than there are headers; check that no column has slipped.")
FEWER_CELLS = mark("only {number} of {all} cells; the missing ones are read as blank.")
LONG_CELL = mark("{number:,} characters; only the first {most:,} are kept.")
LONG_NAME = mark("a name of {number:,} characters; only the first {most} are kept.")
NO_NAME = mark("no name; the project goes by its id “{id}” until somebody names it.")
NO_PROJECT = mark("no name and no id, so no project was made of it; the row begins “{begin}”.")
ONE_CELL = mark("only this cell is filled; if it is a heading or a note, archive the project made of it.")
NO_KEY = mark("nothing names this value, so it is left out.")
NO_NUMBER = mark("“{cell}” is not a number.")
ROW, ROW_AND_COLUMN = mark("Row {row}"), mark("Row {row}, column “{column}”")
# Of an MLflow server, kept with the monitor that is fetched from it.
EXPERIMENT, MODEL = mark("experiment “{experiment}”"), mark("registered model “{model}”")
RUNS = mark("its runs")
UNKNOWN = mark("The MLflow server knows no {named}.")
NOT_LET_IN = mark(
    "The MLflow server does not let us in. An administrator sets its token (LIFECYCLE_MLFLOW_TOKEN)."
)
ANSWERED = mark("The MLflow server answered {code} ({meaning}).")
NOT_REACHED = mark("The MLflow server at {host} cannot be reached: {reason}.")
TOO_LONG = mark("The MLflow server's answer is too long to be read.")
SOMETHING_ELSE = mark("The MLflow server answered something else than its REST API does.")
NO_ENTRY = mark("The MLflow server sent an entry of a metric that cannot be read.")
_NAMED = (EXPERIMENT, MODEL, RUNS)
_KEPT = (
    *(MORE_CELLS, FEWER_CELLS, LONG_CELL, LONG_NAME, NO_NAME, NO_PROJECT, ONE_CELL, NO_KEY, NO_NUMBER),
    *(ROW_AND_COLUMN, ROW),
    *(UNKNOWN, NOT_LET_IN, ANSWERED, NOT_REACHED, TOO_LONG, SOMETHING_ELSE, NO_ENTRY),
)


class Told(str):
    """A marked text with what stands in it: in English where it is kept or compared, said in every sentence."""

    _text: str
    _values: dict[str, Any]

    def __new__(cls, text: str, /, **values: Any) -> Self:
        with speaking(ENGLISH):
            told = super().__new__(cls, say(str(text), **values))
        told._text, told._values = str(text), values
        return told

    @property
    def said(self) -> str:
        return say(self._text, **self._values)

    def __format__(self, format_spec: str) -> str:
        return format(self.said, format_spec)


def told_again(kept: str) -> str:
    """What was kept, in the language spoken now; what is none of these sentences as it is."""
    return kept if language() == ENGLISH else _told_again(kept, _KEPT)


def _told_again(kept: str, sentences: tuple[str, ...]) -> str:
    for sentence, pattern in _patterns(sentences):
        if found := pattern.fullmatch(kept):
            return say(sentence, **{name: _value(name, text) for name, text in found.groupdict().items()})
    return kept


def _value(name: str, text: str) -> str | int:
    if name == "named":
        return _told_again(text, _NAMED)
    number = text.replace(",", "")
    return int(number) if name in ("number", "most") and number.isdecimal() else text


@lru_cache(maxsize=2)
def _patterns(sentences: tuple[str, ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((each, re.compile("".join(_parts(each)), re.DOTALL)) for each in sentences)


def _parts(sentence: str) -> Iterator[str]:
    for text, name, spec, _ in Formatter().parse(sentence):
        yield re.escape(text)
        if name:
            yield rf"(?P<{name}>[\d,]+)" if spec else f"(?P<{name}>.+)"
