"""Which projects resemble a new one, and which only share everyday words with it."""

from __future__ import annotations

import pytest

from lifecycle.rules.look_alikes import Known, look_alikes

CHURN = Known("churn", "Churn early warning", "Tell account managers which customers are about to leave.")
DEPOT = Known("depot", "Depot parking", "Give each lorry a free bay when it arrives.")
KNOWN = (CHURN, DEPOT)


@pytest.mark.parametrize(
    ("name", "purpose"),
    [
        ("Churn early warning", ""),
        ("Early warning of churn", ""),
        ("churn-early warnings", ""),
        ("Leaving customers", "Tell the account managers which of the customers are about to leave us."),
    ],
)
def test_like_names_or_like_purposes_resemble(name: str, purpose: str) -> None:
    assert look_alikes(name, purpose, KNOWN) == (CHURN,)


@pytest.mark.parametrize(
    ("name", "purpose"),
    [
        ("Invoice reading", "Read invoices so that nobody types them."),
        ("A new model project", "The system uses data and machine learning for the product."),
        ("預測", ""),
        ("", ""),
    ],
)
def test_everyday_words_alone_resemble_nothing(name: str, purpose: str) -> None:
    assert look_alikes(name, purpose, KNOWN) == ()


def test_most_alike_comes_first_and_only_so_many() -> None:
    known = [Known(f"k{number}", f"Churn early warning {number}", "") for number in range(9)]
    found = look_alikes("Churn early warning", "", [*known, CHURN])
    assert found[0] == CHURN
    assert len(found) == 5
