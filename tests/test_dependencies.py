"""What the code imports is pinned, what is pinned is explained, direct and indirect pins are apart."""

from __future__ import annotations

import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path, PurePosixPath

import pytest

from scripts.serving import ROOT
from tests.architecture import Source, product_files

PIN = re.compile(r"^([A-Za-z0-9_.-]+)==([0-9][\w.]*)$")
OWN = {"lifecycle", "pages", "app", "tests", "scripts", "bench"}
# Streamlit's wire format is spoken by the measurements through Streamlit's own copy of it.
# MLflow is installed in an environment of its own.
PROVIDED = {"google": "protobuf", "mlflow": "mlflow-skinny"}
FILES = ("requirements.txt", "requirements-dev.txt", "requirements-mlflow.txt")


def pins(name: str) -> dict[str, str]:
    """Canonical name to version; every line that is neither a comment nor an option must be an exact pin."""
    lines = [line for line in (ROOT / name).read_text("utf-8").splitlines() if line and line[0] not in "#-"]
    found = [PIN.match(line) for line in lines]
    assert None not in found, f"{name}: every requirement needs an exact version"
    return {canonical(pin[1]): pin[2] for pin in found if pin}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported_distributions(files: list[Source]) -> dict[str, str]:
    """Distribution to one place that imports it, for everything outside the standard library."""
    providers = packages_distributions()
    found: dict[str, str] = {}
    for file in files:
        for imported in file.imports:
            package = imported.module.split(".")[0]
            if package in OWN or package in sys.stdlib_module_names:
                continue
            distribution = PROVIDED.get(package) or providers.get(package, [package])[0]
            found[canonical(distribution)] = file.at(imported.line, package)
    return found


def sources(*folders: str) -> list[Source]:
    files = [file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))]
    return [
        Source(PurePosixPath(file.relative_to(ROOT).as_posix()), file.read_text("utf-8")) for file in files
    ]


def test_product_imports_only_pinned_requirements() -> None:
    found = imported_distributions(product_files(ROOT))
    assert {name: place for name, place in found.items() if name not in pins("requirements.txt")} == {}


def test_tests_and_measurements_import_only_pinned_requirements() -> None:
    pinned = set().union(*map(pins, FILES))
    found = imported_distributions(sources("tests", "bench", "scripts"))
    assert {"pytest", "playwright"} <= set(found)
    assert {name: place for name, place in found.items() if name not in pinned | {"protobuf"}} == {}


def test_direct_and_indirect_pins_are_apart() -> None:
    direct = {**pins("requirements.txt"), **pins("requirements-dev.txt")}
    assert direct.keys() & pins("constraints.txt").keys() == set()


@pytest.mark.parametrize("name", FILES)
def test_every_direct_dependency_says_why_it_is_here(name: str) -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    explained = {
        canonical(found) for found in re.findall(r"^- \*\*([\w.-]+)\*\*: .{20,}$", text, re.MULTILINE)
    }
    assert pins(name).keys() - explained == set()


def test_no_explanation_outlives_its_dependency() -> None:
    text = Path(ROOT / "docs" / "dependencies.md").read_text("utf-8")
    explained = {canonical(found) for found in re.findall(r"^- \*\*([\w.-]+)\*\*:", text, re.MULTILINE)}
    assert explained == set().union(*map(pins, FILES))
