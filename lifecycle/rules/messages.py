"""Who is told of what, and in which words: one table, from the kinds of the outbox to people.

A kind of the outbox is the action of an event, or the name of what a date brought. The words are templates over
the values that `queries/messages.py` fills in: project, gate, role, who (did it), person (whom it concerns), what,
due, days, reason. An audience is resolved in `facts/audiences.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from lifecycle.language import mark, say
from lifecycle.vocabulary import Decision


class Audience(StrEnum):
    """Who is told. Whoever did it, left, or may not read the project never is."""

    ASKED = "asked"  # the person of the review
    ASKED_BEFORE = "asked_before"  # who it was taken from
    REQUESTER = "requester"
    MANAGERS = "managers"
    TEAM = "team"  # everybody with a role on the project
    SIGNER = "signer"
    OWNERS = "owners"  # of the condition, or of those that a decision set
    SETTER = "setter"  # who set the condition
    WAIVER_GIVER = "waiver_giver"
    APPROVERS = "approvers"
    PERSON = "person"  # whom the event is about
    ADMINISTRATORS = "administrators"
    STOOD_IN_FOR = "stood_in_for"  # in whose place somebody decided
    OTHER_SIDE = "other_side"  # of a question asked: who asked, or the team where the asker spoke
    TALKERS = "talkers"  # everybody who said something in it
    WATCHERS = (
        "watchers"  # the owner of the monitor that an incident is about, and the project's monitor owners
    )
    ASSIGNEE = "assignee"  # who sees to the incident
    FIX_SIGNERS = "fix_signers"  # whom the release path names
    ACCOUNTABLE = "accountable"  # the project's business and technology owners


class About(StrEnum):
    """The page that a message leads to."""

    REVIEW = "review"
    GATE = "gate"
    PROJECT = "project"
    FIELD = (
        "field"  # the question on the worksheet or of the data source, with what was asked about it unfolded
    )
    INCIDENT = "incident"
    RELEASES = "releases"
    OPERATION = "operation"


@dataclass(frozen=True, slots=True)
class Telling:
    """One message that an entry of the outbox leads to: its own kind, to whom, and the words.

    `only` names values of the entry's detail without which it is not told; `needs` one that has to be there at all.
    """

    kind: str
    to: tuple[Audience, ...]
    title: str  # follows the name of the project
    lead: str
    about: About
    link: str
    only: Mapping[str, tuple[object, ...]] | None = None
    needs: str = ""

    def applies_to(self, detail: Mapping[str, object]) -> bool:
        if self.needs and not detail.get(self.needs):
            return False
        return all(detail.get(name) in allowed for name, allowed in (self.only or {}).items())


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a message; with an address it is a link."""

    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    heading: str
    lines: tuple[Line, ...]
    is_quoted: bool = False  # what somebody wrote, not a list


@dataclass(frozen=True, slots=True)
class Message:
    """What one receiver reads, in plain words; the media draw it each in their own way."""

    kind: str
    project: str  # its name; empty where it is about no single one
    title: str
    lead: str
    sections: tuple[Section, ...] = ()
    link: str = ""
    link_label: str = ""
    project_key: str = ""
    data: tuple[tuple[str, str], ...] = ()  # words of closed lists, for programs

    @property
    def subject(self) -> str:
        if not self.project:
            return self.title
        return say("{project}: {message}", project=self.project, message=self.title)


FAVOURABLE = (
    Decision.APPROVED.value,
    Decision.APPROVED_WITH_CONDITIONS.value,
    Decision.ACKNOWLEDGED.value,
    Decision.OPINION.value,
)
_AFTER_DECIDING = (Audience.MANAGERS, Audience.REQUESTER)
_OPEN = mark("Open the review")
_THREAD = mark("Open the question")
_GATE = mark("Open the gate")
_INCIDENT = mark("Open the incident")
_RELEASES = mark("Open the releases")
_AHEAD = mark("See what is ahead")

