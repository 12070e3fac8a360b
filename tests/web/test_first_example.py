"""The example portfolio as a choice of the first start."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
from starlette.applications import Starlette

from lifecycle.errors import Refused
from lifecycle.settings import Settings
from lifecycle.vocabulary import Actor, Blocker, OrganisationRole
from lifecycle.web.server import Site
from lifecycle.web.sign_in import LoadExample
from tests.web.conftest import EMAIL, PASSWORD, form_of


def _set_up(folder: Path, load_example: LoadExample, start: str) -> httpx.Response:
    site = Site(Settings(database_url=f"sqlite:///{folder / 'first.db'}"), load_example=load_example)
    site.prepare()
    try:
        return asyncio.run(_fill_in(site, start))
    finally:
        site.sessions.close()
        site.database.dispose()


async def _fill_in(site: Site, start: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=Starlette(routes=site.routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        fields = {
            "code": site.accounts.renew_set_up_code() or "",
            "organisation": "Riverbank",
            "name": "Ada",
            "email": EMAIL,
            "password": PASSWORD,
            "time_zone": "Europe/Amsterdam",
            "start": start,
        }
        hidden = form_of(await client.get("/set-up"))
        return await client.post("/set-up", data={**hidden, **fields})


def test_first_administrator_loads_the_example_only_on_asking(tmp_path: Path) -> None:
    asked: list[Actor] = []
    (tmp_path / "with").mkdir()
    for folder, start, lands in ((tmp_path / "with", "example", "/portfolio"), (tmp_path, "", "/")):
        done = _set_up(folder, asked.append, start)
        assert (done.status_code, done.headers["location"]) == (303, lands)
    assert [(actor.name, actor.organisation_role) for actor in asked] == [
        ("Ada", OrganisationRole.ADMINISTRATOR)
    ]


def test_refused_example_is_a_sentence_to_somebody_who_is_signed_in(tmp_path: Path) -> None:
    def refuse(_: Actor) -> None:
        raise Refused(Blocker("example:not_empty", "There are projects here already."))

    shown = _set_up(tmp_path, refuse, "example")
    assert shown.status_code == 200
    assert "There are projects here already." in shown.text
    assert any(cookie.startswith("lifecycle_session=") for cookie in shown.headers.get_list("set-cookie"))
