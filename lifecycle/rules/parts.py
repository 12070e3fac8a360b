"""One typed part of an answer, from what a person or file gives to what is stored.

Every parser returns None for nothing and raises Problem with a sentence for what cannot be kept; numbers are
stored as text, amounts with their word, choices by key. What is stored parses to itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from lifecycle.errors import Invalid
from lifecycle.guide import PartSpec
from lifecycle.language import decimal_sign, mark, say
from lifecycle.vocabulary import (
    DURATION_UNITS,
    Duration,
    Money,
    Person,
    Quantity,
    duration_unit,
    plain_number,
    unit_named,
)

LONGEST = MappingProxyType(
    {"text": 500, "long_text": 20_000, "link": 2_000, "person": 200, "unit": 60, "tag": 120, "number": 60}
)
MOST_TAGS = 100
LARGEST = Decimal(10) ** 15
_UNPRINTABLE = 10**1000  # Python refuses to print whole numbers of some thousand digits
EARLIEST, LATEST = date(1900, 1, 1), date(2200, 12, 31)
NAMES_OF_PEOPLE_START = "@"
UNIT, CURRENCY = mark("unit"), mark("currency")  # what stands beside an amount, also as it is stored

_INVISIBLE = {"Cf", "Cc", "Zs", "Zl", "Zp"}
# Blank though their category is letter, mark or symbol: fillers, joiner, variation selectors, braille space.
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\ufe00-\ufe0f\uffa0]")
# A leading zero never starts a group: "0,500" is a half, "1,200" twelve hundred.
_GROUPED = re.compile(r"^[+-]?[1-9]\d{0,2}([,\s_'’]\d{3})+(\.\d+)?$")
_GROUPED_BY_SPACES = re.compile(r"^[+-]?[1-9]\d{0,2}(\s\d{3})+,\d+$")  # "12 500,5", as French writes it
# In a language with the decimal comma; elsewhere "1,200" is over a thousand.
_WITH_COMMA = re.compile(r"^[+-]?\d+,\d+$")
_PLAIN = re.compile(r"^[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d{1,2})?$")
_AMOUNT_AND_WORD = re.compile(
    r"^([+-]?[\d.,\s_'’]*\d[.,]?(?:[eE][+-]?\d{1,2})?)\s*([^\d\s.,_].*)$", re.DOTALL
)
_CURRENCY_FIRST = re.compile(r"^([A-Za-z]{3})\s*([+-]?[\d.,].*)$", re.DOTALL)
# Two letters at least: "S:\plans" is a drive, and no scheme has one letter.
_SCHEME = re.compile(r"^([a-zA-Z][a-zA-Z0-9+.-]+):")
# The port of a host without a scheme. A dot or "localhost" is asked for, because "javascript:1" looks alike.
_HOST_AND_PORT = re.compile(r"^(localhost|[\w-]+(\.[\w-]+)+):\d{1,5}(/|$)")
_ROW_ID = re.compile(r"[\w.:-]{1,60}")

Stored = Any


class Problem(Exception):
    """A sentence about one place; collected into Invalid by `answers.parse`."""


def parse_part(part: PartSpec, raw: object) -> Stored | None:
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    if isinstance(raw, int) and abs(raw) >= _UNPRINTABLE:
        raise Problem(say("is too long a number."))
    return _PARSERS[part.type](part, raw)


def clean_text(raw: str) -> str:
    """NFC, no control characters but line breaks and tabs, trimmed; text of invisible characters is empty.

    Cleaning twice changes nothing: a letter and its accent are joined after what stood between is gone.
    """
    text = raw.replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(
        letter for letter in text if letter in "\n\t" or unicodedata.category(letter) not in ("Cc", "Cs")
    )
    text = unicodedata.normalize("NFC", text).strip()
    return "" if all(_is_invisible(letter) for letter in text) else text


def _is_control(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cc", "Cs")  # Cs: half a surrogate pair, which no encoding takes


def _is_invisible(letter: str) -> bool:
    return unicodedata.category(letter) in _INVISIBLE or _BLANK.match(letter) is not None


def _text(raw: object, longest: int) -> str | None:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        raise Problem(say("needs text."))
    if isinstance(raw, float | Decimal) and not Decimal(raw).is_finite():
        raise Problem(say("needs text, not an empty or infinite number."))
    text = clean_text(str(raw))
    if len(text) > longest:
        raise Problem(
            say(
                "is {length:,} characters long; at most {longest:,} can be kept. Shorten it or "
                "link to a document.",
                length=len(text),
                longest=longest,
            )
        )
    return text or None


def _line(raw: object, longest: int) -> str | None:
    """Text on one line, with single spaces."""
    text = _text(raw, longest)
    return " ".join(text.split()) if text else None


def _parse_text(part: PartSpec, raw: object) -> str | None:
    return _line(raw, LONGEST["text"])


def _parse_long_text(part: PartSpec, raw: object) -> str | None:
    return _text(raw, LONGEST["long_text"])


def _parse_link(part: PartSpec, raw: object) -> str | None:
    """One line: browsers skip tabs and line breaks inside an address, so "java⇥script:" would run."""
    text = _line(raw, LONGEST["link"])
    scheme = _SCHEME.match(text) if text else None
    if text and scheme and scheme[1].lower() not in ("http", "https") and not _HOST_AND_PORT.match(text):
        raise Problem(
            say(
                "may be a web address (https://…) or the name of a document, not “{scheme}:”.",
                scheme=shortened(scheme[1]),
            )
        )
    return text


def parse_number(raw: object) -> Decimal:
    """A number as people write it: 1200, "1,200.5", "1 200", "0,5", "5 %". Raises Invalid with a sentence."""
    try:
        return _number(raw.strip().removesuffix("%") if isinstance(raw, str) else raw)
    except Problem as problem:
        raise Invalid({"": str(problem)}) from problem


def _number(raw: object) -> Decimal:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        raise Problem(say("needs a number."))
    number = _written_number(raw) if isinstance(raw, str) else Decimal(str(raw))
    if not number.is_finite():
        raise Problem(say("needs a finite number."))
    if not -LARGEST < number < LARGEST:
        raise Problem(say("is larger than can be kept (15 digits before the point)."))
    return round(number, 12)


def _written_number(raw: str) -> Decimal:
    text = raw.strip()
    if len(text) <= LONGEST["number"]:
        if _GROUPED_BY_SPACES.match(text) or (decimal_sign() == "," and _WITH_COMMA.match(text)):
            return Decimal(re.sub(r"\s", "", text).replace(",", "."))
        if _GROUPED.match(text):
            return Decimal(re.sub(r"[,\s_'’]", "", text))
        if _PLAIN.match(text):
            return Decimal(text.replace(",", "."))
    raise Problem(say("needs a number, not “{raw}”.", raw=shortened(raw)))


def _number_text(number: Decimal) -> str:
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def _bounded(part: PartSpec, number: Decimal) -> Decimal:
    unit = f" {part.unit}" if part.unit else ""
    if part.whole and number != number.to_integral_value():
        raise Problem(say("needs a whole number, not {number}.", number=plain_number(number)))
    if part.min is not None and number < part.min:
        least = plain_number(part.min)
        raise Problem(
            say(
                "is {number}{unit}; the least possible is {least}{unit}.",
                number=plain_number(number),
                unit=unit,
                least=least,
            )
        )
    if part.max is not None and number > part.max:
        most = plain_number(part.max)
        raise Problem(
            say(
                "is {number}{unit}; the most possible is {most}{unit}.",
                number=plain_number(number),
                unit=unit,
                most=most,
            )
        )
    return number


def _parse_number(part: PartSpec, raw: object) -> str:
    """The part's own unit may stand behind the number; another unit is refused, not dropped."""
    if isinstance(raw, str) and part.unit and raw.strip().casefold().endswith(part.unit.casefold()):
        raw = raw.strip()[: -len(part.unit)]
    return _number_text(_bounded(part, _number(raw)))


