"""Cases of the tables in which the rules' tests are written: a branch, a project, and the verdict due."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from lifecycle.guide import CheckSpec
from lifecycle.rules.checks.reading import Verdict
from lifecycle.rules.project_facts import ProjectFacts
from lifecycle.vocabulary import CheckResult
from tests.rules.building import guide, messages, verdict


@dataclass(frozen=True)
class Case:
    """`words` holds one piece of each sentence due, in order; `missing` the fields that a cannot-tell names."""

    check: str
    branch: str
    project: ProjectFacts
    result: CheckResult
    words: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def verify(self) -> None:
        found: Verdict = verdict(self.check, self.branch, self.project)
        sentences = messages(self.check, self.branch, self.project)
        assert (found.result, set(found.missing)) == (self.result, set(self.missing))
        assert len(sentences) == len(self.words), sentences
        for piece, sentence in zip(self.words, sentences, strict=True):
            assert piece in sentence
            assert "None" not in sentence
            assert "{" not in sentence


def fails(name: str, project: ProjectFacts, *words: str) -> Case:
    """`name` is a check, or a check and its branch: `C03`, `C09/owner`."""
    return Case(*_split(name), project, CheckResult.FAILS, words or ("",))


def passes(name: str, project: ProjectFacts) -> Case:
    return Case(*_split(name), project, CheckResult.PASSES)


def unknown(name: str, project: ProjectFacts, *missing: str) -> Case:
    return Case(*_split(name), project, CheckResult.CANNOT_TELL, (), missing)


def _split(name: str) -> tuple[str, str]:
    check, _, branch = name.partition("/")
    return check, branch or "main"


def parameters(cases: Iterable[Case]) -> list[object]:
    return [
        pytest.param(case, id=f"{place}-{case.check}-{case.branch}-{case.result.value}")
        for place, case in enumerate(cases)
    ]


def checks_in(file: str) -> list[CheckSpec]:
    """The checks written in data/guide/checks_<file>.yaml."""
    path = Path(__file__).parents[2] / "data" / "guide" / f"checks_{file}.yaml"
    return [guide().checks_by_id[check["id"]] for check in yaml.safe_load(path.read_text("utf-8"))["checks"]]


def gaps(checks: Iterable[CheckSpec], cases: Iterable[Case], always_known: Iterable[str] = ()) -> list[str]:
    """Branches without a case of each result; those in `always_known` can never lack an answer."""
    seen = {(case.check, case.branch, case.result) for case in cases}
    known = {_split(name) for name in always_known}
    return [
        f"{check.id}/{branch.id} {result.value}"
        for check in checks
        for branch in check.branches
        for result in CheckResult
        if (check.id, branch.id, result) not in seen
        and not (result is CheckResult.CANNOT_TELL and (check.id, branch.id) in known)
    ]
