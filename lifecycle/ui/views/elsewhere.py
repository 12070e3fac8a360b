"""What an imported document says was decided elsewhere: named as such, so that nobody takes it for a decision here."""

from __future__ import annotations

import streamlit as st

from lifecycle.language import counted, say
from lifecycle.queries import elsewhere as queries
from lifecycle.queries.elsewhere import Elsewhere
from lifecycle.queries.projects import ProjectHead
from lifecycle.rules.signature_block import signature_line
from lifecycle.ui import cache, identity, standing
from lifecycle.ui.components import exact, plain


def found(project: ProjectHead) -> Elsewhere | None:
    """None for a project that began here."""
    return cache.read_now(
        queries.recorded_elsewhere, by=identity.actor(), guide=cache.guide(), key=project.key
    )


def sentence(record: Elsewhere) -> str:
    decisions = counted(len(record.signatures), "decision")
    said = say(
        "This project was brought in with a document on {imported_at}. {decisions} recorded "
        "elsewhere satisfy no gate here until somebody here affirms them.",
        imported_at=exact(record.imported_at),
        decisions=decisions,
    )
    if record.paused:
        waiting = counted(len(record.paused), "monitor")
        said += say(
            " {waiting} came in paused ({paused}): nothing is judged until you switch them on.",
            waiting=waiting,
            paused=", ".join(record.paused),
        )
    return plain(said)


def show(record: Elsewhere) -> None:
    """Every signature record of the document, then roles, outcomes, waivers and files."""
    st.header(say("Recorded elsewhere"), anchor=False)
    st.caption(sentence(record))
    for signed in record.signatures:
        mark = standing.DECISIONS[signed.decision]
        with st.container(border=True, gap="xsmall"):
            where = say(
                ":small[:gray[{role} · {gate}, elsewhere]]",
                role=plain(signed.role.title),
                gate=signed.gate.title,
            )
            st.markdown(f"{mark.text} {where}", anchors=False)
            st.markdown(plain(signed.statement), anchors=False)
            if signed.comment:
                st.markdown(f"> {plain(signed.comment)}".replace("\n", "\n> "), anchors=False)
            st.caption(plain(signature_line(signed)))
    for line in record.lines:
        said = f"**{plain(line.what)}** {plain(line.text)}"
        st.markdown(
            say("{said}  \n:small[:gray[{who}, {at}]]", said=said, who=plain(line.who), at=exact(line.at)),
            anchors=False,
        )
