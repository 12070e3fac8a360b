"""What importing a register again would change: rows of the file against the projects it gave before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from lifecycle.vocabulary import ProjectStatus, Stage


@dataclass(frozen=True, slots=True)
class ListedProject:
    """A project as a register lists it. `digest` covers everything an import writes about it.

    `identity` begins with `group`, which all rows sharing name and organisation (or one id) have in common.
    """

    identity: str
    group: str
    digest: str
    row_number: int
    name: str
    organisation: str
    external_id: str | None
    stage: Stage | None
    status: ProjectStatus
    stage_word: str
    risk: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class KnownEntry:
    """What an earlier import left: `undone` when it was taken back, `gone` when no file names it now."""

    project_id: int
    identity: str
    digest: str
    row_number: int
    organisation: str
    gone: bool = False
    undone: bool = False

    @property
    def group(self) -> str:
        return self.identity.partition("#")[0]


Pair = tuple[KnownEntry, ListedProject]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Every listed project once: new, returning, changed or unchanged; and the known ones not listed now."""

    added: tuple[ListedProject, ...]
    returning: tuple[Pair, ...]
    changed: tuple[Pair, ...]
    unchanged: tuple[Pair, ...]
    gone: tuple[KnownEntry, ...]


def compare(listed: Sequence[ListedProject], known: Iterable[KnownEntry]) -> Comparison:
    """Match rows to earlier entries: within a group by content, then by identity, then by order in the file.

    Only entries of organisations that the file names can be gone, because one agency's file says nothing of
    the others in the same register.
    """
    groups: dict[str, list[KnownEntry]] = defaultdict(list)
    for entry in sorted(known, key=lambda entry: (entry.row_number, entry.project_id)):
        groups[entry.group].append(entry)
    taken = {entry.identity for entries in groups.values() for entry in entries}
    pairs, added = _matched(listed, groups)
    organisations = {row.organisation.casefold() for row in listed}
    left = [entry for entries in groups.values() for entry in entries]
    return Comparison(
        added=_with_free_identities(added, taken),
        returning=tuple(pair for pair in pairs if pair[0].undone),
        changed=tuple(pair for pair in pairs if not pair[0].undone and _differs(pair)),
        unchanged=tuple(pair for pair in pairs if not pair[0].undone and not _differs(pair)),
        gone=tuple(
            entry
            for entry in sorted(left, key=lambda entry: entry.project_id)
            if not entry.gone and not entry.undone and entry.organisation.casefold() in organisations
        ),
    )


def _differs(pair: Pair) -> bool:
    entry, row = pair
    return entry.gone or entry.digest != row.digest


def _matched(
    listed: Sequence[ListedProject], groups: dict[str, list[KnownEntry]]
) -> tuple[list[Pair], list[ListedProject]]:
    """Pairs in file order, and the rows nobody knew; the entries matched are taken out of `groups`."""
    pairs: dict[int, Pair] = {}
    waiting = list(enumerate(listed))
    for is_same in (_same_digest, _same_identity, _same_group):
        still_waiting = []
        for place, row in waiting:
            entries = groups.get(row.group, [])
            found = next((entry for entry in entries if is_same(entry, row)), None)
            if found is None:
                still_waiting.append((place, row))
            else:
                entries.remove(found)
                pairs[place] = (found, row)
        waiting = still_waiting
    return [pairs[place] for place in sorted(pairs)], [row for _, row in waiting]


def _same_digest(entry: KnownEntry, row: ListedProject) -> bool:
    return entry.digest == row.digest


def _same_identity(entry: KnownEntry, row: ListedProject) -> bool:
    return entry.identity == row.identity


def _same_group(entry: KnownEntry, row: ListedProject) -> bool:
    return entry.group == row.group


def _with_free_identities(rows: Sequence[ListedProject], taken: set[str]) -> tuple[ListedProject, ...]:
    """An identity once given stays with its project, so a new row with the same one gets a number."""
    free = []
    for row in rows:
        identity, number = row.identity, 1
        while identity in taken:
            number += 1
            identity = f"{row.identity}#new{number}"
        taken.add(identity)
        free.append(replace(row, identity=identity))
    return tuple(free)
