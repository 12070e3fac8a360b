"""What this person was told lately, and how they want to be told."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from itertools import groupby
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import streamlit as st

from lifecycle.actions import deliveries as actions
from lifecycle.actions import outbox
from lifecycle.errors import LifecycleError
from lifecycle.language import say, say_as, say_count
from lifecycle.queries import deliveries as queries
from lifecycle.queries import messages
from lifecycle.queries.deliveries import ChoiceView
from lifecycle.queries.messages import NoticeLine
from lifecycle.rules.deliveries import Way, can_be_reached
from lifecycle.rules.reminders import zone_of
from lifecycle.ui import cache, identity, navigation
from lifecycle.ui.components import ago, day, empty_state, exact, page_header, plain
from lifecycle.ui.perform import perform


def show() -> None:
    """The whole page. Looking at it counts as having seen what is on it."""
    page_header(say("Notifications"), about=say("What you were told lately, and how you want to be told."))
    by, now = identity.actor(), identity.now()
    choice = cache.read_now(queries.choice, person_key=by.key)
    told = cache.read_now(messages.notices, person_key=by.key, guide=cache.guide(), at=now)
    _list(told, choice, now)
    _choose(choice)
    if told and (choice.seen_at is None or told[0].at > choice.seen_at):
        # Only a note for the next visit: where it cannot be taken the page is drawn all the same.
        with suppress(LifecycleError), cache.database().write() as session:
            outbox.mark_seen(session, person_key=by.key, at=now)


# ------------------------------------------------------------------ what was told


def _list(told: tuple[NoticeLine, ...], choice: ChoiceView, now: datetime) -> None:
    if not told:
        empty_state(
            say("Nothing yet"),
            say(
                "When somebody asks you for a review, decides on your project, or something that you signed changes, "
                "it appears here."
            ),
            icon="notifications",
        )
        return
    zone = zone_of(choice.time_zone)
    for on, lines in groupby(told, key=lambda line: line.at.astimezone(zone).date()):
        today = now.astimezone(zone).date()
        title = {0: say("Today"), 1: say("Yesterday")}.get((today - on).days) or day(on)
        st.header(title, anchor=False)
        with st.container(gap="xsmall"):
            for line in lines:
                _line(line, choice, zone, now)


def _line(line: NoticeLine, choice: ChoiceView, zone: ZoneInfo, now: datetime) -> None:
    is_new = choice.seen_at is None or line.at > choice.seen_at
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        moment = f"{line.at.astimezone(zone):%H:%M}"
        hover = f"{ago(line.at, now)} · {exact(line.at)}"
        st.markdown(f":gray[{moment}]", width="content", anchors=False, help=hover)
        new = say(":blue-badge[New] ") if is_new else ""
        st.markdown(f"{new}{plain(line.title)}  \n:small[:gray[{plain(line.project)}]]", anchors=False)
        if st.button(
            say_as("Open", "verb"), key=f"notice:{line.id}", icon=":material/arrow_forward:", type="tertiary"
        ):
            address = urlsplit(line.link)
            navigation.go(address.path.strip("/"), **dict(parse_qsl(address.query)))


# ------------------------------------------------------------------ how


def _choose(choice: ChoiceView) -> None:
    st.header(say("How you are told"), anchor=False)
    _mail_in_words()
    with st.form("choice", border=False):
        ways = [way.value for way in Way]
        chosen = st.radio(
            say("Tell me"),
            ways,
            index=ways.index(choice.way.value),
            format_func=lambda way: Way(way).words,
            key="choice:way",
        )
        hour = st.selectbox(
            say("Hour of the daily e-mail"),
            list(range(24)),
            index=choice.digest_hour,
            format_func=lambda hour: f"{hour:02}:00",
            key="choice:hour",
            help=say(
                "In the time zone of your organisation, {time_zone}. Nothing is sent on a day on "
                "which nothing happened.",
                time_zone=choice.time_zone,
            ),
            width=220,
        )
        submitted = st.form_submit_button(say("Save"), type="primary")
    if submitted:
        perform(actions.choose, done=say("Saved."), way=Way(chosen), digest_hour=hour)
    waiting = cache.read_now(queries.waits_for_digest, person_key=identity.actor().key)
    if waiting:
        st.caption(
            say_count(
                "{number:,} thing waits for your next daily e-mail.",
                "{number:,} things wait for your next daily e-mail.",
                waiting,
            )
        )


def _mail_in_words() -> None:
    person = identity.signed_in()
    address = person.email if person else None
    if cache.settings().mail is None:
        st.info(
            say(
                "This installation sends no e-mail yet: whatever you choose, you find everything here. "
                "An administrator can set up a mail server."
            ),
            icon=":material/mail_off:",
        )
    elif not can_be_reached(address):
        st.info(say("Your account has no address that e-mail can reach."), icon=":material/mail_off:")
    else:
        st.caption(say("Your e-mail goes to {address}.", address=plain(address or "")))
