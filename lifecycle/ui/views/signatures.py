"""Signature records and outcomes of gates as blocks: who, in which role, what it meant, when, over what."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from lifecycle.queries.records import OutcomeView, SignatureView
from lifecycle.ui import standing
from lifecycle.ui.components import exact, plain

_DIGEST_SHOWN = 16


def signature(record: SignatureView) -> None:
    """One decision as it was signed; what came of it later stands beneath and changes nothing of it."""
    mark = standing.DECISIONS[record.decision]
    with st.container(border=True, gap="xsmall"):
        st.markdown(
            f"{mark.text} :small[:gray[{plain(record.role.title)} · {record.gate.title}]]", anchors=False
        )
        st.markdown(plain(record.statement), anchors=False)
        if record.comment:
            st.markdown(f"> {plain(record.comment)}", anchors=False)
        if record.changes_on:
            named = "; ".join(place.title for place in record.changes_on)
            st.markdown(f"**Changes asked for on:** {plain(named)}", anchors=False)
        st.caption(plain(_signed(record)), help=f"Digest of what it covered: {record.digest or 'nothing'}")
        for sentence in _since(record):
            st.markdown(f":orange[:material/history: {plain(sentence)}]", anchors=False)


def _signed(record: SignatureView) -> str:
    behalf = f", on behalf of {record.on_behalf_of}" if record.on_behalf_of else ""
    renamed = f" (now {record.person})" if record.person not in (record.printed_name, "") else ""
    covered = f" · digest {record.digest[:_DIGEST_SHOWN]}" if record.digest else ""
    again = " · affirms an earlier decision" if record.affirms else ""
    return f"Signed by {record.printed_name}{renamed}{behalf}, {exact(record.at)}{again}{covered}"


def _since(record: SignatureView) -> Sequence[str]:
    if record.withdrawn:
        return ("Taken back since.",)
    return record.stale


def outcome(record: OutcomeView) -> None:
    """One recorded outcome of a gate."""
    mark = standing.OUTCOMES[record.outcome]
    with st.container(border=True, gap="xsmall"):
        place = f" to {record.to_stage.title}" if record.to_stage else ""
        st.markdown(f"{mark.text}{place} :small[:gray[{record.gate.title} gate]]", anchors=False)
        if record.reason:
            st.markdown(f"> {plain(record.reason)}", anchors=False)
        tier = f" · tier {record.tier}" if record.tier else ""
        st.caption(
            plain(
                f"Recorded by {record.printed_name}, {exact(record.at)}{tier} · digest {record.digest[:_DIGEST_SHOWN]}"
            ),
            help=f"Digest of the sign-offs it rests on: {record.digest}",
        )
