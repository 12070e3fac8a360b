"""What the product says, in the language of whoever reads it: English as written in the code, French by catalogue.

`say` looks a text up at once, in the language of the present run, request or message. Texts made while a module is
loaded are only `mark`ed and said where they are shown. What is kept (standings, digests) is made in English:
`with speaking(ENGLISH)`. Catalogues: `lifecycle/locale/<code>/LC_MESSAGES/*.po`, docs/translating.md.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from string import Formatter
from types import MappingProxyType
from typing import Any

ENGLISH = "en"
# As each is called in itself: whoever looks for theirs may read no other.
LANGUAGES: Mapping[str, str] = MappingProxyType({ENGLISH: "English", "fr": "Français"})
LOCALE_FOLDER = Path(__file__).parent / "locale"


@dataclass(frozen=True)
class Catalogue:
    """The texts of one language by the English ones, and how it writes numbers."""

    code: str
    texts: Mapping[str, str] = field(default_factory=dict)
    plurals: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # by the English singular
    first_plural: int = 2  # the smallest whole number that takes the plural
    thousands: str = ","
    point: str = "."
    before_percent: str = ""

    def text(self, english: str) -> str:
        return self.texts.get(english, english)

    def counted(self, one: str, many: str, number: int | Decimal) -> str:
        """The form for `number`; English, which a text without translation is in, goes by `number == 1`."""
        forms = self.plurals.get(one)
        if forms is None:
            return one if number == 1 else many
        return forms[0] if -self.first_plural < number < self.first_plural else forms[1]

    def filled(self, template: str, values: Mapping[str, Any]) -> str:
        if self.code == ENGLISH:
            return template.format(**values)
        return _Filling(self).vformat(template, (), values)

    def number(self, english: str) -> str:
        """A number as English writes it ("1,234.5", "45%"), as this language does."""
        if self.code == ENGLISH:
            return english
        swapped = english.replace(",", "\0").replace(".", self.point).replace("\0", self.thousands)
        return swapped.replace("%", f"{self.before_percent}%")


class _Filling(Formatter):
    """`str.format` with numbers as the language writes them."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def format_field(self, value: Any, format_spec: str) -> str:
        text = format(value, format_spec)
        is_number = isinstance(value, int | float | Decimal | Fraction) and not isinstance(value, bool)
        is_written_out = format_spec[-1:] in (",", "f", "%", "g", "d")
        return self._catalogue.number(text) if is_number and is_written_out else text


class Marked(str):
    """A text of the code that was written before anybody's language was known; in a sentence it is said."""

    __slots__ = ()

    def __format__(self, format_spec: str) -> str:
        return format(say(str(self)), format_spec)


# ------------------------------------------------------------------ which language


_IN_ENGLISH = Catalogue(ENGLISH)
_spoken: ContextVar[Catalogue | None] = ContextVar("language", default=None)


def _nobody_in_particular() -> str:
    return ENGLISH


_ask: Callable[[], str] = _nobody_in_particular


def ask_for_language(ask: Callable[[], str]) -> None:
    """Whom to ask where nobody said which language is spoken: a screen's callback or fragment runs in a thread
    of its own, to which nothing was handed down."""
    global _ask
    _ask = ask


def language() -> str:
    """The code of the language spoken now."""
    return _now().code


def speak(code: str) -> None:
    """From here on in this thread or task; an unknown code is English."""
    _spoken.set(catalogue(code))


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """For what is written for somebody else than whoever is here, or to be kept."""
    token = _spoken.set(catalogue(code))
    try:
        yield
    finally:
        _spoken.reset(token)


def _now() -> Catalogue:
    return _spoken.get() or _asked_for()


def _asked_for() -> Catalogue:
    """Not noted down: a thread of a pool serves many. Whoever is asked may have to say something themselves."""
    token = _spoken.set(_IN_ENGLISH)
    try:
        return catalogue(_ask())
    finally:
        _spoken.reset(token)


