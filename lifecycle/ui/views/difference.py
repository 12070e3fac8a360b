"""An answer as it was beside the answer as it is, with what differs marked in both."""

from __future__ import annotations

import re
from collections.abc import Sequence

import streamlit as st

from lifecycle.language import say, say_count
from lifecycle.rules.differences import Line, Piece
from lifecycle.ui.components import plain

LONGEST_SAME = 240  # of an unchanged stretch; its middle is left out
_EDGES = re.compile(r"(\s*)(.*?)(\s*)", re.DOTALL)
_NOTHING = ":gray[—]"


def show(lines: Sequence[Line]) -> None:
    """One line beneath the other, then and now side by side; rows that are the same are only counted."""
    changed = [line for line in lines if not line.is_same]
    for number, line in enumerate(changed):
        before, now = st.columns(2, gap="small")
        before.markdown(_side(line.before, say("Then"), number, gone=True), anchors=False)
        now.markdown(_side(line.now, say("Now"), number, gone=False), anchors=False)
    same = len(lines) - len(changed)
    if same:
        st.caption(say_count("{number:,} row is the same.", "{number:,} rows are the same.", same))


def _side(pieces: tuple[Piece, ...] | None, title: str, number: int, *, gone: bool) -> str:
    """Its title stands once, above the first line."""
    said = "".join(_piece(piece, gone=gone) for piece in pieces) if pieces else _NOTHING
    return f":small[:gray[{title}]]  \n{said}" if number == 0 else said


def _piece(piece: Piece, *, gone: bool) -> str:
    """What differs is struck out on the one side and bold on the other: never the colour alone."""
    if not piece.is_different:
        return plain(_shortened(piece.text))
    return "  \n".join(_marked(line, gone=gone) for line in piece.text.split("\n"))


def _marked(text: str, *, gone: bool) -> str:
    found = _EDGES.fullmatch(text)
    before, said, after = found.groups() if found else ("", text, "")
    if not said:
        return text
    marked = f":red-background[~~{plain(said)}~~]" if gone else f":green-background[**{plain(said)}**]"
    return f"{before}{marked}{after}"


def _shortened(text: str) -> str:
    if len(text) <= LONGEST_SAME:
        return text
    half = LONGEST_SAME // 2
    return f"{text[:half].rsplit(' ', 1)[0]} … {text[-half:].partition(' ')[2]}"
