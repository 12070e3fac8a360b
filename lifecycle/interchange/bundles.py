"""A project's bundle: a zip that can be read and checked years later on a machine with nothing but Python.

The same content gives the same bytes: files in the order of their names, one fixed date, one compression.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from sqlmodel import Session

from lifecycle.canonical import moment_text, sha256_hex
from lifecycle.facts.editions import by_its_guide
from lifecycle.guide import Guide
from lifecycle.interchange import bundle_verifier
from lifecycle.interchange.bundle_verifier import EVENTS, FORMAT, MANIFEST, ORGANISATION_EVENTS, ROWS, SEAL
from lifecycle.interchange.printed import condition_words, outcome_words, waiver_words
from lifecycle.language import ENGLISH, language, mark, say, speaking
from lifecycle.queries import bundles, dossiers
from lifecycle.queries.bundles import BundleContent
from lifecycle.queries.dossiers import Dossier, Position
from lifecycle.queries.records import SignatureView
from lifecycle.rules.signature_block import signature_lines, utc
from lifecycle.vocabulary import Actor

VERIFIER = Path(bundle_verifier.__file__)
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_DATE = (1980, 1, 1, 0, 0, 0)
_READ_ME = mark("""\
{name}: everything that was answered, signed and decided, as of event {event} of its log.

dossier.html   to read and to print
verify.py      checks this bundle; it needs Python 3.8 or newer and nothing else:
                   python verify.py
rows/          every row, exactly as the log vouches for it, one a line
events.jsonl   the log: each event is hashed together with the one before it
guide.json     what the questions are called
people.json    whom the keys in rows and events stand for

The newest event is number {event}. Its hash is
    {hash}
Whoever kept this hash elsewhere can hold the log to it.
""")


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle as bytes, with the hash of the log's newest event."""

    data: bytes
    head: str


@by_its_guide
def make_bundle(session: Session, *, by: Actor, at: datetime, guide: Guide, key: str) -> Bundle:
    """Raises NotFound for whoever may not read the project, Forbidden for whoever may not export it."""
    content = bundles.content(session, by=by, key=key)
    dossier = dossiers.dossier(session, by=by, at=at, guide=guide, key=key)
    files = {name: text for name, text in _files(content, dossier, guide).items() if text}
    manifest = {
        "format": FORMAT,
        "project": content.project.key,
        "name": content.project.name,
        "made_at": moment_text(at),
        "guide": guide.version,
        "chain": content.chain,
        "head": {"sequence": content.head[0], "hash": content.head[1]},
        "vouched_since": content.vouched_since,
        "tables": {name: list(rows.key) for name, rows in content.tables.items()},
        "files": {name: sha256_hex(text) for name, text in files.items()},
    }
    files[MANIFEST] = _json(manifest)
    files[SEAL] = sha256_hex(files[MANIFEST]) + "\n"
    return Bundle(_zip(files), content.head[1])


def _files(content: BundleContent, dossier: Dossier, guide: Guide) -> dict[str, str]:
    sequence, hashed = content.head
    return {
        "README.txt": say(_READ_ME, name=content.project.name, event=sequence, hash=hashed),
        "dossier.html": _page(content, dossier),
        "signatures.json": _json([_signature(*each) for each in dossier.signatures]),
        "guide.json": _json(_guide(guide.as_written)),
        "people.json": _json(dict(content.people)),
        "verify.py": VERIFIER.read_text("utf-8"),
        EVENTS: _lines(content.events),
        ORGANISATION_EVENTS: _lines(content.organisation_events),
        **{f"{ROWS}{name}.jsonl": _lines(rows.lines) for name, rows in content.tables.items()},
    }


def _page(content: BundleContent, dossier: Dossier) -> str:
    return _TEMPLATES.get_template("dossier.html").render(
        dossier=dossier,
        project=dossier.project,
        head=content.head,
        language=language(),
        condition_words=condition_words,
        filled=_filled,
        mono=_mono,
        outcome_words=outcome_words,
        say=say,
        signature_lines=signature_lines,
        utc=utc,
        waiver_words=waiver_words,
    )


def _filled(text: str, **values: Any) -> Markup:
    """A sentence with what stands in it, of which a part may be markup."""
    return Markup(escape(text)).format(**values)  # noqa: S704 - all but the markup of `_mono` is escaped


def _mono(text: str) -> Markup:
    return Markup('<span class="mono">{}</span>').format(text)


def _signature(record: SignatureView, position: Position | None) -> dict[str, Any]:
    with speaking(ENGLISH):  # programs read it
        block = [list(line) for line in signature_lines(record)]
    return {
        "sign_off": record.id,
        "block": block,
        "comment": record.comment,
        "event": position.sequence if position else None,
        "event_hash": position.hash if position else None,
    }


def _guide(guide: Guide) -> Mapping[str, Any]:
    return {
        "version": guide.version,
        "fields": {
            field.id: {"title": field.title, "question": field.question} for field in guide.fields.values()
        },
        "checks": {check.id: check.title for check in guide.checks_by_id.values()},
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _lines(lines: tuple[str, ...]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _zip(files: Mapping[str, str]) -> bytes:
    written = BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as opened:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, _DATE)
            info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            opened.writestr(info, files[name].encode())
    return written.getvalue()
