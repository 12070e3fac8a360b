"""The form that signs: decide, affirm again after the difference, take back.

What is pressed here acts in `on_click`, about what this tab showed before the press. A password that is entered
lives until that moment: its widget is a new one in every drawing that follows.
"""

from __future__ import annotations

from datetime import date

import streamlit as st

from lifecycle.actions import reviews as actions
from lifecycle.actions.reviews import NewCondition
from lifecycle.actions.signing import NO_CONDITION, tidy_conditions
from lifecycle.errors import Invalid, LifecycleError
from lifecycle.facts.projects import organisation_today
from lifecycle.language import mark, say
from lifecycle.queries import worksheets
from lifecycle.queries.reviews import Promise, ReviewView
from lifecycle.rules.identities import FRESH_FOR
from lifecycle.ui import cache, identity, navigation, standing, state
from lifecycle.ui.components import plain, refusal_words, show_refusal
from lifecycle.ui.perform import attempt_signing, perform
from lifecycle.ui.views.conditions import condition_fields
from lifecycle.vocabulary import Blocker, Decision, Meaning
from lifecycle.web.provider_sign_in import PROVIDER_ANEW

ANCHOR = "your-decision"
MOST_CONDITIONS = 50
_COMMENTS = {
    Decision.CHANGES_REQUESTED: mark("What has to change"),
    Decision.REJECTED: mark("Why"),
    Decision.OPINION: mark("Your opinion"),
}
_SIGN = {
    Decision.APPROVED: mark("Sign approval"),
    Decision.APPROVED_WITH_CONDITIONS: mark("Sign approval with conditions"),
    Decision.CHANGES_REQUESTED: mark("Request changes"),
    Decision.REJECTED: mark("Sign rejection"),
    Decision.ACKNOWLEDGED: mark("Acknowledge"),
    Decision.OPINION: mark("Give opinion"),
}
_READ_AGAIN = mark("The sentence below is not the one you read before: read it as it is now, and sign again.")


def show(view: ReviewView) -> None:
    """What this person can do with the review now, or why nothing."""
    stale = bool(view.signature and view.signature.stale)
    if stale and not view.against_affirming:
        _affirm(view)
    if not view.against_deciding:
        _decide(view)
    elif view.state == "open":
        _closed(say("You cannot decide this review"), view.against_deciding)
    elif stale and view.against_affirming:
        _closed(say("This decision is stale"), view.against_affirming)
    if view.against_deciding:
        _refused(view.id)
    if not view.against_withdrawing:
        _withdraw(view)
    # From the next press on, it is about what this drawing shows.
    state.put(_key(view.id, "shown"), view.seen_digest)


def can_act(view: ReviewView) -> bool:
    """Whether this person is asked for anything here now."""
    return not view.against_deciding or not view.against_affirming


def _key(review_id: int, *parts: object) -> str:
    return state.widget_key("decide", review_id, *parts)


def _closed(title: str, blockers: tuple[Blocker, ...]) -> None:
    with st.container(border=True, gap="xsmall"):
        st.markdown(f":gray[:material/lock:] **{title}**", anchors=False)
        for blocker in blockers:
            st.markdown(plain(blocker.text), anchors=False)


# ------------------------------------------------------------------ deciding


def _decide(view: ReviewView) -> None:
    """The choices stand outside the form, so that the form asks for what they need and no more."""
    st.header(say("Your decision"), anchor=ANCHOR)
    _moved(view)
    state.forget(_key(view.id, "done"))
    options = [decision.value for decision in view.decisions]
    chosen = st.radio(
        say("Your decision"),
        options,
        index=None if len(options) > 1 else 0,
        format_func=lambda name: Decision(name).title,
        key=_key(view.id, "decision"),
        label_visibility="collapsed",
        persist_state="page",
    )
    if chosen is None:
        st.caption(say("Choose one; then you see the sentence that you sign."))
        _refused(view.id)
        return
    promise = _promise(view, Decision(chosen))
    if promise is None:
        st.caption(say("Choose what it means; then you see the sentence that you sign."))
        _refused(view.id)
        return
    if not view.stands_in_for:
        _behalf(view.id)
    with st.form(_key(view.id), enter_to_submit=False):
        _form(view, promise)


def _behalf(review_id: int) -> None:
    """Outside of the form, so that the sentence says it before it is signed."""
    with st.expander(say("On behalf of somebody")):
        st.text_input(
            say("On behalf of"),
            key=_key(review_id, "behalf"),
            help=say("Whom you stand in for, if anybody. It becomes part of the sentence."),
        )


def _moved(view: ReviewView) -> None:
    """Says what changed since this tab began to show the review; begins anew with every visit."""
    note, begun = _key(view.id, "read"), state.has(_key(view.id, "decision"))
    read = state.value(note) if begun else None
    if read is None:
        state.put(note, dict(view.seen))
        return
    keys = [key for key in {**read, **view.seen} if read.get(key) != view.seen.get(key)]
    titles = {item.place.key: item.place.title for item in view.relied_on}
    named = dict.fromkeys(titles.get(key) or say("the list of data sources") for key in keys)
    if named:
        st.warning(
            plain(
                say(
                    "Changed while you were reading: {named}. What you see is the new state.",
                    named=", ".join(named),
                )
            ),
            icon=":material/update:",
        )


