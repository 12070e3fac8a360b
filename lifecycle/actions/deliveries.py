"""What people decide about being told: channels, reminders, one's own choice, sending again. One event each."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from lifecycle.canonical import canonical_json
from lifecycle.errors import Invalid, NotFound, Refused
from lifecycle.events import ORGANISATION, EventAction, record
from lifecycle.language import say
from lifecycle.rules import deliveries as rules
from lifecycle.rules.deliveries import DeliveryState, Medium, Way
from lifecycle.rules.messages import FOR_CHANNELS
from lifecycle.rules.permissions import require
from lifecycle.rules.reminders import ReminderPolicy, check_policy
from lifecycle.store.tables import Channel, Delivery, Notice, NotificationChoice, Organisation, PersonRow
from lifecycle.vocabulary import Actor, Blocker

# ---------------------------------------------------------------- channels


def add_channel(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    medium: Medium,
    name: str,
    address: str,
    kinds: Sequence[str] = (),
    allow_http: bool = False,
    address_problem: str | None = None,
) -> str:
    """Returns the secret that a webhook's receiver checks signatures with, shown this once; empty for a chat.

    `address_problem` is what the edge found wrong with the address of a chat, which only it can tell.
    """
    require("deliveries.add_channel", by)
    name, address = " ".join(name.split()), address.strip()
    if medium is Medium.WEBHOOK:
        address_problem = rules.webhook_problem(address, allow_http=allow_http)
    rules.check_channel(name, address, address_problem)
    if unknown := sorted(set(kinds) - set(FOR_CHANNELS)):
        raise Invalid({"messages": say("There is no message {kinds}.", kinds=", ".join(unknown))})
    secret = f"whsec_{secrets.token_urlsafe(32)}" if medium is Medium.WEBHOOK else ""
    channel = Channel(
        kind=medium.value,
        name=name,
        address=address,
        secret=secret,
        kinds=canonical_json(sorted(set(kinds))),
        created_at=at,
        created_by=by.key,
    )
    session.add(channel)
    session.flush()
    shown = {"kind": medium, "name": name, "kinds": sorted(set(kinds))}
    _record(session, EventAction.CHANNEL_ADDED, f"channel:{channel.id}", shown, by, at)
    return secret


def switch_channel(session: Session, *, by: Actor, at: datetime, channel_id: int, active: bool) -> None:
    """Stop telling it anything, or begin again. What happened meanwhile is not made up for."""
    require("deliveries.switch_channel", by)
    channel = _channel(session, channel_id)
    if channel.active == active:
        raise Refused(
            Blocker(
                "same",
                say("“{channel}” is on already.", channel=channel.name)
                if active
                else say("“{channel}” is off already.", channel=channel.name),
            )
        )
    channel.active = active
    channel.revision += 1
    _record(session, EventAction.CHANNEL_SWITCHED, f"channel:{channel_id}", {"active": active}, by, at)


def remove_channel(session: Session, *, by: Actor, at: datetime, channel_id: int) -> None:
    """For good: its address and secret are forgotten, its past deliveries stay in the log."""
    require("deliveries.remove_channel", by)
    channel = _channel(session, channel_id)
    channel.active, channel.removed_at = False, at
    channel.address, channel.secret = "", ""
    channel.revision += 1
    _record(session, EventAction.CHANNEL_REMOVED, f"channel:{channel_id}", {"name": channel.name}, by, at)


def _channel(session: Session, channel_id: int) -> Channel:
    channel = session.get(Channel, channel_id)
    if channel is None or channel.removed_at is not None:
        raise NotFound(say("channel"), channel_id)
    return channel


# ---------------------------------------------------------------- deliveries


def replay(session: Session, *, by: Actor, at: datetime, delivery_id: int) -> None:
    """Send it again, with as many attempts as at first. Receivers see the same key and can drop what they have."""
    require("deliveries.replay", by)
    delivery = session.get(Delivery, delivery_id)
    if delivery is None:
        raise NotFound(say("delivery"), delivery_id)
    if delivery.state in (DeliveryState.WAITING.value, DeliveryState.SENDING.value):
        raise Refused(Blocker("under_way", say("This message is on its way already.")))
    before, delivery.state = delivery.state, DeliveryState.WAITING.value
    delivery.attempts, delivery.due_at, delivery.done_at = 0, at, None
    detail = {"before": before, "kind": delivery.kind, "medium": delivery.medium}
    _record(session, EventAction.DELIVERY_REPLAYED, f"delivery:{delivery_id}", detail, by, at)


def send_test(session: Session, *, by: Actor, at: datetime, channel_id: int | None = None) -> int:
    """A test message to a channel, or by mail to whoever asks; returns the delivery's id."""
    require("deliveries.send_test", by)
    delivery = Delivery(
        key=secrets.token_hex(16), medium=Medium.MAIL.value, kind="test", created_at=at, due_at=at
    )
    if channel_id is not None:
        channel = _channel(session, channel_id)
        delivery.medium, delivery.channel_id = channel.kind, channel_id
    else:
        if session.get(PersonRow, by.key) is None:
            raise Invalid(say("A test by mail goes to the person who asks for it: choose a channel instead."))
        delivery.person_key = by.key
    session.add(delivery)
    session.flush()
    detail = {"medium": delivery.medium, "channel": channel_id}
    _record(session, EventAction.DELIVERY_TESTED, f"delivery:{delivery.id}", detail, by, at)
    return delivery.id or 0


