"""What every PDF of ours is made on: its page, the fonts it brings with it, and the letters that these can show."""

from __future__ import annotations

import logging
import unicodedata
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Literal

import pymupdf_fonts
from fontTools.ttLib import TTFont
from fpdf import FPDF

from lifecycle.interchange.cells import xml_text

# FiraGO has Latin, Greek, Cyrillic, Arabic, Hebrew, Devanagari, Thai and Georgian; the others signs and arrows.
_BODY, _BOLD, _MORE = "figo", "figbo", ("notos", "symbol1", "math", "symbol2")
INK, GREY, RULE = (12, 18, 27), (86, 97, 122), (205, 213, 224)
Colour = tuple[int, int, int]
_LONGEST_FOOT = 80
# Marks that turn the direction of what follows would let a name pass for another.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
logging.getLogger("fontTools.subset").setLevel(logging.ERROR)  # it tells which tables it leaves out


class PdfPage(FPDF):
    """A4 with its title and the page's number at the foot; `folder` holds the fonts while it is written."""

    def __init__(
        self, title: str, at: datetime, folder: Path, orientation: Literal["portrait", "landscape"]
    ) -> None:
        super().__init__(format="A4", orientation=orientation)
        foot = on_one_line(title)
        self.foot = foot if len(foot) <= _LONGEST_FOOT else f"{foot[: _LONGEST_FOOT - 1]}…"
        self.set_title(xml_text(title))
        self.set_creator("Lifecycle")
        self.set_lang("en")
        self.set_creation_date(at.astimezone(UTC))
        self.add_font("body", "", _file(_BODY, folder))
        self.add_font("body", "B", _file(_BOLD, folder))
        for name in _more():
            self.add_font(name, "", _file(name, folder))
        self.set_fallback_fonts(list(_more()), exact_match=False)
        self.set_font("body", size=10)

    def footer(self) -> None:
        shaping = self.text_shaping  # a table goes on beneath the foot of its page
        self.set_y(-12)
        self.set_font("body", size=8)
        self.set_text_color(*GREY)
        self.shape(self.foot)
        self.cell(0, 5, f"{self.foot} · {self.page_no()}", align="C")
        self.text_shaping = shaping

    def shape(self, *texts: str) -> None:
        """Join and order the letters of what is written next, where its script asks for it: it takes longer."""
        self.set_text_shaping(use_shaping_engine=any(map(_needs_shaping, texts)))


# ---------------------------------------------------------------- fonts


@cache
def _more() -> tuple[str, ...]:
    return tuple(name for name in _MORE if name in pymupdf_fonts.fontdescriptors)


def _file(name: str, folder: Path) -> Path:
    """fpdf2 reads fonts from files; the package has them as bytes."""
    file = folder / f"{name}.ttf"
    file.write_bytes(pymupdf_fonts.myfont(name))
    return file


@cache
def _covered() -> frozenset[int]:
    """Every letter that one of the fonts has."""
    found: set[int] = set()
    for name in (_BODY, *_more()):
        with TTFont(BytesIO(pymupdf_fonts.myfont(name)), lazy=True) as font:
            found.update(font.getBestCmap())
    return frozenset(found)


# ---------------------------------------------------------------- letters


def readable(text: str) -> str:
    """The text with what no font has written out: [grinning face], [U+4E2D]. Invisible marks are left out."""
    text = xml_text(text).replace("\t", "    ").replace("\r", "\n")
    return "".join(letter if letter == "\n" or _is_shown(letter) else _written_out(letter) for letter in text)


def on_one_line(text: str) -> str:
    """The same where there is room for one line or one cell."""
    return readable(" ".join(text.split()))


def _is_shown(letter: str) -> bool:
    return ord(letter) in _covered() and letter not in _TURNING


def _written_out(letter: str) -> str:
    category = unicodedata.category(letter)
    if category in ("Cf", "Cc", "Cs", "Mn", "Me"):
        return ""
    if category.startswith("Z"):
        return " "
    if category.startswith("S"):
        return f"[{unicodedata.name(letter, f'U+{ord(letter):04X}').lower()}]"
    return f"[U+{ord(letter):04X}]"


def _needs_shaping(text: str) -> bool:
    """Letters that join or change their order: from Hebrew to the scripts of India and South-East Asia."""
    return any("\u0590" <= letter <= "\u109f" for letter in text)
