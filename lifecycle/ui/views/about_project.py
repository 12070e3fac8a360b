"""What a project is called and for, who has which role on it, and archiving: below everything on its overview."""

from __future__ import annotations

import streamlit as st

from lifecycle.actions import copies
from lifecycle.actions import people as people_actions
from lifecycle.actions import projects as actions
from lifecycle.errors import Conflict, Invalid
from lifecycle.language import say
from lifecycle.queries import people as people_queries
from lifecycle.queries.overview import ProjectOverview
from lifecycle.queries.people import MembershipView
from lifecycle.queries.projects import key_of
from lifecycle.ui import cache, navigation, state
from lifecycle.ui.components import definitions, plain, refusal
from lifecycle.ui.perform import attempt, draw_again, perform
from lifecycle.ui.project import chains
from lifecycle.ui.unfolding import is_wanted
from lifecycle.vocabulary import Role, Stage, roles_here


def show(view: ProjectOverview) -> None:
    """Facts, people, and forms for those who may use them."""
    st.header(say("About this project"), anchor=False)
    members = cache.read(people_queries.memberships, *chains(view.project), project_id=view.project.id)
    stage = view.project.stage.title if view.project.stage else say("not placed yet")
    definitions(
        [
            (say("Owning unit"), view.project.organisation),
            (
                say("Stage"),
                say("{stage}, since {stage_since:%Y-%m-%d}", stage=stage, stage_since=view.stage_since),
            ),
            (say("Product manager"), _holding(members, Role.PRODUCT_MANAGER)),
        ]
    )
    if "projects.edit" in view.may:
        _edit(view)
    _people(view, members)
    if "projects.copy" in view.may:
        _copy(view)
    _archive(view)


def _holding(members: tuple[MembershipView, ...], role: Role) -> str:
    return ", ".join(member.person_name for member in members if member.role is role)


# ------------------------------------------------------------------ name and purpose


def _edit(view: ProjectOverview) -> None:
    project = view.project
    key = f"edit:{project.id}:name"
    base = state.base(key, project.revision)
    fold = st.expander(
        say("Edit name, purpose and unit"), icon=":material/edit:", key="about:edit", on_change="rerun"
    )
    if not is_wanted(fold, key):
        return
    with fold:
        with st.form("edit_project", border=False, enter_to_submit=False):
            name = st.text_input(say("Name"), value=project.name, key=key)
            purpose = st.text_area(say("Purpose"), value=project.purpose, key=f"edit:{project.id}:purpose")
            unit = st.text_input(
                say("Owning unit"), value=project.organisation, key=f"edit:{project.id}:unit"
            )
            submitted = st.form_submit_button(say("Save"))
        if submitted:
            _save(view, key, base, (name, purpose, unit))


def _save(view: ProjectOverview, key: str, base: int, typed: tuple[str, str, str]) -> None:
    """Somebody who saved first is shown with what they wrote; saving again then replaces it knowingly."""
    name, purpose, unit = typed
    outcome = attempt(
        actions.edit, project_id=view.project.id, name=name, purpose=purpose, organisation=unit, base=base
    )
    if outcome.refusal is None:
        state.forget(key)
        state.flash("success", say("Saved."))
        draw_again()
    refusal(outcome.refusal)
    if isinstance(outcome.refusal, Conflict) and isinstance(outcome.refusal.theirs, dict):
        state.rebase(key, outcome.refusal.found)
        st.markdown(say("**What is saved now**"), anchors=False)
        definitions([(_word(place), str(said)) for place, said in outcome.refusal.theirs.items()])
        st.caption(say("Save again to replace it with yours, or reload the page to keep it."))


def _word(place: str) -> str:
    return {"name": say("Name"), "purpose": say("Purpose"), "organisation": say("Organisation")}[place]


# ------------------------------------------------------------------ people


def _people(view: ProjectOverview, members: tuple[MembershipView, ...]) -> None:
    holders = len({member.person_key for member in members})
    label = f"{say('People and roles')} :gray[{holders}]"
    fold = st.expander(label, icon=":material/group:", key="about:people", on_change="rerun")
    if not is_wanted(fold, f"about:people:{view.project.id}"):
        return
    with fold:
        if not members:
            st.caption(say("Nobody has a role on it yet."))
        may_take = "people.take_project_role" in view.may
        for member in members:
            _member(view, member, may_take=may_take)
        if "people.give_project_role" in view.may:
            _give(view)


