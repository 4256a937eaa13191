"""Stores of an account in a real browser: found, connected by a form, and every page of it free of barriers."""

from playwright.sync_api import expect

from tests.browser.conftest import LAPTOP, PHONE
from tests.browser.looking import check

WITH_STORES = """
from integrations.models import Vendor
from integrations.service import service_class
print(next(v.pk for v in Vendor.objects.order_by("pk") if service_class(v.kind).stores))
"""


def test_stores_are_found_and_connected(visit, hub):
    pk = hub.ask(WITH_STORES).strip()
    page = visit(f"/integrations/vendor/{pk}/change/")
    page.get_by_role("link", name="Find stores").click()
    check(page, LAPTOP, PHONE)
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Connect the chosen").click()
    expect(page.locator(".messagelist")).to_contain_text("Connected:")
    page = visit(f"/integrations/vendor/{pk}/stores/systems/")
    check(page, LAPTOP, PHONE)
    page.locator(".hub-systems a").last.click()
    check(page, LAPTOP, PHONE)
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.locator(".errornote")).to_contain_text("Nothing was sent")
    check(page, LAPTOP)
