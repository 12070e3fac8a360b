"""Another language, in which every short text reads otherwise: for whatever must work in more than one."""

from __future__ import annotations

from decimal import Decimal

import pytest

from lifecycle.language import Catalogue, catalogue


class Foreign(Catalogue):
    """As French would write them: no apostrophe or blank is the plain one."""

    def text(self, english: str) -> str:
        return f"L\u2019autre\u00a0– {str(english)}" if len(english) < 60 else english

    def counted(self, one: str, many: str, number: int | Decimal) -> str:
        return self.text(one if number == 1 else many)


def teach(patch: pytest.MonkeyPatch) -> None:
    """From here on "fr" is that language."""
    foreign = Foreign("fr", point=",", thousands="\u202f")
    patch.setattr("lifecycle.language.catalogue", lambda code: foreign if code == "fr" else catalogue(code))
