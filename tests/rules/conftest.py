"""Tests of the rules see the product's rules alone: other tests of this process may have registered trials."""

from __future__ import annotations

import pytest

from lifecycle.rules.checks.reading import RULES


@pytest.fixture(autouse=True)
def _only_rules_of_the_product(monkeypatch: pytest.MonkeyPatch) -> None:
    for key, function in list(RULES.items()):
        if not function.__module__.startswith("lifecycle."):
            monkeypatch.delitem(RULES, key)
