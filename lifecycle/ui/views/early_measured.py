"""Does planning early go with less rework? The product's own thesis, measured, with its uncertainty."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from lifecycle.language import counted, mark, say, say_as, written_number
from lifecycle.queries import early_measured as queries
from lifecycle.queries.early_measured import AnsweredWhen, EarlyMeasured, MeasuredProject, Rework
from lifecycle.rules.association import ENOUGH, Association
from lifecycle.ui import cache, charts, components, identity, navigation, upkeep
from lifecycle.ui.charts import Bar, Pair
from lifecycle.ui.components import plain
from lifecycle.ui.standing import Mark
from lifecycle.ui.views.portfolio_maps import chosen_point, is_dark
from lifecycle.vocabulary import Stage

_KIND, _CHART, _OPEN = "rework", "early:rework", "early:measured"
_TITLES: Mapping[Rework, str] = {
    Rework.RECYCLED: mark("Gates sent back"),
    Rework.STALE: mark("Sign-offs gone stale"),
    Rework.DAYS_LATE: mark("Days late"),
    Rework.INCIDENTS: mark("Incidents"),
}
_MORE: Mapping[Rework, tuple[str, str]] = {
    Rework.RECYCLED: (mark("fewer gates sent back"), mark("more gates sent back")),
    Rework.STALE: (mark("fewer sign-offs gone stale"), mark("more sign-offs gone stale")),
    Rework.DAYS_LATE: (mark("fewer days late"), mark("more days late")),
    Rework.INCIDENTS: (mark("fewer incidents"), mark("more incidents")),
}
_DOT = Mark(mark("Project"), "blue", "circle")
# From early to late: the letter in each piece says the same as its colour.
_STAGES: Mapping[Stage | None, tuple[str, Mark, float]] = {
    Stage.DISCOVERY: ("D", Mark(mark("Discovery"), "green", "circle"), 1.0),
    Stage.FEASIBILITY: ("F", Mark(mark("Feasibility"), "green", "circle"), 0.5),
    Stage.DESIGN: ("R", Mark(mark("Design"), "blue", "circle"), 0.4),
    Stage.MODEL: ("M", Mark(mark("Model"), "orange", "circle"), 0.6),
    Stage.PRODUCTION: ("P", Mark(mark("Production"), "orange", "circle"), 1.0),
    None: ("?", Mark(mark("Still open"), "gray", "circle"), 0.3),
}


def show() -> None:
    """The sections: when each question was answered, rework against the index, and cohorts."""
    now = identity.now()
    found = cache.read_with_guide(queries.early_measured, by=identity.actor(), today=upkeep.today(now))
    if not found.projects:
        return
    _rework(found)
    with st.grid(2, min_column_width=360, gap="large"):
        with st.container():
            _questions(found)
        with st.container():
            _cohorts(found)


# ------------------------------------------------------------------ against rework


def _rework(found: EarlyMeasured) -> None:
    st.header(say("Early answers and later rework"), anchor=False)
    kinds = list(found.found)
    kind = (
        st.radio(
            say("Rework"),
            kinds,
            format_func=lambda each: say(_TITLES[Rework(each)]),
            key=_KIND,
            horizontal=True,
            label_visibility="collapsed",
        )
        or kinds[0]
    )
    kind = Rework(kind)
    sentence = association_sentence(kind, found.found[kind])
    st.markdown(plain(sentence), anchors=False)
    measured = [each for each in found.projects if kind in each.rework]
    points = [_pair(each, kind) for each in measured]
    st.plotly_chart(
        charts.pairs(
            points,
            x_title=say("early-planning index"),
            y_title=say(_TITLES[kind]).lower(),
            mark=_DOT,
            dark=is_dark(),
        ),
        key=f"{_CHART}:{kind}",
        on_select=lambda: _open_point(f"{_CHART}:{kind}", points),
        selection_mode="points",
        config=dict(charts.CONFIG),
        alt=sentence,
    )
    st.caption(
        say(
            "One dot is one project, those that ended among them; choose it to open the project. "
            "Further right answered earlier; equal ones stand above one another."
        )
    )
    _associations(found)
    _projects(found, kinds)


def association_sentence(kind: Rework, found: Association) -> str:
    """What the figures say, how sure that is, and that it is no cause."""
    if found.rank is None or found.low is None or found.high is None:
        few = (
            say("fewer than {enough}", enough=ENOUGH)
            if found.pairs < ENOUGH
            else say("and no difference among them")
        )
        return say(
            "Too little to tell: {projects} with both figures, {few}. Look at the dots, not for a rule.",
            projects=counted(found.pairs, "project"),
            few=few,
        )
    basis = say(
        "rank correlation {rank}, 95 % interval {low} to {high}, n = {pairs:,}",
        rank=_signed(found.rank),
        low=_signed(found.low),
        high=_signed(found.high),
        pairs=found.pairs,
    )
    if not found.is_clear:
        return say("No clear connection ({basis}): chance alone could have made it.", basis=basis)
    fewer, more = _MORE[kind]
    return say(
        "Projects that answered earlier had {fewer} ({basis}). They go together; that does "
        "not say that one causes the other.",
        fewer=fewer if found.rank < 0 else more,
        basis=basis,
    )


def _signed(number: float) -> str:
    return written_number(f"{number:+.2f}".replace("-", "−"))


def _pair(each: MeasuredProject, kind: Rework) -> Pair:
    hover = say(
        "<b>{project}</b><br>index {index:.2f}, {rework}: {number:,}",
        project=charts.as_text(each.name),
        index=each.index,
        rework=say(_TITLES[kind]).lower(),
        number=each.rework[kind],
    )
    return Pair(each.index, each.rework[kind], hover, (each.key,))


def _open_point(key: str, points: list[Pair]) -> None:
    point = chosen_point(key)
    if point is not None and point < len(points):
        navigation.go("project", project=points[point].links[0])


def _associations(found: EarlyMeasured) -> None:
    st.dataframe(
        {
            say("Rework"): [say(_TITLES[kind]) for kind in found.found],
            say("Rank correlation"): [each.rank for each in found.found.values()],
            say("95 % from"): [each.low for each in found.found.values()],
            say("95 % to"): [each.high for each in found.found.values()],
            say("Projects"): [each.pairs for each in found.found.values()],
            say_as("Reading", "what it means"): [_reading(each) for each in found.found.values()],
        },
        hide_index=True,
        placeholder="–",
        alt=say("Rank correlation of the early-planning index with each kind of rework, with its interval"),
        column_config={
            name: st.column_config.NumberColumn(format="%+.2f")
            for name in (say("Rank correlation"), say("95 % from"), say("95 % to"))
        },
    )


def _reading(found: Association) -> str:
    if found.rank is None:
        return say("too little to tell")
    if not found.is_clear:
        return say("no clear connection")
    return say("earlier goes with less") if found.rank < 0 else say("earlier goes with more")


def _projects(found: EarlyMeasured, kinds: list[Rework]) -> None:
    with st.expander(say("The dots as a table"), icon=":material/table:"):
        st.dataframe(
            {
                say("Project"): [each.name for each in found.projects],
                say("Begun"): [each.cohort for each in found.projects],
                say("Index"): [each.index for each in found.projects],
                **{say(_TITLES[kind]): [each.rework.get(kind) for each in found.projects] for kind in kinds},
            },
            hide_index=True,
            placeholder="–",
            alt=say("Projects with their index and rework; the first column opens each"),
            column_config={
                say("Project"): components.opening_column(_OPEN, [each.key for each in found.projects]),
                say("Index"): st.column_config.NumberColumn(format="%.2f"),
            },
        )


# ------------------------------------------------------------------ questions and cohorts


def _questions(found: EarlyMeasured) -> None:
    st.header(say("When each question was first answered"), anchor=False)
    sentence = questions_sentence(found)
    st.markdown(plain(sentence), anchors=False)
    late_first = sorted(found.questions, key=_lateness, reverse=True)
    st.plotly_chart(
        charts.bars([piece for question in late_first for piece in _pieces(question)], dark=is_dark()),
        key="early:when",
        config=dict(charts.CONFIG),
        alt=sentence,
    )
    st.caption(
        say("D Discovery, F Feasibility, R Design & Requirements, M Model, P Production, ? still open.")
    )
    with st.expander(say("The same as a table"), icon=":material/table:"):
        st.dataframe(
            {
                say("Field"): [question.field_id for question in late_first],
                say("Question"): [question.title for question in late_first],
                **{
                    mark.word: [question.by_stage.get(stage, 0) for question in late_first]
                    for stage, (_, mark, _) in _STAGES.items()
                },
            },
            hide_index=True,
            alt=say("Production questions by the stage in which they were first answered"),
        )


def _lateness(question: AnsweredWhen) -> tuple[int, str]:
    weights = {stage: place for place, stage in enumerate(_STAGES)}
    return sum(weights[stage] * number for stage, number in question.by_stage.items()), question.field_id


def questions_sentence(found: EarlyMeasured) -> str:
    """The question that comes latest."""
    latest = max(found.questions, key=_lateness)
    early = latest.by_stage.get(Stage.DISCOVERY, 0)
    return say(
        "“{question}” comes latest: {early:,} of {projects} past Discovery answered it there, {missing:,} not yet.",
        question=latest.title,
        early=early,
        projects=counted(len(found.projects), "project"),
        missing=latest.by_stage.get(None, 0),
    )


def _pieces(question: AnsweredWhen) -> list[Bar]:
    return [
        Bar(
            question.title,
            number,
            say(
                "{question}: {projects}, {stage}",
                question=charts.as_text(question.title),
                projects=counted(number, "project"),
                stage=mark.word.lower(),
            ),
            mark,
            strength,
            letter,
        )
        for stage, (letter, mark, strength) in _STAGES.items()
        if (number := question.by_stage.get(stage, 0))
    ]


def _cohorts(found: EarlyMeasured) -> None:
    st.header(say("Index by the quarter projects began"), anchor=False)
    first, last = found.cohorts[0], found.cohorts[-1]
    if first is last:
        text = say(
            "Begun in {first}: {projects}, with a median index of {median:.2f}.",
            first=first.name,
            projects=counted(first.projects, "project"),
            median=first.median,
        )
    else:
        text = say(
            "The median index was {median:.2f} for projects begun in {first} (n = {projects}) "
            "and {last_median:.2f} for those of {last} (n = {last_projects}).",
            median=first.median,
            first=first.name,
            projects=first.projects,
            last_median=last.median,
            last=last.name,
            last_projects=last.projects,
        )
    st.markdown(plain(text), anchors=False)
    st.dataframe(
        {
            say("Begun"): [cohort.name for cohort in found.cohorts],
            say("Projects"): [cohort.projects for cohort in found.cohorts],
            say("Lower quartile"): [cohort.low for cohort in found.cohorts],
            say("Median"): [cohort.median for cohort in found.cohorts],
            say("Upper quartile"): [cohort.high for cohort in found.cohorts],
        },
        hide_index=True,
        alt=say("Early-planning index by the quarter in which projects began"),
        column_config={
            name: st.column_config.NumberColumn(format="%.2f")
            for name in (say("Lower quartile"), say("Median"), say("Upper quartile"))
        },
    )
