"""Tokens and IP addresses in a real browser: by keyboard alone, in both themes, on a laptop and a phone."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import LAPTOP, PHONE
from tests.browser.looking import check

SIZES = (LAPTOP, PHONE)


def tokens_of(visit, name):
    page = visit("/integrations/token/")
    page.locator("#result_list tbody tr", has_text=name).locator("th a").first.click()
    page.get_by_role("link", name=re.compile("^Tokens of")).click()
    page.get_by_role("heading", name=re.compile("^Tokens of")).wait_for()
    return page


def test_a_token_is_replaced_by_keyboard_and_never_shown(visit):
    page = tokens_of(visit, "ELKO")
    expect(page.locator(".hub-told").first).to_contain_text("in 5 d")
    check(page, *SIZES)
    page.set_viewport_size(LAPTOP)
    summary = page.locator("summary", has_text="Replace")
    summary.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    field = page.locator("input[type=password]").first
    expect(field).to_be_focused()
    page.keyboard.type("elko-a-wrong-token-0123456789")
    page.keyboard.press("Enter")
    expect(page.locator(".errornote")).to_contain_text("Nothing was changed", timeout=60_000)
    assert "a-wrong-token" not in page.content()
    expect(page.locator("input[type=password]").first).to_have_value("")
    check(page, *SIZES)


def test_what_a_vendors_form_asks_for_is_copied(visit):
    page = visit("/integrations/allowednetwork/")
    expect(page.locator("#content")).to_contain_text("open to every address")
    page.get_by_role("link", name="Addresses this hub calls out from").click()
    expect(page.locator("#hub-lines")).to_have_value("203.0.113.20\n2001:db8::20")
    row = page.locator(".hub-table tbody tr", has_text="ELKO").first
    expect(row).to_contain_text("IPv6 not registered (2001:db8::20): needed only if this vendor is reached over IPv6")
    check(page, *SIZES)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button = page.get_by_role("button", name="Copy with commas")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Copied: 203.0.113.20, 2001:db8::20")
    assert page.evaluate("navigator.clipboard.readText()") == "203.0.113.20, 2001:db8::20"


def test_nobody_locks_themselves_out_and_whoever_is_out_knows_what_to_say(visit, hub):
    page = visit("/integrations/blocked/")
    page.get_by_role("link", name="Let 2001:db8::66 in").click()
    expect(page.get_by_label("Address or range")).to_have_value("2001:db8::66")
    page.get_by_label("Address or range").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".errornote, .errorlist").first).to_be_visible()
    expect(page.locator("#content")).to_contain_text("It would lock you out: you come from 127.0.0.1")
    check(page, *SIZES)
    try:
        hub.ask(
            "from integrations.models import AllowedNetwork as A; A.objects.create(purpose='admin', network='2001:db8::66')"
        )
        page.wait_for_timeout(5_500)  # as long as a process remembers the list
        page.goto(f"{hub.address}/admin/")
        expect(page.get_by_role("heading")).to_have_text("This hub may not be reached from your address")
        expect(page.locator("main")).to_contain_text("manage.py allow_ip 127.0.0.1")
        check(page, *SIZES)
    finally:
        hub.ask("from integrations.models import AllowedNetwork as A; A.objects.filter(purpose='admin').delete()")
        page.wait_for_timeout(5_500)
