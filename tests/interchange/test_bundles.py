"""A project's bundle proves itself on a machine with nothing but Python, and tells where it was altered."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from lifecycle.errors import NotFound
from lifecycle.interchange import bundle_verifier
from lifecycle.interchange.bundle_verifier import MANIFEST, SEAL, Result, Unreadable, verify
from lifecycle.interchange.bundles import VERIFIER, make_bundle
from lifecycle.store.database import Database, open_database
from lifecycle.vocabulary import COMMAND_LINE
from tests import factories
from tests.clock import START
from tests.store.test_verification import tell_a_story

GUIDE = factories.small_guide(with_checks=True)


@pytest.fixture(scope="module")
def told(new_database: Callable[[], str]) -> Iterator[Database]:
    database = open_database(new_database())
    with pytest.MonkeyPatch.context() as patch, database.write() as session:
        factories.register_trials(patch)
        tell_a_story(session)
    yield database
    database.dispose()


def bundle_of(database: Database, key: str = "orders") -> bytes:
    with database.read() as session:
        return make_bundle(session, by=COMMAND_LINE, at=START, guide=GUIDE, key=key).data


@pytest.fixture(scope="module")
def bundle(told: Database) -> bytes:
    return bundle_of(told)


class Files(dict[str, bytes]):
    """The files of a bundle, without all their content in the report of a failed test."""

    def __repr__(self) -> str:
        return f"{len(self)} files"


@pytest.fixture(scope="module")
def files(bundle: bytes) -> Files:
    with zipfile.ZipFile(BytesIO(bundle)) as opened:
        return Files((name, opened.read(name)) for name in opened.namelist())


def unpacked(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def sealed(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """With a manifest made anew: what somebody leaves who knows how a bundle is made."""
    manifest = json.loads(files[MANIFEST])
    manifest["files"] = {
        name: bundle_verifier.sha256(content)
        for name, content in files.items()
        if name not in (MANIFEST, SEAL)
    }
    new = json.dumps(manifest).encode()
    return {**files, MANIFEST: new, SEAL: bundle_verifier.sha256(new).encode()}


def check(tmp_path: Path, files: Mapping[str, bytes]) -> Result:
    return verify(unpacked(tmp_path / f"bundle-{len(list(tmp_path.iterdir()))}", files))


# ------------------------------------------------------------------ intact


def test_bundle_checks_itself_in_an_empty_folder_with_nothing_but_python(
    tmp_path: Path, bundle: bytes
) -> None:
    (tmp_path / "orders.zip").write_bytes(bundle)
    with zipfile.ZipFile(tmp_path / "orders.zip") as opened:
        opened.extractall(tmp_path / "out")
        opened.extract("verify.py", tmp_path)
    for arguments, folder in (((), tmp_path / "out"), (("orders.zip",), tmp_path)):
        done = run(folder, *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        assert "Intact: orders with" in done.stdout
    changed = tmp_path / "out" / "rows" / "sign_off.jsonl"
    changed.write_text(changed.read_text("utf-8").replace("acknowledged", "approved", 1), "utf-8")
    done = run(tmp_path / "out", "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert not found["intact"]
    assert {"rows/sign_off.jsonl"} == {fault["file"] for fault in found["faults"]}
    assert "sign_off:1" in {fault["place"] for fault in found["faults"]}
    assert "sign_off:1" in done.stderr


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", "verify.py", *arguments]
    return subprocess.run(
        command, cwd=folder, env={}, capture_output=True, text=True, timeout=60, check=False
    )


def test_verifier_needs_no_more_than_python_3_8_and_its_library() -> None:
    tree = ast.parse(VERIFIER.read_text("utf-8"), feature_version=(3, 8))
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names]
        )
    }
    assert imported <= sys.stdlib_module_names
    assert not re.search(r"\.removeprefix|\.removesuffix|zip\(.*strict", VERIFIER.read_text("utf-8"))


def test_same_project_gives_the_same_bytes(told: Database, bundle: bytes) -> None:
    assert bundle_of(told) == bundle


def test_bundle_holds_what_was_answered_signed_and_decided(files: Mapping[str, bytes]) -> None:
    tables = {name.removeprefix("rows/").removesuffix(".jsonl") for name in files if name.startswith("rows/")}
    assert tables >= {
        "answer",
        "sign_off",
        "condition",
        "waiver",
        "gate_decision",
        "membership",
        "data_source",
        "thread",
        "thread_message",
        "change_answer",
    }
    assert "invitation" not in tables, "links that let somebody in are not for readers"
    page = files["dossier.html"].decode()
    for said in (
        "Né “late” and vague",
        "Signed by",
        "Priya",
        "A call",
        "No data",
        "Only staff see it",
        "Vendor",
        "Nobody’s?",
        "Counts, no people.",
        "Explained to whom?",
        "Not answered yet.",
        "It stays: there are none",
    ):
        assert said in page
    blocks = json.loads(files["signatures.json"])
    assert blocks[0]["event_hash"] in page, "a printed dossier keeps the head of the log"
    for label, line in blocks[0]["block"]:
        assert f"<dt>{label}</dt>" in page
        assert line.partition("“")[0] in page


def test_imported_project_without_any_sign_off_has_a_bundle_too(told: Database, tmp_path: Path) -> None:
    (tmp_path / "reader.zip").write_bytes(bundle_of(told, "reader"))
    found = verify(tmp_path / "reader.zip")
    assert found.faults == []
    assert (found.events, found.sign_offs) == (0, 0)
    assert found.rows == 2, "vouched for by the organisation's log"


def test_only_readers_of_the_project_get_its_bundle(told: Database) -> None:
    with told.read() as session:
        key = session.execute(text("SELECT key FROM person WHERE name = 'Olu'")).scalar_one()
        olu = factories.actor(session, key)
        with pytest.raises(NotFound):
            make_bundle(session, by=olu, at=START, guide=GUIDE, key="orders")


def test_row_altered_in_the_database_is_found_in_the_bundle_made_after(
    told: Database, tmp_path: Path
) -> None:
    with told.read() as session:
        session.connection().exec_driver_sql("PRAGMA query_only = OFF")
        session.connection().exec_driver_sql("UPDATE condition SET text = 'Nothing' WHERE id = 1")
        made = make_bundle(session, by=COMMAND_LINE, at=START, guide=GUIDE, key="orders").data
        session.rollback()
        session.connection().exec_driver_sql("PRAGMA query_only = ON")
    (tmp_path / "orders.zip").write_bytes(made)
    assert [(fault.file, fault.place) for fault in verify(tmp_path / "orders.zip").faults] == [
        ("rows/condition.jsonl", "condition:1")
    ]


# ------------------------------------------------------------------ altered


@given(data=st.data())
@settings(max_examples=120)
def test_any_altered_byte_of_any_file_is_found_in_that_file(
    data: st.DataObject, files: Files, tmp_path_factory: pytest.TempPathFactory
) -> None:
    name = data.draw(st.sampled_from(sorted(files)))
    content = files[name]
    place = data.draw(st.integers(0, len(content) - 1))
    new = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[place]))
    changed = content[:place] + bytes([new]) + content[place + 1 :]
    if name == SEAL and changed.strip() == content.strip():
        return
    folder = tmp_path_factory.mktemp("altered")
    found = verify(unpacked(folder, {**files, name: changed}))
    assert {fault.file for fault in found.faults} & {name, MANIFEST if name == SEAL else name}


@pytest.mark.parametrize("kind", ["events.jsonl", "rows/"])
def test_altered_row_or_event_is_found_although_the_manifest_was_made_anew(
    files: Mapping[str, bytes], tmp_path: Path, kind: str
) -> None:
    for name in [each for each in files if each.startswith(kind) and files[each]]:
        first, _, rest = files[name].partition(b"\n")
        row = json.loads(first)
        for column in row:
            value = row[column]
            new = {**row, column: value + 1 if isinstance(value, int) else f"{value}x"}
            line = bundle_verifier.canonical(new).encode()
            found = check(tmp_path, sealed({**files, name: line + b"\n" + rest}))
            assert name in {fault.file for fault in found.faults}, (name, column)
        for content in (rest, first + b"\n" + first + b"\n" + rest):
            found = check(tmp_path, sealed({**files, name: content}))
            assert name in {fault.file for fault in found.faults}, name


def test_removed_or_added_file_is_named(files: Mapping[str, bytes], tmp_path: Path) -> None:
    fewer = {name: content for name, content in files.items() if name != "rows/waiver.jsonl"}
    assert "rows/waiver.jsonl" in {fault.file for fault in check(tmp_path, fewer).faults}
    assert "more.txt" in {fault.file for fault in check(tmp_path, {**files, "more.txt": b"x"}).faults}
    assert "rows/waiver.jsonl" in {fault.file for fault in check(tmp_path, sealed(fewer)).faults}


def test_newest_events_removed_are_found(files: Mapping[str, bytes], tmp_path: Path) -> None:
    shorter = b"".join(files["events.jsonl"].splitlines(keepends=True)[:-2])
    found = check(tmp_path, sealed({**files, "events.jsonl": shorter}))
    assert {fault.file for fault in found.faults} >= {"events.jsonl", "rows/gate_decision.jsonl"}


def test_sign_off_over_another_answer_is_found_even_in_a_log_made_anew(
    files: Mapping[str, bytes], tmp_path: Path
) -> None:
    """The whole chain hashed again: only what a sign-off covers, and a head kept elsewhere, still contradict."""
    rows = [json.loads(line) for line in files["rows/answer.jsonl"].splitlines()]
    answer = next(row for row in rows if row["field_id"] == "D25")
    forged = {**answer, "value": '{"personal":true}'}
    old, new = (bundle_verifier.canonical(row).encode() for row in (answer, forged))
    digests = [bundle_verifier.sha256(line) for line in (old, new)]
    events, previous = [], "0" * 64
    for line in files["events.jsonl"].splitlines():
        event = json.loads(line)
        event["detail"] = event["detail"].replace(digests[0], digests[1])
        event["previous_hash"] = previous
        said = {name: event[name] for name in bundle_verifier.HASHED}
        previous = event["hash"] = bundle_verifier.sha256(
            (previous + bundle_verifier.canonical(said)).encode()
        )
        events.append(bundle_verifier.canonical(event).encode() + b"\n")
    manifest = {**json.loads(files[MANIFEST]), "head": {"sequence": len(events), "hash": previous}}
    made = {
        **files,
        "events.jsonl": b"".join(events),
        "rows/answer.jsonl": files["rows/answer.jsonl"].replace(old, new),
        MANIFEST: json.dumps(manifest).encode(),
    }
    found = check(tmp_path, sealed(made))
    assert {fault.place for fault in found.faults} == {"sign_off:2", "sign_off:3", "sign_off:4"} & {
        fault.place for fault in found.faults
    }
    assert any("says something else" in fault.text for fault in found.faults)


@given(data=st.data())
@settings(max_examples=100)
def test_damaged_zip_is_refused_or_found_or_holds_the_same(
    data: st.DataObject, files: Files, bundle: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = data.draw(st.integers(0, len(bundle) - 1))
    new = data.draw(st.integers(0, 255))
    file = tmp_path_factory.mktemp("damaged") / "b.zip"
    file.write_bytes(bundle[:place] + bytes([new]) + bundle[place + 1 :])
    try:
        if verify(file).faults:
            return
    except Unreadable:
        return
    with zipfile.ZipFile(file) as opened:
        assert {name: opened.read(name) for name in opened.namelist()} == files


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip", b"PK\x05\x06" + b"\0" * 18])
def test_what_is_no_bundle_is_refused_in_a_sentence(
    tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "b.zip").write_bytes(content)
    assert bundle_verifier.main([str(tmp_path / "b.zip")]) == 2
    assert bundle_verifier.main([str(tmp_path / "missing.zip")]) == 2
    assert bundle_verifier.main([str(tmp_path)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3
    assert all(line.endswith(".") for line in said)
