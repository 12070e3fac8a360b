"""Documents that a gate rests on: named or linked here, kept elsewhere, never fetched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import streamlit as st

from lifecycle.actions import gates as actions
from lifecycle.guide import Guide
from lifecycle.queries.records import EvidenceView
from lifecycle.ui import state
from lifecycle.ui.components import plain, until
from lifecycle.ui.perform import perform
from lifecycle.vocabulary import Gate


def show(documents: Sequence[EvidenceView], *, today: date, may_remove: bool) -> None:
    """One line each."""
    for document in documents:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(_line(document, today), width="stretch", anchors=False)
            if may_remove and st.button("Remove", key=f"evidence:{document.id}", type="tertiary"):
                perform(
                    actions.remove_evidence,
                    done=f"{document.title} is no longer listed.",
                    evidence_id=document.id,
                )


def _line(document: EvidenceView, today: date) -> str:
    name = plain(document.title)
    where = (
        f"[{name}]({_target(document.url)})" if document.is_link else f"{name} :gray[{plain(document.url)}]"
    )
    icon = ":orange[:material/event_busy:]" if document.is_expired else ":gray[:material/description:]"
    place = document.place.title if document.place else document.gate.title if document.gate else "Project"
    notes = [place, f"added by {document.added_by}"]
    if document.expires_on:
        word = "expired" if document.is_expired else "valid"
        notes.append(f"{word} until {document.expires_on}, {until(document.expires_on, today)}")
    return f"{icon} {where}  \n:small[:gray[{plain(' · '.join(notes))}]]"


def _target(url: str) -> str:
    """A web address inside a Markdown link: nothing in it may end the link."""
    return (
        url.replace("(", "%28")
        .replace(")", "%29")
        .replace(" ", "%20")
        .replace("<", "%3C")
        .replace(">", "%3E")
    )


def add(project_id: int, gate: Gate, guide: Guide) -> None:
    """List one more document, for the gate or for one question of it."""
    form = f"evidence:{gate}"
    key = state.fresh(form)
    asked = [*guide.policy.required_evidence.get(gate, ())]
    with (
        st.expander("Add a document", icon=":material/add:"),
        st.form(f"evidence:{gate}", border=False, enter_to_submit=False),
    ):
        title = st.text_input("Title", key=f"{key}:title", placeholder="Privacy impact assessment")
        url = st.text_input(
            "Link or document number",
            key=f"{key}:url",
            placeholder="https://… or DPIA 2026-14",
            help="It is kept where it is. This installation never opens it.",
        )
        one, two = st.columns(2)
        field = one.selectbox(
            "Document for",
            [field_id for field_id in guide.fields if field_id in asked]
            + [field_id for field_id in guide.fields if field_id not in asked],
            index=None,
            format_func=lambda field_id: f"{guide.field(field_id).title} ({field_id})",
            key=f"{key}:field",
            placeholder=f"The {gate.title} gate as a whole",
        )
        expires_on = two.date_input(
            "Valid until (if it ends)", value=None, format="YYYY-MM-DD", key=f"{key}:until"
        )
        if st.form_submit_button("Add document"):
            perform(
                actions.add_evidence,
                done="The document is listed.",
                clears=form,
                project_id=project_id,
                title=title,
                url=url,
                gate=gate,
                field_id=field,
                expires_on=expires_on,
            )
