"""What an organisation has set about telling people."""

from __future__ import annotations

import json

from sqlmodel import Session

from lifecycle.rules.reminders import ReminderPolicy, read_policy
from lifecycle.store.tables import Organisation


def reminder_policy(session: Session) -> ReminderPolicy:
    """What is set, the defaults for the rest."""
    organisation = session.get(Organisation, 1)
    stored = json.loads(organisation.settings).get("notifications", {}) if organisation else {}
    return read_policy(stored)