def _member(view: ProjectOverview, member: MembershipView, *, may_take: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            say(
                "{person_name} :small[:gray[{role} since {since:%Y-%m-%d}]]",
                person_name=plain(member.person_name),
                role=member.role.title,
                since=member.since,
            ),
            width="stretch",
            anchors=False,
        )
        if may_take and st.button(
            say("Take away"),
            key=f"take:{member.person_key}:{member.role}",
            type="tertiary",
            icon=":material/close:",
        ):
            perform(
                people_actions.take_project_role,
                done=say(
                    "{person_name} is no longer {role}.",
                    person_name=member.person_name,
                    role=member.role.title,
                ),
                project_id=view.project.id,
                person_key=member.person_key,
                role=member.role,
            )


def _give(view: ProjectOverview) -> None:
    everybody = cache.read(people_queries.people)
    labels = {
        one.key: f"{one.name} · {one.email}" if one.email else one.name for one in everybody if one.active
    }
    key = state.fresh("give")
    with st.form("give_role", border=False):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            person = st.selectbox(
                say("Person"),
                list(labels),
                index=None,
                format_func=lambda key: labels.get(key, key),
                key=f"{key}:person",
                placeholder=say("Choose"),
                width=300,
            )
            role = st.selectbox(
                say("Role"),
                [role.value for role in roles_here()],
                index=None,
                format_func=lambda name: Role(name).title,
                key=f"{key}:role",
                placeholder=say("Choose"),
                width=220,
                help=say(
                    "Reviewing roles need a place on the administrator's list, an approver an approval level."
                ),
            )
            submitted = st.form_submit_button(say("Give role"), icon=":material/person_add:")
        if not submitted:
            return
        if person is None or role is None:
            refusal(Invalid({"role": say("Choose a person and a role.")}))
            return
        perform(
            people_actions.give_project_role,
            done=say("{person} is {role} now.", person=labels.get(person, person), role=Role(role).title),
            clears="give",
            project_id=view.project.id,
            person_key=person,
            role=Role(role),
        )


# ------------------------------------------------------------------ copying


def _copy(view: ProjectOverview) -> None:
    fold = st.expander(
        say("Begin another project from this one"),
        icon=":material/content_copy:",
        key="about:copy",
        on_change="rerun",
    )
    key = f"copy:{view.project.id}:name"
    if not is_wanted(fold, key):
        return
    with fold, st.form("copy_project", border=False):
        st.caption(
            say(
                "The new project begins in Discovery with these answers and data sources, and you manage it. "
                "Sign-offs, documents, conditions, dates and decisions stay here."
            )
        )
        name = st.text_input(
            say("Name of the new project"), key=key, placeholder=say("Reorder forecast for Spain")
        )
        if not st.form_submit_button(say("Copy project"), icon=":material/content_copy:"):
            return
        outcome = attempt(copies.copy_project, project_id=view.project.id, name=name)
        if outcome.value is None:
            refusal(outcome.refusal or Invalid(say("Nothing was copied; try again.")))
            return
        new = cache.read_now(key_of, project_id=outcome.value)
        state.forget(key)
        state.remember_project(new)
        state.flash("success", say("Copied. Go through the answers: they were given for another product."))
        navigation.go("worksheet", project=new, stage=Stage.DISCOVERY.value)


# ------------------------------------------------------------------ archiving


def _archive(view: ProjectOverview) -> None:
    if view.project.archived_at is not None:
        if "projects.restore" in view.may and st.button(
            say("Restore this project"), type="primary", icon=":material/unarchive:", key="restore"
        ):
            perform(actions.restore, done=say("The project is back as it was."), project_id=view.project.id)
    elif "projects.archive" in view.may:
        fold = st.expander(
            say("Archive"), icon=":material/inventory_2:", key="about:archive", on_change="rerun"
        )
        if not fold.open:
            return
        with fold, st.form("archive", border=False):
            st.caption(
                say("It leaves the portfolio. Nothing is deleted, and it can be restored at any time.")
            )
            if st.form_submit_button(say("Archive this project")):
                perform(actions.archive, done=say("The project is archived."), project_id=view.project.id)
