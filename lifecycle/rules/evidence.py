"""Documents that decisions rest on: which links may stand for one, who relies on which, and what their content is."""

from __future__ import annotations

import re
import socket
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

from lifecycle.canonical import sha256_hex
from lifecycle.guide import Guide
from lifecycle.language import say
from lifecycle.rules.project_facts import EvidenceFact, ProjectFacts
from lifecycle.vocabulary import Actor, Blocker, Gate, Role

EVIDENCE = "evidence"
MAY_CHANGE_ALL = frozenset({Role.PRODUCT_MANAGER, Role.CONTRIBUTOR})

_SCHEME = re.compile(r"^\s*([A-Za-z][A-Za-z0-9+.-]*):")
_SPACE = re.compile(r"[\s\x00-\x20\x7f]")
# Names under which a machine, its neighbours or its cloud answer; everything else that has a name may be a document.
_INTERNAL_NAMES = ("localhost", "metadata", "instance-data", "metadata.google.internal")
_INTERNAL_ENDINGS = (".localhost", ".localdomain", ".internal", ".home.arpa")


class EvidenceKind(StrEnum):
    FILE = "file"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file that is stored already: `digest` is its SHA-256, `media_type` what its content says it is."""

    digest: str
    size: int
    media_type: str
    name: str


@dataclass(frozen=True, slots=True)
class LinkContent:
    """A web address, or the name or number of a document kept elsewhere. Never fetched."""

    address: str


Content = FileContent | LinkContent


# ---------------------------------------------------------------- links


def link_problem(text: str) -> str | None:
    """None for a whole web address and for the name or number of a document; any other link is refused.

    An address that leads into this network or to the machine itself is refused too, however it is spelt: whoever
    opens the link later would be sent there.
    """
    scheme = _SCHEME.match(text)
    if scheme is None:
        return None
    if scheme[1].lower() not in ("http", "https"):
        return say(
            "Give a web address (https://…) or the name of a document, not a “{scheme}:” link.",
            scheme=scheme[1],
        )
    address = _split(text)
    host = _host(address)
    if address is None or not host or _SPACE.search(text) or "\\" in text:
        return say("This web address is not whole. Copy all of it, as in https://example.org/document.")
    if address.username is not None or address.password is not None:
        return say(
            "Take the name and password out of this web address: everybody who may read it would have them."
        )
    if _is_internal(host):
        return say(
            "“{host}” is an internal address. Give the address that colleagues open the document at.",
            host=host,
        )
    return None


def _split(text: str) -> SplitResult | None:
    try:
        address = urlsplit(text)
        address.port  # noqa: B018 - raises for a port that is none
    except ValueError:  # an address such as http://[broken
        return None
    return address


def _host(address: SplitResult | None) -> str:
    """As a browser reads it: wide digits are digits, a dot at the end means nothing."""
    host = (address.hostname or "") if address else ""
    return unicodedata.normalize("NFKC", host).lower().rstrip(".")


def _is_internal(host: str) -> bool:
    if host in _INTERNAL_NAMES or host.endswith(_INTERNAL_ENDINGS):
        return True
    number = _number(host)
    if number is None:
        return False
    if isinstance(number, IPv6Address):
        inner = number.ipv4_mapped or number.sixtofour
        return not number.is_global or (inner is not None and not inner.is_global)
    return not number.is_global


def _number(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host written in digits stands for: 127.1, 0x7f000001 and 2130706433 are all 127.0.0.1."""
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))
    except (OSError, UnicodeEncodeError):
        return None


# ---------------------------------------------------------------- who relies on it


def is_relied_on(
    guide: Guide, gate: Gate, role: Role, *, field_id: str | None, source_id: int, at_gate: Gate | None
) -> bool:
    """Whether the role relies on a document at the gate.

    One that belongs to a question is relied on by the roles that rely on that question, and by everybody at a gate
    that asks for it; one about a data source by the roles that rely on the records of sources; any other by
    everybody at its own gate.
    """
    relied_on = guide.relied_on(gate, role)
    if field_id:
        return field_id in relied_on or field_id in guide.policy.required_evidence.get(gate, ())
    if source_id:
        return any(guide.field(each).is_of_source for each in relied_on)
    return at_gate is gate


def covered_evidence(facts: ProjectFacts, guide: Guide, gate: Gate, role: Role) -> Iterator[EvidenceFact]:
    """The documents that are there now and that the role relies on at the gate, in the order they were added."""
    return (
        fact
        for fact in facts.evidence
        if is_relied_on(
            guide, gate, role, field_id=fact.field_id, source_id=fact.source_id, at_gate=fact.gate
        )
    )


def evidence_key(evidence_id: int) -> str:
    return f"{EVIDENCE}@{evidence_id}"


def content_of(facts: ProjectFacts, fact: EvidenceFact) -> str:
    """What a sign-off is bound to: the content of the current revision; a lapsed one is no longer the same."""
    return sha256_hex(f"{fact.content}\nexpired") if is_expired(facts, fact) else fact.content


def is_expired(facts: ProjectFacts, fact: EvidenceFact) -> bool:
    return fact.expires_on is not None and fact.expires_on < facts.today


def revision_content(content: Content) -> str:
    """The digest of one revision: a file's own, a link's over its address."""
    return content.digest if isinstance(content, FileContent) else sha256_hex(f"link\n{content.address}")


# ---------------------------------------------------------------- what became of it


def changed_evidence(facts: ProjectFacts, key: str, *, was_there: bool) -> str:
    """Why a sign-off that covers `key` no longer holds: the document was replaced, added, removed or has lapsed."""
    fact = evidence_of(facts, key)
    if fact is None:
        return say("A document was removed.")
    if fact.removed_at is not None:
        return say("“{document}” was removed.", document=fact.title)
    if not was_there:
        return say("“{document}” was added.", document=fact.title)
    if fact.expires_on and is_expired(facts, fact):
        return say("“{document}” expired on {day}.", document=fact.title, day=fact.expires_on.isoformat())
    return say(
        "“{document}” was replaced (revision {revision}).", document=fact.title, revision=fact.revision
    )


def changed_at(facts: ProjectFacts, key: str) -> datetime | None:
    """Since when its content is what it is; None when nothing tells."""
    fact = evidence_of(facts, key)
    if fact is None:
        return None
    if fact.removed_at is None and fact.expires_on and is_expired(facts, fact):
        return datetime.combine(fact.expires_on + timedelta(days=1), time(), UTC)
    return fact.removed_at or fact.at


def evidence_of(facts: ProjectFacts, key: str) -> EvidenceFact | None:
    """The document of a key such as `evidence@12`, a removed one too."""
    return next(
        (fact for fact in (*facts.evidence, *facts.removed_evidence) if evidence_key(fact.id) == key), None
    )


# ---------------------------------------------------------------- who may change it


def against_changing(added_by: str, roles: Collection[Role], by: Actor) -> tuple[Blocker, ...]:
    """A reviewer may correct what they added themselves; the team may correct everything."""
    if added_by == by.key or not MAY_CHANGE_ALL.isdisjoint(roles):
        return ()
    text = say("Only the project's team, or whoever added this document, can change it.")
    return (Blocker("not_yours", text),)