def _amount_and(part: PartSpec, raw: object, word: str) -> tuple[Decimal, str] | None:
    """Amount and its word from a mapping or from text such as "3 months"; None when neither is there."""
    match raw:
        case Duration() | Quantity():
            return raw.amount, raw.unit
        case Money():
            return raw.amount, raw.currency
        case Mapping():
            return _amount_in(raw, word)
        case str():
            return _amount_written(raw)
        case int() | float() | Decimal():
            return _number(raw), ""
        case _:
            raise Problem(say("needs an amount and its {word}.", word=say(word)))


def _amount_in(raw: Mapping[Any, object], word: str) -> tuple[Decimal, str] | None:
    for name in raw:
        if name not in ("amount", word):
            raise Problem(
                say(
                    "has only an amount and a {word}, no “{name}”.", word=say(word), name=shortened(str(name))
                )
            )
    amount, name = raw.get("amount"), raw.get(word)
    if amount is None or (isinstance(amount, str) and not amount.strip()):
        return None
    if not isinstance(name, str | None):
        raise Problem(say("needs its {word} as text.", word=say(word)))
    return _number(amount), (name or "").strip()


def _amount_written(raw: str) -> tuple[Decimal, str]:
    text = raw.strip()
    if len(text) > 200:
        raise Problem(say("needs a number, not “{text}”.", text=shortened(text)))
    if match := _CURRENCY_FIRST.match(text):
        return _number(match[2]), match[1]
    if not _PLAIN.match(text) and (match := _AMOUNT_AND_WORD.match(text)):
        return _number(match[1]), match[2]
    return _number(text), ""


