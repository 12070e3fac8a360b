"""Sentences that are kept or compared, and shown as well: English by themselves, said where people read them."""

from __future__ import annotations

from typing import Any, Self

from lifecycle.language import ENGLISH, mark, say, speaking
from lifecycle.rules.retold import Values, retold_by

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
    return retold_by(kept, _KEPT, _VALUES)


def _named(text: str) -> str:
    return retold_by(text, _NAMED, {})


def _whole(text: str) -> str | int:
    number = text.replace(",", "")
    return int(number) if number.isdecimal() else text


_VALUES: Values = {"named": _named, "number": _whole, "most": _whole}
