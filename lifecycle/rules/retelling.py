"""What stands in the way once more, in another language: for sentences that are kept and read by many."""

from __future__ import annotations

from dataclasses import replace

from lifecycle.guide import Guide
from lifecycle.rules.assessment import GateAssessment, Obstacle, RequiredEvidence
from lifecycle.rules.checks.evaluation import CheckState, said_again
from lifecycle.rules.tier_choices import tier_not_consented
from lifecycle.vocabulary import Blocker


def retold(gathered: GateAssessment, item: Obstacle, guide: Guide) -> str:
    """The sentence of an obstacle as `in_words` makes it, in the language spoken now; `guide` is in that language.

    The assessment may have been made in any language: what it holds in words is found again.
    """
    return replace(gathered, guide=guide).in_words(_again(gathered, item, guide)).text


def _again(gathered: GateAssessment, item: Obstacle, guide: Guide) -> Obstacle:
    match item.subject:
        case CheckState() as state:
            return item._replace(subject=said_again(state, gathered.facts, guide))
        case RequiredEvidence() as wanted:
            return item._replace(subject=replace(wanted, field=guide.field(wanted.field.id)))
        case Blocker() as blocker:
            return item._replace(subject=tier_not_consented(gathered.facts, guide, gathered.gate) or blocker)
        case _:
            return item
