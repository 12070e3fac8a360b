"""Search finds and leads on; a project that began with an earlier guide shows it and is moved on."""

from __future__ import annotations

import pytest

from lifecycle.facts.editions import keep_edition
from lifecycle.store.tables import Project
from tests import factories as make
from tests.clock import START
from tests.pages.conftest import See, press, words
from tests.screens import Screens


def test_words_of_an_answer_lead_to_its_question(see: See, screens: Screens) -> None:
    with screens.database.write() as session:
        make.answer(session, screens.cast, screens.project_id, "D01", "Planners phone round every Monday")

    found = words(see("search", screens.cast.pat, q="monday planners"))
    assert "1 place in 1 project." in found
    assert "Planners phone round every Monday" in found
    assert "Nothing found" in words(see("search", screens.cast.ann, q="monday planners"))
    assert "Type at least two letters" in words(see("search", screens.cast.pat))


@pytest.fixture
def behind(screens: Screens) -> Screens:
    """Orders began with version 0, which asked one question less."""
    plain = screens.cast.guide.model_dump()
    sheet = plain["worksheets"][0]
    sheet["fields"] = [item for item in sheet["fields"] if item["id"] != "D09"]
    plain["version"] = "0"
    plain["checks"] = [each for each in plain["checks"] if "D09" not in each["reads"]]
    for specs in plain["policy"]["gates"].values():
        for spec in specs:
            spec["evidence"] = [each for each in spec["evidence"] if each != "D09"]
    roles = plain["policy"]["role_fields"]
    plain["policy"]["role_fields"] = {
        role: [each for each in ids if each != "D09"] for role, ids in roles.items()
    }
    earlier = type(screens.cast.guide).model_validate(plain)
    with screens.database.write() as session:
        keep_edition(session, earlier, START)
        session.get_one(Project, screens.project_id).guide_version = "0"
    return screens


def test_project_is_drawn_by_its_own_guide_and_moved_on_from_its_overview(see: See, behind: Screens) -> None:
    pat, key = behind.cast.pat, behind.project
    title = behind.cast.guide.field("D09").title
    assert title not in words(see("worksheet", pat, project=key, stage="discovery", section="all"))

    app = see("project", pat, project=key)
    assert "goes by version 0 of the guide" in words(app)
    app.session_state[f"unfolded:guide:{behind.project_id}"] = True
    app.run()
    assert f"{title} is added" in words(app)
    press(app, f"Go by version {behind.cast.guide.version} from now on")
    assert title in words(see("worksheet", pat, project=key, stage="discovery", section="all"))
