"""A picture and a PDF at a gate, seen in place by who signs; one is replaced and the sign-off says so."""

from __future__ import annotations

from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FrameLocator, Page, expect

from lifecycle.demo.documents import bar_chart
from lifecycle.demo.documents import page as pdf_page
from scripts.serving import Server
from tests.browser.conftest import NewContext
from tests.browser.steps import SOON, Hand, invite, join, register, reviews_as, set_up
from tests.browser.test_journeys_reviews import ask


def box(hand: Hand, button: str) -> FrameLocator:
    """The form over the page."""
    hand.press(button)
    frame = hand.page.frame_locator(f'iframe[title="{button}"]')
    expect(frame.get_by_label("File", exact=True)).to_be_visible(timeout=SOON)
    return frame


def add(hand: Hand, file: Path, button: str = "Add a file") -> None:
    frame = box(hand, button)
    frame.get_by_label("File", exact=True).set_input_files(file)
    frame.get_by_role("button", name="Add").click()
    expect(hand.page.get_by_role("dialog")).to_have_count(0, timeout=SOON)


def written(folder: Path, name: str, content: bytes) -> Path:
    file = folder / name
    file.write_bytes(content)
    return file


def is_drawn(page: Page, title: str) -> bool:
    """The picture has arrived and has a size."""
    picture = page.get_by_role("img", name=title)
    expect(picture).to_be_visible(timeout=SOON)
    page.wait_for_function("image => image.complete", arg=picture.element_handle())
    return bool(picture.evaluate("image => image.naturalWidth > 0"))


def test_reviewer_sees_the_files_and_a_replaced_one_makes_the_decision_stale(
    server: Server, page: Page, new_context: NewContext, tmp_path: Path, console_errors: list[str]
) -> None:
    chart = written(tmp_path, "chart.png", bar_chart([1.0, 3.0, 2.0]))
    terms = written(tmp_path, "terms.pdf", page_of("Terms of the feed"))
    wrong = written(tmp_path, "wrong.pdf", bar_chart([1.0]))
    nora = set_up(page, server)
    paula, rita = (
        join(new_context().new_page(), invite(nora, name)) for name in ("Paula Product", "Rita Reviewer")
    )
    reviews_as(nora, "Rita Reviewer", "Privacy")
    register(paula, "Purchase outlook")
    paula.follow("Gate")
    ask(paula, "Privacy", "Rita Reviewer")
    paula.click(paula.page.get_by_role("tab", name="Documents"))

    frame = box(paula, "Add a file")
    frame.get_by_label("File", exact=True).set_input_files(wrong)
    frame.get_by_role("button", name="Add file").click()
    expect(frame.get_by_role("alert")).to_contain_text("its content is a PNG picture", timeout=SOON)
    frame.get_by_label("File", exact=True).set_input_files(chart)
    frame.get_by_role("button", name="Add file").click()
    expect(paula.page.get_by_role("dialog")).to_have_count(0, timeout=SOON)
    expect(paula.page.get_by_role("button", name="chart.png")).to_be_visible(timeout=SOON)
    add(paula, terms)
    expect(paula.page.get_by_role("button", name="terms.pdf")).to_be_visible(timeout=SOON)

    rita.page.reload()
    rita.press("Read and decide")
    assert is_drawn(rita.page, "chart.png")
    viewer = rita.page.locator('iframe[title="terms.pdf"]')
    expect(viewer).to_be_visible(timeout=SOON)
    expect(viewer).not_to_have_attribute("sandbox", "", timeout=SOON)
    # The viewer inside is the browser's own, and never lets the network come to rest.
    found = Axe().run(rita.page, context={"exclude": [["iframe"]]}).response["violations"]
    assert [rule["id"] for rule in found] == []
    rita.click(rita.page.get_by_text("Acknowledged", exact=True)).press("Acknowledge")
    expect(rita.page.get_by_text("Recorded: acknowledged.")).to_be_visible(timeout=SOON)

    paula.click(paula.page.get_by_role("button", name="terms.pdf"))
    expect(paula.page.get_by_role("link", name="Privacy at the Discovery gate")).to_be_visible(timeout=SOON)
    add(paula, written(tmp_path, "terms 2.pdf", page_of("Other terms")), "New revision")
    expect(paula.page.get_by_text("2 revisions")).to_be_visible(timeout=SOON)
    expect(paula.page.get_by_text("revision 1 · stale now")).to_be_visible(timeout=SOON)

    rita.follow("My work").press("Read the difference")
    expect(rita.page.get_by_text("“terms.pdf” was replaced (revision 2).").first).to_be_visible(timeout=SOON)
    rita.press("Affirm again")
    expect(rita.page.get_by_text("Your decision stands again.")).to_be_visible(timeout=SOON)
    console_errors[:] = [error for error in console_errors if " 422 " not in error]


def page_of(heading: str) -> bytes:
    return pdf_page([heading])
