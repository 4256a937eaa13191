"""Every list and one page of each kind of row: both themes, laptop and phone, no barrier, no sideways scrolling."""

import pytest
from django.contrib import admin
from playwright.sync_api import expect

from tests.browser.conftest import LAPTOP, PHONE
from tests.browser.looking import check, too_wide

PATHS = sorted(f"/{model._meta.app_label}/{model._meta.model_name}/" for model in admin.site._registry)
FIRST_ROW = "#result_list tbody tr a[href*='/change/']"
SIZES = (LAPTOP, PHONE)


@pytest.mark.parametrize("path", PATHS)
def test_a_list_and_its_first_row(path, visit):
    page = visit(path)
    assert page.locator("#result_list tbody tr").count() > 0, f"{path} has no row to look at"
    check(page, *SIZES)
    page.set_viewport_size(LAPTOP)
    page.locator(FIRST_ROW).first.click()
    page.locator("#content h1").wait_for()
    name = page.locator("#content h1").inner_text()
    assert name.split()[0] in page.title(), "the window is named after the row"
    check(page, *SIZES)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/integrations/vendor/add/",
        "/integrations/vendor/add/?kind=elko&preset=ua",
        "/integrations/vendor/add/?kind=elryan&preset=staging",
        "/auth/user/add/",
        "/password_change/",
        "/orders/sale/?q=nothing-has-this-name",
        "/orders/sale/?status__exact=delivered&placed_at__since=2020-01-01",
        "/orders/",
    ],
)
def test_other_pages(path, visit):
    check(visit(path), *SIZES, everywhere=True)


def test_history_and_deletion(visit):
    page = visit("/auth/user/?q=colleague")
    page.locator(FIRST_ROW).click()
    page.get_by_role("link", name="History").click()
    check(page, *SIZES)
    page.go_back()
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("heading", name="Delete").wait_for()
    check(page, *SIZES)


def test_pages_that_are_not_to_be_had(visit, hub):
    page = visit("/orders/sale/nothing/")
    expect(page.locator(".messagelist")).to_contain_text("doesn’t exist")
    page.goto(f"{hub.address}/nothing-here/")
    expect(page.get_by_role("heading")).to_have_text("There is no such page")
    check(page, *SIZES)
    page.goto(f"{hub.address}/admin/password_change/")
    page.context.clear_cookies(name="csrftoken")
    page.get_by_label("Old password").fill("x")
    page.locator("#content form").evaluate("form => form.submit()")
    expect(page.get_by_role("heading")).to_have_text("The form was not accepted")
    check(page, LAPTOP)


@pytest.mark.parametrize(
    "path", ["/", "/orders/sale/", "/catalog/product/", "/catalog/variant/", "/integrations/vendor/add/?kind=elryan"]
)
def test_right_to_left(path, visit):
    page = visit(path, locale="ar")
    assert page.locator("html").get_attribute("dir") == "rtl"
    menu, content = page.locator("#hub-nav").bounding_box(), page.locator("#content").bounding_box()
    assert menu["x"] > content["x"], "the menu stands on the right"
    check(page, LAPTOP)
    page.set_viewport_size(PHONE)
    assert too_wide(page) <= 0
    page.set_viewport_size(LAPTOP)
    row = page.locator(FIRST_ROW)
    if row.count():
        with page.expect_navigation():
            row.first.click()
        assert too_wide(page) <= 0


def test_a_list_is_dense_and_light(visit, hub):
    page = visit("/")
    sizes = []
    page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
    page.goto(f"{hub.address}/admin/orders/sale/")
    page.wait_for_load_state("networkidle")
    rows = page.locator("#result_list tbody tr").all()
    seen = [row for row in rows if (box := row.bounding_box()) and box["y"] + box["height"] <= LAPTOP["height"]]
    assert len(seen) >= 19
    assert len(sizes) <= 25
    assert sum(sizes) <= 170_000


@pytest.mark.parametrize("path", ["/catalog/product/", "/catalog/variant/"])
def test_the_catalogue_fits_beside_the_menu(path, visit):
    page = visit(path)
    assert page.locator("#hub-nav").is_visible()
    frame = page.locator(".results")
    assert frame.evaluate("frame => frame.scrollWidth - frame.clientWidth") <= 0
    box = page.locator("#result_list tbody tr").nth(18).bounding_box()
    assert box["y"] + box["height"] <= LAPTOP["height"], "19 rows are in sight"


def test_the_menu_folds_and_stays_folded(visit):
    page = visit("/orders/sale/")
    button = page.get_by_role("button", name="Toggle navigation")
    assert button.get_attribute("aria-expanded") == "true"
    button.click()
    page.reload()
    assert not page.locator("#hub-nav").is_visible()
    assert button.get_attribute("aria-expanded") == "false"
    page.set_viewport_size(PHONE)
    button.click()
    page.locator("#hub-nav").get_by_role("link", name="Purchases").click()
    page.get_by_role("heading", name="Purchases").wait_for()
