"""Actions on checks are tried with two checks of the tests' own."""

from __future__ import annotations

import pytest

from tests.factories import register_trials


@pytest.fixture(autouse=True)
def _trial_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    register_trials(monkeypatch)
