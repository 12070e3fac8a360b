"""The checks of `factories.small_guide(with_checks=True)` have their rules here, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.factories import register_trials


@pytest.fixture(scope="module", autouse=True)
def _trial_rules() -> Iterator[None]:
    """For as long as a module's own fixtures live."""
    with pytest.MonkeyPatch.context() as patch:
        register_trials(patch)
        yield
