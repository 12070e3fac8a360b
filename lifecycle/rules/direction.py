"""Which way a text is written."""

from __future__ import annotations

import unicodedata

_STRONG = {"L": False, "R": True, "AL": True}


def is_right_to_left(text: str) -> bool:
    """By its first letter with a direction, as browsers decide for `dir=auto`."""
    found = (_STRONG.get(unicodedata.bidirectional(letter)) for letter in text)
    return next((direction for direction in found if direction is not None), False)
