"""Sentences that the product itself writes into rows and events: kept in English, said in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from string import Formatter

from lifecycle.language import ENGLISH, counted, language, mark, say, speaking, written_number

# By name: how what stands under it is said.
Values = Mapping[str, Callable[[str], object]]

RELEASE = mark("release {number} (version {version})")
NO_READINGS = mark("No readings of {monitor}")
NO_LONGER_FIRES = mark("Readings that came since no longer make it fire at {key}.")
FIRES_AGAIN = mark("Readings that came since make it fire at {key} again.")
REPLACED = mark("“{document}” was replaced (revision {number}).")
REMOVED = mark("“{document}” was removed.")
AGREEMENT = mark("the agreement for {source}")
OPERATE_REVIEW = mark("the Operate review")
IN_THE_REGISTER = mark("In the register")
ERASED_NAME = mark("Erased person")  # what stands where the name of somebody stood
_SENTENCES = (
    *(RELEASE, NO_READINGS, NO_LONGER_FIRES, FIRES_AGAIN, REPLACED, REMOVED),
    *(AGREEMENT, OPERATE_REVIEW, IN_THE_REGISTER),
    # As `rules.monitors` makes them.
    mark("{monitor} fell {rule}"),
    mark("{monitor} rose {rule}"),
    mark("“{monitor}” was {rule}: {readings}."),
    mark("No reading of “{monitor}” has come since {since}; one was expected every {every}."),
)
_RULE = (
    mark("below its limit"),
    mark("above its limit"),
    mark("below the limit that each reading brings"),
    mark("above the limit that each reading brings"),
    mark("more than {amount} below {base}"),
    mark("more than {amount} above {base}"),
    mark("below {limit}"),
    mark("above {limit}"),
    mark("{number} times in a row"),
    mark("for {length}"),
)
_BASE = (mark("the baseline"), mark("the baseline of {value}"))
_LENGTH = re.compile(r"([\d,]+) (week|day|hour|minute|second)s?")
_NUMBER = re.compile(r"[-\d.,e+]+( %)?")


def kept(template: str, /, **values: object) -> str:
    """The sentence as it is stored, whoever writes it."""
    with speaking(ENGLISH):
        return say(template, **values)


def retold(stored: str) -> str:
    """A stored text in the language spoken now, where the product wrote it; people's own words stay as they are."""
    return retold_by(stored, _SENTENCES, _VALUES)


def retold_by(stored: str, templates: tuple[str, ...], values: Values) -> str:
    """The same for sentences of others: said anew by the template that made it, as it is where none did.

    `values` say anew what stands in a sentence under a name; None from one of them: this template did not make it.
    """
    return stored if language() == ENGLISH else _retold(stored, templates, values) or stored


def _retold(stored: str, templates: tuple[str, ...], values: Values) -> str | None:
    for template, pattern in _patterns(templates):
        if found := pattern.fullmatch(stored):
            named = found.groupdict().items()
            again = {name: values[name](text) if name in values else text for name, text in named}
            if None not in again.values():
                return say(template, **again)
    return None


@lru_cache(maxsize=8)
def _patterns(templates: tuple[str, ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((template, re.compile("".join(_parts(template)), re.DOTALL)) for template in templates)


def _parts(template: str) -> Iterator[str]:
    for text, name, spec, _ in Formatter().parse(template):
        yield re.escape(text)
        if name:
            yield rf"(?P<{name}>[\d,]+)" if spec else f"(?P<{name}>.+)"


def _rule(text: str) -> str | None:
    said = [_retold(part, _RULE, _VALUES) for part in text.split(", ")]
    return ", ".join(part for part in said if part) if all(said) else None


def _base(text: str) -> str | None:
    return _retold(text, _BASE, _VALUES)


def _length(text: str) -> str | None:
    found = _LENGTH.fullmatch(text)
    return counted(int(found[1].replace(",", "")), found[2]) if found else None


def _number(text: str) -> str | None:
    return written_number(text) if _NUMBER.fullmatch(text) else None


def _readings(text: str) -> str:
    number, many, named = text.partition(" readings, the last of them ")
    return (
        say("{number} readings, the last of them {readings}", number=number, readings=named) if many else text
    )


_VALUES: Values = {
    "rule": _rule,
    "base": _base,
    "length": _length,
    "every": _length,
    "limit": _number,
    "amount": _number,
    "value": _number,
    "readings": _readings,
}