def best_language(accepted: str) -> str:
    """The language that a browser asks for most, of those there are: the value of Accept-Language, or "fr-CA"."""
    wanted: list[tuple[float, int, str]] = []
    for place, item in enumerate(accepted[:500].split(",")):
        name, _, weight = item.strip().partition(";")
        code = re.split("[-_]", name.strip())[0].lower()
        try:
            share = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            continue
        if code in LANGUAGES and share > 0:
            wanted.append((-share, place, code))
    return min(wanted)[2] if wanted else ENGLISH


# ------------------------------------------------------------------ saying it


def say(text: str, /, **values: Any) -> str:
    """`text` in the language spoken now, with `values` in its places; without values braces are just braces."""
    spoken = _now()
    if spoken is not _IN_ENGLISH:
        text = spoken.text(text)
    return spoken.filled(text, values) if values else str(text)


def say_as(text: str, sense: str, /) -> str:
    """A word for which another language has several: `sense` says which is meant, as in ("Open", "verb")."""
    return _now().texts.get(f"{text}|{sense}") or say(text)


def say_count(one: str, many: str, number: int | Decimal, /, **values: Any) -> str:
    """The one of two texts that goes with `number`, which they may name: "{number:,} gates"."""
    spoken = _now()
    return spoken.filled(spoken.counted(one, many, number), {"number": number, **values})


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number and its noun: "1 project", "12 projects", "3 entries"."""
    return say_count(f"{{number:,}} {noun}", f"{{number:,}} {plural or noun + 's'}", number)


def mark(text: str) -> str:
    """`text`, to be said where it is shown: for what is made while a module is loaded."""
    return Marked(text)


def mark_count(one: str, many: str) -> tuple[str, str]:
    """Two texts that go with a number, for `say_count` where they are shown."""
    return one, many


def written_number(english: str) -> str:
    """A number as English writes it ("12,500.5"), in the language spoken now."""
    return _now().number(english)


def decimal_sign() -> str:
    """What stands between the whole and the fraction of a number, in the language spoken now."""
    return _now().point


def country_names(code: str) -> Mapping[str, str]:
    """Countries by their ISO code, as a language calls them; none for English, which has them from elsewhere."""
    if code == ENGLISH:
        return {}
    names: Mapping[str, str] = import_module("babel").Locale(code).territories
    return names


def sorting_key(name: str) -> str:
    """By which a list of names is put in order: accents count for nothing, as in a dictionary."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", name.casefold()) if letter.isalnum())


# ------------------------------------------------------------------ catalogues


@lru_cache(maxsize=8)
def catalogue(code: str) -> Catalogue:
    """The catalogue of a language, read when first asked for; English for a code that there is none of."""
    if code not in LANGUAGES or code == ENGLISH:
        return _IN_ENGLISH
    return read_catalogue(code, LOCALE_FOLDER / code / "LC_MESSAGES")


def read_catalogue(code: str, folder: Path) -> Catalogue:
    """All the .po files of a folder as one; what is not translated, or only doubtfully, stays English."""
    read_po = import_module("babel.messages.pofile").read_po  # loaded when needed: English never does
    texts: dict[str, str] = {}
    plurals: dict[str, tuple[str, str]] = {}
    for file in sorted(folder.glob("*.po")):
        with file.open("rb") as opened:
            for message in read_po(opened, locale=code):
                if message.fuzzy or not message.id:
                    continue
                said = message.string
                if isinstance(message.id, str) and isinstance(said, str) and said:
                    texts[message.id] = said
                elif not isinstance(message.id, str) and said and not isinstance(said, str) and all(said):
                    plurals[message.id[0]] = (said[0], said[1])
    # A catalogue has one entry for a text that is said by itself too: its singular.
    texts = {one: forms[0] for one, forms in plurals.items()} | texts
    return Catalogue(code, texts, plurals, thousands="\u202f", point=",", before_percent="\u00a0")
