"""Checks a bundle of a project with nothing but Python 3.8 or newer: python verify.py [BUNDLE.zip or FOLDER] [--json]

It checks that every file is as the manifest says, that no event of the log was altered or taken out, that every
row is as the newest event about it says, and that every sign-off covers the answers it names. Exit code 0 when
everything holds, 1 with each place that does not, 2 when there is no bundle to check.
This file stands alone: it is shipped inside every bundle, and must not import anything of Lifecycle.
"""

from __future__ import annotations

import hashlib
import json
import sys
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

FORMAT = "lifecycle-bundle/1"
MANIFEST, SEAL = "manifest.json", "manifest.sha256"
EVENTS, ORGANISATION_EVENTS, ROWS, EVIDENCE = (
    "events.jsonl",
    "organisation-events.jsonl",
    "rows/",
    "evidence/",
)
FIRST = "0" * 64
HASHED = ("action", "actor_key", "actor_kind", "at", "chain", "detail", "sequence", "subject")


class Fault(NamedTuple):
    """What does not hold: in which file, at which row or event of it (may be empty), and how."""

    file: str
    place: str
    text: str


class Event(NamedTuple):
    chain: str
    sequence: int
    at: str
    subject: str
    vouches: Mapping[str, str | None]


class Row(NamedTuple):
    digest: str
    content: Mapping[str, Any]


class Result(NamedTuple):
    project: str
    events: int
    rows: int
    sign_offs: int
    not_vouched: int
    head: str
    faults: Sequence[Fault]

    def as_json(self) -> dict[str, Any]:
        return {
            "intact": not self.faults,
            "project": self.project,
            "events": self.events,
            "rows": self.rows,
            "sign_offs": self.sign_offs,
            "not_vouched_for": self.not_vouched,
            "head": self.head,
            "faults": [fault._asdict() for fault in self.faults],
        }


class Unreadable(Exception):
    """There is no bundle here."""


def verify(where: Path) -> Result:
    """Check a zip file or the folder it was unpacked into. Raises Unreadable when it is neither."""
    found, faults = read_files(where)
    manifest = read_manifest(found, faults)
    faults += check_files(found, manifest)
    chain = str(manifest.get("chain", ""))
    events = read_events(found.get(EVENTS, b""), EVENTS, faults, chain)
    faults += check_head(events, manifest)
    others = read_events(found.get(ORGANISATION_EVENTS, b""), ORGANISATION_EVENTS, faults, None)
    rows = read_rows(found, manifest, faults)
    not_vouched = check_rows(rows, events, others, manifest, faults)
    signed = check_sign_offs(rows, faults)
    faults += check_evidence(found)
    head = manifest.get("head")
    return Result(
        project=str(manifest.get("project", "")),
        events=len(events),
        rows=len(rows),
        sign_offs=signed,
        not_vouched=not_vouched,
        head=str(head.get("hash", "")) if isinstance(head, dict) else "",
        faults=faults,
    )


# ------------------------------------------------------------------ files


def read_files(where: Path) -> tuple[dict[str, bytes], list[Fault]]:
    if where.is_dir():
        if not (where / MANIFEST).is_file():
            raise Unreadable(f"There is no {MANIFEST} in {where}.")
        paths = (path for path in sorted(where.rglob("*")) if path.is_file())
        return {path.relative_to(where).as_posix(): path.read_bytes() for path in paths}, []
    try:
        return read_zip(where)
    except OSError as error:
        raise Unreadable(f"{where} cannot be read: {error.strerror or error}.") from error
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, ValueError, IndexError) as error:
        raise Unreadable(f"{where} is no bundle, or what holds it together is damaged: {error}.") from error


def read_zip(where: Path) -> tuple[dict[str, bytes], list[Fault]]:
    found: dict[str, bytes] = {}
    faults: list[Fault] = []
    with zipfile.ZipFile(str(where)) as opened:
        for info in opened.infolist():
            if info.filename in found:
                faults.append(Fault(info.filename, "", "is in the bundle twice."))
            try:
                found[info.filename] = opened.read(info)
            except (
                zipfile.BadZipFile,
                zlib.error,
                NotImplementedError,
                RuntimeError,
                EOFError,
                OSError,
            ) as error:
                found[info.filename] = b""
                faults.append(Fault(info.filename, "", f"cannot be unpacked: {error}."))
    if MANIFEST not in found:
        raise Unreadable(f"There is no {MANIFEST} in {where}.")
    return found, faults


def read_manifest(found: Mapping[str, bytes], faults: list[Fault]) -> dict[str, Any]:
    if sha256(found[MANIFEST]) != found.get(SEAL, b"").decode("utf-8", "replace").strip():
        faults.append(Fault(MANIFEST, "", f"is not as {SEAL} says: one of the two was altered."))
    try:
        manifest = json.loads(found[MANIFEST].decode("utf-8"))
        if manifest["format"] != FORMAT:
            raise ValueError("unknown format")
        return dict(manifest)
    except (ValueError, LookupError, TypeError):
        faults.append(Fault(MANIFEST, "", "cannot be read as the manifest of a bundle."))
        return {}


