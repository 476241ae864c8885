"""The live page at any size, and with reduced motion."""

from __future__ import annotations

import pytest
from makers.pages import says


@pytest.mark.parametrize(("width", "height", "scale"), [(390, 844, 3), (1440, 900, 1), (2160, 3840, 1), (844, 390, 2)])
def test_nothing_is_cut_off_at_any_size(opened, serving, width, height, scale):
    page = opened(serving.url, width=width, height=height, device_scale_factor=scale)
    says(page, "cat")
    tools = [f"#{name}" for name in ("open-ask", "challenge", "cover", "compare", "open-more")]
    for selector in ("#title", "#answer", "#sentence", "#bars li:nth-child(3)", "#tools", *tools):
        box = page.locator(selector).bounding_box()
        assert box["x"] >= 0, selector
        assert box["y"] >= 0, selector
        assert box["x"] + box["width"] <= width, selector
        assert box["y"] + box["height"] <= height, selector
    scale = page.locator("#scale")
    if scale.is_visible():
        answer, last = (page.locator(selector).bounding_box() for selector in ("#answer", "#scale"))
        assert last["y"] + last["height"] <= answer["y"] + answer["height"]
    panel, tools = (page.locator(selector).bounding_box() for selector in ("#answer", "#tools"))
    assert panel["y"] + panel["height"] <= tools["y"]
    size = page.evaluate("parseFloat(getComputedStyle(document.getElementById('sentence')).fontSize)")
    assert size >= min(width, height) / 40


def test_reduced_motion_is_respected(opened, serving):
    page = opened(serving.url, reduced_motion="reduce")
    durations = page.eval_on_selector_all(
        "#bars .bar", "all => all.map(one => getComputedStyle(one).transitionProperty)"
    )
    assert set(durations) == {"none"}
    assert page.evaluate("getComputedStyle(document.getElementById('call')).animationName") == "none"