# ---------------------------------------------------------------- choices


def choose(session: Session, *, by: Actor, at: datetime, way: Way, digest_hour: int) -> None:
    """How one wants to be told oneself. The hour is one of the organisation's time zone."""
    require("deliveries.choose", by)
    if not 0 <= digest_hour <= 23:
        raise Invalid({"hour": say("Choose an hour from 0 to 23.")})
    choice = session.get(NotificationChoice, by.key)
    if choice is None:
        choice = NotificationChoice(person_key=by.key, way=way.value, digest_hour=digest_hour, chosen_at=at)
    choice.way, choice.digest_hour, choice.chosen_at = way.value, digest_hour, at
    session.add(choice)
    if way is Way.APP:
        _keep_in_the_app(session, by.key)
    detail = {"way": way, "digest_hour": digest_hour}
    _record(session, EventAction.NOTIFICATIONS_CHOSEN, f"person:{by.key}", detail, by, at)


def _keep_in_the_app(session: Session, person_key: str) -> None:
    """What was kept for a daily e-mail that they no longer want."""
    kept = select(Notice).where(
        col(Notice.person_key) == person_key,
        col(Notice.way) == Way.DIGEST.value,
        col(Notice.delivery_id).is_(None),
    )
    for notice in session.exec(kept):
        notice.way = Way.APP.value


def set_reminders(session: Session, *, by: Actor, at: datetime, policy: ReminderPolicy) -> None:
    """After how many days people are reminded and others are told, for the whole organisation."""
    require("organisation.edit_settings", by)
    check_policy(policy)
    organisation = session.get(Organisation, 1)
    if organisation is None:
        raise Refused(Blocker("set_up", say("Set Lifecycle up first.")))
    settings = json.loads(organisation.settings)
    before, settings["notifications"] = settings.get("notifications"), policy.as_json()
    organisation.settings = canonical_json(settings)
    detail = {"notifications": policy.as_json(), "before": before}
    _record(session, EventAction.ORGANISATION_SETTINGS_CHANGED, "organisation", detail, by, at)


def _record(
    session: Session,
    action: EventAction,
    subject: str,
    detail: Mapping[str, object],
    by: Actor,
    at: datetime,
) -> None:
    session.flush()
    record(session, chain=ORGANISATION, action=action, subject=subject, detail=detail, by=by, at=at)
