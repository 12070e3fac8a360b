"""Early planning: how early the production questions were answered, what is still open, and what that owes."""

from __future__ import annotations

import streamlit as st

from lifecycle.language import counted, say, say_count, written_number
from lifecycle.queries import early_planning as queries
from lifecycle.queries.early_planning import EarlyPlanning, OpenQuestion, PlannedProject
from lifecycle.ui import cache, charts, components, identity, navigation, standing, upkeep
from lifecycle.ui.charts import Bar
from lifecycle.ui.views import early_measured
from lifecycle.ui.views.portfolio_maps import chosen_point, is_dark
from lifecycle.vocabulary import Level

_MOST_BARS = 12
_MOST_ROWS = 50
_OPEN, _DEBTS, _OPEN_DEBT = "early:open", "early:debts", "early:debt:open"


def show() -> None:
    """The whole page."""
    now = identity.now()
    upkeep.bring_standing_up_to_date(now)
    found = cache.read_with_guide(queries.early_planning, by=identity.actor(), today=upkeep.today(now))
    components.page_header(
        say("Early planning"),
        about=say(
            "24 questions about production are asked already at Discovery. Answered then, they cost a "
            "conversation; answered at launch, they cost a redesign."
        ),
    )
    if not found.projects:
        components.empty_state(
            say("Nothing to measure yet"),
            say(
                "The index and the debt count running projects that are assessed here; those from registers do not."
            ),
            icon="event_upcoming",
            action=say("Register a project"),
            to="new-project",
        )
        return
    st.markdown(components.plain(headline(found)), anchors=False)
    components.key_figures(_figures(found))
    with st.grid(2, min_column_width=360, gap="large"):
        with st.container():
            _debts(found)
        with st.container():
            _questions(found)
    early_measured.show()
    _table(found)


def headline(found: EarlyPlanning) -> str:
    """What the page shows today."""
    measured = sum(project.index is not None for project in found.projects)
    if found.median is None:
        text = say("No project has passed its Discovery gate, so there is no index yet.")
    else:
        text = say(
            "Over {projects} past Discovery the median index is {median:.2f}: 1 means every "
            "production question was answered in Discovery, 0 none before Production.",
            projects=counted(measured, "running project"),
            median=found.median,
        )
    if not found.debt:
        return say("{text} There is no production debt.", text=text)
    most = found.projects[0]
    return say(
        "{text} The production debt is {debt:,}, of which {most} carries {most_debt:,}.",
        text=text,
        debt=found.debt,
        most=most.name,
        most_debt=most.debt,
    )


def _figures(found: EarlyPlanning) -> list[tuple[str, str, str]]:
    middle_half = (
        say("{low:.2f} to {high:.2f}", low=found.quartiles[0], high=found.quartiles[2])
        if found.quartiles
        else "–"
    )
    open_questions = sum(project.open_questions for project in found.projects)
    owing = sum(project.debt > 0 for project in found.projects)
    return [
        (
            say("Index, median"),
            written_number(f"{found.median:.2f}") if found.median is not None else "–",
            say("1 early, 0 late"),
        ),
        (say("Middle half"), middle_half, say("of the indices")),
        (
            say("Debt"),
            written_number(f"{found.debt:,}"),
            say_count("in {number:,} project", "in {number:,} projects", owing),
        ),
        (
            say("Open questions"),
            written_number(f"{open_questions:,}"),
            say("of {questions:,}", questions=24 * len(found.projects)),
        ),
    ]


# ------------------------------------------------------------------ charts


def _debts(found: EarlyPlanning) -> None:
    st.header(say("Debt by project"), anchor=False)
    owing = [project for project in found.projects if project.debt][:_MOST_BARS]
    if not owing:
        st.markdown(say("No open production question has been carried through a gate."), anchors=False)
        return
    worst = owing[0]
    sentence = say(
        "{project} has carried {questions} to {gate}: a debt of {debt}, the largest.",
        project=worst.name,
        questions=counted(worst.open_questions, "open question"),
        gate=worst.gate.title if worst.gate else say("its gate"),
        debt=worst.debt,
    )
    st.markdown(components.plain(sentence), anchors=False)
    pieces = [_debt_bar(project) for project in owing]
    st.plotly_chart(
        charts.bars(pieces, dark=is_dark()),
        key=_DEBTS,
        on_select=lambda: _open_bar(pieces),
        selection_mode="points",
        config=dict(charts.CONFIG),
        alt=sentence,
    )
    with st.expander(say("The same as a table"), icon=":material/table:"):
        st.dataframe(
            {
                say("Project"): [project.name for project in owing],
                say("Debt"): [project.debt for project in owing],
                say("Open questions"): [project.open_questions for project in owing],
            },
            hide_index=True,
            alt=say("Projects with the most production debt; the first column opens each"),
            column_config={
                say("Project"): components.opening_column(_OPEN_DEBT, [project.key for project in owing])
            },
        )


