"""What countries are called, in the language of whoever reads it: as everybody writes them, not as a catalogue does."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from importlib import import_module

from lifecycle.language import ENGLISH, language, say


def country_names(english: Mapping[str, str]) -> Mapping[str, str]:
    """By code, in the order of the alphabet; what no other language knows keeps its English name."""
    spoken = language()
    if spoken == ENGLISH:
        return english
    territories = import_module("babel").Locale(spoken).territories  # loaded when needed: English never does
    # Said as well, so that a catalogue may call one otherwise.
    names = {code: say(territories.get(code, name)) for code, name in english.items()}
    return dict(sorted(names.items(), key=lambda each: _without_accents(each[1])))


def _without_accents(name: str) -> str:
    letters = unicodedata.normalize("NFD", name.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