def check_files(found: Mapping[str, bytes], manifest: Mapping[str, Any]) -> Iterator[Fault]:
    listed = manifest.get("files")
    if not isinstance(listed, dict):
        return
    for name in sorted(set(listed) | set(found)):
        if name in (MANIFEST, SEAL):
            continue
        if name not in found:
            yield Fault(name, "", "is missing.")
        elif name not in listed:
            yield Fault(name, "", "was added: the manifest does not know it.")
        elif sha256(found[name]) != listed[name]:
            yield Fault(name, "", "was altered: its SHA-256 is not the one in the manifest.")


def check_evidence(found: Mapping[str, bytes]) -> Iterator[Fault]:
    for name, content in sorted(found.items()):
        if name.startswith(EVIDENCE) and sha256(content) != name[len(EVIDENCE) :].split("/")[0]:
            yield Fault(name, "", "is not the file that its digest names.")


def lines_of(content: bytes, name: str, faults: list[Fault]) -> Iterator[tuple[int, bytes, dict[str, Any]]]:
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line:
            continue
        try:
            value = json.loads(line.decode("utf-8"))
            if not isinstance(value, dict):
                raise ValueError("not an object")
        except ValueError:
            faults.append(Fault(name, f"line {number}", "cannot be read: it was altered."))
            continue
        yield number, line, value


# ------------------------------------------------------------------ the log


def read_events(content: bytes, name: str, faults: list[Fault], chain: str | None) -> list[Event]:
    """The events in their order. With a chain, also that each follows the one before it."""
    events: list[Event] = []
    last = (0, FIRST, "")
    for number, line, value in lines_of(content, name, faults):
        try:
            sequence, at, hashed = value["sequence"], value["at"], value["hash"]
            previous, place = value["previous_hash"], f"event {sequence}"
            if type(sequence) is not int or not isinstance(at, str):
                raise TypeError("not an event")
            said = {key: value[key] for key in HASHED}
            if canonical(value).encode("utf-8", "surrogatepass") != line:
                faults.append(Fault(name, place, "is not written as events are."))
            if sha256((str(previous) + canonical(said)).encode("utf-8", "surrogatepass")) != hashed:
                faults.append(Fault(name, place, "was altered after it was written."))
            detail = json.loads(value["detail"])
            vouches = detail.get("vouches", {})
            event = Event(str(value["chain"]), sequence, at, str(value["subject"]), dict(vouches))
        except (KeyError, TypeError, ValueError, AttributeError):
            faults.append(Fault(name, f"line {number}", "is no event: it was altered."))
            continue
        if chain is not None:
            faults += check_link(name, event, str(previous), last, chain)
        events.append(event)
        last = (sequence, str(hashed), at)
    return events


def check_link(
    name: str, event: Event, previous: str, last: tuple[int, str, str], chain: str
) -> Iterator[Fault]:
    place = f"event {event.sequence}"
    if event.chain != chain:
        yield Fault(name, place, "belongs to another chain.")
    if event.sequence != last[0] + 1:
        yield Fault(name, place, f"does not follow event {last[0]}: events are missing or out of order.")
    elif previous != last[1]:
        yield Fault(name, place, "does not follow the event before it: one of the two was replaced.")
    if event.at < last[2]:
        yield Fault(name, place, "is dated before the event it follows.")


def check_head(events: Sequence[Event], manifest: Mapping[str, Any]) -> Iterator[Fault]:
    head = manifest.get("head")
    if not isinstance(head, dict):
        return
    sequence = events[-1].sequence if events else 0
    if head.get("sequence") != sequence:
        yield Fault(
            EVENTS,
            f"event {sequence}",
            f"is the newest here; the manifest names {head.get('sequence')}.",
        )


# ------------------------------------------------------------------ the rows


def read_rows(found: Mapping[str, bytes], manifest: Mapping[str, Any], faults: list[Fault]) -> dict[str, Row]:
    """Key in the log -> row. A row's line is exactly the text that its digest was computed over."""
    tables = manifest.get("tables")
    rows: dict[str, Row] = {}
    for name in sorted(found):
        if not name.startswith(ROWS):
            continue
        table = name[len(ROWS) :].rsplit(".", 1)[0]
        key_columns = tables.get(table) if isinstance(tables, dict) else None
        for number, line, value in lines_of(found[name], name, faults):
            try:
                key = f"{table}:{'/'.join(str(value[column]) for column in key_columns or ['id'])}"
            except KeyError:
                faults.append(Fault(name, f"line {number}", "has no key: it was altered."))
                continue
            if key in rows:
                faults.append(Fault(name, key, "is here twice."))
            rows[key] = Row(sha256(line), value)
    return rows


