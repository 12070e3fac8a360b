"""What people are told: the log with its failures, the channels, and after how many days somebody is reminded."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from lifecycle.actions import deliveries as actions
from lifecycle.language import counted, mark, say, say_count, written_number
from lifecycle.notify import chats
from lifecycle.queries import deliveries as queries
from lifecycle.queries.deliveries import ChannelView, DeliveryLine, DeliveryPage
from lifecycle.rules.deliveries import DeliveryState, Medium
from lifecycle.rules.messages import FOR_CHANNELS, TITLES
from lifecycle.rules.reminders import ReminderPolicy
from lifecycle.ui import cache, identity, navigation, state
from lifecycle.ui.components import (
    ago,
    badge,
    empty_state,
    exact,
    key_figures,
    page_header,
    plain,
    refusal,
)
from lifecycle.ui.perform import attempt, draw_again, perform
from lifecycle.ui.standing import Mark

_SECRET = "deliveries:secret"  # of a webhook that was just added, shown until something else is done
_BEFORE = "before"
_MARKS = {
    DeliveryState.WAITING: Mark(mark("Waiting"), "violet", "schedule"),
    DeliveryState.SENDING: Mark(mark("Sending"), "blue", "send"),
    DeliveryState.SENT: Mark(mark("Sent"), "green", "check_circle"),
    DeliveryState.FAILED: Mark(mark("Failed"), "red", "error"),
    DeliveryState.DROPPED: Mark(mark("Not needed"), "gray", "block"),
}
_ADDRESSES = {
    Medium.WEBHOOK: mark("A program of yours gets a signed JSON message by HTTPS."),
    Medium.CHAT: mark("A chat service gets the headline and a link, by its Apprise address."),
}


def show() -> None:
    """The whole page."""
    page_header(
        say("Deliveries"), about=say("What Lifecycle tells people outside the app, and whether it arrived.")
    )
    by = identity.actor()
    channels = cache.read_now(queries.channels, by=by)
    _reachable(channels)
    log, where, when = st.tabs([say("Log"), say("Where to"), say("Reminders")], key="deliveries:parts")
    with log:
        _log()
    with where:
        _mail()
        _channels(channels)
        _add()
    with when:
        _reminders()
        _jobs()


def _reachable(channels: tuple[ChannelView, ...]) -> None:
    """Says plainly when nothing can leave, or when nobody does the work."""
    if cache.settings().mail is None and not any(channel.active for channel in channels):
        st.warning(
            say(
                "Nothing is sent outside the app: there is no mail server and no channel. People find what concerns "
                "them on their page Notifications. Set one up under “Where to”."
            ),
            icon=":material/mail_off:",
        )
    waiting = cache.read_now(queries.waiting_to_be_told, by=identity.actor())
    if waiting and not cache.settings().jobs:
        st.info(
            say_count(
                "{number:,} thing waits to be told. This server leaves that to others "
                "(LIFECYCLE_JOBS=off): another server, or “python -m lifecycle tick”.",
                "{number:,} things wait to be told. This server leaves that to others "
                "(LIFECYCLE_JOBS=off): another server, or “python -m lifecycle tick”.",
                waiting,
            ),
            icon=":material/schedule:",
        )


# ------------------------------------------------------------------ the log


def _log() -> None:
    by = identity.actor()
    counts = cache.read_now(queries.counts, by=by)
    if not any(counts.values()):
        empty_state(
            say("Nothing has been sent yet"),
            say("Every message outside the app stands here: when, to whom, and whether it arrived."),
            icon="outgoing_mail",
        )
        return
    under_way = counts[DeliveryState.WAITING] + counts[DeliveryState.SENDING]
    key_figures(
        [
            (say("Sent"), written_number(f"{counts[DeliveryState.SENT]:,}"), ""),
            (say("On their way"), written_number(f"{under_way:,}"), ""),
            (say("Failed"), written_number(f"{counts[DeliveryState.FAILED]:,}"), ""),
            (say("No longer needed"), written_number(f"{counts[DeliveryState.DROPPED]:,}"), ""),
        ]
    )
    found = _filtered()
    if not found.lines:
        st.caption(say("No message fits this choice."))
        return
    _table(found)
    _pages(found)


def _filtered() -> DeliveryPage:
    with st.grid(3, min_column_width=200):
        state_name = st.selectbox(
            say("State"),
            [one.value for one in DeliveryState],
            index=None,
            format_func=lambda name: DeliveryState(name).words,
            key="deliveries:state",
            placeholder=say("Every state"),
        )
        medium = st.selectbox(
            say("Way"),
            [one.value for one in Medium],
            index=None,
            format_func=lambda name: Medium(name).words,
            key="deliveries:medium",
            placeholder=say("Every way"),
        )
        kind = st.selectbox(
            say("Message"),
            list(TITLES),
            index=None,
            format_func=lambda name: say(TITLES[name]),
            key="deliveries:kind",
            placeholder=say("Every message"),
        )
    return cache.read_now(
        queries.log,
        by=identity.actor(),
        state=DeliveryState(state_name) if state_name else None,
        medium=Medium(medium) if medium else None,
        kind=kind,
        before=_before(),
    )


def _table(found: DeliveryPage) -> None:
    now = identity.now()
    shown = st.dataframe(
        {
            say("When"): [ago(line.created_at, now) for line in found.lines],
            say("State"): [line.state.words for line in found.lines],
            say("To"): [line.to for line in found.lines],
            say("Message"): [line.what for line in found.lines],
            say("Project"): [line.project for line in found.lines],
            say("Way"): [line.medium.words for line in found.lines],
            say("Attempts"): [line.attempts for line in found.lines],
            say("Why not"): [line.last_error for line in found.lines],
        },
        hide_index=True,
        key="deliveries:table",
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            say("State"): st.column_config.TextColumn(width=90),
            say("Why not"): st.column_config.TextColumn(width="large"),
        },
        alt=say("Messages with their state"),
    )
    by_label = {_label(line): line for line in found.lines}
    rows = shown.selection.rows
    chosen = st.selectbox(
        say("Look at a message"),
        list(by_label),
        index=rows[0] if rows else None,
        key=f"deliveries:one:{rows[0] if rows else ''}",
        placeholder=say("Choose one here or in the table"),
    )
    if chosen:
        _one(by_label[chosen], now)


def _label(line: DeliveryLine) -> str:
    return say(
        "{message} to {somebody}, {moment} (number {number})",
        message=line.what,
        somebody=line.to,
        moment=exact(line.created_at),
        number=line.id,
    )


def _one(line: DeliveryLine, now: datetime) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                say("**{message}** to {somebody}", message=plain(line.what), somebody=plain(line.to)),
                anchors=False,
                width="content",
            )
            badge(_MARKS[line.state])
        said = [say("Written {ago}", ago=ago(line.created_at, now)), counted(line.attempts, "attempt")]
        if line.done_at:
            said.append(say("last one {ago}", ago=ago(line.done_at, now)))
        elif line.state is DeliveryState.WAITING:
            said.append(
                say("next one now")
                if line.due_at <= now
                else say("next one at {moment}", moment=exact(line.due_at))
            )
        st.caption(plain(" · ".join(said)))
        if line.last_error:
            st.markdown(plain(line.last_error), anchors=False)
        if line.can_be_replayed and st.button(
            say("Send again"), icon=":material/replay:", key=f"deliveries:replay:{line.id}"
        ):
            perform(actions.replay, done=say("It is on its way again."), delivery_id=line.id)


def _before() -> int | None:
    text = navigation.here(_BEFORE) or ""
    return int(text) if text.isdecimal() and len(text) < 16 else None


def _pages(found: DeliveryPage) -> None:
    with st.container(horizontal=True):
        if _before() is not None and st.button(
            say("Newest"), icon=":material/first_page:", key="deliveries:newest"
        ):
            navigation.go("deliveries")
        if found.older is not None and st.button(
            say("Older"), icon=":material/chevron_right:", key="deliveries:older"
        ):
            navigation.go("deliveries", before=found.older)


# ------------------------------------------------------------------ where to


def _mail() -> None:
    st.header(say("E-mail"), anchor=False)
    mail = cache.settings().mail
    if mail is None:
        st.caption(
            say(
                "No mail server is set. Start the server with `LIFECYCLE_SMTP_HOST` and `LIFECYCLE_SMTP_SENDER`; "
                "`docs/notifications.md` has the rest."
            )
        )
        return
    secured = {
        "starttls": say("secured by STARTTLS"),
        "ssl": say("secured by TLS"),
        "none": say("not encrypted"),
    }[mail.security]
    way = say("through {host}, port {port}, {secured}", host=mail.host, port=mail.port, secured=secured)
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{plain(mail.sender)}**  \n:small[:gray[{plain(way)}]]",
            width="stretch",
            anchors=False,
        )
        if st.button(say("Send me a test"), icon=":material/send:", key="deliveries:test"):
            perform(
                actions.send_test, done=say("A test is on its way to you; the log shows whether it arrives.")
            )


def _channels(channels: tuple[ChannelView, ...]) -> None:
    st.header(say("Channels"), anchor=False)
    _show_secret()
    if not channels:
        st.caption(say("None. A chat room or a program of yours can be told besides."))
    for channel in channels:
        _channel(channel)


def _channel(channel: ChannelView) -> None:
    icon = {"webhook": "webhook", "chat": "forum"}[channel.medium.value]
    what = ", ".join(say(TITLES[kind]).lower() for kind in channel.kinds) or say("everything but reminders")
    note = f"{channel.medium.words} · {channel.shown_address} · {what}"
    off = "" if channel.active else say(" :gray-badge[Off]")
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            f":material/{icon}: **{plain(channel.name)}**{off}  \n:small[:gray[{plain(note)}]]",
            width="stretch",
            anchors=False,
        )
        with st.container(horizontal=True, width="content", gap="small"):
            _channel_buttons(channel)


def _channel_buttons(channel: ChannelView) -> None:
    if st.button(say("Test"), key=f"channel:test:{channel.id}", icon=":material/send:"):
        perform(
            actions.send_test,
            done=say("A test is on its way; the log shows whether it arrives."),
            channel_id=channel.id,
        )
    turn = say("Turn off") if channel.active else say("Turn on")
    if st.button(turn, key=f"channel:switch:{channel.id}"):
        done = (
            say("“{channel}” is off.", channel=channel.name)
            if channel.active
            else say("“{channel}” is on.", channel=channel.name)
        )
        perform(actions.switch_channel, done=done, channel_id=channel.id, active=not channel.active)
    with st.popover(say("Remove"), icon=":material/delete:", key=f"channel:removing:{channel.id}"):
        st.caption(say("Its address and secret are forgotten for good. The log keeps what was sent."))
        if st.button(say("Remove this channel"), key=f"channel:remove:{channel.id}"):
            done = say("“{channel}” was removed; its address and secret are forgotten.", channel=channel.name)
            perform(actions.remove_channel, done=done, channel_id=channel.id)


def _add() -> None:
    with st.expander(say("Add a channel"), icon=":material/add:"):
        medium = st.radio(
            say("Kind"),
            [Medium.WEBHOOK.value, Medium.CHAT.value],
            format_func=lambda name: Medium(name).words,
            captions=[say(about) for about in _ADDRESSES.values()],
            key="channel:medium",
        )
        with st.form("channel", border=False, enter_to_submit=False):
            name = st.text_input(
                say("Name"), key="channel:name", placeholder=say("Team room"), help=say("For the log.")
            )
            address = st.text_input(
                say("Address"),
                key="channel:address",
                placeholder="https://example.org/hooks/lifecycle" if medium == "webhook" else "slack://…",
                help=say("It is not shown again in full."),
            )
            kinds = st.multiselect(
                say("Only these messages"),
                FOR_CHANNELS,
                format_func=lambda kind: say(TITLES[kind]),
                key="channel:kinds",
                placeholder=say("Everything but reminders"),
            )
            submitted = st.form_submit_button(say("Add this channel"), type="primary")
        if submitted:
            _add_channel(Medium(medium), name, address, kinds)


def _add_channel(medium: Medium, name: str, address: str, kinds: list[str]) -> None:
    is_chat = medium is Medium.CHAT and address.strip()
    outcome = attempt(
        actions.add_channel,
        medium=medium,
        name=name,
        address=address,
        kinds=tuple(kinds),
        allow_http=cache.settings().allow_http_webhooks,
        address_problem=chats.address_problem(address.strip()) if is_chat else None,
    )
    if outcome.refusal is not None:
        refusal(outcome.refusal)
        return
    for part in ("name", "address", "kinds"):
        state.forget(f"channel:{part}")
    if outcome.value:
        state.put(_SECRET, [name, outcome.value])
    state.flash("success", say("“{name}” was added. Send a test to see that it works.", name=name))
    draw_again()


def _show_secret() -> None:
    """The secret of a new webhook. It is shown this once."""
    kept = state.value(_SECRET)
    if not kept:
        return
    with st.container(border=True):
        st.markdown(
            say(":green[:material/key:] **The secret of {channel}**", channel=plain(kept[0])), anchors=False
        )
        st.code(kept[1], language=None, wrap_lines=True)
        st.caption(say("Its receiver checks signatures with it. It cannot be shown again: copy it now."))
        if st.button(say("I have copied it"), key="deliveries:copied"):
            state.forget(_SECRET)
            draw_again()


# ------------------------------------------------------------------ reminders


_DAYS = (
    ("due_after_days", mark("A review without a due date is due after"), mark("days"), 1, 90),
    ("before_due_days", mark("Remind before something is due"), mark("days"), 0, 30),
    ("manager_after_days", mark("Tell the product manager after the due date"), mark("days"), 1, 90),
    ("administrator_after_days", mark("Tell administrators after the due date"), mark("days"), 1, 180),
    ("waiver_before_days", mark("Announce the end of a waiver"), mark("days before"), 1, 90),
    ("hour", mark("Not before"), mark("o'clock"), 0, 23),
)


_JOBS = {
    "standing": mark("Dates that passed"),
    "reminders": mark("Reminders"),
    "outbox": mark("Who is told of what"),
    "digests": mark("Daily e-mails"),
    "deliveries": mark("Sending"),
    "days": mark("Past days of the portfolio"),
    "tidying": mark("Tidying up"),
}


def _reminders() -> None:
    st.header(say("When people are reminded"), anchor=False)
    st.caption(say("Each reminder comes once. What is overdue is told to whoever owes it on the day after."))
    policy = cache.read(queries.reminders)
    with st.form("reminders", border=False):
        given: dict[str, int] = {}
        with st.grid(3, min_column_width=260):
            for name, label, unit, least, most in _DAYS:
                given[name] = int(
                    st.number_input(
                        say("{label} ({unit})", label=label, unit=unit),
                        min_value=least,
                        max_value=most,
                        value=int(getattr(policy, name)),
                        key=f"reminders:{name}",
                    )
                )
        skips = st.checkbox(say("Not on weekends"), value=policy.skip_weekends, key="reminders:weekends")
        submitted = st.form_submit_button(say("Save reminders"), type="primary")
    if submitted:
        chosen = ReminderPolicy(**given, skip_weekends=skips)
        perform(actions.set_reminders, done=say("Saved."), policy=chosen)


def _jobs() -> None:
    st.header(say("Who does the work"), anchor=False)
    now = identity.now()
    ran = [job for job in cache.read_now(queries.jobs, by=identity.actor(), at=now) if job.finished_at]
    if not ran:
        st.caption(say("No job has run yet. The server looks every 15 seconds for what is due."))
        return
    st.dataframe(
        {
            say("Job"): [say(_JOBS.get(job.name, job.name)) for job in ran],
            say("Last run"): [ago(job.finished_at, now) if job.finished_at else "" for job in ran],
            say("State"): [say("runs now") if job.is_running else say("waits") for job in ran],
            say("Things done"): [job.said for job in ran],
            say("By"): [job.holder.rpartition(":")[0] for job in ran],
        },
        hide_index=True,
        alt=say("Jobs with their last run"),
    )
