"""What every PDF of ours is made on: its page, the fonts it brings with it, and the letters that these can show."""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import pymupdf_fonts
from fontTools.ttLib import TTFont
from fpdf import FPDF

from lifecycle.interchange.cells import xml_text
from lifecycle.language import language

# FiraGO has Latin, Greek, Cyrillic, Arabic, Hebrew, Devanagari, Thai and Georgian; the next signs and arrows.
_BODY, _BOLD, _SIGNS = "figo", "figbo", ("notos", "symbol1", "math", "symbol2")
_NOTO = (
    "Emoji",
    *(
        f"Sans{script}"
        for script in (
            "Armenian",
            "Bengali",
            "Ethiopic",
            "Gujarati",
            "Gurmukhi",
            "Kannada",
            "Khmer",
            "Lao",
            "Malayalam",
            "Myanmar",
            "Oriya",
            "Sinhala",
            "Tamil",
            "Telugu",
        )
    ),
)
_CJK = "cjk"
INK, GREY, RULE = (12, 18, 27), (86, 97, 122), (205, 213, 224)
Colour = tuple[int, int, int]
_LONGEST_FOOT = 80
_BLANKS = re.compile(r"[^\S\u00a0\u202f]+")  # those that a line may break at
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
        self.set_lang(language())
        self.set_creation_date(at.astimezone(UTC))
        self.add_font("body", "", _file(_BODY, folder))
        self.add_font("body", "B", _file(_BOLD, folder))
        self._folder = folder
        self._fall_back_on(_SIGNS[0])
        self.set_font("body", size=10)

    def _render_styled_text_line(self, *positional: Any, **named: Any) -> bool:
        """fpdf2 forgets to select a font that is first needed after a line that is all in another one."""
        if not self.current_font_is_set_on_page and self.current_font is not None:
            self._out(self._set_font_for_page(self.current_font, self.font_size_pt))
        return super()._render_styled_text_line(*positional, **named)

    def get_fallback_font(self, char: str, style: str = "") -> str | None:  # noqa: ARG002
        """The first font that has the letter, read only now: the one for Chinese takes a second."""
        name = _font_with(char)
        if name in (None, _BODY):
            return None
        if name not in self.fonts:
            self._fall_back_on(name)
        return name

    def _fall_back_on(self, name: str) -> None:
        self.add_font(name, "", _file(name, self._folder))
        self.set_fallback_fonts([*self._fallback_font_ids, name], exact_match=False)

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
def _packaged() -> Mapping[str, Path]:
    """The fonts that lie as files in their packages."""
    noto = Path(str(files("manimgx_fonts")))
    found = {name.lower(): noto / f"Noto{name}[wght].ttf" for name in _NOTO}
    return {**found, _CJK: Path(str(files("cvttf_NotoSansCJK_Regular"))) / "NotoSansCJKtc-Regular.otf"}


def _file(name: str, folder: Path) -> Path:
    """fpdf2 reads fonts from files; one package has them as bytes."""
    if name in _packaged():
        return _packaged()[name]
    file = folder / f"{name}.ttf"
    file.write_bytes(pymupdf_fonts.myfont(name))
    return file


@cache
def _letters(name: str) -> frozenset[int]:
    source = _packaged().get(name) or BytesIO(pymupdf_fonts.myfont(name))
    with TTFont(source, lazy=True) as font:
        return frozenset(font.getBestCmap())


@cache
def _font_with(letter: str) -> str | None:
    """The first of all fonts that has this letter; the largest is asked last."""
    return next((name for name in (_BODY, *_SIGNS, *_packaged()) if ord(letter) in _letters(name)), None)


# ---------------------------------------------------------------- letters


def readable(text: str) -> str:
    """The text with what no font has written out: [musical symbol f clef], [U+12000]. Invisible marks are left out."""
    text = xml_text(text).replace("\t", "    ").replace("\r", "\n")
    return "".join(letter if letter == "\n" or _is_shown(letter) else _written_out(letter) for letter in text)


def on_one_line(text: str) -> str:
    """The same where there is room for one line or one cell."""
    return readable(_BLANKS.sub(" ", text).strip())


def _is_shown(letter: str) -> bool:
    return letter not in _TURNING and _font_with(letter) is not None


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
    """Letters that join or change their order: from Hebrew to the scripts of India and South-East Asia, and Khmer."""
    return any("\u0590" <= letter <= "\u109f" or "\u1780" <= letter <= "\u17ff" for letter in text)
