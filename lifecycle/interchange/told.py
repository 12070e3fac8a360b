"""Sentences that are kept or compared, and shown as well: English by themselves, said where people read them."""

from __future__ import annotations

from typing import Any, Self

from lifecycle.language import ENGLISH, say, speaking


class Told(str):
    """A marked text with what stands in it: in English where it is kept or compared, said in every sentence."""

    _text: str
    _values: dict[str, Any]

    def __new__(cls, text: str, /, **values: Any) -> Self:
        with speaking(ENGLISH):
            told = super().__new__(cls, say(str(text), **values))
        told._text, told._values = str(text), values
        return told

    @property
    def said(self) -> str:
        return say(self._text, **self._values)

    def __format__(self, format_spec: str) -> str:
        return format(self.said, format_spec)