# Whoever several messages of one kind fit gets the last of them alone: general ones stand first.
TELLINGS: Mapping[str, tuple[Telling, ...]] = MappingProxyType(
    {
        # reviews
        "review.requested": (
            Telling(
                "review.requested",
                (Audience.ASKED,),
                mark("please review as {role}"),
                mark("{who} asks you to {act} the {gate} gate of {project} as {role}{due}."),
                About.REVIEW,
                mark("Read and decide"),
            ),
        ),
        "review.reassigned": (
            Telling(
                "review.requested",
                (Audience.ASKED,),
                mark("please review as {role}"),
                mark(
                    "{who} asks you, in place of {former}, to {act} the {gate} gate of {project} as {role}{due}."
                ),
                About.REVIEW,
                mark("Read and decide"),
            ),
            Telling(
                "review.reassigned",
                (Audience.ASKED_BEFORE,),
                mark("the review as {role} is no longer yours"),
                mark(
                    "{who} asked {person} instead of you to review the {gate} gate of {project} as {role}. "
                    "There is nothing left for you to do."
                ),
                About.GATE,
                _GATE,
            ),
        ),
        "review.handed_over": (
            Telling(
                "review.handed_over",
                (Audience.MANAGERS, Audience.REQUESTER),
                mark("{person} reviews as {role} now"),
                mark("{who} passed the review of the {gate} gate of {project} as {role} on to {person}."),
                About.REVIEW,
                _OPEN,
            ),
            Telling(
                "review.requested",
                (Audience.ASKED,),
                mark("please review as {role}"),
                mark(
                    "{who} passes a request on to you: please {act} the {gate} gate of {project} as {role}{due}."
                ),
                About.REVIEW,
                mark("Read and decide"),
            ),
        ),
        "review.withdrawn": (
            Telling(
                "review.withdrawn",
                (Audience.ASKED,),
                mark("the request to review as {role} was taken back"),
                mark(
                    "{who} took back the request to review the {gate} gate of {project} as {role}. "
                    "There is nothing left for you to do."
                ),
                About.GATE,
                _GATE,
            ),
        ),
        # decisions
        "sign_off.recorded": (
            Telling(
                "sign_off.recorded",
                _AFTER_DECIDING,
                mark("{role} decided “{decision}”"),
                mark("{who} decided on the {gate} gate of {project} as {role}: {decision}."),
                About.REVIEW,
                _OPEN,
                {"decision": FAVOURABLE},
            ),
            Telling(
                "changes.requested",
                _AFTER_DECIDING,
                mark("{role} requests changes"),
                mark("{who} requests changes before {role} can sign the {gate} gate of {project}."),
                About.REVIEW,
                _OPEN,
                {"decision": (Decision.CHANGES_REQUESTED.value,)},
            ),
            Telling(
                "sign_off.rejected",
                _AFTER_DECIDING,
                mark("{role} rejects"),
                mark("{who} rejects the {gate} gate of {project} as {role}."),
                About.REVIEW,
                _OPEN,
                {"decision": (Decision.REJECTED.value,)},
            ),
            Telling(
                "sign_off.for_you",
                (Audience.STOOD_IN_FOR,),
                mark("{who} decided for you as {role}"),
                mark(
                    "{who} stands in for you and decided on the {gate} gate of {project} as {role}: {decision}."
                ),
                About.REVIEW,
                _OPEN,
                needs="for",
            ),
            Telling(
                "condition.given",
                (Audience.OWNERS,),
                mark("a condition is yours to meet"),
                mark("{who} approved the {gate} gate of {project} as {role} on conditions that you see to."),
                About.GATE,
                _GATE,
                {"decision": (Decision.APPROVED_WITH_CONDITIONS.value,)},
            ),
        ),
        "sign_off.affirmed": (
            Telling(
                "sign_off.affirmed",
                _AFTER_DECIDING,
                mark("{role} affirmed again"),
                mark(
                    "{who} read what changed and affirmed the decision of {role} at the {gate} gate of {project}."
                ),
                About.REVIEW,
                _OPEN,
            ),
        ),
        "sign_off.withdrawn": (
            Telling(
                "sign_off.withdrawn",
                _AFTER_DECIDING,
                mark("{role} took a decision back"),
                mark("{who} took back the decision of {role} at the {gate} gate of {project}."),
                About.REVIEW,
                _OPEN,
            ),
        ),
        "sign_off.gone_stale": (
            Telling(
                "sign_off.stale_for_manager",
                (Audience.MANAGERS,),
                mark("the sign-off of {role} has gone stale"),
                mark(
                    "Something that {person} signed as {role} at the {gate} gate of {project} has changed, so the "
                    "sign-off no longer counts until it is affirmed again."
                ),
                About.GATE,
                _GATE,
            ),
            Telling(
                "sign_off.stale",
                (Audience.SIGNER,),
                mark("what you signed as {role} has changed"),
                mark(
                    "Something that your decision at the {gate} gate of {project} rests on has changed, so it no "
                    "longer counts. Read what changed and affirm it again, or say why not."
                ),
                About.REVIEW,
                mark("See what changed"),
            ),
        ),
        # conditions and waivers
        "condition.added": (
            Telling(
                "condition.given",
                (Audience.OWNERS,),
                mark("a condition is yours to meet"),
                mark("{who} set a condition at the {gate} gate of {project} that you see to{due}."),
                About.GATE,
                _GATE,
            ),
        ),
        "condition.met": (
            Telling(
                "condition.met",
                (Audience.SETTER, Audience.MANAGERS),
                mark("a condition is met"),
                mark("{who} says that a condition at the {gate} gate of {project} is met."),
                About.GATE,
                _GATE,
            ),
        ),
        "condition.withdrawn": (
            Telling(
                "condition.withdrawn",
                (Audience.OWNERS,),
                mark("a condition was withdrawn"),
                mark("{who} withdrew a condition at the {gate} gate of {project} that you saw to."),
                About.GATE,
                _GATE,
            ),
        ),
        "check.waived": (
            Telling(
                "check.waived",
                (Audience.MANAGERS,),
                mark("{what} is waived"),
                mark("{who} waived {what} at the {gate} gate of {project}{due}."),
                About.GATE,
                _GATE,
            ),
        ),
        "waiver.revoked": (
            Telling(
                "waiver.revoked",
                (Audience.MANAGERS, Audience.WAIVER_GIVER),
                mark("the waiver of {what} has ended"),
                mark("{who} revoked the waiver of {what} in {project}. It counts again from now on."),
                About.GATE,
                _GATE,
            ),
        ),
        # questions asked about an answer
        "thread.opened": (
            Telling(
                "thread.opened",
                (Audience.OTHER_SIDE,),
                mark("a question about “{what}”"),
                mark("{who} asks about “{what}” in {project}."),
                About.FIELD,
                mark("Read and answer"),
            ),
        ),
        "thread.answered": (
            Telling(
                "thread.answered",
                (Audience.OTHER_SIDE,),
                mark("an answer about “{what}”"),
                mark("{who} wrote about “{what}” in {project}."),
                About.FIELD,
                _THREAD,
            ),
        ),
        "thread.resolved": (
            Telling(
                "thread.resolved",
                (Audience.OTHER_SIDE, Audience.TALKERS),
                mark("the question about “{what}” is resolved"),
                mark(
                    "{who} resolved what was asked about “{what}” in {project}. If something is "
                    "still open, open it again."
                ),
                About.FIELD,
                _THREAD,
            ),
        ),
        "thread.reopened": (
            Telling(
                "thread.reopened",
                (Audience.OTHER_SIDE, Audience.TALKERS),
                mark("the question about “{what}” is open again"),
                mark("{who} opened again what was asked about “{what}” in {project}."),
                About.FIELD,
                mark("Read and answer"),
            ),
        ),
        # gates and roles
        "gate.decided": (
            Telling(
                "gate.decided",
                (Audience.TEAM,),
                mark("the {gate} gate is decided, {outcome}"),
                mark("{who} recorded the outcome of the {gate} gate of {project}: {outcome}."),
                About.GATE,
                _GATE,
            ),
        ),
        "tier.chosen": (
            Telling(
                "tier.chosen",
                (Audience.MANAGERS,),
                mark("the risk tier is {what} now"),
                mark("{who} chose risk tier {what} for {project}, where the points propose {proposed}."),
                About.PROJECT,
                mark("Open the project"),
            ),
        ),
        "role.given": (
            Telling(
                "role.given",
                (Audience.PERSON,),
                mark("you are {role} now"),
                mark("{who} gave you the role {role} on {project}."),
                About.PROJECT,
                mark("Open the project"),
            ),
        ),
        # days that the answers name
        "agreement.ends": (
            Telling(
                "agreement.reminder",
                (Audience.MANAGERS,),
                mark("{what} ends {when}"),
                mark("In {project}, {what} ends {when}. Renew it, or say what takes its place."),
                About.OPERATION,
                _AHEAD,
            ),
        ),
        "change.expected": (
            Telling(
                "change.reminder",
                (Audience.MANAGERS,),
                mark("{what} is expected {when}"),
                mark(
                    "In {project}, {what} is expected {when}. Once it has come, note it in the change log and assess "
                    "what it does."
                ),
                About.OPERATION,
                _AHEAD,
            ),
        ),
        "operate_review.due": (
            Telling(
                "operate_review.reminder",
                (Audience.MANAGERS, Audience.APPROVERS),
                mark("{what} is due {when}"),
                mark("For {project}, {what} is due {when}. What is known of it is there already."),
                About.OPERATION,
                mark("Open the review"),
            ),
        ),
        # releases
        "release.created": (
            Telling(
                "release.created",
                (Audience.MANAGERS,),
                mark("{what} is ready to go live"),
                mark("{who} made {what} of {project} from what is signed now."),
                About.RELEASES,
                _RELEASES,
            ),
        ),
        "release.stepped": (
            Telling(
                "release.live",
                (Audience.TEAM,),
                mark("{what} is live for everybody"),
                mark("{who} brought {what} of {project} to everybody."),
                About.RELEASES,
                _RELEASES,
                {"move": ("full",)},
            ),
        ),
        "release.rolled_back": (
            Telling(
                "release.rolled_back",
                (Audience.TEAM,),
                mark("{what} was rolled back"),
                mark("{who} rolled {what} of {project} back."),
                About.RELEASES,
                _RELEASES,
            ),
        ),
        # what a date brings
        "review.due_soon": (
            Telling(
                "review.reminder",
                (Audience.ASKED,),
                mark("your review as {role} is due {when}"),
                mark("Your review of the {gate} gate of {project} as {role} is due {when}."),
                About.REVIEW,
                mark("Read and decide"),
            ),
        ),
        "review.overdue": (
            Telling(
                "review.reminder",
                (Audience.ASKED,),
                mark("your review as {role} is overdue"),
                mark(
                    "Your review of the {gate} gate of {project} as {role} was due {when}. If you cannot see to it, "
                    "tell the product manager, who can ask somebody else."
                ),
                About.REVIEW,
                mark("Read and decide"),
            ),
        ),
        "review.late_for_manager": (
            Telling(
                "review.escalation",
                (Audience.MANAGERS, Audience.REQUESTER),
                mark("{role} has not decided"),
                mark(
                    "{person} was asked to review the {gate} gate of {project} as {role} and has not decided; it was "
                    "due {when}. You can ask somebody else on the gate's page."
                ),
                About.GATE,
                _GATE,
            ),
        ),
        "review.late_for_administrator": (
            Telling(
                "review.escalation",
                (Audience.ADMINISTRATORS,),
                mark("{role} has not decided for long"),
                mark(
                    "{person} was asked to review the {gate} gate of {project} as {role} and has not decided; it was "
                    "due {when}, and the product manager knows. You can ask somebody else on the gate's page."
                ),
                About.GATE,
                _GATE,
            ),
        ),
        "condition.due_soon": (
            Telling(
                "condition.reminder",
                (Audience.OWNERS,),
                mark("a condition is due {when}"),
                mark("A condition at the {gate} gate of {project} that you see to is due {when}."),
                About.GATE,
                _GATE,
            ),
        ),
        "condition.overdue": (
            Telling(
                "condition.overdue",
                (Audience.OWNERS, Audience.MANAGERS),
                mark("a condition is overdue"),
                mark(
                    "A condition at the {gate} gate of {project} was due {when}. Until it is met it stands "
                    "in the way."
                ),
                About.GATE,
                _GATE,
            ),
        ),
        "waiver.near_expiry": (
            Telling(
                "waiver.reminder",
                (Audience.MANAGERS, Audience.WAIVER_GIVER),
                mark("the waiver of {what} ends {when}"),
                mark(
                    "The waiver of {what} at the {gate} gate of {project} ends {when}. From then on the check counts "
                    "again."
                ),
                About.GATE,
                _GATE,
            ),
        ),
        # monitors and incidents
        "trigger.fired": (
            Telling(
                "trigger.fired",
                (Audience.MANAGERS, Audience.WATCHERS, Audience.ASSIGNEE),
                mark("“{what}” fired"),
                mark(
                    "The monitor “{what}” of {project} fired. Its incident says at which readings, and waits for "
                    "somebody to take it on."
                ),
                About.INCIDENT,
                _INCIDENT,
            ),
        ),
        "trigger.silent": (
            Telling(
                "trigger.silent",
                (Audience.MANAGERS, Audience.WATCHERS, Audience.ASSIGNEE),
                mark("no readings of “{what}”"),
                mark(
                    "Readings of “{what}” of {project} have stayed away for longer than expected, so nobody sees how "
                    "it is doing."
                ),
                About.INCIDENT,
                _INCIDENT,
            ),
        ),
        "retraining.called": (
            Telling(
                "retraining.called",
                (),
                mark("“{what}” calls for retraining"),
                mark("The monitor “{what}” of {project} fired, and asks for the model to be trained again."),
                About.INCIDENT,
                _INCIDENT,
            ),
        ),
        "incident.opened": (
            Telling(
                "incident.opened",
                (Audience.MANAGERS, Audience.WATCHERS, Audience.ACCOUNTABLE),
                mark("an incident: {what}"),
                mark("{who} opened an incident on {project}: {what}."),
                About.INCIDENT,
                _INCIDENT,
            ),
        ),
        "incident.taken_on": (
            Telling(
                "incident.taken_on",
                (Audience.ASSIGNEE,),
                mark("an incident is yours: {what}"),
                mark("{who} gave you an incident on {project} to see to: {what}."),
                About.INCIDENT,
                _INCIDENT,
            ),
        ),
        "incident.fixed": (
            Telling(
                "incident.fixed",
                (Audience.FIX_SIGNERS,),
                mark("a fix waits for your signature: {what}"),
                mark("{who} recorded a fix on {project} that you sign: {what}."),
                About.INCIDENT,
                mark("Read the fix and sign it"),
            ),
        ),
        "incident.fix_signed": (
            Telling(
                "incident.fix_signed",
                (Audience.MANAGERS, Audience.ASSIGNEE),
                mark("the fix is signed: {what}"),
                mark(
                    "{who} signed the fix of an incident on {project}: {what}. The review of what was learned is left."
                ),
                About.INCIDENT,
                _INCIDENT,
            ),
        ),
        "incident.fix_refused": (
            Telling(
                "incident.fix_refused",
                (Audience.MANAGERS, Audience.ASSIGNEE),
                mark("the fix was sent back: {what}"),
                mark("{who} did not sign the fix of an incident on {project}: {what}."),
                About.INCIDENT,
                _INCIDENT,
            ),
        ),
        "incident.reopened": (
            Telling(
                "incident.reopened",
                (Audience.MANAGERS, Audience.WATCHERS, Audience.ASSIGNEE),
                mark("an incident is open again: {what}"),
                mark("{who} opened an incident on {project} again: {what}."),
                About.INCIDENT,
                _INCIDENT,
            ),
        ),
        "incident.waits": (
            Telling(
                "incident.escalation",
                (Audience.WATCHERS, Audience.MANAGERS),
                mark("nobody has taken on an incident: {what}"),
                mark("An incident on {project} waits for somebody to take it on: {what}."),
                About.INCIDENT,
                _INCIDENT,
            ),
        ),
        "incident.waits_long": (
            Telling(
                "incident.late_escalation",
                (Audience.ADMINISTRATORS, Audience.ACCOUNTABLE, Audience.MANAGERS),
                mark("still nobody has taken on an incident: {what}"),
                mark("An incident on {project} has waited far too long for somebody to take it on: {what}."),
                About.INCIDENT,
                _INCIDENT,
            ),
        ),
    }
)

