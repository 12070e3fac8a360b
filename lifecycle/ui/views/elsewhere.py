"""What an imported document says was decided elsewhere: named as such, so that nobody takes it for a decision here."""

from __future__ import annotations

import streamlit as st

from lifecycle.language import say, say_count
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
    said = say_count(
        "This project was brought in with a document on {moment}. {number:,} decision recorded "
        "elsewhere satisfy no gate here until somebody here affirms them.",
        "This project was brought in with a document on {moment}. {number:,} decisions recorded "
        "elsewhere satisfy no gate here until somebody here affirms them.",
        len(record.signatures),
        moment=exact(record.imported_at),
    )
    if record.paused:
        said += say_count(
            " {number:,} monitor came in paused ({names}): nothing is judged until you switch them on.",
            " {number:,} monitors came in paused ({names}): nothing is judged until you switch them on.",
            len(record.paused),
            names=", ".join(record.paused),
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
            f"{said}  \n:small[:gray[{plain(line.who)}, {exact(line.at)}]]",
            anchors=False,
        )
