"""English and French: nothing said is without a translation, and nothing kept depends on who reads."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from string import Formatter

import pytest
from babel.messages.catalog import Message
from hypothesis import given
from hypothesis import strategies as st

from lifecycle import language
from lifecycle.guide import Guide, load_guide
from lifecycle.language import best_language, counted, mark, say, say_as, say_count, speaking
from lifecycle.rules.parts import parse_number
from lifecycle.vocabulary import Gate, Role, plain_number
from scripts import write_catalogue
from scripts.serving import ROOT

OTHERS = [code for code in language.LANGUAGES if code != language.ENGLISH]
_BADLY_SET = re.compile(r"\w (?=[;!?%»]|:(?!\w))|« (?! )|[a-zà-ÿ]'[a-zà-ÿ]")
NAMES = tuple(write_catalogue.all_texts())


@pytest.fixture(scope="module")
def shipped() -> Guide:
    return load_guide(ROOT / "data" / "guide")


def _messages(code: str) -> list[Message]:
    return [
        message for name in NAMES for message in write_catalogue.read_catalogue_file(code, name) if message.id
    ]


@pytest.mark.parametrize("code", OTHERS)
def test_everything_said_is_translated_and_nothing_else(code: str) -> None:
    said = {text.id for texts in write_catalogue.all_texts().values() for text in texts}
    known = {message.id for message in _messages(code) if write_catalogue.is_translated(message.string)}
    assert said - known == set(), "python -m scripts.write_catalogue --missing lists them"
    assert known - said == set(), "python -m scripts.write_catalogue drops them"


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_names_what_the_text_names(code: str) -> None:
    """A name too many would fail on the screen of whoever reads that language; one too few would hide something."""
    wrong = []
    for message in _messages(code):
        one, many = message.id if isinstance(message.id, tuple | list) else (message.id, message.id)
        forms = message.string if isinstance(message.string, tuple | list) else (message.string,)
        for form, english in zip(forms, (one, many), strict=False):
            if _names(form) - _names(many) or (english == many and _names(many) - _names(form)):
                wrong.append((english, form))
    assert wrong == []


def _names(template: str) -> set[str]:
    try:
        return {name for _, name, _, _ in Formatter().parse(template) if name}
    except ValueError:  # a text that is never filled in
        return set()


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_keeps_blanks_and_markup(code: str) -> None:
    wrong = []
    for message in _messages(code):
        if isinstance(message.id, str) and isinstance(message.string, str):
            english, other = message.id, message.string
            ends = [(text[:1].isspace(), text[-1:].isspace()) for text in (english, other)]
            marks = [(text.count("**"), text.count("`"), text.count("](")) for text in (english, other)]
            if ends[0] != ends[1] or marks[0] != marks[1]:
                wrong.append((english, other))
    assert wrong == []


def test_french_has_its_spaces_and_apostrophes() -> None:
    """A no-break space before : ; ! ? and %, where a word or a value stands before them; typographic apostrophes."""
    wrong = [
        text
        for message in _messages("fr")
        for text in (message.string if isinstance(message.string, tuple | list) else (message.string,))
        if _is_badly_set(text)
    ]
    assert wrong == []


def _is_badly_set(text: str) -> bool:
    return _BADLY_SET.search(text) is not None


# ------------------------------------------------------------------ saying


@pytest.fixture
def french(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, str]], None]:
    """Have these texts for the French."""

    def with_texts(texts: dict[str, str], plurals: dict[str, tuple[str, str]] | None = None) -> None:
        made = replace(language.catalogue("fr"), texts=texts, plurals=plurals or {})
        known = language.catalogue
        monkeypatch.setattr(language, "catalogue", lambda code: made if code == "fr" else known(code))

    return with_texts


def test_numbers_are_written_as_the_language_does(french: Callable[..., None]) -> None:
    french({})
    with speaking("fr"):
        assert say(
            "{n:,} · {share:.1%} · {d:,f} · {v:.2f}", n=1234567, share=0.256, d=Decimal("12.50"), v=1.5
        ) == ("1\u202f234\u202f567 · 25,6\u00a0% · 12,50 · 1,50")
        # A version, a year and a word are no numbers.
        assert say("{version} {year} {word}", version="1,2.0", year=2026, word="a.b") == "1,2.0 2026 a.b"
    assert say("{n:,} · {share:.1%}", n=1234567, share=0.256) == "1,234,567 · 25.6%"


@pytest.mark.parametrize(
    ("number", "english", "other"),
    [
        (0, "0 gates", "0 jalon"),
        (1, "1 gate", "1 jalon"),
        (2, "2 gates", "2 jalons"),
        (1000, "1,000 gates", "1\u202f000 jalons"),
    ],
)
def test_nouns_go_with_their_number(
    number: int, english: str, other: str, french: Callable[..., None]
) -> None:
    french({}, {"{number:,} gate": ("{number:,} jalon", "{number:,} jalons")})
    assert counted(number, "gate") == say_count("{number:,} gate", "{number:,} gates", number) == english
    with speaking("fr"):
        assert counted(number, "gate") == other


def test_marked_text_is_said_where_it_is_shown(french: Callable[..., None]) -> None:
    french({"Ready": "Prêt", "{level}, at last": "{level}, enfin"})
    level = mark("Ready")
    assert (level, f"{level}!", say("{level}, at last", level=level)) == ("Ready", "Ready!", "Ready, at last")
    with speaking("fr"):
        assert (level, say(level), f"{level}!") == ("Ready", "Prêt", "Prêt!")
        assert say("{level}, at last", level=level) == "Prêt, enfin"


def test_word_with_several_senses_is_told_apart(french: Callable[..., None]) -> None:
    french({"Open": "Ouvert", "Open|verb": "Ouvrir"})
    assert say_as("Open", "verb") == "Open"
    with speaking("fr"):
        assert (say("Open"), say_as("Open", "verb"), say_as("Open", "noun")) == ("Ouvert", "Ouvrir", "Ouvert")


def test_braces_of_a_text_without_values_are_just_braces() -> None:
    assert say("{") == "{"


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("", "en"),
        ("fr", "fr"),
        ("fr-CA,fr;q=0.9,en;q=0.8", "fr"),
        ("en-GB,en;q=0.9,fr;q=0.8", "en"),
        ("de-DE,de;q=0.9", "en"),
        ("de, fr;q=0.4, en;q=0.3", "fr"),
        ("fr;q=0, en;q=0.1", "en"),
        ("FR_ca", "fr"),
        ("fr;q=many, ,;;", "en"),
        ("*", "en"),
    ],
)
def test_browser_gets_the_language_it_asks_for_most(accepted: str, expected: str) -> None:
    assert best_language(accepted) == expected


def test_whoever_is_asked_for_the_language_may_have_to_say_something(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "_ask", lambda: say("fr"))
    assert language.language() == "fr"


# ------------------------------------------------------------------ the guide


@pytest.mark.parametrize("code", OTHERS)
def test_guide_is_the_same_in_every_language_but_for_its_words(shipped: Guide, code: str) -> None:
    other = shipped.in_language(code)
    assert other.digest == shipped.digest
    assert other.as_written is shipped
    assert other.in_language(code) is other
    assert other.in_language(language.ENGLISH) is shipped
    words = dict(zip(shipped.texts(), other.texts(), strict=True))
    assert all(text.strip() for text in words.values())

    def without_words(part: object) -> object:
        if isinstance(part, dict):
            return {name: without_words(value) for name, value in part.items()}
        if isinstance(part, list):
            return [without_words(value) for value in part]
        return words.get(part, part) if isinstance(part, str) else part

    assert without_words(shipped.model_dump(mode="json")) == without_words(other.model_dump(mode="json"))
    assert other.field("D14").title != shipped.field("D14").title
    assert other.relied_on(Gate.DISCOVERY, Role.LEGAL) == shipped.relied_on(Gate.DISCOVERY, Role.LEGAL)


def test_changed_guide_is_translated_anew(shipped: Guide) -> None:
    shipped.in_language("fr")
    policy = shipped.policy.model_copy(update={"reenter_password": ()})
    changed = shipped.model_copy(update={"policy": policy})
    assert changed.in_language("fr").policy.reenter_password == ()
    assert shipped.in_language("fr").policy.reenter_password != ()
    there = shipped.in_language("fr").model_copy(update={"policy": policy})
    with speaking("fr"):
        assert there.here().policy.reenter_password == ()


@pytest.mark.parametrize(
    ("written", "in_english", "in_french"),
    [
        ("1,125", "1125", "1.125"),
        ("1 234,5", "1234.5", "1234.5"),
        ("12,5", "12.5", "12.5"),
        ("1,234,567", "1234567", "1234567"),
        ("1.5", "1.5", "1.5"),
    ],
)
def test_numbers_are_read_as_the_language_writes_them(written: str, in_english: str, in_french: str) -> None:
    assert parse_number(written) == Decimal(in_english)
    with speaking("fr"):
        assert parse_number(written) == Decimal(in_french)


@given(st.decimals(-(10**9), 10**9, places=4))
def test_number_is_read_back_as_it_was_written(number: Decimal) -> None:
    for code in language.LANGUAGES:
        with speaking(code):
            assert parse_number(plain_number(number)) == number
