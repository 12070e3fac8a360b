"""The model card as a file, in one of its formats."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from lifecycle.errors import Invalid
from lifecycle.interchange.model_bom import model_bom
from lifecycle.interchange.model_card import model_card
from lifecycle.language import say
from lifecycle.queries.cards import Card


class CardFormat(StrEnum):
    HUGGINGFACE = "huggingface"
    CYCLONEDX = "cyclonedx"


_ENDINGS = {"md": CardFormat.HUGGINGFACE, "json": CardFormat.CYCLONEDX}


def format_of(name: str) -> CardFormat:
    """Raises Invalid for a name that says nothing of a format."""
    found = _ENDINGS.get(name.lower().rpartition(".")[2])
    if found is None:
        raise Invalid(
            {"file": say("“{name}” has to end in .md or .json, or name the format with --format.", name=name)}
        )
    return found


def card_file(card: Card, wanted: CardFormat, at: datetime) -> bytes:
    text = model_card(card) if wanted is CardFormat.HUGGINGFACE else model_bom(card, at)
    return text.encode()
