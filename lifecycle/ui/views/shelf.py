"""The evidence shelf: every document of a project, and one of them with its revisions and what rests on it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from lifecycle.actions import evidence as actions
from lifecycle.language import counted, mark, say, say_count
from lifecycle.queries import evidence as queries
from lifecycle.queries.evidence import RevisionView, Shelf, ShelfItem, UseView
from lifecycle.queries.projects import ProjectHead
from lifecycle.queries.records import EvidenceView
from lifecycle.rules.evidence import LinkContent
from lifecycle.rules.media import size_words, type_name, type_words
from lifecycle.ui import cache, identity, navigation
from lifecycle.ui.components import definitions, empty_state, exact, page_header, plain, until
from lifecycle.ui.perform import perform
from lifecycle.ui.project import chains
from lifecycle.ui.standing import Mark
from lifecycle.ui.views import evidence, imported

_EXPIRED = Mark(mark("Expired"), "orange", "event_busy")
_REMOVED = Mark(mark("Removed"), "gray", "delete")
_VALID = Mark(mark("On the shelf"), "green", "check_circle")
_ALL, _PAST, _UNUSED, _GONE = "all", "expired", "unused", "removed"
_NAMES = {
    _ALL: mark("All"),
    _PAST: mark("Expired"),
    _UNUSED: mark("Not used yet"),
    _GONE: mark("Removed"),
}
_WANTED: dict[str, Callable[[Shelf], tuple[ShelfItem, ...]]] = {
    _ALL: lambda shelf: shelf.items,
    _PAST: lambda shelf: tuple(item for item in shelf.items if item.document.is_expired),
    _UNUSED: lambda shelf: tuple(item for item in shelf.items if not item.uses),
    _GONE: lambda shelf: shelf.removed,
}


def show(project: ProjectHead) -> None:
    """The whole shelf, or the document that the address names."""
    if not project.is_adopted:
        imported.not_yet(project, say("Evidence"))
        return
    named = navigation.here("item") or ""
    item = _read(project).item(int(named)) if named.isdecimal() and len(named) < 18 else None
    if item is not None:
        _document(project, item)
    else:
        _shelf(project)


def _read(project: ProjectHead) -> Shelf:
    asked = {"by": identity.actor(), "at": identity.this_hour(), "key": project.key}
    return cache.read_with_guide(queries.shelf, *chains(project), **asked)


# ------------------------------------------------------------------ all of them


def _shelf(project: ProjectHead) -> None:
    shelf = _read(project)
    page_header(
        say("Evidence"),
        about=say(
            "{project}. Files and links that decisions rest on; a changed one makes stale what covered it.",
            project=project.name,
        ),
    )
    if not shelf.items and not shelf.removed:
        empty_state(
            say("Nothing on the shelf yet"),
            say("Add the reports, test results and agreements that reviewers should see when they decide."),
            icon="folder_open",
        )
    if not shelf.against_adding:
        evidence.add_buttons(project)
    elif not shelf.items:
        st.caption(plain(shelf.against_adding))
    if shelf.items or shelf.removed:
        chosen = _filter(shelf)
        st.fragment(_list, run_every=evidence.LOOKS_EVERY, key="shelf:list")(project, chosen)


def _filter(shelf: Shelf) -> str:
    """Only what would show something, and nothing at all where there is nothing to choose."""
    numbers = {name: len(wanted(shelf)) for name, wanted in _WANTED.items()}
    offered = [name for name, number in numbers.items() if number or name == _ALL]
    if len(offered) == 1 or numbers == {**numbers, _ALL: numbers[_UNUSED], _PAST: 0, _GONE: 0}:
        return _ALL
    chosen = st.radio(
        say("Show"),
        offered,
        format_func=lambda name: f"{_NAMES[name]} {numbers[name]}",
        key="shelf:filter",
        horizontal=True,
        label_visibility="collapsed",
    )
    return str(chosen or _ALL)


def _list(project: ProjectHead, chosen: str) -> None:
    shelf = _read(project)
    found = _WANTED[chosen](shelf)
    if not found:
        st.caption(say("None."))
    for item in found:
        with st.container(border=True, gap=None, key=f"shelf:{item.document.id}"):
            evidence.line(item.document, project.key, shelf.today, key="shelf")
            st.caption(plain(_used(item)))


def _used(item: ShelfItem) -> str:
    said = [
        say(
            "Added by {person}, {day}",
            person=item.document.added_by,
            day=item.document.added_at.date(),
        )
    ]
    now = [use for use in item.uses if use.is_current]
    if now:
        reviews = [say("{role} at {gate}", role=use.role.title, gate=use.gate.title) for use in now]
        said.append(say("used in {reviews}", reviews=", ".join(dict.fromkeys(reviews))))
    else:
        said.append(say("no sign-off covers it yet"))
    return " · ".join(said)


# ------------------------------------------------------------------ one of them


def _document(project: ProjectHead, item: ShelfItem) -> None:
    document = item.document
    mark = _REMOVED if document.removed_at else _EXPIRED if document.is_expired else _VALID
    page_header(
        document.title,
        about=say("{project}. Belongs to: {place}.", project=project.name, place=evidence.place_of(document)),
        mark=mark,
        actions=lambda: _ways(project),
    )
    left, right = st.columns([5, 3], gap="large")
    with left:
        _content(item.revisions[0], document)
        _used_in(item)
    with right:
        _facts(item)
        _revisions(item)
        if item.may_change:
            _change(project, item)


def _ways(project: ProjectHead) -> None:
    if st.button(say("All evidence"), icon=":material/folder_open:", key="shelf:all"):
        navigation.go("evidence", project=project.key)


def _content(revision: RevisionView, document: EvidenceView) -> None:
    if evidence.is_shown(revision) and document.is_file:
        evidence.preview(document.title, revision.id, revision.media_type, revision.digest)
    elif document.is_file:
        what = type_words(revision.media_type)
        st.markdown(
            plain(say("This is {what}, which is not shown here. Download it to read it.", what=what)),
            anchors=False,
        )
    elif document.is_link:
        st.markdown(f"[{plain(document.url)}]({evidence.link_target(document.url)})", anchors=False)
    else:
        st.markdown(plain(say("Kept elsewhere as “{url}”.", url=document.url)), anchors=False)


def _used_in(item: ShelfItem) -> None:
    st.header(say("Used in"), anchor=False)
    if not item.uses:
        st.caption(say("No sign-off covers it yet. Whoever signs from now on and relies on it will."))
    for use in item.uses:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            navigation.link(
                "review",
                say("{role} at the {gate} gate", role=use.role.title, gate=use.gate.title),
                icon=":material/verified:" if use.holds else ":material/history:",
                review=use.review_id,
            )
            st.markdown(f":small[:gray[{plain(_of_use(use))}]]", width="content", anchors=False)


def _of_use(use: UseView) -> str:
    state = say("holds")
    if not use.holds:
        state = say("stale now") if use.is_current else say("decided again since")
    revision = say("revision {number}", number=use.revision)
    return f"{use.printed_name}, {use.at:%Y-%m-%d} · {revision} · {state}"


def _facts(item: ShelfItem) -> None:
    document, today = item.document, identity.now().date()
    valid = say("Without end")
    if document.expires_on:
        valid = f"{document.expires_on} ({until(document.expires_on, today)})"
    facts = [
        (say("Valid until"), valid),
        (say("Added by"), f"{document.added_by}, {document.added_at:%Y-%m-%d}"),
    ]
    if document.removed_at:
        facts.append((say("Removed by"), f"{document.removed_by}, {document.removed_at:%Y-%m-%d}"))
    if document.is_file:
        facts.append((say("Content"), f"{type_name(document.media_type)}, {size_words(document.size)}"))
    definitions(facts)


def _revisions(item: ShelfItem) -> None:
    st.header(counted(len(item.revisions), "revision"), anchor=False)
    for revision in item.revisions:
        st.markdown(_of_revision(revision), anchors=False, help=_digest(revision))


def _of_revision(revision: RevisionView) -> str:
    now = f" **{say('current')}**" if revision.is_current else ""
    where = f"[{plain(revision.file_name)}]({evidence.file_address(revision.id)})"
    if not revision.digest:
        where = plain(revision.url)
    size = f"{size_words(revision.size)} · " if revision.digest else ""
    covers = ""
    if revision.covered_by:
        sign_offs = counted(len(revision.covered_by), "sign-off")
        covers = f" · {say('covered by {sign_offs}', sign_offs=sign_offs)}"
    note = f"  \n{plain(revision.note)}" if revision.note else ""
    about = plain(f"{size}{revision.by}, {exact(revision.at)}{covers}")
    return f"**{revision.number}**{now} · {where}{note}  \n:small[:gray[{about}]]"


def _digest(revision: RevisionView) -> str | None:
    return f"SHA-256 {revision.digest}" if revision.digest else None


# ------------------------------------------------------------------ changing it


def _change(project: ProjectHead, item: ShelfItem) -> None:
    document = item.document
    if document.removed_at is not None:
        if st.button(say("Put it back"), icon=":material/undo:", key="shelf:restore"):
            perform(
                actions.restore,
                done=say("{document} is on the shelf again.", document=document.title),
                evidence_id=document.id,
            )
        return
    if document.is_file:
        if st.button(say("New revision"), icon=":material/upload_file:", key="shelf:revise", type="primary"):
            evidence.revision_box(project, document)
    else:
        _new_link(document)
    _expiry(document)
    _remove(project, item)


def _new_link(document: EvidenceView) -> None:
    with st.expander(say("New revision"), icon=":material/add_link:"), st.form("shelf:link", border=False):
        address = st.text_input(
            say("Link or document number"), key=f"shelf:link:{document.id}:{document.revision}"
        )
        note = st.text_input(
            say("What changed (if it matters)"), key=f"shelf:note:{document.id}:{document.revision}"
        )
        if st.form_submit_button(say("Add revision")):
            perform(
                actions.revise,
                done=say("The new revision is listed."),
                evidence_id=document.id,
                content=LinkContent(address),
                note=note,
            )


def _expiry(document: EvidenceView) -> None:
    with st.expander(say("Valid until"), icon=":material/event:"), st.form("shelf:expiry", border=False):
        day = st.date_input(
            say("Last day on which it counts"),
            value=document.expires_on,
            format="YYYY-MM-DD",
            key=f"shelf:until:{document.id}:{document.expires_on}",
        )
        if st.form_submit_button(say("Save")):
            perform(actions.set_expiry, done=say("Saved."), evidence_id=document.id, expires_on=day)


def _remove(project: ProjectHead, item: ShelfItem) -> None:
    document = item.document
    holding = sum(use.holds for use in item.uses)
    with st.expander(say("Remove"), icon=":material/delete:"), st.form("shelf:remove", border=False):
        if holding:
            st.caption(
                say_count(
                    "{number:,} sign-off that rests on it will become stale.",
                    "{number:,} sign-offs that rest on it will become stale.",
                    holding,
                )
            )
        reason = st.text_input(say("Why (if it matters)"), key=f"shelf:why:{document.id}")
        if st.form_submit_button(say("Remove from the shelf")):
            perform(
                actions.remove,
                done=say(
                    "{document} is off the shelf; its revisions stay in the record.", document=document.title
                ),
                evidence_id=document.id,
                reason=reason,
            )
