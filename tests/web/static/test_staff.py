"""The staff page in a real Chromium."""

from __future__ import annotations

from makers.pages import says, waits
from makers.servers import TOKEN


def test_staff_steer_what_visitors_find(opened, serving):
    visitor = opened(serving.url)
    says(visitor, "cat")
    staff = visitor.context.new_page()
    staff.complaints = []
    staff.goto(f"{serving.url}/staff")
    staff.fill("#key", "a wrong key")
    staff.click("#sign-in button")
    waits(staff, lambda: "does not fit" in staff.inner_text("#notice"))
    staff.goto(f"{serving.url}/staff#{TOKEN}")
    staff.reload()
    waits(staff, lambda: staff.locator("#desk").is_visible())
    assert TOKEN not in staff.url
    waits(staff, lambda: "ok" in staff.inner_text("#health"))
    assert "--host" in staff.inner_text("#code-hint")  # no phone can reach this one
    assert not staff.locator("#code").is_visible()
    staff.select_option("#language", "fr")
    waits(staff, lambda: staff.inner_text("#notice") == "Saved.")
    says(visitor, "ordinateur")
    staff.fill("#wanted-allowed", "tabby")
    staff.keyboard.press("Enter")
    chips = staff.locator("[data-of=allowed] .chips button")
    waits(staff, lambda: chips.count() == 1)
    waits(visitor, lambda: visitor.locator("#bars button:disabled").count() >= 3)
    visitor.click("#open-ask")
    waits(visitor, lambda: visitor.locator("#matches li").count() == 1)
    assert visitor.locator("#tiles .tile").count() == 1
    visitor.keyboard.press("Escape")
    chips.first.click()
    staff.select_option("#language", "en")
    says(visitor, "cat")
    restarts = serving.metric("streamcam_restarts_total")
    staff.click("#restart")
    waits(staff, lambda: serving.metric("streamcam_restarts_total") == restarts + 1)
    says(visitor, "cat")