def _parse_duration(part: PartSpec, raw: object) -> dict[str, str] | None:
    pair = _amount_and(part, raw, UNIT)
    if pair is None:
        return None
    amount, word = pair
    unit = unit_named(word)
    if unit is None:
        raise Problem(
            say(
                "needs a unit of time ({units}), not “{word}”.",
                units=", ".join(map(duration_unit, DURATION_UNITS)),
                word=shortened(word),
            )
            if word
            else say("needs a unit of time, for example days.")
        )
    if amount < 0:
        raise Problem(say("cannot be a negative length of time."))
    if Duration(amount, unit).days > 36_525:
        raise Problem(say("is longer than a hundred years."))
    return {"amount": _number_text(amount), "unit": unit}


def _parse_money(part: PartSpec, raw: object) -> dict[str, str] | None:
    pair = _amount_and(part, raw, CURRENCY)
    if pair is None:
        return None
    amount, currency = pair[0], pair[1].upper()
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise Problem(say("needs a currency as three letters, for example EUR."))
    if amount < 0:
        raise Problem(say("cannot be a negative amount."))
    return {"amount": _number_text(_bounded(part, amount)), "currency": currency}


def _parse_quantity(part: PartSpec, raw: object) -> dict[str, str] | None:
    pair = _amount_and(part, raw, UNIT)
    if pair is None:
        return None
    unit = _line(pair[1], LONGEST["unit"]) or ""
    return {"amount": _number_text(_bounded(part, pair[0])), "unit": unit}


def _parse_choice(part: PartSpec, raw: object) -> str:
    chosen = _chosen(part, str(raw)) if isinstance(raw, str | int) and not isinstance(raw, bool) else None
    if chosen is None:
        raise Problem(say("is not one of: {choices}.", choices=", ".join(part.choices.values())))
    return chosen


def _chosen(part: PartSpec, word: str) -> str | None:
    """A choice by its key or its label, whatever the case; an exact key comes first."""
    word = word.strip()
    if word in part.choices:
        return word
    folded = word.casefold()
    return next(
        (key for key, label in part.choices.items() if folded in (key.casefold(), label.casefold())), None
    )


