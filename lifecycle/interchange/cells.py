"""Text on its way into a cell of a spreadsheet: nothing in it is run, and every file can be opened again."""

from __future__ import annotations

import re
import unicodedata

LONGEST_CELL = 32_767  # what a cell of XLSX takes
_CUT = " … (cut)"
# What XML 1.0 cannot hold, and half surrogate pairs, which no encoding takes.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_FORMULA = ("=", "+", "-", "@")
_STARTS = ("\t", "\r", "\n")


def xml_text(text: str) -> str:
    """Without the characters that no XML file can hold."""
    return _NOT_IN_XML.sub("", text)


def cell_text(text: str) -> str:
    """With an apostrophe before what a spreadsheet could take for a formula, also behind blanks and in full width."""
    text = xml_text(text)
    if _begins_like_a_formula(text):
        text = f"'{text}"
    if len(text) > LONGEST_CELL:
        text = text[: LONGEST_CELL - len(_CUT)] + _CUT
    return text


def _begins_like_a_formula(text: str) -> bool:
    if text.startswith(_STARTS):
        return True
    begin = text.lstrip()
    while begin and unicodedata.category(begin[0]) in ("Cf", "Zs", "Cc"):  # invisible ones that lstrip leaves
        begin = begin[1:]
    return unicodedata.normalize("NFKC", begin[:1]).startswith(_FORMULA)
