"""The project a page is about: read from the address, checked for this person in every run."""

from __future__ import annotations

from lifecycle.errors import NotFound
from lifecycle.events import ORGANISATION, project_chain
from lifecycle.queries import projects
from lifecycle.queries.projects import ProjectHead
from lifecycle.ui import cache, identity, navigation, state


def current() -> ProjectHead:
    """The project named in the address, else the one this tab looked at last.

    Raises NotFound when there is none, or none that this person may read; the frame shows that as a page.
    """
    key = navigation.here("project") or state.last_project()
    if key is None:
        raise NotFound("project", "")
    found = cache.read_now(projects.head, key=key, by=identity.actor(), at=identity.this_hour())
    state.remember_project(found.key)
    state.go_by_guide(found.guide_version)
    if navigation.here("project") != found.key:
        navigation.stay(project=found.key)
    return found


def chains(project: ProjectHead) -> tuple[str, str]:
    """What a page about this project depends on: its own chain and that of the organisation."""
    return chains_of(project.id)


def chains_of(project_id: int) -> tuple[str, str]:
    return project_chain(project_id), ORGANISATION
