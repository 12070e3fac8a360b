"""Mappings on the import page: one comes in as a file, is replaced knowingly, and is refused with a sentence."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pytest
from sqlmodel import select
from streamlit.testing.v1 import AppTest

from lifecycle.interchange.register_files import RegisterFiles
from lifecycle.store.tables import SavedMapping
from tests.pages.conftest import See, press, words
from tests.screens import Screens

Bring = Callable[[str], AppTest]

MAPPING = """
name: bridges
title: Bridges and quays
recognise: [[Ouvrage, Etat]]
columns: {name: [Ouvrage], stage: [Etat]}
stages: [{stage: model, words: [en cours]}]
"""


@pytest.fixture
def bring(see: See, screens: Screens) -> Bring:
    def one(text: str) -> AppTest:
        files = RegisterFiles(screens.database.file)
        token = files.keep(screens.cast.ada.key, "bridges.yaml", BytesIO(text.encode()))
        return see("import", screens.cast.ada, mapping=token)

    return one


def saved(screens: Screens) -> list[tuple[str, str, int]]:
    with screens.database.read() as session:
        return [(row.name, row.title, row.revision) for row in session.exec(select(SavedMapping))]


def test_mapping_comes_in_as_a_file_and_replaces_only_knowingly(bring: Bring, screens: Screens) -> None:
    app = bring(MAPPING)
    assert "knows 2 columns and 1 stage word" in words(app)
    press(app, "Save this mapping")
    assert saved(screens) == [("bridges", "Bridges and quays", 1)]

    assert "It is saved already, word for word." in words(bring(MAPPING))
    app = bring(MAPPING.replace("en cours", "en cours, fini").replace("and quays", "of 2027"))
    assert "“Bridges and quays” has the same name (bridges) and would be replaced." in words(app)
    press(app, "Replace Bridges and quays")
    assert saved(screens) == [("bridges", "Bridges of 2027", 2)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Name,Stage\nA,B\n", "must hold keys such as name"),
        (MAPPING.replace("model", "modell"), "stages.0.stage"),
        (MAPPING.replace("bridges", "us-federal-2024"), "comes with the product"),
        ("x" * 1_000_001, "too large to be a mapping"),
    ],
)
def test_what_is_no_mapping_is_refused_with_its_place(
    bring: Bring, screens: Screens, text: str, said: str
) -> None:
    app = bring(text)
    assert said in words(app)
    assert "Save this mapping" not in words(app)
    assert saved(screens) == []
