"""Does planning early go with less rework? The product's own thesis, measured, with its uncertainty."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from lifecycle.queries import early_measured as queries
from lifecycle.queries.early_measured import AnsweredWhen, EarlyMeasured, MeasuredProject, Rework
from lifecycle.rules.association import ENOUGH, Association
from lifecycle.ui import cache, charts, components, identity, navigation, upkeep
from lifecycle.ui.charts import Bar, Pair
from lifecycle.ui.components import counted, plain
from lifecycle.ui.standing import Mark
from lifecycle.ui.views.portfolio_maps import chosen_point, is_dark
from lifecycle.vocabulary import Stage

_KIND, _CHART, _OPEN = "rework", "early:rework", "early:measured"
_TITLES: Mapping[Rework, str] = {
    Rework.RECYCLED: "Gates sent back",
    Rework.STALE: "Sign-offs gone stale",
    Rework.DAYS_LATE: "Days late",
    Rework.INCIDENTS: "Incidents",
}
_MORE: Mapping[Rework, tuple[str, str]] = {
    Rework.RECYCLED: ("fewer gates sent back", "more gates sent back"),
    Rework.STALE: ("fewer sign-offs gone stale", "more sign-offs gone stale"),
    Rework.DAYS_LATE: ("fewer days late", "more days late"),
    Rework.INCIDENTS: ("fewer incidents", "more incidents"),
}
_DOT = Mark("Project", "blue", "circle")
# From early to late: the letter in each piece says the same as its colour.
_STAGES: Mapping[Stage | None, tuple[str, Mark, float]] = {
    Stage.DISCOVERY: ("D", Mark("Discovery", "green", "circle"), 1.0),
    Stage.FEASIBILITY: ("F", Mark("Feasibility", "green", "circle"), 0.5),
    Stage.DESIGN: ("R", Mark("Design", "blue", "circle"), 0.4),
    Stage.MODEL: ("M", Mark("Model", "orange", "circle"), 0.6),
    Stage.PRODUCTION: ("P", Mark("Production", "orange", "circle"), 1.0),
    None: ("?", Mark("Still open", "gray", "circle"), 0.3),
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
    st.header("Early answers and later rework", anchor=False)
    kinds = list(found.found)
    kind = (
        st.radio(
            "Rework",
            kinds,
            format_func=lambda each: _TITLES[Rework(each)],
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
            points, x_title="early-planning index", y_title=_TITLES[kind].lower(), mark=_DOT, dark=is_dark()
        ),
        key=f"{_CHART}:{kind}",
        on_select=lambda: _open_point(f"{_CHART}:{kind}", points),
        selection_mode="points",
        config=dict(charts.CONFIG),
        alt=sentence,
    )
    st.caption(
        "One dot is one project, those that ended among them; choose it to open the project. "
        "Further right answered earlier; equal ones stand above one another."
    )
    _associations(found)
    _projects(found, kinds)


def association_sentence(kind: Rework, found: Association) -> str:
    """What the figures say, how sure that is, and that it is no cause."""
    if found.rank is None or found.low is None or found.high is None:
        few = f"fewer than {ENOUGH}" if found.pairs < ENOUGH else "and no difference among them"
        return (
            f"Too little to tell: {counted(found.pairs, 'project')} with both figures, {few}. "
            "Look at the dots, not for a rule."
        )
    basis = (
        f"rank correlation {_signed(found.rank)}, 95 % interval {_signed(found.low)} to {_signed(found.high)}, "
        f"n = {found.pairs:,}"
    )
    if not found.is_clear:
        return f"No clear connection ({basis}): chance alone could have made it."
    less, more = _MORE[kind]
    return (
        f"Projects that answered earlier had {less if found.rank < 0 else more} ({basis}). "
        "They go together; that does not say that one causes the other."
    )


def _signed(number: float) -> str:
    return f"{number:+.2f}".replace("-", "−")


def _pair(each: MeasuredProject, kind: Rework) -> Pair:
    hover = (
        f"<b>{charts.as_text(each.name)}</b><br>index {each.index:.2f}, "
        f"{_TITLES[kind].lower()}: {each.rework[kind]:,}"
    )
    return Pair(each.index, each.rework[kind], hover, (each.key,))


def _open_point(key: str, points: list[Pair]) -> None:
    point = chosen_point(key)
    if point is not None and point < len(points):
        navigation.go("project", project=points[point].links[0])


def _associations(found: EarlyMeasured) -> None:
    st.dataframe(
        {
            "Rework": [_TITLES[kind] for kind in found.found],
            "Rank correlation": [each.rank for each in found.found.values()],
            "95 % from": [each.low for each in found.found.values()],
            "95 % to": [each.high for each in found.found.values()],
            "Projects": [each.pairs for each in found.found.values()],
            "Reading": [_reading(each) for each in found.found.values()],
        },
        hide_index=True,
        placeholder="–",
        alt="Rank correlation of the early-planning index with each kind of rework, with its interval",
        column_config={
            name: st.column_config.NumberColumn(format="%+.2f")
            for name in ("Rank correlation", "95 % from", "95 % to")
        },
    )


def _reading(found: Association) -> str:
    if found.rank is None:
        return "too little to tell"
    if not found.is_clear:
        return "no clear connection"
    return "earlier goes with less" if found.rank < 0 else "earlier goes with more"


def _projects(found: EarlyMeasured, kinds: list[Rework]) -> None:
    with st.expander("The dots as a table", icon=":material/table:"):
        st.dataframe(
            {
                "Project": [each.name for each in found.projects],
                "Begun": [each.cohort for each in found.projects],
                "Index": [each.index for each in found.projects],
                **{_TITLES[kind]: [each.rework.get(kind) for each in found.projects] for kind in kinds},
            },
            hide_index=True,
            placeholder="–",
            alt="Projects with their index and rework; the first column opens each",
            column_config={
                "Project": components.opening_column(_OPEN, [each.key for each in found.projects]),
                "Index": st.column_config.NumberColumn(format="%.2f"),
            },
        )


# ------------------------------------------------------------------ questions and cohorts


def _questions(found: EarlyMeasured) -> None:
    st.header("When each question was first answered", anchor=False)
    sentence = questions_sentence(found)
    st.markdown(plain(sentence), anchors=False)
    late_first = sorted(found.questions, key=_lateness, reverse=True)
    st.plotly_chart(
        charts.bars([piece for question in late_first for piece in _pieces(question)], dark=is_dark()),
        key="early:when",
        config=dict(charts.CONFIG),
        alt=sentence,
    )
    st.caption("D Discovery, F Feasibility, R Design & Requirements, M Model, P Production, ? still open.")
    with st.expander("The same as a table", icon=":material/table:"):
        st.dataframe(
            {
                "Field": [question.field_id for question in late_first],
                "Question": [question.title for question in late_first],
                **{
                    mark.word: [question.by_stage.get(stage, 0) for question in late_first]
                    for stage, (_, mark, _) in _STAGES.items()
                },
            },
            hide_index=True,
            alt="Production questions by the stage in which they were first answered",
        )


def _lateness(question: AnsweredWhen) -> tuple[int, str]:
    weights = {stage: place for place, stage in enumerate(_STAGES)}
    return sum(weights[stage] * number for stage, number in question.by_stage.items()), question.field_id


def questions_sentence(found: EarlyMeasured) -> str:
    """The question that comes latest."""
    latest = max(found.questions, key=_lateness)
    early = latest.by_stage.get(Stage.DISCOVERY, 0)
    return (
        f"“{latest.title}” comes latest: {early:,} of {counted(len(found.projects), 'project')} past Discovery "
        f"answered it there, {latest.by_stage.get(None, 0):,} not yet."
    )


def _pieces(question: AnsweredWhen) -> list[Bar]:
    return [
        Bar(
            question.title,
            number,
            f"{charts.as_text(question.title)}: {counted(number, 'project')}, {mark.word.lower()}",
            mark,
            strength,
            letter,
        )
        for stage, (letter, mark, strength) in _STAGES.items()
        if (number := question.by_stage.get(stage, 0))
    ]


def _cohorts(found: EarlyMeasured) -> None:
    st.header("Index by the quarter projects began", anchor=False)
    first, last = found.cohorts[0], found.cohorts[-1]
    if first is last:
        text = (
            f"Begun in {first.name}: {counted(first.projects, 'project')}, "
            f"with a median index of {first.median:.2f}."
        )
    else:
        text = (
            f"The median index was {first.median:.2f} for projects begun in {first.name} (n = {first.projects}) and "
            f"{last.median:.2f} for those of {last.name} (n = {last.projects})."
        )
    st.markdown(plain(text), anchors=False)
    st.dataframe(
        {
            "Begun": [cohort.name for cohort in found.cohorts],
            "Projects": [cohort.projects for cohort in found.cohorts],
            "Lower quartile": [cohort.low for cohort in found.cohorts],
            "Median": [cohort.median for cohort in found.cohorts],
            "Upper quartile": [cohort.high for cohort in found.cohorts],
        },
        hide_index=True,
        alt="Early-planning index by the quarter in which projects began",
        column_config={
            name: st.column_config.NumberColumn(format="%.2f")
            for name in ("Lower quartile", "Median", "Upper quartile")
        },
    )