def _promise(view: ReviewView, decision: Decision) -> Promise | None:
    """The sentence under the decision; where the policy offers several, the one that the signer chose."""
    promises = view.promises_of(decision)
    if len(promises) == 1:
        return promises[0]
    offered = {item.stated.value: item for item in promises if item.stated}
    chosen = st.radio(
        say("What your signature means"),
        list(offered),
        index=None,
        format_func=lambda name: Meaning(name).title,
        key=_key(view.id, "stated", decision.value),
        persist_state="page",
    )
    return offered[chosen] if chosen else None


def _form(view: ReviewView, promise: Promise) -> None:
    decision = promise.decision
    if decision is Decision.APPROVED_WITH_CONDITIONS:
        _conditions(view)
    if decision is Decision.CHANGES_REQUESTED:
        _fields(view)
    asked = say(_COMMENTS.get(decision, mark("Comment (if any)")))
    st.text_area(asked, key=_key(view.id, "comment"), height=90)
    sentence = _sentence(promise, view.id, _count(view.id))
    with st.container(border=True, gap="xxsmall"):
        st.caption(say("You sign this sentence"))
        st.markdown(plain(sentence), anchors=False)
    enters_password = view.enters_password and decision.is_favourable
    if enters_password:
        _proof(view.id)
    _refused(view.id)
    st.form_submit_button(
        say(_SIGN[decision]),
        type="primary",
        icon=standing.DECISIONS[decision].material,
        on_click=_sign,
        args=(view.id, promise, sentence, enters_password),
    )


def _sentence(promise: Promise, review_id: int, conditions: int) -> str:
    behalf = state.value(_key(review_id, "behalf")) or ""
    return promise.statement(conditions=conditions, on_behalf_of=behalf)


def _count(review_id: int) -> int:
    """How many conditions the sentence counts: all there is room for, or as many as the last press found filled in."""
    return int(state.value(_key(review_id, "counted"), 0)) or _slots(review_id)


def _conditions(view: ReviewView) -> None:
    """As many as it takes; one that stays empty does not count."""
    people = cache.read(worksheets.known_people)
    for number in range(1, _slots(view.id) + 1):
        condition_fields(_key(view.id, "condition", number), people)
    st.form_submit_button(
        say("Add another condition"),
        icon=":material/add:",
        type="tertiary",
        on_click=_add_condition,
        args=(view.id,),
    )


def _slots(review_id: int) -> int:
    return int(state.value(_key(review_id, "slots"), 1))


def _add_condition(review_id: int) -> None:
    state.forget(_key(review_id, "counted"))
    state.put(_key(review_id, "slots"), min(_slots(review_id) + 1, MOST_CONDITIONS))


def _fields(view: ReviewView) -> None:
    titles = {item.place.key: item.place.title for item in view.relied_on}
    st.multiselect(
        say("On which answers"),
        list(titles),
        format_func=lambda key: titles.get(key, key),
        key=_key(view.id, "fields"),
        placeholder=say("Choose the answers to change"),
        help=say("The team sees your request at each of them, until it is changed or answered."),
    )


def _proof(review_id: int) -> None:
    """That it is the signer who signs: a sign-in anew, or the password."""
    provider = identity.signs_anew_with()
    if provider is None:
        _password(review_id)
        return
    st.caption(
        say(
            "Signing here takes a fresh sign-in. It opens in a new tab; what you wrote here "
            "stays. Then come back and sign within {minutes} minutes.",
            minutes=FRESH_FOR.seconds // 60,
        )
    )
    st.link_button(
        plain(say("Sign in again with {provider}", provider=provider)),
        f"{PROVIDER_ANEW}?{navigation.query_text(review=review_id)}",
        icon=":material/passkey:",
    )


def _password(review_id: int) -> None:
    st.text_input(
        say("Your password"),
        type="password",
        key=_password_key(review_id),
        autocomplete="current-password",
        help=say("Signing here takes it once more. It is checked and not kept."),
    )


def _password_key(review_id: int) -> str:
    return _key(review_id, "password", state.value(_key(review_id, "entered"), 0))


def _entered(review_id: int, enters_password: bool) -> str | None:
    """The password as it was entered; afterwards it is nowhere. None where none is asked for."""
    if not enters_password or identity.signs_anew_with():
        return None
    password = str(state.take(_password_key(review_id)) or "")
    state.put(_key(review_id, "entered"), int(state.value(_key(review_id, "entered"), 0)) + 1)
    return password


# ------------------------------------------------------------------ pressed


