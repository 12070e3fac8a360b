"""Audit: compare the database with its log and say in words whether they hold together."""

from __future__ import annotations

import streamlit as st

from lifecycle.language import counted, say
from lifecycle.queries import audit
from lifecycle.queries.audit import Chain, Verified
from lifecycle.ui import cache, identity, state
from lifecycle.ui.components import page_header, plain, when

_RESULT = "audit:result"


def show() -> None:
    """The whole page."""
    page_header(
        say("Audit"),
        about=say(
            "Every change is one line in the log, in the same transaction as the change itself. Each line is "
            "hashed together with the line before it and vouches for the rows it changed, so that none of them can be "
            "altered, added or taken out unseen."
        ),
    )
    by = identity.actor()
    chains = cache.read(audit.chains, by=by)
    total = sum(chain.events for chain in chains)
    st.markdown(
        say(
            "The log holds **{events}** in {chains}: one for the organisation and one for every project.",
            events=counted(total, "event"),
            chains=counted(len(chains), "chain"),
        ),
        anchors=False,
    )
    if st.button(say("Verify everything"), type="primary", icon=":material/verified_user:", key="verify"):
        with st.spinner(say("Recomputing every hash and comparing every row …")):
            state.put(_RESULT, _lines(cache.read_now(audit.verify, by=by)))
    _show_result()
    _show_chains(chains)


def _lines(found: Verified) -> list[str]:
    if found.faults:
        return ["broken", *(fault.told for fault in found.faults)]
    events, chains = counted(found.events, "event"), counted(found.chains, "chain")
    lines = [
        "holds",
        say(
            "Everything holds: {events} in {chains}, and {rows} they vouch for.",
            events=events,
            chains=chains,
            rows=counted(found.rows, "row"),
        ),
    ]
    if found.not_vouched:
        rows = counted(found.not_vouched, "row")
        lines.append(
            say(
                "Nobody vouches for {rows} written before {before}, when events began to.",
                rows=rows,
                before=found.before,
            )
        )
    return lines


def _show_result() -> None:
    kept = state.value(_RESULT)
    if not kept:
        return
    verdict, *lines = kept
    if verdict == "holds":
        st.success(plain(" ".join(lines)), icon=":material/verified:")
        return
    said = "\n".join(f"- {plain(line)}" for line in lines)
    st.error(
        say(
            "Database and log do not hold together in {places}:\n"
            "\n{said}\n\nKeep the database as it is and compare it with a backup.",
            places=counted(len(lines), "place"),
            said=said,
        ),
        icon=":material/gpp_bad:",
    )


def _show_chains(chains: tuple[Chain, ...]) -> None:
    st.header(say("Chains"), anchor=False)
    now = identity.now()
    if chains:
        when(say("The newest event was recorded"), max(chain.newest_at for chain in chains), now)
    st.dataframe(
        {
            say("Chain"): [chain.name for chain in chains],
            say("Events"): [chain.events for chain in chains],
            say("Newest event"): [chain.newest_at for chain in chains],
            say("Head"): [chain.head[:16] for chain in chains],
        },
        hide_index=True,
        column_config={
            say("Newest event"): st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm", timezone="UTC"),
            say("Head"): st.column_config.TextColumn(
                help=say("The beginning of the newest hash. Write it down elsewhere.")
            ),
        },
        alt=say("Chains of the log with their number of events and newest hash"),
    )
