"""What surrounds every page: page settings, who is here, the sidebar, and the one guard around the page itself."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from lifecycle.actions import people
from lifecycle.errors import LifecycleError
from lifecycle.language import LANGUAGES, language, say, speak, speaking
from lifecycle.queries import projects, reviews
from lifecycle.queries.people import SignedInPerson
from lifecycle.queries.projects import ProjectName
from lifecycle.ui import cache, components, identity, navigation, state
from lifecycle.ui.navigation import PageSpec
from lifecycle.ui.perform import attempt

# A file of our own: a Material icon here would be fetched from another server.
ICON = Path(__file__).parent / "icon.svg"
LOGO = Path(__file__).parent / "logo.svg"
_SWITCHER = "project_switcher"


def show() -> None:
    """One run: everything but the page's own script."""
    st.set_page_config(
        page_title="Lifecycle", page_icon=str(ICON), layout="wide", initial_sidebar_state="auto"
    )
    try:
        person = identity.signed_in()
        speak(identity.language_here())
    except LifecycleError as error:
        components.refusal(error)
        st.stop()
    if person is None:
        _signed_out()
        st.stop()
    if code := state.loads_anew():
        _load_anew(code)
        st.stop()
    state.note_brought()
    state.go_by_guide("")  # until the page says which project it is about
    navigation.settle_address()
    specs = _pages_for(person)
    pages = [navigation.streamlit_page(spec) for spec in specs]
    unknown = state.unknown_address({name for spec in specs for name in (spec.path, spec.name)})
    if unknown is not None:
        pages.append(st.Page(_no_such_page, title=say("No such page"), url_path=unknown))
    page = st.navigation(pages, position="hidden")
    try:
        _sidebar(person, specs, page.url_path)
        components.flashes()
        page.run()
    except LifecycleError as error:
        components.refusal_page(error)


def _pages_for(person: SignedInPerson) -> tuple[PageSpec, ...]:
    administrator = identity.is_administrator(person)
    return tuple(page for page in navigation.existing() if page.group != "administration" or administrator)


def _load_anew(code: str) -> None:
    """The browser does so by itself (web/screen.js). Nothing else is drawn: fields hold what another language wrote."""
    with speaking(code), st.container(key="load-anew"):
        st.title(say("One moment"), anchor=False)
        st.markdown(say("Your screens are loaded in English. If nothing happens, load the page again."))


def _signed_out() -> None:
    st.title(say("You are signed out"), anchor=False)
    st.markdown(say("Nothing you saved is lost. [Sign in](/sign-in) to go on."))


def _no_such_page() -> None:
    """At an address that leads nowhere, or to a page that is not for this person."""
    st.title(say("There is no such page"), anchor=False)
    st.markdown(
        say(
            "The address may be mistyped, the page may have moved, or only an administrator sees it. "
            "Everything you may open is in the sidebar."
        ),
        anchors=False,
    )
    if st.button(say("Back to my work"), icon=":material/inbox:", type="primary"):
        navigation.go("home")


# ------------------------------------------------------------------ sidebar


def _sidebar(person: SignedInPerson, pages: tuple[PageSpec, ...], current: str) -> None:
    st.logo(str(LOGO), icon_image=str(ICON))
    with st.sidebar:
        project = _project(person, current)
        _group(pages, "work", current)
        _group(pages, "portfolio", current)
        _switcher(person, project)
        if project:
            _group(pages, "project", current, project)
        _group(pages, "reference", current)
        _group(pages, "administration", current)
        _who(person)


def _project(person: SignedInPerson, current: str) -> str | None:
    """Whose pages are listed: the one in the address, that of the review there, else the one looked at last."""
    review = navigation.here("review") or ""
    found = navigation.here("project")
    if not found and current == "review" and review.isdecimal():
        found = cache.read(
            reviews.project_of, by=person.actor, at=identity.this_hour(), review_id=int(review)
        )
    return found or state.last_project()


def _group(
    pages: tuple[PageSpec, ...], group: navigation.Group, current: str, project: str | None = None
) -> None:
    members = [page for page in pages if page.group == group]
    if not members:
        return
    with st.container(gap=None):
        if navigation.GROUPS[group] and group != "project":
            st.caption(say(navigation.GROUPS[group]))
        for page in members:
            _entry(page, page.path == current, project)


def _entry(page: PageSpec, is_current: bool, project: str | None) -> None:
    """A button, not a link: pressed while a field is half typed, a link leaves before the field has been saved."""
    st.button(
        f":blue[**{page.title}**]" if is_current else say(page.title),
        key=f"to:{page.name}",
        icon=page.material,
        type="tertiary",
        help=say(page.about),
        on_click=_follow,
        args=(page.name, project),
    )


def _follow(page: str, project: str | None) -> None:
    navigation.go(page, project=project)


def _switcher(person: SignedInPerson, project: str | None) -> None:
    choices: dict[str, ProjectName] = {
        choice.key: choice for choice in cache.read(projects.names, by=person.actor)
    }
    if not choices:
        return
    if project in choices:
        # Kept for pages that are about none: there the box would be empty, and its filling up again count as a choice.
        state.remember_project(project)
    if project is not None and state.value(_SWITCHER) != project:
        state.put(_SWITCHER, project if project in choices else None)
    st.selectbox(
        say("Project"),
        list(choices),
        index=None,
        format_func=lambda key: choices[key].name if key in choices else str(key),
        key=_SWITCHER,
        placeholder=say("Find a project"),
        on_change=_switch,
    )


def _switch() -> None:
    chosen = state.value(_SWITCHER)
    if not chosen:
        return
    state.remember_project(chosen)
    page = navigation.BY_NAME["project"]
    if page in navigation.existing():
        navigation.go("project", project=chosen)
    navigation.stay(project=chosen)


def _who(person: SignedInPerson) -> None:
    st.caption(
        say(
            "{person} · {role} · [Sign out](/sign-out)",
            person=components.plain(person.name),
            role=person.organisation_role.word,
        ),
    )
    for code, name in LANGUAGES.items():
        if code != language():
            # In its own words: whoever looks for it may not read the others.
            st.button(
                name,
                key=f"language:{code}",
                icon=":material/translate:",
                type="tertiary",
                help=say("Loads the page anew. What is saved stays; a form that was not sent is emptied."),
                on_click=_choose_language,
                args=(code,),
            )


def _choose_language(code: str) -> None:
    outcome = attempt(people.choose_language, language=code)
    if outcome.refusal is not None:
        state.flash("error", str(outcome.refusal))
    else:
        state.load_anew(code)
