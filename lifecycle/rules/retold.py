"""Sentences that the product itself writes into rows and events: kept in English, said in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from string import Formatter

from lifecycle.language import ENGLISH, language, mark, say, speaking

RELEASE = mark("release {number} (version {version})")
NO_READINGS = mark("No readings of {monitor}")
NO_LONGER_FIRES = mark("Readings that came since no longer make it fire at {key}.")
FIRES_AGAIN = mark("Readings that came since make it fire at {key} again.")
REPLACED = mark("“{document}” was replaced (revision {number}).")
REMOVED = mark("“{document}” was removed.")
AGREEMENT = mark("the agreement for {source}")
OPERATE_REVIEW = mark("the Operate review")
IN_THE_REGISTER = mark("In the register")
_KEPT = (
    *(RELEASE, NO_READINGS, NO_LONGER_FIRES, FIRES_AGAIN, REPLACED, REMOVED),
    *(AGREEMENT, OPERATE_REVIEW, IN_THE_REGISTER),
)


def kept(template: str, /, **values: object) -> str:
    """The sentence as it is stored, whoever writes it."""
    with speaking(ENGLISH):
        return say(template, **values)


def retold(stored: str) -> str:
    """A stored text in the language spoken now, where the product wrote it; people's own words stay as they are."""
    if language() == ENGLISH:
        return stored
    for template, pattern in _patterns():
        if found := pattern.fullmatch(stored):
            return say(template, **found.groupdict())
    return stored


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((template, re.compile("".join(_parts(template)), re.DOTALL)) for template in _KEPT)


def _parts(template: str) -> Iterator[str]:
    for text, name, _, _ in Formatter().parse(template):
        yield re.escape(text)
        if name:
            yield f"(?P<{name}>.+)"