def _debt_bar(project: PlannedProject) -> Bar:
    hover = say(
        "{project}: debt {debt}, {questions}",
        project=project.name,
        debt=project.debt,
        questions=counted(project.open_questions, "open question"),
    )
    return Bar(
        project.name,
        project.debt,
        charts.as_text(hover),
        standing.LEVELS[Level.CONDITIONAL],
        links=(project.key,),
    )


def _open_bar(pieces: list[Bar]) -> None:
    point = chosen_point(_DEBTS)
    if point is not None and point < len(pieces):
        navigation.go("project", project=pieces[point].links[0])


def _questions(found: EarlyPlanning) -> None:
    st.header(say("Questions still open"), anchor=False)
    waiting = [question for question in found.questions if question.unsettled]
    if not waiting:
        st.markdown(say("Every production question is settled in every running project."), anchors=False)
        return
    first, total = waiting[0], len(found.projects)
    sentence = say(
        "“{question}” is open in {unsettled:,} of {projects}.",
        question=first.title,
        unsettled=first.unsettled,
        projects=counted(total, "running project"),
    )
    st.markdown(components.plain(sentence), anchors=False)
    st.plotly_chart(
        charts.bars(
            [piece for question in waiting[:_MOST_BARS] for piece in _question_bars(question)], dark=is_dark()
        ),
        key="early:questions",
        config=dict(charts.CONFIG),
        alt=sentence,
    )
    with st.expander(say("The same as a table"), icon=":material/table:"):
        st.dataframe(
            {
                say("Field"): [question.field_id for question in found.questions],
                say("Question"): [question.question for question in found.questions],
                say("Open"): [question.unsettled for question in found.questions],
                say("Not begun"): [question.untouched for question in found.questions],
            },
            hide_index=True,
            alt=say("Production questions by the number of projects in which they are open"),
        )


def _question_bars(question: OpenQuestion) -> list[Bar]:
    """Don't-knows apart from questions nobody has begun."""
    unknown = question.unsettled - question.untouched
    hover = say(
        "{question}: not begun in {untouched:,}, don't know in {unknown:,}",
        question=charts.as_text(question.title),
        untouched=question.untouched,
        unknown=unknown,
    )
    not_begun, in_progress = standing.LEVELS[Level.NOT_STARTED], standing.LEVELS[Level.IN_PROGRESS]
    pieces = [
        Bar(question.title, question.untouched, hover, not_begun, text="–"),
        Bar(question.title, unknown, hover, in_progress, text="?"),
    ]
    return [piece for piece in pieces if piece.value]


# ------------------------------------------------------------------ table


def _table(found: EarlyPlanning) -> None:
    st.header(say("Projects"), anchor=False)
    shown = found.projects[:_MOST_ROWS]
    if len(found.projects) > len(shown):
        st.caption(
            say(
                "The {number:,} with the most debt. The overview's table holds all, by debt if you like.",
                number=len(shown),
            )
        )
    keys = [project.key for project in shown]
    st.dataframe(
        {
            say("Project"): [project.name for project in shown],
            say("Organisation"): [project.organisation for project in shown],
            say("Stage"): [project.stage.title if project.stage else "" for project in shown],
            say("Index"): [project.index for project in shown],
            say("Open questions"): [project.open_questions for project in shown],
            say("Debt"): [project.debt for project in shown],
            say("Status"): [standing.STATUSES[project.status].word for project in shown],
        },
        hide_index=True,
        height="content",
        placeholder="–",
        alt=say("Projects with their early-planning index and production debt; the first column opens each"),
        column_config={
            say("Project"): components.opening_column(_OPEN, keys),
            say("Index"): st.column_config.NumberColumn(
                format="%.2f", help=say("Empty before the Discovery gate was passed")
            ),
            say("Debt"): st.column_config.NumberColumn(
                help=say("Open production questions times gates passed")
            ),
        },
    )
