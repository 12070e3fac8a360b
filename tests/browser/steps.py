"""What people do on the screens, for the journeys: everything is found by the label or role that they see or hear."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Self

from playwright.sync_api import Locator, Page, expect

from scripts.serving import Server

SOON = 15_000
PASSWORD = "three quiet green boats"
ADMINISTRATOR = "nora@example.org"


@dataclass
class Hand:
    """Somebody at a page, whose clicks and filled fields are counted and whose labels are noted."""

    page: Page
    count: int = 0
    words: list[str] = field(default_factory=list)

    def click(self, target: Locator) -> Self:
        target.click(timeout=SOON)
        self.count += 1
        return self

    def fill(self, label: str, text: str) -> Self:
        self.page.get_by_label(label, exact=True).fill(text, timeout=SOON)
        self.count += 1
        self.words.append(label)
        return self

    def press(self, name: str) -> Self:
        self.words.append(name)
        return self.click(self.page.get_by_role("button", name=name))

    def follow(self, name: str) -> Self:
        """Go to a page of the sidebar."""
        self.words.append(name)
        sidebar = self.page.get_by_role("region", name="Sidebar")
        return self.click(sidebar.get_by_role("button", name=name, exact=True))


def set_up_address(server: Server) -> str:
    """What the server printed for whoever started it."""
    found = re.search(r"Set it up at (\S+)", server.output())
    assert found, server.output()
    return found[1].replace("//localhost", "//127.0.0.1")


def set_up(page: Page, server: Server, *, start: str = "An empty portfolio") -> Hand:
    """Nora becomes the administrator of Northwind and is signed in."""
    page.goto(set_up_address(server))
    nora = Hand(page).fill("Organisation", "Northwind").fill("Your name", "Nora New")
    nora.fill("E-mail address", ADMINISTRATOR).fill("Password", PASSWORD)
    choice = page.get_by_role("radio", name=start)
    if choice.count():
        nora.click(choice)
    nora.press("Create the administrator")
    expect(page.get_by_role("link", name="Sign out")).to_be_visible(timeout=SOON)
    return nora


def register(hand: Hand, name: str) -> None:
    """From anywhere to the worksheet of a new project."""
    hand.follow("New project").fill("Name", name).press("Register project")
    expect(heading(hand.page, "Discovery worksheet")).to_be_visible(timeout=SOON)


def open_section(hand: Hand, title: str) -> None:
    hand.click(hand.page.get_by_role("button", name=re.compile(f"^{re.escape(title)} ")))
    expect(heading(hand.page, title)).to_be_visible(timeout=SOON)


def heading(page: Page, name: str) -> Locator:
    return page.get_by_role("heading", name=name, exact=True)


def sign_in(page: Page, email: str, password: str = PASSWORD) -> None:
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def leave_the_field(page: Page) -> None:
    page.keyboard.press("Tab")


# ------------------------------------------------------------------ people


def invite(administrator: Hand, name: str) -> str:
    """Make an invitation on the page of people; returns its link."""
    administrator.follow("People")
    administrator.fill("E-mail", address_of(name)).fill("Name", name).press("Make an invitation link")
    link = administrator.page.get_by_text("/invitation/").inner_text(timeout=SOON)
    administrator.press("I have copied it")
    return link.replace("//localhost", "//127.0.0.1")


def join(page: Page, link: str) -> Hand:
    """Follow an invitation and choose a password."""
    page.goto(link)
    hand = Hand(page).fill("Password", PASSWORD).press("Join")
    expect(heading(page, "My work")).to_be_visible(timeout=SOON)
    return hand


def reviews_as(administrator: Hand, name: str, role: str) -> None:
    """Put somebody on the list of those who may be asked as this role."""
    page = administrator.page
    administrator.follow("People")
    choose(page, "Open a person", name)
    expect(heading(page, name)).to_be_visible(timeout=SOON)
    choose(page, "May be asked to review as", role)
    page.keyboard.press("Escape")  # the list stays open for more
    administrator.press("Save reviewing roles")
    expect(page.get_by_text("Saved.")).to_be_visible(timeout=SOON)


def choose(page: Page, label: str, text: str) -> None:
    """Pick the choice that begins with this text from a box that can be searched."""
    page.get_by_label(label, exact=True).filter(visible=True).fill(text, timeout=SOON)
    page.get_by_role("option", name=re.compile(f"^{re.escape(text)}")).click(timeout=SOON)


def address_of(name: str) -> str:
    return f"{name.partition(' ')[0].lower()}@example.org"


def type_date(page: Page, label: str, day: str) -> None:
    """Type a date such as 2199-01-31 into its three segments."""
    for part, digits in zip(("year", "month", "day"), day.split("-"), strict=True):
        page.get_by_role("spinbutton", name=f"{part}, {label}").filter(visible=True).click()
        page.keyboard.type(digits)
