"""Rules of signing in with an identity provider: whom it vouches for, and which role its groups give."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lifecycle.rules.people import LONGEST_NAME, email_problem, name_problem, tidy_email, tidy_name
from lifecycle.vocabulary import OrganisationRole

FRESH_FOR = timedelta(minutes=5)
BEGUN_FOR = timedelta(minutes=10)
CLOCKS_APART = timedelta(minutes=1)  # how far the provider's clock and ours may differ
LONGEST_SUBJECT = 255
MOST_GROUPS = 10_000


@dataclass(frozen=True, slots=True)
class Vouched:
    """What a provider says of somebody who has just signed in there. `email` is empty unless it vouches for it."""

    issuer: str
    subject: str
    email: str
    name: str
    groups: frozenset[str]
    authenticated_at: datetime | None


@dataclass(frozen=True, slots=True)
class GroupRoles:
    """The provider's groups that give an organisation role."""

    administrators: frozenset[str] = frozenset()
    leadership: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset()

    @property
    def decide(self) -> bool:
        """Whether roles come from the provider; otherwise administrators give them here."""
        return bool(self.administrators or self.leadership)

    def named(self, groups: Collection[str]) -> bool:
        """Whether one of the groups is named in any of the three."""
        return not (self.administrators | self.leadership | self.members).isdisjoint(groups)

    def let_in(self, groups: Collection[str]) -> bool:
        return not self.members or self.named(groups)

    def role(self, groups: Collection[str]) -> OrganisationRole:
        """The most that one of the groups gives."""
        if not self.administrators.isdisjoint(groups):
            return OrganisationRole.ADMINISTRATOR
        if not self.leadership.isdisjoint(groups):
            return OrganisationRole.LEADERSHIP
        return OrganisationRole.MEMBER


def vouched(
    claims: Mapping[str, object], *, issuer: str, groups_claim: str, trusts_addresses: bool
) -> Vouched | None:
    """The claims as plain values; None without a usable subject. Whatever else is odd is left out, not guessed."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        return None
    email = claims.get("email")
    email = tidy_email(email) if isinstance(email, str) else ""
    is_vouched_for = claims.get("email_verified") is True or trusts_addresses
    if not is_vouched_for or email_problem(email):
        email = ""
    return Vouched(
        issuer, subject, email, _name(claims, email), _groups(claims.get(groups_claim)), _moment(claims)
    )


def is_fresh(authenticated_at: datetime | None, *, begun_at: datetime) -> bool:
    """Whether somebody signed in at the provider after we sent them there, give or take the clocks."""
    return authenticated_at is not None and authenticated_at >= begun_at - CLOCKS_APART


def _name(claims: Mapping[str, object], email: str) -> str:
    for claim in ("name", "preferred_username"):
        said = claims.get(claim)
        name = tidy_name(said)[:LONGEST_NAME] if isinstance(said, str) else ""
        if name and not name_problem(name):
            return name
    return email.partition("@")[0]


def _groups(said: object) -> frozenset[str]:
    """A list of names, or one name."""
    listed = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    return frozenset(group for group in listed[:MOST_GROUPS] if isinstance(group, str))


def _moment(claims: Mapping[str, object]) -> datetime | None:
    said = claims.get("auth_time")
    if isinstance(said, bool) or not isinstance(said, int | float):
        return None
    try:
        return datetime.fromtimestamp(said, UTC)
    except (OverflowError, OSError, ValueError):
        return None
