"""The form that signs: decide, affirm again after the difference, take back."""

from __future__ import annotations

from datetime import date

import streamlit as st

from lifecycle.actions import reviews as actions
from lifecycle.actions.reviews import NewCondition
from lifecycle.errors import Invalid
from lifecycle.queries import worksheets
from lifecycle.queries.reviews import ReviewView
from lifecycle.ui import cache, standing
from lifecycle.ui.components import plain, refusal
from lifecycle.ui.perform import perform
from lifecycle.ui.views.conditions import condition_fields
from lifecycle.vocabulary import Blocker, Decision

SLOTS = 4  # conditions that one form takes; the gate takes more
_COMMENTS = {
    Decision.CHANGES_REQUESTED: "What has to change",
    Decision.REJECTED: "Why",
    Decision.OPINION: "Your opinion",
}
_SIGN = {
    Decision.APPROVED: "Sign approval",
    Decision.APPROVED_WITH_CONDITIONS: "Sign approval with conditions",
    Decision.CHANGES_REQUESTED: "Request changes",
    Decision.REJECTED: "Sign rejection",
    Decision.ACKNOWLEDGED: "Acknowledge",
    Decision.OPINION: "Give opinion",
}


def show(view: ReviewView, seen: str) -> None:
    """What this person can do with the review now, or why nothing. `seen` is the digest of what they read."""
    stale = bool(view.signature and view.signature.stale)
    if stale and not view.against_affirming:
        _affirm(view, seen)
    if not view.against_deciding:
        _decide(view, seen)
    elif view.state == "open":
        _closed("You cannot decide this review", view.against_deciding)
    elif stale and view.against_affirming:
        _closed("This decision is stale", view.against_affirming)
    if not view.against_withdrawing:
        _withdraw(view)


def _closed(title: str, blockers: tuple[Blocker, ...]) -> None:
    with st.container(border=True, gap="xsmall"):
        st.markdown(f":gray[:material/lock:] **{title}**", anchors=False)
        for blocker in blockers:
            st.markdown(plain(blocker.text), anchors=False)


# ------------------------------------------------------------------ deciding


def _decide(view: ReviewView, seen: str) -> None:
    """The choice stands outside the form, so that the form asks for what that choice needs and no more."""
    st.header("Your decision", anchor=False)
    options = [decision.value for decision in view.decisions]
    chosen = st.radio(
        "Your decision",
        options,
        index=None if len(options) > 1 else 0,
        format_func=lambda name: Decision(name).title,
        key=f"decide:{view.id}:decision",
        label_visibility="collapsed",
        persist_state="page",
    )
    if chosen is None:
        st.caption("Choose one; then you see the sentence that you sign.")
        return
    decision = Decision(chosen)
    with st.form(f"decide:{view.id}", enter_to_submit=False):
        asked = _conditions(view) if decision is Decision.APPROVED_WITH_CONDITIONS else []
        fields = _fields(view) if decision is Decision.CHANGES_REQUESTED else []
        label = _COMMENTS.get(decision, "Comment (if any)")
        comment = st.text_area(label, key=f"decide:{view.id}:comment")
        behalf = view.stands_in_for or st.text_input(
            "On behalf of (if you stand in for somebody)", key=f"decide:{view.id}:behalf"
        )
        with st.container(border=True, gap="xxsmall"):
            st.caption("You sign this sentence")
            st.markdown(plain(view.statements[decision]), anchors=False)
        mark = standing.DECISIONS[decision]
        submitted = st.form_submit_button(_SIGN[decision], type="primary", icon=mark.material)
    if submitted:
        _submit(view, seen, decision, comment, behalf, asked, fields)


def _conditions(view: ReviewView) -> list[tuple[str, str, date | None]]:
    people = cache.read(worksheets.known_people)
    found = [condition_fields(f"decide:{view.id}:condition:1", people)]
    with st.expander("More conditions"):
        for number in range(2, SLOTS + 1):
            found.append(condition_fields(f"decide:{view.id}:condition:{number}", people))
    return found


def _fields(view: ReviewView) -> list[str]:
    titles = {item.place.field_id: item.place.title for item in view.relied_on}
    return st.multiselect(
        "On which answers",
        list(titles),
        format_func=lambda field_id: titles.get(field_id, field_id),
        key=f"decide:{view.id}:fields",
        placeholder="Choose the answers to change",
    )


def _submit(
    view: ReviewView,
    seen: str,
    decision: Decision,
    comment: str,
    behalf: str,
    asked: list[tuple[str, str, date | None]],
    fields: list[str],
) -> None:
    conditions = _complete(asked)
    if conditions is None:
        return
    perform(
        actions.decide,
        done=f"Recorded: {decision.title.lower()}.",
        review_id=view.id,
        decision=decision,
        seen_digest=seen,
        comment=comment,
        conditions=conditions,
        fields=fields,
        on_behalf_of=behalf,
    )


def _complete(asked: list[tuple[str, str, date | None]]) -> list[NewCondition] | None:
    """The conditions that were begun; None, with a sentence, when one lacks its day."""
    conditions: list[NewCondition] = []
    for number, (text, owner, due_on) in enumerate(asked, start=1):
        if not (text.strip() or owner or due_on):
            continue
        if due_on is None:
            refusal(Invalid({f"condition {number}": "Say by when it has to be met."}))
            return None
        conditions.append((text, owner, due_on))
    return conditions


# ------------------------------------------------------------------ afterwards


def _affirm(view: ReviewView, seen: str) -> None:
    """One click, after the difference beside it."""
    signed = view.signature
    if signed is None:
        return
    with st.container(border=True, gap="small"):
        st.markdown(f"{standing.STALE.text} **Your decision rests on what has changed since**", anchors=False)
        for sentence in signed.stale:
            st.markdown(plain(sentence), anchors=False)
        st.caption("Read the difference. If your decision still holds, say so:")
        if st.button("Affirm again", type="primary", icon=":material/check_circle:", key="affirm"):
            perform(
                actions.affirm,
                done="Your decision stands again.",
                sign_off_id=signed.id,
                seen_digest=seen,
            )


def _withdraw(view: ReviewView) -> None:
    signed = view.signature
    if signed is None:
        return
    with st.expander("Take my decision back", icon=":material/undo:"), st.form("withdraw", border=False):
        st.caption("The decision stays in the record with a line beneath it; the review is open again.")
        reason = st.text_area("Why", key=f"withdraw:{signed.id}")
        if st.form_submit_button("Take it back"):
            perform(
                actions.withdraw,
                done="Your decision is taken back; the review waits for you again.",
                sign_off_id=signed.id,
                reason=reason,
            )