def _sign(review_id: int, promise: Promise, read: str, enters_password: bool) -> None:
    """`read` is the sentence as it stood on the screen: only that one is signed."""
    if state.has(_key(review_id, "done")):
        return  # the second click of a double click: the first one signed
    decision = promise.decision
    password = _entered(review_id, enters_password)
    try:
        conditions = _complete(review_id) if decision is Decision.APPROVED_WITH_CONDITIONS else []
    except Invalid as problem:
        _refuse(review_id, problem)
        return
    if _sentence(promise, review_id, len(conditions)) != read:
        state.put(_key(review_id, "counted"), len(conditions))
        _refuse(review_id, Invalid({"the sentence": _READ_AGAIN}))
        return
    fields = state.value(_key(review_id, "fields")) if decision is Decision.CHANGES_REQUESTED else None
    outcome = attempt_signing(
        actions.decide,
        about_review=review_id,
        password=password,
        signed_in_anew=enters_password and password is None,
        review_id=review_id,
        decision=decision,
        stated=promise.stated,
        seen_digest=_shown(review_id),
        comment=state.value(_key(review_id, "comment")) or "",
        conditions=conditions,
        fields=fields or [],
        on_behalf_of=state.value(_key(review_id, "behalf")) or "",
    )
    _finish(review_id, outcome.refusal, say("Recorded: {decision}.", decision=decision.title.lower()))


def _complete(review_id: int) -> list[NewCondition]:
    """The conditions that were begun. Raises Invalid when something lacks: nobody enters a password in vain."""
    conditions: list[NewCondition] = []
    for number in range(1, _slots(review_id) + 1):
        text, owner, due_on = (
            state.value(_key(review_id, "condition", number, part)) for part in ("text", "owner", "due")
        )
        if not ((text or "").strip() or owner or due_on):
            continue
        if not isinstance(due_on, date):
            raise Invalid({say("condition {number}", number=number): say("Say by when it has to be met.")})
        conditions.append((text or "", owner or "", due_on))
    if not conditions:
        raise Invalid({"conditions": say(NO_CONDITION)})
    today = cache.read_now(organisation_today, at=identity.now())
    return tidy_conditions(conditions, today)


def _shown(review_id: int) -> str:
    return str(state.value(_key(review_id, "shown"), ""))


def _finish(review_id: int, refused: LifecycleError | None, done: str) -> None:
    if refused is not None:
        _refuse(review_id, refused)
        return
    state.put(_key(review_id, "done"), True)
    state.flash("success", done)


def _refuse(review_id: int, refused: LifecycleError) -> None:
    state.put(_key(review_id, "refused"), list(refusal_words(refused)))


def _refused(review_id: int) -> None:
    """Why the press before this drawing signed nothing, once."""
    words = state.take(_key(review_id, "refused"))
    if words:
        show_refusal(*words)


# ------------------------------------------------------------------ afterwards


def _affirm(view: ReviewView) -> None:
    """One click, after the difference beside it."""
    signed = view.signature
    if signed is None:
        return
    state.forget(_key(view.id, "done"))
    with st.container(border=True, gap="small"):
        st.header(say("Does your decision still hold?"), anchor=ANCHOR)
        st.markdown(
            say("{stale} **Your decision rests on what has changed since**", stale=standing.STALE.text),
            anchors=False,
        )
        st.markdown("  \n".join(plain(sentence) for sentence in signed.stale), anchors=False)
        st.caption(say("Read the difference. If your decision still holds, sign this sentence again:"))
        st.markdown(plain(view.affirmation), anchors=False)
        if view.against_deciding:
            _refused(view.id)
        args = (view.id, signed.id, view.enters_password)
        if view.enters_password:
            with st.form("affirm", border=False):
                _proof(view.id)
                st.form_submit_button(
                    say("Affirm again"),
                    type="primary",
                    icon=":material/check_circle:",
                    on_click=_affirm_again,
                    args=args,
                )
        else:
            st.button(
                say("Affirm again"),
                type="primary",
                icon=":material/check_circle:",
                key="affirm",
                on_click=_affirm_again,
                args=args,
            )


def _affirm_again(review_id: int, sign_off_id: int, enters_password: bool) -> None:
    if state.has(_key(review_id, "done")):
        return
    password = _entered(review_id, enters_password)
    outcome = attempt_signing(
        actions.affirm,
        about_review=review_id,
        password=password,
        signed_in_anew=enters_password and password is None,
        sign_off_id=sign_off_id,
        seen_digest=_shown(review_id),
    )
    _finish(review_id, outcome.refusal, say("Your decision stands again."))


def _withdraw(view: ReviewView) -> None:
    signed = view.signature
    if signed is None:
        return
    with st.expander(say("Take my decision back"), icon=":material/undo:"), st.form("withdraw", border=False):
        st.caption(say("The decision stays in the record with a line beneath it; the review is open again."))
        reason = st.text_area(say("Why"), key=f"withdraw:{signed.id}")
        if st.form_submit_button(say("Take it back")):
            perform(
                actions.withdraw,
                done=say("Your decision is taken back; the review waits for you again."),
                sign_off_id=signed.id,
                reason=reason,
            )
