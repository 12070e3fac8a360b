"""Filled in, submitted and signed without a mouse: Pat answers and asks, Vic decides and signs, in either language.

Once a page is open, only keys are pressed. Whatever is passed on the way has a name and shows that it has the focus.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from playwright.sync_api import BrowserContext, Page, expect

from lifecycle.actions import accounts, people
from lifecycle.guide import Guide
from lifecycle.language import say, speaking
from lifecycle.ui.views.readiness import short
from lifecycle.vocabulary import Decision, Gate, Role, Stage
from scripts.serving import Server, serving
from tests.browser.conftest import NewContext
from tests.browser.steps import PASSWORD, SOON, heading
from tests.screens import Screens, in_folder

MOST_PRESSES = 200
ANSWER = "Which suppliers we order from on Monday"
MESSAGE = "Please read it before the week ends"
COMMENT = "Read with care"

# How what has the focus looks, to be compared with how it looks afterwards. What shows the focus may stand beside or
# around it: the ring of a radio is drawn by its neighbour, the edge of a list by the box that its arrow is in, too.
NOTE_LOOKS = """() => {
  const shades = (style) => [
    style.outlineStyle === "none" ? "" : style.outline, style.boxShadow, style.borderColor, style.borderWidth,
    style.backgroundColor, style.color, style.textDecoration,
  ].join("|");
  const parts = [null, "::before", "::after"];
  const looks = (element) => parts.map((part) => shades(getComputedStyle(element, part))).join();
  const focused = document.activeElement;
  const isPassed = (each) => each === focused || each.tabIndex < 0;
  const isAlone = (element) => [...element.querySelectorAll("*")].every(isPassed);
  let around = focused;
  while (around.parentElement && isAlone(around.parentElement)) around = around.parentElement;
  const edges = [around.parentElement, around.parentElement?.parentElement].filter(Boolean);
  const elements = [...edges, around, ...around.querySelectorAll("*")];
  for (const each of document.getAnimations()) if (each instanceof CSSTransition) each.finish();
  const before = elements.map(looks);
  const isOther = (element, place) => element.isConnected && looks(element) !== before[place];
  (window.noted ??= []).push({
    what: focused.outerHTML.slice(0, 200),
    presses: 0,
    isDone: () => !focused.isConnected || elements.some(isOther),
  });
}"""
# What still looks so three presses later: within a box, its edge stays lit from the text to the cross beside it.
LOOKS_THE_SAME = """() => {
  for (const each of document.getAnimations()) if (each instanceof CSSTransition) each.finish();
  window.noted = (window.noted ?? []).filter((each) => !each.isDone());
  return window.noted.filter((each) => ++each.presses >= 3).map((each) => each.what);
}"""


class Keyboard:
    """Somebody at a page who has no mouse."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._tree = page.context.new_cdp_session(page)

    def reach(self, role: str, name: str, *, key: str = "Tab") -> None:
        """Go on until what has this role and a name that begins so has the focus."""
        for _ in range(MOST_PRESSES):
            self.page.keyboard.press(key)
            found = self._focused()
            if found[0] == role and found[1].startswith(name):
                return
        pytest.fail(f"The {role} “{name}” cannot be reached with {MOST_PRESSES} times {key}.")

    def press(self, role: str, name: str, *, key: str = "Tab") -> None:
        self.reach(role, name, key=key)
        self.page.keyboard.press("Enter")

    def write(self, name: str, text: str) -> None:
        self.reach("textbox", name)
        self.page.keyboard.type(text)

    def _focused(self) -> tuple[str, str]:
        """Role and name of what has the focus, as a screen reader is told. Whatever can be used has a name."""
        same = self.page.evaluate(LOOKS_THE_SAME)
        assert same == [], f"Looks the same with and without the focus: {same}"
        found = self._tree.send("Runtime.evaluate", {"expression": "document.activeElement"})["result"]
        told = self._tree.send(
            "Accessibility.getPartialAXTree", {"objectId": found["objectId"], "fetchRelatives": False}
        )["nodes"][0]
        role, name = (str(told.get(part, {}).get("value", "")) for part in ("role", "name"))
        # The whole page between the last control and the first, and the part of it that scrolls, are no controls.
        if found.get("className") == "HTMLBodyElement" or role == "main":
            return role, name
        assert name.strip(), f"This has the focus and no name: {found.get('description')} ({role})"
        self.page.evaluate(NOTE_LOOKS)
        return role, name


@pytest.fixture
def screens(tmp_path: Path) -> Screens:
    return in_folder(tmp_path)


@pytest.fixture
def running(tmp_path: Path, screens: Screens) -> Iterator[Server]:
    with serving(tmp_path) as server:
        yield server
        assert "Traceback" not in server.output()


@dataclass(frozen=True)
class Desk:
    """Opens the product for somebody of the small organisation, in a browser of their own in one language."""

    server: Server
    tokens: Mapping[str, str]
    context: Callable[[], BrowserContext]

    def of(self, name: str, address: str = "") -> Keyboard:
        context = self.context()
        context.add_cookies(
            [{"name": "lifecycle_session", "value": self.tokens[name], "url": self.server.url}]
        )
        page = context.new_page()
        page.goto(f"{self.server.url}/{address}")
        page.get_by_role("heading", level=1).first.wait_for(timeout=60_000)
        return Keyboard(page)


