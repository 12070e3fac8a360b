"""Sentences that the product itself writes into rows and events: kept in English, said in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from string import Formatter

from lifecycle.language import ENGLISH, counted, language, mark, say, speaking, written_number

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
    if language() == ENGLISH:
        return stored
    return _retold(stored, _SENTENCES) or stored


def _retold(stored: str, templates: tuple[str, ...]) -> str | None:
    """None where none of the templates made it."""
    for template, pattern in _patterns(templates):
        if found := pattern.fullmatch(stored):
            values = {name: _value(name, text) for name, text in found.groupdict().items()}
            if None not in values.values():
                return say(template, **values)
    return None


@lru_cache(maxsize=4)
def _patterns(templates: tuple[str, ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((template, re.compile("".join(_parts(template)), re.DOTALL)) for template in templates)


def _parts(template: str) -> Iterator[str]:
    for text, name, _, _ in Formatter().parse(template):
        yield re.escape(text)
        if name:
            yield f"(?P<{name}>.+)"


def _value(name: str, text: str) -> str | None:
    """What stands in a sentence under this name, said too where it is the product's own."""
    return _VALUES[name](text) if name in _VALUES else text


def _rule(text: str) -> str | None:
    said = [_retold(part, _RULE) for part in text.split(", ")]
    return ", ".join(part for part in said if part) if all(said) else None


def _base(text: str) -> str | None:
    return _retold(text, _BASE)


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


_VALUES: Mapping[str, Callable[[str], str | None]] = {
    "rule": _rule,
    "base": _base,
    "length": _length,
    "every": _length,
    "limit": _number,
    "amount": _number,
    "value": _number,
    "readings": _readings,
}
