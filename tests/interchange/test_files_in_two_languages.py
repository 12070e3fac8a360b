"""Files for people are in the language of whoever asks for them; what programs read is the same in each."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import docx
import pytest
from pypdf import PdfReader

from lifecycle.interchange.bundle_verifier import verify
from lifecycle.interchange.bundles import make_bundle
from lifecycle.interchange.card_files import CardFormat, card_file
from lifecycle.interchange.dossier_files import dossier_file
from lifecycle.interchange.leadership_packs import make_pack
from lifecycle.interchange.registers import read_register
from lifecycle.interchange.told import LONG_CELL, MODEL, NOT_REACHED, ROW, UNKNOWN, Told, told_again
from lifecycle.language import ENGLISH, mark, speaking
from lifecycle.queries.cards import card
from lifecycle.queries.dossiers import report
from lifecycle.store.database import Database, open_database
from lifecycle.vocabulary import COMMAND_LINE, Actor, OrganisationRole
from tests import factories
from tests.clock import START
from tests.foreign import teach
from tests.rules.building import guide
from tests.store.test_verification import tell_a_story

GUIDE = factories.small_guide(with_checks=True)
LEADER = Actor("leader", "Lena", OrganisationRole.LEADERSHIP)
OTHER = "L\u2019autre"


@pytest.fixture(scope="module")
def database(new_database: Callable[[], str]) -> Iterator[Database]:
    opened = open_database(new_database())
    with pytest.MonkeyPatch.context() as patch:
        factories.register_trials(patch)
        with opened.write() as session:
            tell_a_story(session)
        teach(patch)
        yield opened
    opened.dispose()


def _bundle(database: Database, code: str) -> dict[str, bytes]:
    with speaking(code), database.read() as session:
        made = make_bundle(session, by=COMMAND_LINE, at=START, guide=GUIDE, key="orders").data
    with zipfile.ZipFile(BytesIO(made)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def test_bundle_is_intact_in_every_language_and_only_what_people_read_differs(
    database: Database, tmp_path: Path
) -> None:
    home, abroad = (_bundle(database, code) for code in (ENGLISH, "fr"))
    for name, content in abroad.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)

    assert not verify(tmp_path).faults
    differs = {name for name in home if home[name] != abroad[name]}
    assert differs <= {"dossier.html", "README.txt", "manifest.json", "manifest.sha256"}
    assert b'<html lang="fr">' in abroad["dossier.html"]
    assert f"<h2>{OTHER}\u00a0– Sign-offs</h2>".encode() in abroad["dossier.html"]
    assert b'hash <span class="mono">' in abroad["dossier.html"]


def test_printed_dossier_says_its_language(database: Database) -> None:
    with speaking("fr"), database.read() as session:
        found = report(session, by=COMMAND_LINE, at=START, guide=GUIDE, key="orders")
        word, pdf = (dossier_file(found, f"dossier.{ending}", START) for ending in ("docx", "pdf"))
    document = docx.Document(BytesIO(word))
    opened = PdfReader(BytesIO(pdf))

    assert document.core_properties.language == "fr"
    assert 'w:lang w:val="fr"' in document.styles.element.xml
    assert any(f"{OTHER}\u00a0– Sign-offs" in each.text for each in document.paragraphs)
    assert opened.trailer["/Root"]["/Lang"] == "fr"
    assert OTHER in opened.pages[0].extract_text()


def test_pack_says_its_language(database: Database) -> None:
    with speaking("fr"), database.read() as session:
        pack, pdf = (
            make_pack(session, by=LEADER, at=START, guide=guide(), ending=ending)
            for ending in ("html", "pdf")
        )
    page = pack.decode()
    assert '<html lang="fr">' in page
    assert f"<h2>{OTHER}\u00a0– Stages</h2>" in page
    assert PdfReader(BytesIO(pdf)).trailer["/Root"]["/Lang"] == "fr"


def test_what_programs_go_by_in_a_card_is_in_no_language(database: Database) -> None:
    made = {}
    for code in (ENGLISH, "fr"):
        with speaking(code), database.read() as session:
            told = card(session, by=COMMAND_LINE, at=START, guide=GUIDE, key="orders")
            made[code] = {kind: card_file(told, kind, START).decode() for kind in CardFormat}

    head = {code: text[CardFormat.HUGGINGFACE].split("---")[1] for code, text in made.items()}
    assert head["fr"] == head[ENGLISH]
    assert f"{OTHER}\u00a0– ## Uses" in made["fr"][CardFormat.HUGGINGFACE]
    boms = [json.loads(each[CardFormat.CYCLONEDX]) for each in made.values()]
    home, abroad = (bom["components"][0]["properties"] for bom in boms)
    assert [each["name"] for each in abroad] == [each["name"] for each in home]
    assert [each for each in abroad if "sign-off" in each["name"]] == [
        each for each in home if "sign-off" in each["name"]
    ]


def test_a_register_is_the_same_whoever_reads_it() -> None:
    content = b"Project Name,,Stage\nAlpha,x,Design\n,,Design,more\n"
    with pytest.MonkeyPatch.context() as patch:
        teach(patch)
        home = read_register(content, "list.csv")
        with speaking("fr"):
            abroad = read_register(content, "list.csv")
            assert all(problem.sentence.startswith(OTHER) for problem in abroad.problems)
            assert abroad.problems
            assert f"{abroad.source}".startswith(OTHER)
    assert abroad.rows == home.rows
    assert (abroad.headers, abroad.source) == (home.headers, "CSV, UTF-8, comma between columns")
    assert [str(problem.told) for problem in abroad.problems] == [problem.text for problem in home.problems]


def test_what_is_told_is_kept_in_english_and_said_in_a_sentence() -> None:
    with pytest.MonkeyPatch.context() as patch:
        teach(patch)
        with speaking("fr"):
            told = Told(mark("{number:,} of it"), number=1234)
            assert told == "1,234 of it"
            assert f"{told}!" == f"{OTHER}\u00a0– 1\u202f234 of it!"


def test_what_was_kept_is_told_again_in_the_language_of_whoever_reads_it_later() -> None:
    told = [
        Told(LONG_CELL, number=30_000, most=20_000),
        Told(ROW, row=7),
        Told(UNKNOWN, named=Told(MODEL, model="churn")),
        Told(NOT_REACHED, host="mlflow.example", reason="refused"),
    ]
    kept = [str(each) for each in told]
    assert [told_again(each) for each in kept] == kept
    with pytest.MonkeyPatch.context() as patch:
        teach(patch)
        with speaking("fr"):
            assert [told_again(each) for each in kept] == [each.said for each in told]
            assert OTHER in told_again(kept[0])
            assert told_again("Somebody wrote this") == "Somebody wrote this"