def validator_with_a_password(screens: Screens) -> str:
    """The session of Vic, who validates models and can enter a password where signing takes one."""
    now, ada, vic = datetime.now(UTC), screens.cast.ada, screens.cast[Role.VALIDATION]
    with screens.database.write() as session:
        link = people.make_reset_link(session, by=ada, at=now, person_key=vic.key)
        hashed = PasswordHasher().hash(PASSWORD)
        accounts.use_reset_link(session, at=now, token=link, password_hash=hashed)
        return accounts.sign_in(session, at=now, person_key=vic.key, lasts=timedelta(days=1))


@pytest.mark.parametrize(("code", "locale"), [("en", "en-GB"), ("fr", "fr-CA")])
def test_project_is_filled_in_submitted_and_signed_by_keyboard_alone(
    running: Server, screens: Screens, new_context: NewContext, code: str, locale: str
) -> None:
    tokens = {**screens.tokens, "Vic": validator_with_a_password(screens)}
    desk = Desk(running, tokens, lambda: new_context(locale=locale))
    with speaking(code):
        guide = screens.cast.guide.here()
        pat = desk.of("Pat", f"worksheet?project={screens.project}")

        answer_two_questions(pat, guide)
        ask_the_validator(pat)

        vic = desk.of("Vic")
        decide_and_sign(vic)

        see_the_signature(pat)
    assert (screens.stored("D03"), screens.stored("D12")) == (ANSWER, "recommends")


def answer_two_questions(pat: Keyboard, guide: Guide) -> None:
    """One in words, one by the arrows."""
    page = pat.page
    section = next(each for each in guide.worksheet(Stage.DISCOVERY).sections if each.id == "decision")
    pat.press("button", section.title)
    expect(heading(page, section.title)).to_be_visible(timeout=SOON)

    pat.write(guide.field("D03").title, ANSWER)
    first, second = list(guide.field("D12").columns[0].choices.values())[:2]
    pat.reach("radio", first)
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name=second)).to_be_checked(timeout=SOON)
    expect(page.get_by_role("radio", name=second)).to_be_focused()

    for field_id in ("D03", "D12"):
        saved = page.locator(f".st-key-question-0-{field_id}").get_by_text(
            say("Saved, {when}", when=say("just now"))
        )
        expect(saved).to_be_visible(timeout=SOON)


def ask_the_validator(pat: Keyboard) -> None:
    page, role = pat.page, Role.VALIDATION.title
    pat.press("button", say("Gate"), key="Shift+Tab")
    expect(heading(page, say("{gate} gate", gate=Gate.DISCOVERY.title))).to_be_visible(timeout=SOON)
    pat.press("button", short(Gate.MODEL))
    expect(heading(page, say("{gate} gate", gate=Gate.MODEL.title))).to_be_visible(timeout=SOON)

    pat.press("button", say("Ask {role}", role=role))
    whom = page.get_by_label(say("Whom"))
    expect(whom).to_have_value("Vic", timeout=SOON)
    expect(page.get_by_role("dialog")).to_be_focused()
    page.keyboard.press("Tab")  # the form comes next, whatever else follows the button
    expect(whom).to_be_focused()
    pat.write(say("Message (if any)"), MESSAGE)
    pat.press("button", say("Ask for the review"))
    hears(pat, say("{person} was asked as {role}.", person="Vic", role=role))


def decide_and_sign(vic: Keyboard) -> None:
    page = vic.page
    expect(page.get_by_text(MESSAGE)).to_be_visible(timeout=SOON)
    vic.press("button", say("Read and decide"))
    expect(heading(page, say("Your decision"))).to_be_visible(timeout=SOON)

    vic.reach("radio", Decision.APPROVED.title)
    page.keyboard.press("Space")
    expect(page.get_by_role("radio", name=Decision.APPROVED.title, exact=True)).to_be_checked(timeout=SOON)
    expect(page.get_by_text(say("You sign this sentence"))).to_be_visible(timeout=SOON)
    vic.write(say("Comment (if any)"), COMMENT)
    vic.write(say("Your password"), PASSWORD)
    vic.press("button", say("Sign approval"))
    hears(vic, say("Recorded: {decision}.", decision=Decision.APPROVED.title.lower()))


def see_the_signature(pat: Keyboard) -> None:
    """Away from the gate and back to it."""
    page = pat.page
    pat.press("button", say("My work"))
    expect(heading(page, say("My work"))).to_be_visible(timeout=SOON)
    pat.press("button", say("Gate"))
    expect(heading(page, say("{gate} gate", gate=Gate.DISCOVERY.title))).to_be_visible(timeout=SOON)
    pat.press("button", short(Gate.MODEL))
    expect(heading(page, say("Signed so far"))).to_be_visible(timeout=SOON)
    expect(page.get_by_text(COMMENT)).to_be_visible()


def hears(who: Keyboard, sentence: str) -> None:
    """Seen over the page, and read out as it appears."""
    said = who.page.get_by_role("alert").filter(has_text=sentence)
    expect(said).to_be_visible(timeout=SOON)
