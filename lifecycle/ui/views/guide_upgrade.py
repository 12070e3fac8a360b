"""Moving a project to the guide in force: all that would change stands here before anything does."""

from __future__ import annotations

from collections import defaultdict

import streamlit as st

from lifecycle.actions import guides
from lifecycle.queries.guide_versions import GuideUpgrade, upgrade_of
from lifecycle.queries.overview import ProjectOverview
from lifecycle.ui import cache, identity
from lifecycle.ui.components import counted, plain
from lifecycle.ui.perform import perform
from lifecycle.ui.unfolding import is_wanted

_KINDS = {
    "question": "Questions",
    "reliance": "What sign-offs rest on",
    "sign-off": "Who is asked",
    "check": "Checks",
    "tier": "Risk tiers",
    "threshold": "Thresholds",
}
_MOST = 40


def show(view: ProjectOverview) -> None:
    """Nothing where the project goes by the guide in force."""
    now = cache.current_guide()
    if view.project.guide_version == now.version or not view.project.is_open:
        return
    st.info(
        plain(
            f"This project goes by version {view.project.guide_version} of the guide; "
            f"version {now.version} is in force for new ones."
        ),
        icon=":material/history_edu:",
    )
    fold = st.expander(
        f"What version {plain(now.version)} would change",
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
            f":orange[:material/sync_problem:] {made.role.title} at {made.gate.title}, signed by "
            f"{plain(made.printed_name)}: {plain(reasons)}",
            anchors=False,
        )
    for gate, role in effect.newly_required:
        st.markdown(f":material/person_add: {role.title} is asked at {gate.title}", anchors=False)
    for _, title in effect.newly_failing:
        st.markdown(f":red[:material/block:] {plain(title)}", anchors=False)
    if found.left_behind:
        st.markdown(
            f":material/inventory_2: No longer asked, kept in the history: {plain(', '.join(found.left_behind))}",
            anchors=False,
        )
    _changes(found)


def _sentence(found: GuideUpgrade) -> str:
    effect = found.effect
    counts = (
        (len(effect.stale), "sign-off", "would become stale"),
        (len(effect.newly_required), "sign-off", "newly required"),
        (len(effect.newly_failing), "check", "newly in the way"),
    )
    touched = [f"{counted(count, noun)} {what}" for count, noun, what in counts if count]
    said = ", ".join(touched) or "nothing that was signed or checked here is affected"
    return f"{counted(len(found.changes), 'change')} of the guide; {said}."


def _changes(found: GuideUpgrade) -> None:
    by_kind: dict[str, list[str]] = defaultdict(list)
    for change in found.changes:
        by_kind[change.kind].append(change.text)
    for kind, texts in by_kind.items():
        st.markdown(f"**{_KINDS.get(kind, kind.capitalize())}**", anchors=False)
        lines = [f"- {plain(text)}" for text in texts[:_MOST]]
        if len(texts) > _MOST:
            lines.append(f"- and {len(texts) - _MOST:,} more")
        st.markdown("\n".join(lines), anchors=False)


def _do(found: GuideUpgrade) -> None:
    if found.forbidden:
        st.caption(plain(found.forbidden))
        return
    if st.button(
        f"Go by version {found.to_version} from now on", key="guide:upgrade", icon=":material/upgrade:"
    ):
        perform(
            guides.upgrade,
            done=f"The project goes by version {found.to_version} of the guide.",
            project_id=found.project_id,
            to_digest=found.digest,
        )
