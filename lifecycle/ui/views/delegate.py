"""Handing one open review over to a colleague, from the review's own page."""

from __future__ import annotations

import streamlit as st

from lifecycle.actions import reviews as actions
from lifecycle.errors import Invalid
from lifecycle.language import say
from lifecycle.queries import delegations as queries
from lifecycle.ui import cache, identity, navigation, state
from lifecycle.ui.components import plain, refusal
from lifecycle.ui.perform import attempt


def hand_over(review_id: int) -> None:
    """Draws nothing for whoever the review does not wait for; where nobody can take it over, the reason."""
    view = cache.read_with_guide(
        queries.hand_over, by=identity.actor(), at=identity.this_hour(), review_id=review_id
    )
    for blocker in view.against:
        st.caption(f":material/forward_to_inbox: {plain(blocker.text)}")
    if not view.colleagues:
        return
    with st.expander(say("Delegate to a colleague"), icon=":material/forward_to_inbox:"):
        if view.free:
            _form(review_id, {item.key: item.name for item in view.free})
        else:
            st.markdown(say("Nobody can take this over from you:"), anchors=False)
        for sentence in dict.fromkeys(item.against[0].text for item in view.colleagues if item.against):
            st.caption(plain(sentence))
        navigation.link(
            "absence", say("Away for longer? Name somebody for a time"), icon=":material/event_busy:"
        )


def _form(review_id: int, free: dict[str, str]) -> None:
    key = f"hand_over:{review_id}"
    with st.form(key, border=False, enter_to_submit=False):
        st.caption(
            say("They are asked in your place and sign in their own name. It cannot be passed on again.")
        )
        chosen = st.selectbox(
            say("To whom"),
            list(free),
            index=0 if len(free) == 1 else None,
            format_func=lambda person: free.get(person, person),
            key=f"{key}:person",
            placeholder=say("Choose"),
        )
        reason = st.text_input(say("Why (if any)"), key=f"{key}:reason", max_chars=500)
        submitted = st.form_submit_button(say("Hand over"), icon=":material/forward_to_inbox:")
    if not submitted:
        return
    if chosen is None:
        refusal(Invalid({"to whom": say("Choose a colleague.")}))
        return
    outcome = attempt(actions.hand_over, review_id=review_id, person_key=chosen, reason=reason)
    if outcome.refusal is not None:
        refusal(outcome.refusal)
        return
    state.flash("success", say("{person} was asked in your place.", person=free[chosen]))
    navigation.go("home")
