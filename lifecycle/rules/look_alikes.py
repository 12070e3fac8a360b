"""Which known projects a new one resembles, from names and purposes alone: so that nobody plans one twice."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

ALIKE = 0.72
MOST = 5
_WORD = re.compile(r"\w+")
_STEM = 6  # "forecasting" and "forecasts" are the same thing
_SHORTEST = 3
_EMPTY_WORDS = frozenset(
    {
        *("the", "and", "for", "with", "from", "that", "this", "into", "our", "their", "them", "they", "are"),
        *("was", "will", "can", "using", "use", "used", "based", "new", "model", "models", "project"),
        *("product", "system", "tool", "data", "machine", "learning"),
        *("der", "die", "das", "und", "les", "des", "une", "pour"),
    }
)


@dataclass(frozen=True, slots=True)
class Known:
    """A project that exists, as far as comparing it needs."""

    key: str
    name: str
    purpose: str


def look_alikes(name: str, purpose: str, known: Iterable[Known], *, most: int = MOST) -> tuple[Known, ...]:
    """Those of `known` that resemble the new project, the most alike first, at most `most`."""
    mine = _Compared(name, purpose)
    scored = [(mine.likeness(other), other) for other in known]
    alike = sorted((pair for pair in scored if pair[0] >= ALIKE), key=lambda pair: (-pair[0], pair[1].name))
    return tuple(other for _, other in alike[:most])


class _Compared:
    """The new project, prepared once for many comparisons."""

    def __init__(self, name: str, purpose: str) -> None:
        self._name, self._purpose = _words(name), _stems(name) | _stems(purpose)
        self._matcher = SequenceMatcher(autojunk=False)
        self._matcher.set_seq2(" ".join(self._name))

    def likeness(self, other: Known) -> float:
        """From 0 to 1: like names suffice, and so do like names and purposes together."""
        shared = _overlap(self._purpose, _stems(other.name) | _stems(other.purpose))
        named = self._names(_words(other.name), at_least=0.0 if shared else ALIKE)
        return min(1.0, max(named, 0.5 * named + 0.8 * shared))

    def _names(self, words: list[str], *, at_least: float) -> float:
        self._matcher.set_seq1(" ".join(words))
        if self._matcher.real_quick_ratio() < at_least or self._matcher.quick_ratio() < at_least:
            return 0.0
        return self._matcher.ratio()


def _words(text: str) -> list[str]:
    """Sorted, so that "Churn of customers" is "Customers' churn"."""
    found = [word for word in _WORD.findall(text.casefold()) if word not in _EMPTY_WORDS]
    return sorted(found or _WORD.findall(text.casefold()))


def _stems(text: str) -> frozenset[str]:
    return frozenset(
        word[:_STEM]
        for word in _WORD.findall(text.casefold())
        if len(word) >= _SHORTEST and word not in _EMPTY_WORDS
    )


def _overlap(mine: frozenset[str], other: frozenset[str]) -> float:
    return len(mine & other) / len(mine | other) if mine and other else 0.0
