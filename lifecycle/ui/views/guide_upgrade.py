"""Moving a project to the guide in force: all that would change stands here before anything does."""

from __future__ import annotations

from collections import defaultdict

import streamlit as st

from lifecycle.actions import guides
from lifecycle.language import mark, say, say_count
from lifecycle.queries.guide_versions import GuideUpgrade, upgrade_of
from lifecycle.queries.overview import ProjectOverview
from lifecycle.ui import cache, identity
from lifecycle.ui.components import plain
from lifecycle.ui.perform import perform
from lifecycle.ui.unfolding import is_wanted

_KINDS = {
    "question": mark("Questions"),
    "reliance": mark("What sign-offs rest on"),
    "sign-off": mark("Who is asked"),
    "check": mark("Checks"),
    "tier": mark("Risk tiers"),
    "threshold": mark("Thresholds"),
}
_MOST = 40


def show(view: ProjectOverview) -> None:
    """Nothing where the project goes by the guide in force."""
    now = cache.current_guide()
    if view.project.guide_version == now.version or not view.project.is_open:
        return
    st.info(
        plain(
            say(
                "This project goes by version {version} of the guide; version {newest} is in force for new ones.",
                version=view.project.guide_version,
                newest=now.version,
            )
        ),
        icon=":material/history_edu:",
    )
    fold = st.expander(
        say("What version {version} would change", version=plain(now.version)),
        icon=":material/upgrade:",
        key="guide",
        on_change="rerun",
    )
    if not is_wanted(fold, f"guide:{view.project.id}"):
        return
    with fold:
        found: GuideUpgrade | None = cache.read_with_guide(
            upgrade_of, by=identity.actor(), at=identity.this_hour(), key=view.project.key
        )
        if found is not None:
            _what(found)
            _do(found)


def _what(found: GuideUpgrade) -> None:
    effect = found.effect
    st.markdown(f"**{_sentence(found)}**", anchors=False)
    for made in effect.stale:
        reasons = " ".join(made.reasons)
        st.markdown(
            say(
                ":orange[:material/sync_problem:] {role} at {gate}, signed by {who}: {reasons}",
                role=made.role.title,
                gate=made.gate.title,
                who=plain(made.printed_name),
                reasons=plain(reasons),
            ),
            anchors=False,
        )
    for gate, role in effect.newly_required:
        st.markdown(
            say(":material/person_add: {role} is asked at {gate}", role=role.title, gate=gate.title),
            anchors=False,
        )
    for _, title in effect.newly_failing:
        st.markdown(f":red[:material/block:] {plain(title)}", anchors=False)
    if found.left_behind:
        st.markdown(
            say(
                ":material/inventory_2: No longer asked, kept in the history: {questions}",
                questions=plain(", ".join(found.left_behind)),
            ),
            anchors=False,
        )
    _changes(found)


def _sentence(found: GuideUpgrade) -> str:
    effect = found.effect
    stale, required, failing = map(len, (effect.stale, effect.newly_required, effect.newly_failing))
    touched = []
    if stale:
        touched.append(
            say_count(
                "{number:,} sign-off would become stale", "{number:,} sign-offs would become stale", stale
            )
        )
    if required:
        touched.append(
            say_count("{number:,} sign-off newly required", "{number:,} sign-offs newly required", required)
        )
    if failing:
        touched.append(
            say_count("{number:,} check newly in the way", "{number:,} checks newly in the way", failing)
        )
    return say_count(
        "{number:,} change of the guide; {said}.",
        "{number:,} changes of the guide; {said}.",
        len(found.changes),
        said=", ".join(touched) or say("nothing that was signed or checked here is affected"),
    )


def _changes(found: GuideUpgrade) -> None:
    by_kind: dict[str, list[str]] = defaultdict(list)
    for change in found.changes:
        by_kind[change.kind].append(change.text)
    for kind, texts in by_kind.items():
        st.markdown(f"**{_KINDS[kind]}**", anchors=False)
        lines = [f"- {plain(text)}" for text in texts[:_MOST]]
        if len(texts) > _MOST:
            lines.append(say("- and {number:,} more", number=len(texts) - _MOST))
        st.markdown("\n".join(lines), anchors=False)


def _do(found: GuideUpgrade) -> None:
    if found.forbidden:
        st.caption(plain(found.forbidden))
        return
    if st.button(
        say("Go by version {version} from now on", version=found.to_version),
        key="guide:upgrade",
        icon=":material/upgrade:",
    ):
        perform(
            guides.upgrade,
            done=say("The project goes by version {version} of the guide.", version=found.to_version),
            project_id=found.project_id,
            to_digest=found.digest,
        )
