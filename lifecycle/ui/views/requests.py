"""The reviews of a gate by role: where each sign-off stands, and asking, reminding of, or asking somebody else."""

from __future__ import annotations

import streamlit as st

from lifecycle.actions import reviews as actions
from lifecycle.errors import Invalid
from lifecycle.language import mark, say
from lifecycle.queries.gates import GateView, RequestView, RoleView
from lifecycle.ui import cache, identity, navigation, standing, state
from lifecycle.ui.components import ago, plain, refusal, until
from lifecycle.ui.perform import perform
from lifecycle.ui.views import changes
from lifecycle.vocabulary import Act, SignOffStatus

_ACTS = {
    Act.APPROVE: mark("approves"),
    Act.ACKNOWLEDGE: mark("acknowledges"),
    Act.CONSULT: mark("is consulted"),
}
# Named after the role: heard one after the other, six buttons that say "Ask" are one.
_ASK = {
    SignOffStatus.NOT_ASKED: mark("Ask {role}"),
    SignOffStatus.ELSEWHERE: mark("Ask {role} to affirm"),
    SignOffStatus.WAITING: mark("Ask another for {role}"),
}
_ASK_AGAIN = mark("Ask {role} again")


def show(view: GateView) -> None:
    """One block per role, in the order of the guide."""
    for role in view.roles:
        with st.container(border=True, gap="xsmall"):
            with st.container(
                horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
            ):
                st.markdown(_line(role), width="content", anchors=False)
                _buttons(view, role)
            for sentence in role.stale_reasons:
                st.markdown(f":orange[:material/history:] {plain(sentence)}", anchors=False)
            changes.on_gate(role.changes, view.project)
            if role.due_again:
                said = say(
                    "Due for re-approval on {day}, {until}",
                    day=role.due_again.isoformat(),
                    until=until(role.due_again, view.today),
                )
                st.markdown(f":orange[:material/event_repeat:] {plain(said)}", anchors=False)
            st.caption(plain(say("{role} {meaning}.", role=role.role.title, meaning=role.meaning)))


def _line(role: RoleView) -> str:
    mark = standing.SIGN_OFFS[role.status]
    does = [say(_ACTS[role.act])]
    if role.needed > 1:
        does.append(say("{given} of {needed} people", given=role.given, needed=role.needed))
    elif not role.is_required:
        does.append(say("not needed to go on"))
    about = plain(", ".join(does)) + plain(_who(role))
    return f"**{role.role.title}** {mark.badge}  \n:small[:gray[{about}]]"


def _who(role: RoleView) -> str:
    """ " · Priya, asked 41 days ago, due 3 days ago"."""
    if not role.who:
        return ""
    now = identity.now()
    is_asked = role.status is SignOffStatus.WAITING
    said = [role.who]
    if role.since:
        when = ago(role.since, now)
        said.append(say("asked {when}", when=when) if is_asked else when)
    if role.due_on and is_asked:
        far = until(role.due_on, now.date())
        said.append(say("due {day} ({until})", day=role.due_on.isoformat(), until=far))
    return f" · {', '.join(said)}"


def _buttons(view: GateView, role: RoleView) -> None:
    with st.container(horizontal=True, gap="small", width="content"):
        if role.review_id is not None and st.button(
            say("{role} review", role=role.role.title), key=f"open:{role.role}", icon=":material/rate_review:"
        ):
            navigation.go("review", review=role.review_id)
        if "reviews.request" in view.may:
            _ask(view, role)
        waiting = [request for request in role.requests if request.state == "open"]
        if waiting and "reviews.reassign" in view.may:
            _change(view, role, waiting[0])


# ------------------------------------------------------------------ asking