def _words(raw: object) -> list[str]:
    given = [raw] if isinstance(raw, str) else raw
    if isinstance(given, set | frozenset):
        given = sorted(given, key=str)  # a set has no order of its own to keep
    if not isinstance(given, Sequence) or not all(isinstance(word, str) for word in given):
        raise Problem(say("needs a list of words."))
    if len(given) > MOST_TAGS:
        raise Problem(
            say(
                "has {count:,} entries; at most {most} can be kept.",
                count=len(given),
                most=MOST_TAGS,
            )
        )
    cleaned = (_line(word, LONGEST["tag"]) for word in given)
    return [word for word in cleaned if word]


def _parse_choices(part: PartSpec, raw: object) -> list[str] | None:
    chosen: list[str] = []
    for word in _words(raw):
        key = _chosen(part, word)
        if key is None and not part.open:
            raise Problem(
                say(
                    "“{word}” is not one of: {choices}.",
                    word=shortened(word),
                    choices=", ".join(part.choices.values()),
                )
            )
        chosen.append(key or word)
    return sorted(set(chosen)) or None


def _parse_tags(part: PartSpec, raw: object) -> list[str] | None:
    """Tags keep their order. An empty list says that there are none; a list of blanks says nothing."""
    tags = list(dict.fromkeys(_words(raw)))
    return tags if tags or not raw else None


def _parse_date(part: PartSpec, raw: object) -> str:
    try:
        day = _day(raw)
    except ValueError as error:
        raise Problem(
            say("needs a date as year-month-day (2026-11-23), not “{raw}”.", raw=shortened(str(raw)))
        ) from error
    if not EARLIEST <= day <= LATEST:
        raise Problem(say("is {day}; dates from 1900 to 2200 can be kept.", day=day.isoformat()))
    return day.isoformat()


def _day(raw: object) -> date:
    """Raises ValueError; also for a table's empty date, which passes for a datetime without being one."""
    if isinstance(raw, datetime):
        return raw.date()
    return raw if isinstance(raw, date) else date.fromisoformat(str(raw).strip())


def _parse_yes_no(part: PartSpec, raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    word = str(raw).strip().casefold()
    if word in ("yes", "true", say("yes")):
        return True
    if word in ("no", "false", say("no")):
        return False
    raise Problem(say("needs yes or no, not “{raw}”.", raw=shortened(str(raw))))


def _parse_person(part: PartSpec, raw: object) -> str | None:
    if isinstance(raw, Person):
        raw = f"{NAMES_OF_PEOPLE_START}{raw.key}" if raw.key else raw.name
    text = _line(raw, LONGEST["person"])
    return None if text == NAMES_OF_PEOPLE_START else text


def _reference(part: PartSpec, raw: object) -> str:
    text = str(raw).strip()
    field_id, _, row = text.partition("/")
    if field_id not in part.to or not is_row_id(row):
        raise Problem(say("must point at a row of {fields}.", fields=say(" or ").join(part.to)))
    return text


def _parse_reference(part: PartSpec, raw: object) -> str:
    return _reference(part, raw)


def _parse_references(part: PartSpec, raw: object) -> list[str] | None:
    return sorted({_reference(part, word) for word in _words(raw)}) or None


_PARSERS: Mapping[str, Callable[[PartSpec, Any], Stored | None]] = MappingProxyType(
    {
        "text": _parse_text,
        "long_text": _parse_long_text,
        "link": _parse_link,
        "number": _parse_number,
        "quantity": _parse_quantity,
        "duration": _parse_duration,
        "money": _parse_money,
        "choice": _parse_choice,
        "choices": _parse_choices,
        "tags": _parse_tags,
        "date": _parse_date,
        "yes_no": _parse_yes_no,
        "person": _parse_person,
        "reference": _parse_reference,
        "references": _parse_references,
    }
)


def is_row_id(text: str) -> bool:
    return _ROW_ID.fullmatch(text) is not None


def shortened(text: str) -> str:
    text = " ".join(clean_text(text[:200]).split())
    return text if len(text) <= 40 else text[:39] + "…"
