"""Signature records and outcomes of gates as blocks: who, in which role, what it meant, when, over what."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from lifecycle.language import say
from lifecycle.queries.records import OutcomeView, SignatureView
from lifecycle.rules.signature_block import short_digest, signature_line, signature_lines
from lifecycle.ui import standing
from lifecycle.ui.components import exact, plain

_WHOLE_WIDTH = 420  # pixels: a digest in full takes two lines, and the box stays beside what it belongs to


def signature(record: SignatureView) -> None:
    """One decision as it was signed; what came of it later stands beneath and changes nothing of it."""
    mark = standing.DECISIONS[record.decision]
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            where = f":small[:gray[{plain(record.role.title)} · {record.gate.title}]]"
            st.markdown(f"{mark.text} {where}", width="content", anchors=False)
            _whole(record)
        st.markdown(plain(record.statement), anchors=False)
        if record.comment:
            st.markdown(quoted(record.comment), anchors=False)
        if record.changes_on:
            named = "; ".join(place.title for place in record.changes_on)
            st.markdown(f"**{say('Changes asked for on:')}** {plain(named)}", anchors=False)
        again = f"{say('Affirms an earlier decision')} · " if record.affirms else ""
        st.caption(plain(f"{again}{signature_line(record, present_name=record.person)}"))
        for sentence in _since(record):
            st.markdown(f":orange[:material/history: {plain(sentence)}]", anchors=False)


def _whole(record: SignatureView) -> None:
    """Every line of it, with the digest in full."""
    with (
        st.popover(say("Whole signature"), icon=":material/draw:", type="tertiary"),
        st.container(width=_WHOLE_WIDTH),
    ):
        lines = (f":small[:gray[{label}]]  \n{plain(text)}" for label, text in signature_lines(record))
        st.markdown("\n\n".join(lines), anchors=False)


def quoted(text: str) -> str:
    """A person's words as a quotation, however many lines they have."""
    return "> " + plain(text).replace("\n", "\n> ")


def _since(record: SignatureView) -> Sequence[str]:
    if record.withdrawn:
        return (say("Taken back since."),)
    return record.stale


def outcome(record: OutcomeView) -> None:
    """One recorded outcome of a gate."""
    mark = standing.OUTCOMES[record.outcome]
    with st.container(border=True, gap="xsmall"):
        said = mark.text
        if record.to_stage:
            said = say("{outcome} to {stage}", outcome=mark.text, stage=record.to_stage.title)
        gate = say("{gate} gate", gate=record.gate.title)
        st.markdown(f"{said} :small[:gray[{gate}]]", anchors=False)
        if record.reason:
            st.markdown(f"> {plain(record.reason)}", anchors=False)
        facts = [say("Recorded by {person}, {at}", person=record.printed_name, at=exact(record.at))]
        if record.tier:
            facts.append(say("tier {tier}", tier=record.tier))
        facts.append(say("digest {digest}", digest=short_digest(record.digest)))
        st.caption(
            plain(" · ".join(facts)),
            help=say("Digest of the sign-offs it rests on: {digest}", digest=record.digest),
        )
