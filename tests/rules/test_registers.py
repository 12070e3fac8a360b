"""Rows of a register against what earlier imports left: every row finds its project, none finds another's."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lifecycle.rules.registers import KnownEntry, ListedProject, compare
from lifecycle.vocabulary import ProjectStatus, Stage


def listed(identity: str, digest: str = "d", *, row: int = 2, organisation: str = "Ports") -> ListedProject:
    return ListedProject(
        identity=identity,
        group=identity.partition("#")[0],
        digest=digest,
        row_number=row,
        name=identity,
        organisation=organisation,
        external_id=None,
        stage=Stage.MODEL,
        status=ProjectStatus.ACTIVE,
        stage_word="",
        risk="",
        facts=(),
    )


def known(
    project_id: int,
    identity: str,
    digest: str = "d",
    *,
    row: int = 2,
    organisation: str = "Ports",
    gone: bool = False,
    undone: bool = False,
) -> KnownEntry:
    return KnownEntry(project_id, identity, digest, row, organisation, gone, undone)


def test_rows_are_added_changed_unchanged_or_gone() -> None:
    found = compare(
        [listed("a"), listed("b", "new"), listed("c")], [known(1, "b"), known(2, "c"), known(3, "d")]
    )
    assert [row.identity for row in found.added] == ["a"]
    assert [entry.project_id for entry, _ in found.changed] == [1]
    assert [entry.project_id for entry, _ in found.unchanged] == [2]
    assert [entry.project_id for entry in found.gone] == [3]


def test_edited_row_among_namesakes_changes_its_own_project() -> None:
    before = [known(1, "g#x", "x", row=2), known(2, "g#y", "y", row=3), known(3, "g#z", "z", row=4)]
    found = compare([listed("g#z", "z"), listed("g#w", "w", row=3), listed("g#x", "x", row=4)], before)
    assert {(entry.project_id, row.digest) for entry, row in found.unchanged} == {(1, "x"), (3, "z")}
    assert [(entry.project_id, row.digest) for entry, row in found.changed] == [(2, "w")]
    assert (found.added, found.gone) == ((), ())


def test_project_that_gets_a_namesake_stays_itself() -> None:
    found = compare([listed("g#new", "new"), listed("g#old", "old", row=3)], [known(1, "g", "old")])
    assert [(entry.project_id, row.digest) for entry, row in found.unchanged] == [(1, "old")]
    assert [row.identity for row in found.added] == ["g#new"]


def test_new_row_never_takes_an_identity_that_a_project_holds() -> None:
    found = compare([listed("g#x", "x"), listed("g#y", "y", row=3)], [known(1, "g#x", "y")])
    assert [entry.project_id for entry, _ in found.unchanged] == [1]
    assert [row.identity for row in found.added] == ["g#x#new2"]


def test_file_of_one_organisation_leaves_the_others_alone() -> None:
    found = compare([listed("a")], [known(1, "b", organisation="PORTS"), known(2, "c", organisation="Rail")])
    assert [entry.project_id for entry in found.gone] == [1]


def test_gone_project_comes_back_as_changed_and_is_gone_only_once() -> None:
    assert [entry.project_id for entry, _ in compare([listed("a")], [known(1, "a", gone=True)]).changed] == [
        1
    ]
    assert compare([listed("b")], [known(1, "a", gone=True)]).gone == ()


def test_project_of_an_undone_import_returns_and_is_never_gone() -> None:
    found = compare([listed("a")], [known(1, "a", undone=True), known(2, "b", undone=True)])
    assert [entry.project_id for entry, _ in found.returning] == [1]
    assert (found.added, found.changed, found.unchanged, found.gone) == ((), (), (), ())


rows = st.lists(st.tuples(st.sampled_from("gh"), st.sampled_from("xyz")), max_size=8)


@given(rows, rows)
def test_every_row_and_every_entry_is_accounted_for_once(
    now: list[tuple[str, str]], before: list[tuple[str, str]]
) -> None:
    entries = [known(n, f"{group}#{n}", digest, row=n) for n, (group, digest) in enumerate(before)]
    listing = [listed(f"{group}#{digest}", digest, row=n) for n, (group, digest) in enumerate(now)]
    found = compare(listing, entries)
    pairs = (*found.changed, *found.unchanged)
    told = [*found.added, *(row for _, row in pairs)]
    assert sorted(row.row_number for row in told) == list(range(len(now)))
    matched = [entry.project_id for entry, _ in pairs]
    assert len(matched) == len(set(matched))
    assert set(matched) | {entry.project_id for entry in found.gone} >= (
        set(range(len(before))) if now else set()
    )
    identities = [row.identity for row in found.added] + [entry.identity for entry in entries]
    assert len(identities) == len(set(identities))
    for row in found.added:  # a row is new only when its group has no project left for it
        assert row.group not in {entry.group for entry in found.gone}
