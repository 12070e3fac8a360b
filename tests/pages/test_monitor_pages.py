"""Monitors and incidents on the screen: a rule tried before it is switched on, readings, and an incident's course."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from lifecycle.actions import monitors, people
from lifecycle.interchange.register_files import RegisterFiles
from lifecycle.rules.monitors import MlflowSource, MonitorSpec
from lifecycle.rules.readings import NewReading
from lifecycle.rules.triggers import Direction
from lifecycle.store.tables import Firing, Incident, Monitor, Reading
from lifecycle.ui import cache
from lifecycle.vocabulary import Role
from tests.clock import START
from tests.pages.conftest import See, press, words
from tests.screens import Screens

BELOW = MonitorSpec("Hit rate", Direction.BELOW, threshold=0.8, consecutive=2)
WEEKLY = b"week,hits\n2026-01-05,0.9\n2026-01-12,0.7\n2026-01-19,0.7\n2026-01-26,low\n"


def watched(session: Session, screens: Screens, *values: float) -> int:
    by_pat: dict[str, Any] = {"by": screens.cast.pat, "at": START}
    monitor_id = monitors.create(session, **by_pat, project_id=screens.project_id, spec=BELOW)
    readings = [NewReading(f"2026-02-{day:02d}", value) for day, value in enumerate(values, 1)]
    if readings:
        monitors.push(session, **by_pat, guide=screens.cast.guide, monitor_id=monitor_id, readings=readings)
    return monitor_id


def uploaded(screens: Screens, content: bytes = WEEKLY) -> str:
    files = RegisterFiles(screens.database.file)
    return files.keep(screens.cast.pat.key, "weekly.csv", io.BytesIO(content))


def test_a_rule_is_tried_on_a_past_series_and_then_switched_on(see: See, screens: Screens) -> None:
    given = {"project": screens.project, "do": "new", "file": uploaded(screens)}
    app = see("monitors", screens.cast.pat, **given)
    assert not app.exception
    assert "Give the limit first." in words(app)
    app.text_input(key="monitors:form:new:name").set_value("Hits")
    app.number_input(key="monitors:form:new:threshold").set_value(0.8)
    app.number_input(key="monitors:form:new:consecutive").set_value(2).run()
    assert not app.exception
    assert "4 readings in the file: 2 in breach, 1 missing; it would have fired 1 time." in words(app)
    press(app, "Watch it from now on")
    assert not app.exception
    with screens.database.read() as session:
        made = session.exec(select(Monitor)).one()
        assert (made.name, made.threshold, made.consecutive, made.state) == ("Hits", 0.8, 2, "on")
        assert session.exec(select(Reading)).all() == [], "trying stores nothing"


def test_what_is_fetched_from_mlflow_is_chosen_changed_and_ended(
    see: See, screens: Screens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIFECYCLE_MLFLOW_URL", "http://127.0.0.1:9")
    cache.forget_everything()
    form = "monitors:form:new"
    app = see("monitors", screens.cast.pat, project=screens.project, do="new")
    assert not [each for each in app.text_input if each.key == f"{form}:mlflow_metric"], (
        "asked for once chosen"
    )
    app.text_input(key=f"{form}:name").set_value("Accuracy")
    app.number_input(key=f"{form}:threshold").set_value(0.8)
    app.selectbox(key=f"{form}:mlflow").set_value("experiment").run()
    press(app, "Watch it from now on")
    assert "MLflow: Name an experiment or a registered model" in words(app)
    app.text_input(key=f"{form}:mlflow_name").set_value(" Demand ")
    app.text_input(key=f"{form}:mlflow_metric").set_value("accuracy")
    press(app, "Watch it from now on")
    assert not app.exception

    def stored() -> Mapping[str, Any]:
        with screens.database.read() as session:
            return json.loads(session.exec(select(Monitor)).one().reads)["mlflow"]

    assert stored() == MlflowSource("accuracy", experiment="Demand").as_reads()

    form = "monitors:form:accuracy"
    app = see("monitors", screens.cast.pat, project=screens.project, monitor="accuracy", do="edit")
    kind, name = app.selectbox(key=f"{form}:mlflow"), app.text_input(key=f"{form}:mlflow_name")
    assert (kind.value, name.label, name.value) == ("experiment", "Name of the experiment", "Demand")
    kind.set_value("model").run()
    assert app.text_input(key=f"{form}:mlflow_name").label == "Name of the registered model"
    press(app, "Save the rule")
    assert stored() == MlflowSource("accuracy", model="Demand").as_reads()

    app = see("monitors", screens.cast.pat, project=screens.project, monitor="accuracy", do="edit")
    app.selectbox(key=f"{form}:mlflow").set_value("").run()
    press(app, "Save the rule")
    with screens.database.read() as session:
        assert "mlflow" not in json.loads(session.exec(select(Monitor)).one().reads)


def test_without_an_mlflow_server_nothing_is_offered_and_what_was_chosen_stays(
    see: See, screens: Screens
) -> None:
    source = MlflowSource("accuracy", experiment="Demand")
    with screens.database.write() as session:
        monitors.create(
            session,
            by=screens.cast.pat,
            at=START,
            project_id=screens.project_id,
            spec=BELOW.fetching(source),
        )
    app = see("monitors", screens.cast.pat, project=screens.project)
    assert "no server is named. An administrator sets LIFECYCLE_MLFLOW_URL." in words(app)
    assert "Fetch now" not in words(app)
    app = see("monitors", screens.cast.pat, project=screens.project, monitor="hit-rate", do="edit")
    assert not [each for each in app.selectbox if "MLflow" in each.label]
    app.number_input(key="monitors:form:hit-rate:threshold").set_value(0.7)
    press(app, "Save the rule")
    with screens.database.read() as session:
        monitor = session.exec(select(Monitor)).one()
        assert (monitor.threshold, json.loads(monitor.reads)["mlflow"]) == (0.7, source.as_reads())


def test_a_monitor_without_a_limit_is_refused_and_keeps_what_was_typed(see: See, screens: Screens) -> None:
    app = see("monitors", screens.cast.pat, project=screens.project, do="new")
    app.text_input(key="monitors:form:new:name").set_value("Hits")
    press(app, "Watch it from now on")
    assert "Give the number from which on it means trouble." in words(app)
    assert app.text_input(key="monitors:form:new:name").value == "Hits"


def test_a_file_shows_what_it_would_do_before_it_is_stored(see: See, screens: Screens) -> None:
    with screens.database.write() as session:
        watched(session, screens)
    app = see("monitors", screens.cast.pat, project=screens.project, file=uploaded(screens))
    assert not app.exception
    assert "It would fire at 2026-01-19" in words(app)
    assert "“low” is not a number." in words(app)
    with screens.database.read() as session:
        assert session.exec(select(Reading)).all() == []
    press(app, "Store 3 readings")
    assert not app.exception
    with screens.database.read() as session:
        assert len(session.exec(select(Reading)).all()) == 3
        assert [row.key for row in session.exec(select(Firing))] == ["2026-01-19"]
    assert "An incident of Hit rate is open." in words(app).replace("**", "")


def test_breach_is_on_the_page_with_its_chart(see: See, screens: Screens) -> None:
    with screens.database.write() as session:
        watched(session, screens, 0.9, 0.7, 0.7, 0.9, 0.7)
    app = see("monitors", screens.cast.pat, project=screens.project)
    assert not app.exception
    assert "1 figure is watched; Hit rate in breach." in words(app)
    assert "5 readings, 3 in breach; it fired 1 time." in words(app)


def test_an_incident_from_taking_on_to_its_review(see: See, screens: Screens) -> None:
    with screens.database.write() as session:
        watched(session, screens, 0.9, 0.7, 0.7)
        tom = screens.cast[Role.TECHNOLOGY]
        people.give_project_role(
            session,
            by=screens.cast.pat,
            at=START,
            person_key=tom.key,
            role=Role.TECHNOLOGY,
            project_id=screens.project_id,
        )
    app = see("incidents", screens.cast.pat, project=screens.project)
    assert "Hit rate fell below 0.8" in words(app)
    app = see("incidents", screens.cast.pat, project=screens.project, incident="1")
    assert not app.exception
    press(app, "I see to it")
    app.text_area(key="incidents:fix:1:cause").set_value("A feed changed")
    app.text_area(key="incidents:fix:1:fix").set_value("Mapped it")
    press(app, "Record the fix")
    assert not app.exception
    assert "This fix is signed by the technology owner" in words(app)
    app = see("incidents", tom, project=screens.project, incident="1")
    press(app, "Sign it")
    app = see("incidents", screens.cast.pat, project=screens.project, incident="1")
    press(app, "Close the incident")
    assert "Say what was learned" in words(app)
    app.text_area(key="incidents:close:1:lessons").set_value("Feeds announce changes")
    press(app, "Close the incident")
    with screens.database.read() as session:
        incident = session.exec(select(Incident).order_by(col(Incident.id))).one()
        assert (incident.state, incident.signed_by) == ("closed", tom.key)


def test_a_hundred_thousand_readings_are_drawn_as_a_screen_can_show(see: See, screens: Screens) -> None:
    """Here a tenth of them: how long the full number takes is measured by the bench."""
    with screens.database.write() as session:
        monitor_id = watched(session, screens)
        start = datetime(2026, 1, 1, tzinfo=UTC)
        readings = [
            NewReading(f"{start + timedelta(minutes=number):%Y-%m-%d %H:%M}", 0.9 if number % 3_000 else 0.5)
            for number in range(10_000)
        ]
        monitors.push(
            session,
            by=screens.cast.pat,
            at=START,
            guide=screens.cast.guide,
            monitor_id=monitor_id,
            readings=readings,
        )
    app = see("monitors", screens.cast.pat, project=screens.project)
    assert not app.exception
    assert "10,000 readings, 4 in breach; it never fired. Neighbours are drawn together." in words(app)
