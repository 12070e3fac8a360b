"""People of the organisation: the list, one person, and invitations by link."""

from __future__ import annotations

import streamlit as st

from lifecycle.actions import people as actions
from lifecycle.language import say, say_count
from lifecycle.queries import people as queries
from lifecycle.queries import projects
from lifecycle.queries.people import InvitationView, PersonView
from lifecycle.ui import cache, identity, navigation, state
from lifecycle.ui.components import ago, page_header, plain, refusal
from lifecycle.ui.perform import attempt, draw_again, perform
from lifecycle.ui.views import person
from lifecycle.vocabulary import OrganisationRole, Role

_LINK = "people:link"  # a link that was just made, shown until something else is done
_TABLE = "people:table"
_INVITE = "invite"


def show() -> None:
    """The list and invitations, or one person when the address names one."""
    everybody = cache.read(queries.people)
    chosen = navigation.here("person")
    if chosen:
        person.show(next((one for one in everybody if one.key == chosen), None))
        return
    active = [one for one in everybody if one.active]
    has_account = say_count(
        "{number:,} person has an account.", "{number:,} people have an account.", len(active)
    )
    by_invitation = say(
        "Nobody registers by themselves: an administrator invites, and says who may be asked to review."
    )
    page_header(say("People"), about=f"{has_account} {by_invitation}")
    _table(everybody)
    _show_link()
    _invite()
    _invitations(cache.read_now(queries.invitations, at=identity.now()))


# ------------------------------------------------------------------ the list


def _table(everybody: tuple[PersonView, ...]) -> None:
    """Choosing a row opens that person; the box above does the same from the keyboard."""
    _find(everybody)
    now = identity.now()
    shown = st.dataframe(
        {
            say("Name"): [one.name for one in everybody],
            say("E-mail"): [one.email or "" for one in everybody],
            say("Role"): [
                one.organisation_role.word if one.active else say("not active") for one in everybody
            ],
            say("Reviews as"): [[role.title for role in one.reviews_as] for one in everybody],
            say("Approves up to tier"): [str(one.approval_level or "") for one in everybody],
            say("Projects"): [one.projects for one in everybody],
            say("Last here"): [
                ago(one.last_seen_at, now) if one.last_seen_at else say("never") for one in everybody
            ],
        },
        hide_index=True,
        key=_TABLE,
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            say("Name"): st.column_config.TextColumn(width="medium"),
            say("E-mail"): st.column_config.TextColumn(width="medium"),
            say("Reviews as"): st.column_config.ListColumn(width="medium"),
        },
        alt=say("People with their roles"),
    )
    rows = shown.selection.rows
    if rows:
        navigation.go("people", person=everybody[rows[0]].key)


def _find(everybody: tuple[PersonView, ...]) -> None:
    labels = {one.key: f"{one.name} · {one.email}" if one.email else one.name for one in everybody}
    chosen = st.selectbox(
        say("Open a person"),
        list(labels),
        index=None,
        format_func=lambda key: labels.get(key, key),
        key="people:find",
        placeholder=say("Find by name or address"),
        width=420,
    )
    if chosen:
        navigation.go("people", person=chosen)


# ------------------------------------------------------------------ inviting


def _invite() -> None:
    st.header(say("Invite somebody"), anchor=False)
    names = {choice.key: choice.name for choice in cache.read(projects.names, by=identity.actor())}
    key = state.fresh(_INVITE)
    with st.form("invite", enter_to_submit=False):
        with st.grid(2, min_column_width=260):
            email = st.text_input(say("E-mail"), key=f"{key}:email", placeholder="name@example.org")
            name = st.text_input(
                say("Name"), key=f"{key}:name", placeholder=say("They can change it when they join")
            )
            role = st.selectbox(
                say("Role in the organisation"),
                [role.value for role in OrganisationRole],
                index=2,
                format_func=lambda name: OrganisationRole(name).word.capitalize(),
                key=f"{key}:role",
                help=say(
                    "Members see the projects they have a role on. Leadership reads the whole portfolio. "
                    "Administrators do both, and see to people and the guide."
                ),
            )
            project = st.selectbox(
                say("Project (optional)"),
                list(names),
                index=None,
                format_func=lambda key: names.get(key, key),
                key=f"{key}:project",
                placeholder=say("None yet"),
            )
            project_role = st.selectbox(
                say("Role on that project"),
                [
                    Role.PRODUCT_MANAGER.value,
                    Role.CONTRIBUTOR.value,
                    Role.MONITOR_OWNER.value,
                    Role.READER.value,
                ],
                index=None,
                format_func=lambda name: Role(name).title,
                key=f"{key}:project_role",
                placeholder=say("None yet"),
            )
        submitted = st.form_submit_button(
            say("Make an invitation link"), type="primary", icon=":material/link:"
        )
    if submitted:
        _make_link(email, name, role or OrganisationRole.MEMBER.value, project, project_role)


def _make_link(email: str, name: str, role: str, project: str | None, project_role: str | None) -> None:
    by = identity.actor()
    outcome = attempt(
        actions.invite,
        email=email,
        name=name,
        organisation_role=OrganisationRole(role),
        project_id=cache.read_now(projects.head, key=project, by=by).id if project else None,
        project_role=Role(project_role) if project_role else None,
    )
    if outcome.refusal is not None:
        refusal(outcome.refusal)
        return
    state.put(_LINK, [email, f"{cache.settings().base_url}/invitation/{outcome.value}"])
    state.renew(_INVITE)
    draw_again()


def _show_link() -> None:
    """A link that was just made. It is shown this once: only its hash is kept."""
    kept = state.value(_LINK)
    if not kept:
        return
    whose, link = kept
    with st.container(border=True):
        st.markdown(
            say(":green[:material/link:] **Send this invitation link to {whose}**", whose=plain(whose)),
            anchors=False,
        )
        st.code(link, language=None, wrap_lines=True)
        st.caption(say("It works once, for seven days. It cannot be shown again: copy it now."))
        if st.button(say("I have copied it"), key="people:copied"):
            state.forget(_LINK)
            draw_again()


def _invitations(waiting: tuple[InvitationView, ...]) -> None:
    st.header(say("Open invitations"), anchor=False)
    if not waiting:
        st.caption(say("Nobody has been invited who has not joined."))
        return
    now = identity.now()
    for invitation in waiting:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            roles = invitation.organisation_role.word
            if invitation.project and invitation.project_role:
                roles = say(
                    "{organisation_role}, {project_role} of {project}",
                    organisation_role=roles,
                    project_role=invitation.project_role.title,
                    project=invitation.project,
                )
            st.markdown(
                say(
                    "**{email}** {name}  \n"
                    ":small[:gray[{roles} · invited by {invited_by} {ago} · until {expires_on}]]",
                    email=plain(invitation.email),
                    name=plain(invitation.name),
                    roles=plain(roles),
                    invited_by=plain(invitation.invited_by),
                    ago=ago(invitation.created_at, now),
                    expires_on=invitation.expires_at.date(),
                ),
                width="stretch",
                anchors=False,
            )
            if st.button(
                say("Revoke"), key=f"revoke:{invitation.token_hash[:16]}", icon=":material/link_off:"
            ):
                perform(
                    actions.revoke_invitation,
                    done=say("The invitation of {email} no longer works.", email=invitation.email),
                    token_hash=invitation.token_hash,
                )