# For choosing and filtering: what a message is called where only its kind is known.
TITLES: Mapping[str, str] = MappingProxyType(
    {
        "review.requested": mark("Review requested"),
        "review.reassigned": mark("Review given to somebody else"),
        "review.handed_over": mark("Review handed over"),
        "review.withdrawn": mark("Request taken back"),
        "review.reminder": mark("Review reminder"),
        "review.escalation": mark("Review escalated"),
        "sign_off.recorded": mark("Decision recorded"),
        "changes.requested": mark("Changes requested"),
        "sign_off.rejected": mark("Rejected"),
        "sign_off.affirmed": mark("Decision affirmed again"),
        "sign_off.withdrawn": mark("Decision taken back"),
        "sign_off.stale": mark("What you signed has changed"),
        "sign_off.stale_for_manager": mark("Sign-off gone stale"),
        "sign_off.for_you": mark("Decided for you"),
        "thread.opened": mark("Question asked"),
        "thread.answered": mark("Question answered"),
        "thread.resolved": mark("Question resolved"),
        "thread.reopened": mark("Question open again"),
        "condition.given": mark("Condition given"),
        "condition.met": mark("Condition met"),
        "condition.withdrawn": mark("Condition withdrawn"),
        "condition.reminder": mark("Condition due soon"),
        "condition.overdue": mark("Condition overdue"),
        "check.waived": mark("Check waived"),
        "waiver.revoked": mark("Waiver revoked"),
        "waiver.reminder": mark("Waiver near its end"),
        "gate.decided": mark("Gate decided"),
        "tier.chosen": mark("Risk tier chosen"),
        "role.given": mark("Role given"),
        "trigger.fired": mark("Monitor fired"),
        "trigger.silent": mark("Readings stayed away"),
        "retraining.called": mark("Call for retraining"),
        "incident.opened": mark("Incident opened"),
        "incident.taken_on": mark("Incident given to somebody"),
        "incident.fixed": mark("Fix waits for its signature"),
        "incident.fix_signed": mark("Fix signed"),
        "incident.fix_refused": mark("Fix sent back"),
        "incident.reopened": mark("Incident opened again"),
        "incident.escalation": mark("Incident waits for somebody"),
        "incident.late_escalation": mark("Incident has waited too long"),
        "agreement.reminder": mark("Agreement near its end"),
        "change.reminder": mark("Foreseen change near"),
        "operate_review.reminder": mark("Operate review due"),
        "release.created": mark("Release made"),
        "release.live": mark("Release live for everybody"),
        "release.rolled_back": mark("Release rolled back"),
        "digest": mark("Daily digest"),
        "test": mark("Test message"),
    }
)

# What a channel may be told of; without a choice it hears of everything but what is between two people.
FOR_CHANNELS: tuple[str, ...] = tuple(dict.fromkeys(told[0].kind for told in TELLINGS.values()))
UNASKED: tuple[str, ...] = tuple(
    kind
    for kind in FOR_CHANNELS
    if not kind.endswith((".reminder", "escalation", "condition.overdue"))
    and not kind.startswith("thread.")
    and kind != "retraining.called"
)


def tellings(kind: str, detail: Mapping[str, object]) -> tuple[Telling, ...]:
    """The messages that an entry of the outbox leads to; none for a kind that nobody is told of."""
    return tuple(telling for telling in TELLINGS.get(kind, ()) if telling.applies_to(detail))
