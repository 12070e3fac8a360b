"""The theme's contrast, computed: text at least 4.5 : 1 on what it stands on, edges of controls and icons 3 : 1."""

from __future__ import annotations

import tomllib
from itertools import product

import pytest

from lifecycle.ui import standing
from scripts.serving import ROOT

THEME = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))["theme"]
MODES = ("light", "dark")
COLOURS = ("red", "orange", "yellow", "green", "blue", "violet", "gray")
# Streamlit draws captions and placeholders in the text's colour at this strength.
FADED = 0.6


def channels(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))


def luminance(colour: tuple[float, ...]) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def faded(text: str, ground: str) -> tuple[float, ...]:
    return tuple(
        FADED * top + (1 - FADED) * below for top, below in zip(channels(text), channels(ground), strict=True)
    )


def grounds(mode: str) -> list[str]:
    own, sidebar = THEME[mode], THEME[mode]["sidebar"]
    return [part[name] for part in (own, sidebar) for name in ("backgroundColor", "secondaryBackgroundColor")]


@pytest.mark.parametrize("mode", MODES)
def test_text_reads_on_every_ground(mode: str) -> None:
    text = THEME[mode]["textColor"]
    for ground in grounds(mode):
        assert contrast(channels(text), channels(ground)) >= 7
        assert contrast(faded(text, ground), channels(ground)) >= 4.5, ground


@pytest.mark.parametrize(("mode", "colour"), list(product(MODES, COLOURS)))
def test_coloured_text_reads_on_the_page_and_in_its_badge(mode: str, colour: str) -> None:
    theme = THEME[mode]
    text = channels(theme[f"{colour}TextColor"])
    for ground in (
        theme["backgroundColor"],
        theme["secondaryBackgroundColor"],
        theme[f"{colour}BackgroundColor"],
    ):
        assert contrast(text, channels(ground)) >= 4.5, ground


@pytest.mark.parametrize("mode", MODES)
def test_buttons_and_links_read(mode: str) -> None:
    theme = THEME[mode]
    assert contrast(channels(theme["primaryColor"]), channels("#ffffff")) >= 4.5
    assert contrast(channels(theme["primaryColor"]), channels(theme["backgroundColor"])) >= 3
    assert contrast(channels(theme["linkColor"]), channels(theme["backgroundColor"])) >= 4.5


@pytest.mark.parametrize("mode", MODES)
def test_marks_of_standing_show_on_the_page_and_are_the_theme_s(mode: str) -> None:
    for mark in standing.LEVELS.values():
        hue = mark.hue(dark=mode == "dark")
        assert hue == THEME[mode][f"{mark.colour}Color"]
        assert contrast(channels(hue), channels(THEME[mode]["backgroundColor"])) >= 3


def test_every_standing_has_a_word_and_an_icon_of_its_own() -> None:
    for scale in (
        standing.LEVELS,
        standing.SIGN_OFFS,
        standing.CHECKS,
        standing.DECISIONS,
        standing.OUTCOMES,
    ):
        marks = list(scale.values())
        assert len({mark.word for mark in marks}) == len(marks)
        assert len({mark.icon for mark in marks}) == len(marks)
