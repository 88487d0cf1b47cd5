"""Is every text readable on what it stands on, in both themes? WCAG 2.2 AA, 1.4.3 and 1.4.11."""

import re

import pytest

from tests.web.bare_shell import ROOT

CSS = (ROOT / "static" / "css" / "app.css").read_text()
TONES = dict(re.findall(r"--([a-z-]+): (light-dark\(#[0-9a-f]+, #[0-9a-f]+\));", CSS))
TEXT, SHAPE = 4.5, 3.0


def channels(name: str, theme: str) -> list[float]:
    light, dark = re.findall(r"#([0-9a-f]+)", TONES[name])
    digits = light if theme == "light" else dark
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    return [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]


def luminance(colour: list[float]) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: list[float], other: list[float]) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "front, back, least",
    [
        *(
            (front, back, TEXT)
            for front in ("text", "muted", "accent-text")
            for back in ("ground", "surface", "raised", "sunken", "hover")
        ),
        *((tone, f"{tone}-soft", TEXT) for tone in ("ok", "bad", "warn", "info", "hold", "calm")),
        *(("text", f"{tone}-soft", TEXT) for tone in ("ok", "bad", "warn", "info")),  # notices
        *(
            (tone, "surface", TEXT) for tone in ("ok", "bad", "warn", "info", "hold")
        ),  # numbers, coloured JSON
        *((tone, "sunken", TEXT) for tone in ("ok", "bad", "warn", "info", "hold")),
        ("accent-text", "accent-soft", TEXT),
        *(("edge", back, SHAPE) for back in ("surface", "ground")),  # the frames of fields
        *(
            (f"{tone}-mark", "surface", SHAPE) for tone in ("ok", "bad", "warn", "info", "hold", "calm")
        ),  # charts
    ],
)
def test_there_is_contrast_enough(front, back, least, theme):
    assert contrast(channels(front, theme), channels(back, theme)) >= least


@pytest.mark.parametrize("name", ["accent", "accent-hover"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_white_is_readable_on_the_main_button(name, theme):
    assert contrast([1, 1, 1], channels(name, theme)) >= TEXT


def test_known_contrasts_come_out_right():
    assert contrast([0, 0, 0], [1, 1, 1]) == 21
