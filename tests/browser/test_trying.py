"""Trying a mapping and asking a vendor: pages that wait for a vendor, looked at in both themes, on laptop and phone."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import LAPTOP, PHONE
from tests.browser.looking import check

SIZES = (LAPTOP, PHONE)


def test_a_mapping_is_tried_edited_and_tried_again(visit):
    page = visit("/integrations/vendor/")
    page.get_by_role("link", name="kvik.shop (demo)").click()
    page.get_by_role("link", name="Try it: Orders").click()
    check(page, *SIZES)
    page.set_viewport_size(LAPTOP)
    page.get_by_role("button", name="Fetch one page").click()
    expect(page.locator("#hub-tried .hub-good")).to_contain_text("rows on this page")
    check(page, *SIZES)
    page.set_viewport_size(LAPTOP)
    page.get_by_text("How it is asked for and read").click()
    page.get_by_label("Id of the order").first.fill("uuid")
    page.get_by_role("button", name="Fetch one page").click()
    expect(page.locator("#hub-tried .hub-bad").first).to_contain_text("would be refused")
    expect(page.get_by_label("Id of the order").first).to_have_value("uuid")
    check(page, *SIZES)


def test_a_variants_page_asks_a_vendor(visit):
    page = visit("/catalog/variant/")
    page.locator("#result_list tbody tr a[href*='/change/']").first.click()
    page.get_by_role("link", name=re.compile("^Price for a user")).click()
    check(page, *SIZES)
    page.set_viewport_size(LAPTOP)
    page.get_by_label("User").fill("eva@posta.example")
    page.get_by_role("button", name=re.compile("^Ask")).click()
    expect(page.locator("#hub-answer")).to_contain_text("CZK")
    check(page, *SIZES)
