"""What importing a register again would change: rows of the file against the projects it gave before."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from lifecycle.language import say
from lifecycle.vocabulary import ProjectStatus, Stage

# Shares of an earlier import that a file has to list before its silence about the rest says anything.
_SOME, _MOST = 0.25, 0.75


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
    others: tuple[tuple[str, str], ...] = ()


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
    run_id: int = 0  # the import that brought it

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

    An entry that is not listed is gone when the file names its organisation, because one agency's file says nothing
    of the others in the same register; or when the file lists most of what came with it, so that it is a later
    issue of the same file. Entries without an organisation need part of that, or any two lists would clear each other.
    """
    everything = sorted(known, key=lambda entry: (entry.row_number, entry.project_id))
    groups: dict[str, list[KnownEntry]] = defaultdict(list)
    for entry in everything:
        groups[entry.group].append(entry)
    taken = {entry.identity for entry in everything}
    pairs, added = _matched(listed, groups)
    organisations = {row.organisation.casefold() for row in listed}
    shares = _listed_shares(everything, {entry.project_id for entry, _ in pairs})
    left = [entry for entries in groups.values() for entry in entries]

    def is_gone(entry: KnownEntry) -> bool:
        share, organisation = shares.get(entry.run_id, 0.0), entry.organisation.casefold()
        named = organisation in organisations and (organisation != "" or share >= _SOME)
        return not entry.gone and not entry.undone and (named or share >= _MOST)

    return Comparison(
        added=_with_free_identities(added, taken),
        returning=tuple(pair for pair in pairs if pair[0].undone),
        changed=tuple(pair for pair in pairs if not pair[0].undone and _differs(pair)),
        unchanged=tuple(pair for pair in pairs if not pair[0].undone and not _differs(pair)),
        gone=tuple(entry for entry in sorted(left, key=lambda entry: entry.project_id) if is_gone(entry)),
    )


def _listed_shares(known: Sequence[KnownEntry], matched: set[int]) -> dict[int, float]:
    """For each earlier import, which share of what it brought (and is there still) the file lists."""
    present = [entry for entry in known if not entry.gone and not entry.undone]
    sizes = Counter(entry.run_id for entry in present)
    listed = Counter(entry.run_id for entry in present if entry.project_id in matched)
    return {run_id: listed[run_id] / size for run_id, size in sizes.items()}


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


# ------------------------------------------------------------------ what changed


@dataclass(frozen=True, slots=True)
class Told:
    """What a register says of one project, in people's words. `others` None: not kept at that import."""

    name: str | None  # None, as organisation and place: the project no longer follows its register in this
    organisation: str | None
    external_id: str
    stage_word: str
    place: str | None
    risk: str
    facts: tuple[tuple[str, str], ...]
    others: tuple[tuple[str, str], ...] | None
    gone: bool = False


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field before and after an import; blank where there was or is nothing."""

    field: str
    before: str
    after: str


def told_by(row: ListedProject) -> Told:
    """What a row of the file says."""
    return Told(
        name=row.name,
        organisation=row.organisation,
        external_id=row.external_id or "",
        stage_word=row.stage_word,
        place=place_words(row.stage, row.status),
        risk=row.risk,
        facts=row.facts,
        others=row.others,
    )


def place_words(stage: Stage | None, status: ProjectStatus) -> str:
    """Where a project stands: its stage, in Production with what it does there."""
    if stage is None:
        return say("not placed")
    return f"{stage.title}, {status.word}" if stage is Stage.PRODUCTION else stage.title


def field_changes(before: Told, after: Told) -> tuple[FieldChange, ...]:
    """Every field that differs, in the order of the page. Never empty for what is not the same row."""
    single = (
        (say("Name"), before.name, after.name),
        (say("Organisation"), before.organisation, after.organisation),
        (say("Id"), before.external_id, after.external_id),
        (say("Stage word"), before.stage_word, after.stage_word),
        (say("Stage here"), before.place, after.place),
        (say("Risk"), before.risk, after.risk),
    )
    found = [
        FieldChange(field, old or "", new or "")
        for field, old, new in single
        if old is not None and new is not None and old != new
    ]
    found += _cell_changes(before.facts, after.facts)
    if before.others is not None and after.others is not None:
        found += _cell_changes(before.others, after.others)
    if before.gone != after.gone:
        was, now = (say("no"), say("yes")) if before.gone else (say("yes"), say("no"))
        found.append(FieldChange(say("In the register"), was, now))
    if not found:
        what = say("Columns not kept then") if before.others is None else say("Headers or spelling")
        found.append(FieldChange(what, "", say("written differently")))
    return tuple(found)


def _cell_changes(before: Sequence[tuple[str, str]], after: Sequence[tuple[str, str]]) -> list[FieldChange]:
    old, new = dict(before), dict(after)
    return [
        FieldChange(label, old.get(label, ""), new.get(label, ""))
        for label in dict.fromkeys([*new, *old])
        if old.get(label, "") != new.get(label, "")
    ]