def _ask(view: GateView, role: RoleView) -> None:
    """The people who can be asked; those who cannot stand beneath with why."""
    label = say(_ASK.get(role.status, _ASK_AGAIN), role=role.role.title)
    with st.popover(label, icon=":material/person_add:"):
        free = {choice.person_key: choice.name for choice in role.choices if not choice.against}
        if free:
            _ask_form(view, role, free)
        elif not role.choices:
            st.markdown(
                say(
                    "Nobody is on the list for {role}. An administrator can add people.", role=role.role.title
                ),
                anchors=False,
            )
        for choice in role.choices:
            for blocker in choice.against[:1]:
                st.caption(plain(blocker.text))


def _ask_form(view: GateView, role: RoleView, free: dict[str, str]) -> None:
    form = f"ask:{role.role}"
    key = state.fresh(form)
    usual = cache.guide().policy.lead_days.get(role.role)
    with st.form(key, border=False, enter_to_submit=False):
        person = st.selectbox(
            say("Whom"),
            list(free),
            index=_likeliest(role, free),
            format_func=lambda chosen: free.get(chosen, chosen),
            key=f"{key}:person",
            placeholder=say("Choose"),
        )
        due_on = st.date_input(
            say("Until when"),
            value=None,
            min_value=view.today,
            format="YYYY-MM-DD",
            key=f"{key}:due",
            help=say("This role usually takes {usual} days.", usual=usual) if usual else None,
        )
        message = st.text_area(say("Message (if any)"), key=f"{key}:message")
        if not st.form_submit_button(say("Ask for the review"), type="primary"):
            return
        if person is None:
            refusal(Invalid({"whom": say("Choose whom to ask.")}))
            return
        perform(
            actions.request,
            done=say("{person} was asked as {role}.", person=free.get(person, person), role=role.role.title),
            clears=form,
            project_id=view.project.id,
            gate=view.gate,
            role=role.role,
            person_key=person,
            due_on=due_on,
            message=message,
        )


def _likeliest(role: RoleView, free: dict[str, str]) -> int | None:
    """The only one there is, or whoever decided before and is asked again; else nobody is chosen beforehand."""
    if len(free) == 1:
        return 0
    decided = [number for number, name in enumerate(free.values()) if name == role.who]
    return decided[0] if len(decided) == 1 else None


# ------------------------------------------------------------------ changing a request


def _change(view: GateView, role: RoleView, request: RequestView) -> None:
    free = {choice.person_key: choice.name for choice in role.choices if not choice.against}
    with st.popover(say("Change {role} request", role=role.role.title), icon=":material/more_horiz:"):
        if free:
            _reassign(view, role, request, free)
        with st.form(f"cancel:{request.id}", border=False):
            st.caption(plain(say("Take the request to {person} back.", person=request.person)))
            if st.form_submit_button(say("Take back")):
                perform(actions.cancel, done=say("The request is taken back."), review_id=request.id)


def _reassign(view: GateView, role: RoleView, request: RequestView, free: dict[str, str]) -> None:
    key = f"reassign:{request.id}"
    with st.form(key, border=False, enter_to_submit=False):
        person = st.selectbox(
            say("Ask somebody else instead of {person}", person=plain(request.person)),
            list(free),
            index=None,
            format_func=lambda chosen: free.get(chosen, chosen),
            key=f"{key}:person",
            placeholder=say("Choose"),
        )
        due_on = st.date_input(
            say("Until when"), value=None, min_value=view.today, format="YYYY-MM-DD", key=f"{key}:due"
        )
        reason = st.text_input(
            say("Why"), key=f"{key}:reason", placeholder=say("Away until the end of the month")
        )
        if not st.form_submit_button(say("Ask them instead")):
            return
        if person is None:
            refusal(Invalid({"whom": say("Choose whom to ask instead.")}))
            return
        perform(
            actions.reassign,
            done=say(
                "{person} was asked instead as {role}.",
                person=free.get(person, person),
                role=role.role.title,
            ),
            review_id=request.id,
            person_key=person,
            reason=reason,
            due_on=due_on,
        )
