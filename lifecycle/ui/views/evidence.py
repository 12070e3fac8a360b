"""Documents as they stand on other pages: shown in place, with the buttons that add one.

    evidence.is_due(project, gate, role)           whether there is, or has to be, anything that one sign-off covers
    evidence.show_inline(project, gate, role)      that, on the page of its review
    evidence.show_gate(project, gate)              everything a gate rests on

A list looks by itself whether somebody has added something; the buttons stand outside of it, because a box that is
open would close with every look.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import streamlit as st

from lifecycle.actions import evidence as actions
from lifecycle.errors import LifecycleError
from lifecycle.guide import Guide
from lifecycle.language import say
from lifecycle.queries import evidence as queries
from lifecycle.queries.evidence import DocumentsOf, RevisionView
from lifecycle.queries.projects import ProjectHead
from lifecycle.queries.records import EvidenceView
from lifecycle.rules.evidence import LinkContent
from lifecycle.rules.media import PDF, PICTURES, SHOWN_INLINE, TEXT, first_lines, size_words, type_name
from lifecycle.ui import cache, identity, navigation, state
from lifecycle.ui.components import plain, until
from lifecycle.ui.perform import perform
from lifecycle.ui.project import chains
from lifecycle.vocabulary import Gate, Role

LOOKS_EVERY = 10  # seconds
LARGEST_SHOWN = 20_000_000  # bytes that a browser shows in place without complaint
_SHOWN_OPEN = 2
_TEXT_BYTES = 6_000
_PDF_HEIGHT = 520
_FORM_HEIGHT = 530  # with a refusal of two lines above the form
_LINK = "evidence:link"


# ------------------------------------------------------------------ on a review, on a gate


def is_due(project: ProjectHead, gate: Gate, role: Role) -> bool:
    """Whether a sign-off of this role at this gate covers a document, or the gate asks for one."""
    return bool(_of_role(project, gate, role).documents or _required(gate))


def _required(gate: Gate) -> Sequence[str]:
    """The titles of the questions for which this gate asks for a document."""
    guide = cache.guide()
    return [guide.field(field_id).title for field_id in guide.policy.required_evidence.get(gate, ())]


def show_inline(project: ProjectHead, gate: Gate, role: Role) -> None:
    """What a sign-off of this role at this gate covers, each document shown in place; a heading where it matters."""
    documents = _of_role(project, gate, role)
    is_due_here = is_due(project, gate, role)
    if not documents.documents and documents.against_adding and not is_due_here:
        return
    if is_due_here:
        st.header(say("Evidence"), anchor=False)
    required = say(" and ").join(say("“{title}”", title=title) for title in _required(gate))
    none_yet = (
        say(
            "No document yet; this gate asks for {required}, as a document or in the answer.",
            required=required,
        )
        if required
        else say("No document yet; this gate asks for none.")
    )
    empty = f":small[:gray[:material/attach_file: {plain(none_yet)}]]"
    _listed(
        f"evidence:{gate}:{role}",
        lambda: _of_role(project, gate, role),
        project,
        opened=_SHOWN_OPEN,
        empty=empty,
    )
    if not documents.against_adding:
        add_buttons(project, gate=gate)


def show_gate(project: ProjectHead, gate: Gate) -> None:
    """Every document of the gate and of the questions that are due by it."""
    _listed(f"evidence:{gate}", lambda: _of_gate(project, gate), project, opened=0)
    if not _of_gate(project, gate).against_adding:
        add_buttons(project, gate=gate)


def _of_role(project: ProjectHead, gate: Gate, role: Role) -> DocumentsOf:
    asked = {"by": identity.actor(), "at": identity.this_hour(), "key": project.key}
    return cache.read_with_guide(queries.of_role, *chains(project), **asked, gate=gate, role=role)


def _of_gate(project: ProjectHead, gate: Gate) -> DocumentsOf:
    asked = {"by": identity.actor(), "at": identity.this_hour(), "key": project.key}
    return cache.read_with_guide(queries.of_gate, *chains(project), **asked, gate=gate)


def _listed(
    key: str,
    read: Callable[[], DocumentsOf],
    project: ProjectHead,
    *,
    opened: int,
    empty: str = "",
) -> None:
    """The first `opened` of them are shown in place at once, the others when asked for."""
    empty = empty or f":small[:gray[{say('No document yet.')}]]"
    st.fragment(_list, run_every=LOOKS_EVERY, key=key)(key, read, project, opened, empty)


def _list(key: str, read: Callable[[], DocumentsOf], project: ProjectHead, opened: int, empty: str) -> None:
    found = read()
    if not found.documents:
        st.markdown(empty, anchors=False)
    for number, document in enumerate(found.documents):
        with st.container(gap="xsmall", key=f"{key}:{document.id}"):
            line(document, project.key, found.today, key=key)
            _in_place(document, is_open=number < opened)


def line(document: EvidenceView, project: str, today: date, *, key: str) -> None:
    """Its title, which leads to the shelf, what it is, and the way to its content."""
    icon = ":material/event_busy:" if document.is_expired else icon_of(document)
    with st.container(gap=None):
        if st.button(plain(document.title), icon=icon, key=f"{key}:open:{document.id}", type="tertiary"):
            navigation.go("evidence", project=project, item=document.id)
        st.markdown(f":small[:gray[{plain(_about(document, today))}]{_way_to(document)}]", anchors=False)


def icon_of(document: EvidenceView) -> str:
    if not document.is_file:
        return ":material/link:"
    if document.media_type in PICTURES:
        return ":material/image:"
    return ":material/picture_as_pdf:" if document.media_type == PDF else ":material/description:"


def _about(document: EvidenceView, today: date) -> str:
    said = [place_of(document)]
    if document.is_file:
        said.append(f"{type_name(document.media_type)}, {size_words(document.size)}")
    elif not document.is_link:
        said.append(document.url)
    if document.revision > 1:
        said.append(say("revision {number}", number=document.revision))
    if document.expires_on:
        how_far = until(document.expires_on, today)
        said.append(
            say("expired until {day}, {until}", day=document.expires_on, until=how_far)
            if document.is_expired
            else say("valid until {day}, {until}", day=document.expires_on, until=how_far)
        )
    return " · ".join(said)


def place_of(document: EvidenceView) -> str:
    """What it belongs to, in words."""
    if document.place:
        if not document.source:
            return document.place.title
        return say("{question} of {source}", question=document.place.title, source=document.source)
    if document.source:
        return document.source
    return say("{gate} gate", gate=document.gate.title) if document.gate else say("Project")


def _way_to(document: EvidenceView) -> str:
    if document.is_file:
        return say(" · [Download]({address})", address=file_address(document.revision_id))
    return say(" · [Open]({address})", address=link_target(document.url)) if document.is_link else ""


def file_address(revision_id: int, *, view: bool = False) -> str:
    return f"/evidence/file/{revision_id}" + ("/view" if view else "")


def link_target(url: str) -> str:
    """A web address inside a Markdown link: nothing in it may end the link."""
    for letter, code in (("(", "%28"), (")", "%29"), (" ", "%20"), ("<", "%3C"), (">", "%3E")):
        url = url.replace(letter, code)
    return url


# ------------------------------------------------------------------ shown in place


def _in_place(document: EvidenceView, *, is_open: bool) -> None:
    if document.is_file and document.media_type in SHOWN_INLINE and document.size <= LARGEST_SHOWN:
        with st.expander(_preview_title(document.media_type), expanded=is_open):
            preview(document.title, document.revision_id, document.media_type, document.digest)


def _preview_title(media_type: str) -> str:
    if media_type == TEXT:
        return say("First lines")
    return say("The PDF") if media_type == PDF else say("The picture")


def preview(title: str, revision_id: int, media_type: str, digest: str) -> None:
    """A picture, the first lines of a text, or a PDF to read through."""
    if media_type in PICTURES:
        st.markdown(f"![{plain(title)}]({file_address(revision_id, view=True)})", anchors=False)
    elif media_type == TEXT:
        try:
            head = b"".join(cache.files().read(digest, 0, _TEXT_BYTES))
        except LifecycleError as error:
            st.caption(plain(str(error)))
            return
        st.code(first_lines(head), language=None, wrap_lines=True, height=240)
    elif media_type == PDF:
        st.iframe(file_address(revision_id, view=True), height=_PDF_HEIGHT, alt=title)


def is_shown(revision: RevisionView) -> bool:
    return revision.media_type in SHOWN_INLINE and revision.size <= LARGEST_SHOWN


# ------------------------------------------------------------------ adding


def add_buttons(project: ProjectHead, *, gate: Gate | None = None) -> None:
    """A file through a form of the server's own, in a box over the page; a link through one of Streamlit's."""
    with st.container(horizontal=True, gap="small"):
        if st.button(say("Add a file"), icon=":material/upload_file:", key=f"evidence:add:{gate}"):
            file_box(project, gate=gate)
        with st.popover(say("Add a link"), icon=":material/add_link:", width="content"):
            _add_link(project, gate)


def file_box(project: ProjectHead, *, gate: Gate | None = None) -> None:
    """Closes by itself when the file is there."""
    title = say("Add a file")
    st.dialog(title, on_dismiss="rerun")(_file_form)(title, project=project.key, gate=gate)


def revision_box(project: ProjectHead, document: EvidenceView) -> None:
    """As `file_box`, for the next content of a document."""
    st.dialog(say("New revision"), on_dismiss="rerun")(_revision)(project, document)


def _revision(project: ProjectHead, document: EvidenceView) -> None:
    st.caption(
        plain(
            say(
                "It replaces revision {revision} of “{document}”, which stays in the record.",
                revision=document.revision,
                document=document.title,
            )
        )
    )
    _file_form(say("New revision"), project=project.key, item=document.id)


def _file_form(title: str, **query: str | int | None) -> None:
    words = navigation.query_text(frame=1, **query)
    st.iframe(f"/evidence/add?{words}", height=_FORM_HEIGHT, alt=title)


def _add_link(project: ProjectHead, gate: Gate | None) -> None:
    key = state.fresh(_LINK)
    with st.form("evidence:link", border=False, enter_to_submit=False):
        title = st.text_input(say("Title"), key=f"{key}:title", placeholder=say("Privacy impact assessment"))
        address = st.text_input(
            say("Link or document number"),
            key=f"{key}:address",
            placeholder=say("https://… or DPIA 2026-14"),
            help=say("It is kept where it is. This installation never opens it."),
        )
        place = st.selectbox(
            say("Belongs to"),
            _questions(cache.guide(), gate),
            index=None,
            key=f"{key}:place:{gate}",
            format_func=lambda field_id: f"{cache.guide().field(field_id).title} ({field_id})",
            placeholder=say(
                "The {gate} gate as a whole", gate=(gate or project.gate or Gate.DISCOVERY).title
            ),
        )
        expires_on = st.date_input(
            say("Valid until (if it ends)"), value=None, format="YYYY-MM-DD", key=f"{key}:until"
        )
        if st.form_submit_button(say("Add link"), type="primary"):
            perform(
                actions.add,
                done=say("The document is listed."),
                clears=_LINK,
                project_id=project.id,
                title=title,
                content=LinkContent(address),
                gate=None if place else gate or project.gate or Gate.DISCOVERY,
                field_id=place,
                expires_on=expires_on,
            )


def _questions(guide: Guide, gate: Gate | None) -> Sequence[str]:
    """Those that ask for a document first."""
    asked = [
        field_id
        for at in ([gate] if gate else Gate)
        for field_id in guide.policy.required_evidence.get(at, ())
    ]
    return [*asked, *(field_id for field_id in guide.fields if field_id not in asked)]