def check_rows(
    rows: Mapping[str, Row],
    events: Sequence[Event],
    others: Sequence[Event],
    manifest: Mapping[str, Any],
    faults: list[Fault],
) -> int:
    """Every row against the newest event about it; returns how many were written before events vouched."""
    newest: dict[str, tuple[Event, str | None]] = {}
    for event in [*events, *others]:
        for key, said in event.vouches.items():
            before = newest.get(key)
            if before is None or before[0].chain == event.chain or before[0].at <= event.at:
                newest[key] = (event, said)
    since = manifest.get("vouched_since")
    not_vouched = 0
    for key, row in rows.items():
        found = newest.pop(key, None)
        if found is None and isinstance(since, str) and written(row) < since:
            not_vouched += 1
        elif found is None:
            faults.append(fault_of(key, "is here, but no event tells of it: it was added past the log."))
        elif found[1] is None:
            faults.append(fault_of(key, f"is here, though {named(found[0])} says that it was removed."))
        elif found[1] != row.digest:
            faults.append(fault_of(key, f"is not as {named(found[0])} left it: it was altered."))
    tables = manifest.get("tables")
    for key, (event, said) in newest.items():
        here = isinstance(tables, dict) and key.partition(":")[0] in tables
        if said is not None and here and event.chain == manifest.get("chain"):
            faults.append(fault_of(key, f"is missing, though {named(event)} vouches for it."))
    return not_vouched


def written(row: Row) -> str:
    for name in (
        "at",
        "created_at",
        "requested_at",
        "since",
        "added_at",
        "opened_at",
        "granted_at",
        "set_at",
    ):
        if isinstance(row.content.get(name), str):
            return str(row.content[name])
    return ""


def named(event: Event) -> str:
    return f"event {event.sequence} of {event.chain}"


def fault_of(key: str, text: str) -> Fault:
    return Fault(f"{ROWS}{key.partition(':')[0]}.jsonl", key, text)


# ------------------------------------------------------------------ sign-offs


def check_sign_offs(rows: Mapping[str, Row], faults: list[Fault]) -> int:
    """Each one's digest over what it covers, and what it covers against the answers it names."""
    signed = [(key, row.content) for key, row in rows.items() if key.startswith("sign_off:")]
    for key, row in signed:
        try:
            covered = json.loads(row["covered"])
            contents = {name: content for name, (_, content) in covered.items() if content}
            if sha256(canonical(contents).encode("utf-8")) != row["digest"]:
                faults.append(fault_of(key, "has a digest that is not the one of what it covers."))
            for name, (answer_id, content) in covered.items():
                problem = problem_of_content(rows, row, name, answer_id, content)
                if problem:
                    faults.append(fault_of(key, f"covers {name}, but {problem}"))
        except (KeyError, TypeError, ValueError, AttributeError):
            faults.append(fault_of(key, "cannot be read: it was altered."))
    return len(signed)


def problem_of_content(
    rows: Mapping[str, Row], sign_off: Mapping[str, Any], name: str, answer_id: Any, content: str
) -> str:
    field_id, _, source_id = name.partition("@")
    if field_id == "source" or field_id == "evidence" or not answer_id:
        return ""  # that a source or document is there; an open question; documents are rows of their own
    answer = rows.get(f"answer:{answer_id}")
    if answer is None:
        return f"the answer {answer_id} is missing."
    said = answer.content
    if said.get("field_id") != field_id or str(said.get("source_id", 0)) != (source_id or "0"):
        return f"the answer {answer_id} is one to {said.get('field_id')}."
    if str(said.get("at", "")) > str(sign_off.get("at", "")):
        return f"the answer {answer_id} was given later."
    words = {"answered": said.get("value"), "not_applicable": said.get("reason")}.get(said.get("state", ""))
    if sha256((f"{said.get('state')}\n{words or ''}").encode()) != content:
        return f"the answer {answer_id} says something else."
    return ""


# ------------------------------------------------------------------ the rest


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def main(arguments: Sequence[str]) -> int:
    names = [name for name in arguments if name != "--json"]
    try:
        result = verify(Path(names[0]) if names else Path(__file__).resolve().parent)
    except Unreadable as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if "--json" in arguments:
        sys.stdout.write(json.dumps(result.as_json(), indent=2) + "\n")
    elif not result.faults:
        sys.stdout.write(
            f"Intact: {result.project} with {result.events} events, the {result.rows} rows they vouch for and "
            f"{result.sign_offs} sign-offs. Head of the log: {result.head}\n"
        )
    if result.not_vouched:
        sys.stderr.write(f"{result.not_vouched} rows were written before events vouched for rows.\n")
    for fault in result.faults:
        place = f", {fault.place}" if fault.place else ""
        sys.stderr.write(f"{fault.file}{place}: {fault.text}\n")
    return 1 if result.faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
