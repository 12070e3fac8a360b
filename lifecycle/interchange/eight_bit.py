"""Which eight-bit encoding a text without any mark is in: the one in which its letters make the best words.

Windows-1252 is what nearly all of them are in, so another one must fit clearly better.
"""

from __future__ import annotations

import re

from lifecycle.language import mark

_CANDIDATES = (
    ("cp1252", "Windows-1252"),
    ("cp1250", mark("Windows-1250 (Central European)")),
    ("mac_roman", mark("Mac Roman")),
    ("cp850", mark("DOS (code page 850)")),
    ("cp1251", mark("Windows-1251 (Cyrillic)")),
    ("cp1253", mark("Windows-1253 (Greek)")),
)
_LATIN = frozenset("àáâãäåæçèéêëìíîïñòóôõöøœùúûüýÿßÀÁÂÃÄÅÆÇÈÉÊËÍÎÏÑÓÔÕÖØŒÚÛÜ")
_CENTRAL = _LATIN | frozenset("ąćęłńśźżĄĆĘŁŃŚŹŻčďěňřšťůžČĎĚŇŘŠŤŮŽőűŐŰăâîșțşţĂŞŢđĐĺľŕ")
_IN_WORDS = frozenset("’‘\u00ad\u00a0")
_BESIDE_WORDS = frozenset("–—‘’“”„‚«»…•·°§€£©®™½¼¾²³\u00a0¡¿ºª†")
_MOST_LOOKED_AT = 20_000
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")


def likeliest_eight_bit(content: bytes) -> tuple[str, str]:
    """Codec and title; Latin-1 when the text has bytes that no candidate knows."""
    scores = {}
    for codec, title in _CANDIDATES:
        try:
            scores[codec, title] = _score(content.decode(codec), codec)
        except UnicodeDecodeError:
            continue
    if not scores:
        return "latin-1", "Latin-1"
    first = next(iter(scores))
    best = max(scores, key=lambda each: scores[each])
    if first[0] != "cp1252":
        return best if scores[best] > 0 else ("latin-1", "Latin-1")
    clearly = scores[best] > scores[first] + max(1.0, 0.1 * abs(scores[first]))
    return best if clearly else first


def _score(text: str, codec: str) -> float:
    total = 0.0
    for seen, match in enumerate(_BEYOND_ASCII.finditer(text)):
        if seen >= _MOST_LOOKED_AT:
            break
        at = match.start()
        total += _fit(text[at - 1 : at], match[0], text[at + 1 : at + 2], codec)
    return total


def _fit(before: str, character: str, after: str, codec: str) -> float:
    """How well one character beyond ASCII stands between its neighbours: from -1 to 1."""
    if codec in ("cp1251", "cp1253"):
        return _fit_in_script(before, character, after)
    letters = _CENTRAL if codec == "cp1250" else _LATIN
    inside = before.isalpha() and after.isalpha()
    if character in letters:
        if character.isupper() and before.islower():
            return -1
        among_odd = all(each.isalpha() and not each.isascii() for each in (before, after))
        return -0.5 if among_odd else 1
    if inside:
        return 1 if character in _IN_WORDS else 0 if character in "–—" else -1
    return 1 if character in _BESIDE_WORDS else -1


def _fit_in_script(before: str, character: str, after: str) -> float:
    if not character.isalpha():
        return 0.3 if character in _BESIDE_WORDS else -1
    if character.isupper() and before.islower():
        return -1
    beside = [each for each in (before, after) if each.isalpha()]
    return 1 if beside and not any(each.isascii() for each in beside) else -0.5
