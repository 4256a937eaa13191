"""A day's work in a real browser: signing in, finding, noting, connecting, syncing, deciding."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import LAPTOP, PHONE, sign_in
from tests.browser.looking import check

SIZES = (LAPTOP, PHONE)
WAITING = 'from integrations.models import Held; print(Held.objects.filter(state="waiting").count())'
READ = """
from integrations import sync
from integrations.models import Trigger, Vendor
sync.run(Vendor.objects.get(slug="demo-elko"), "products", Trigger.COMMAND_LINE, slice_seconds=None)
"""


@pytest.fixture
def held(hub):
    """A list that came empty waits for a person, whatever came of it in other tests."""
    if int(hub.ask(WAITING)):
        return
    hub.ask(READ)
    hub.fault("elko", name="empty_list", path="/Catalog/Products")
    hub.ask(READ)
    hub.clear("elko")


def test_signing_in(visit, hub):
    page = visit("/", known=False)
    check(page, *SIZES)
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.locator(".errornote")).to_contain_text("correct username and password")
    check(page, *SIZES)
    sign_in(page, hub)
    page.get_by_role("button", name="Log out").click()
    check(page, *SIZES)


def test_home_tells_what_is_wrong_and_leads_there(visit, held):
    page = visit("/")
    expect(page.locator(".hub-alarm").first).to_contain_text("1 flow late")
    for words, heading in (
        ("late flows", "Schedules"),
        ("flows failing now", "Schedules"),
        ("changes held", "Held changes"),
        ("rows rejected", "Rejects"),
    ):
        tile = page.locator(".hub-troubles li", has_text=words)
        expect(tile).to_have_class(re.compile("hub-is-bad"))
        tile.get_by_role("link").click()
        expect(page.locator("#content h1")).to_have_text(heading)
        expect(page.locator("#result_list tbody tr")).not_to_have_count(0)
        page.go_back()


def test_search_open_note_and_back(visit):
    page = visit("/orders/sale/?status__exact=delivered")
    number = page.locator("#result_list tbody tr").nth(3).locator("th a").inner_text()
    page.get_by_label("Search", exact=True).fill(number.lower())
    page.keyboard.press("Enter")
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    page.locator("#result_list tbody th a").click()
    expect(page.locator("#content h1")).to_contain_text(number)
    page.get_by_label("Note").fill("Call before noon")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messagelist")).to_contain_text("changed successfully")
    assert "status__exact=delivered" in page.url, "back on the list that was left"
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    page.locator("#result_list tbody th a").click()
    expect(page.get_by_label("Note")).to_have_value("Call before noon")


def test_filters_by_keyboard(visit):
    page = visit("/orders/sale/")
    summary = page.locator(".hub-filter summary", has_text="Status")
    summary.focus()
    page.keyboard.press("Enter")
    delivered = page.locator(".hub-panel").get_by_role("link", name="Delivered")
    expect(delivered).to_be_visible()
    page.keyboard.press("Escape")
    expect(delivered).not_to_be_visible()
    expect(summary).to_be_focused()
    page.keyboard.press("Enter")
    delivered.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".hub-filter summary", has_text="Status")).to_contain_text("Delivered")
    expect(page.locator("#result_list tbody tr").first).to_contain_text("Delivered")
    page.get_by_role("link", name="Clear all filters").click()
    expect(page.locator(".hub-filter summary b")).to_have_count(0)


def test_a_vendor_is_connected_with_the_keyboard_tested_and_synced(visit, hub):
    page = visit("/integrations/vendor/add/")
    page.get_by_role("link", name="EU", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#content h1")).to_have_text("Connect ELKO")
    token = hub.ask(
        "from integrations import vault; from integrations.models import Vendor;"
        "print(vault.secrets_of(Vendor.objects.get(slug='demo-elko'))['token'], end='')"
    )

    def write(name: str, text: str) -> None:
        """Walk to the field with Tab alone and write."""
        for _ in range(60):
            if page.evaluate("document.activeElement.name") == name:
                page.keyboard.press("Control+A")
                page.keyboard.type(text)
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"Tab never reached {name}")

    write("name", "Second ELKO")
    write("base_url", "ftp://nowhere")
    write("secret_token", token)
    page.keyboard.press("Enter")
    expect(page.locator(".errornote")).to_be_visible()
    check(page, *SIZES)
    assert token not in page.content(), "a secret is never written back"
    page.set_viewport_size(LAPTOP)
    write("base_url", f"{hub.simulators}/elko/v3.0/api")
    write("secret_token", token)
    page.keyboard.press("Enter")
    expect(page.locator(".messagelist")).to_contain_text("The vendor takes what was pasted")
    page.get_by_role("button", name="Test connection").click()
    expect(page.get_by_text("It works", exact=True)).to_be_visible()
    check(page, *SIZES)
    page.get_by_role("link", name=re.compile("Back to")).click()
    page.get_by_label("Flow", exact=True).select_option(label="Brands")
    page.get_by_role("button", name="Sync now").click()
    expect(page.locator(".messagelist")).to_contain_text("brands")
    for _ in range(60):
        page.goto(f"{hub.address}/admin/integrations/syncrun/?vendor__id__exact={second(hub)}&trigger__exact=operator")
        row = page.locator("#result_list tbody tr", has_text="brands")
        if row.count() and "OK" in row.first.inner_text():
            break
        page.wait_for_timeout(500)
    else:
        raise AssertionError("the worker never ran it: " + page.locator("#content").inner_text())
    page.locator("#result_list tbody tr a[href*='/change/']").first.click()
    expect(page.locator("#content")).to_contain_text("Operator")


def second(hub) -> str:
    return hub.ask(
        "from integrations.models import Vendor; print(Vendor.objects.get(name='Second ELKO').pk, end='')"
    ).strip()


def test_a_wrong_token_is_told_with_its_cure(visit, hub):
    page = visit("/integrations/vendor/?q=demo-elryan")
    page.locator("#result_list tbody th a").click()
    hub.fault("elryan", name="revoke")
    try:
        page.get_by_role("button", name="Test connection").click()
        expect(page.get_by_text("It does not work")).to_be_visible()
        expect(page.locator(".hub-verdict")).to_contain_text("What to do")
        check(page, *SIZES)
    finally:
        hub.clear("elryan")
        hub.fault("elryan", name="not_json", path="/attributes/search")


def test_a_whole_list_that_would_go_is_applied_by_one_click(visit, held):
    page = visit("/integrations/held/?state__exact=waiting")
    page.locator("#result_list tbody tr a[href*='/change/']").first.click()
    expect(page.locator("#content")).to_contain_text("demo")
    expect(page.get_by_text("Half of what is known")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Apply")).click()
    expect(page.locator(".messagelist")).to_contain_text("applied")


def test_a_status_word_gets_its_meaning(visit, hub):
    page = visit("/orders/statusword/?meaning__exact=unknown&subject__exact=order")
    word = page.locator("#result_list tbody th a").first.inner_text()
    page.locator("#result_list tbody th a").first.click()
    page.get_by_label("Meaning").select_option("on_hold")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messagelist")).to_contain_text(f"“{word}” changed to “On hold”")
    page.goto(f"{hub.address}/admin/orders/statusword/?q={word}")
    expect(page.locator("#result_list tbody tr", has_text="(demo)")).to_contain_text("On hold")


def test_a_rejected_row_is_tried_again(visit):
    page = visit("/integrations/reject/?resolved_at__isempty=1")
    page.locator("#result_list tbody tr a[href*='/change/']").first.click()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".messagelist")).to_be_visible()
    check(page, *SIZES)


def test_a_script_in_a_vendors_text_does_not_run(visit):
    page = visit("/catalog/product/?q=cedar+lamp")
    expect(page.locator("#result_list tbody tr")).not_to_have_count(0)
    expect(page.locator("#result_list")).to_contain_text("<script>")
    page.locator("#result_list tbody tr a[href*='/change/']").first.click()
    expect(page.locator("#content h1")).to_contain_text("<script>")
    assert page.title() != "ran"
    page.get_by_role("heading", name="As the vendor sent it").wait_for()
    for fold in page.locator(".hub-fold summary").all():
        fold.click()
    assert page.locator("img[src=x]").count() == 0
    assert page.title() != "ran"


def test_a_lost_picture_leaves_its_place_empty(visit, hub):
    page = visit("/")
    page.route("**/*.png", lambda route: route.abort())
    page.route("**/*.svg*", lambda route: route.abort() if "/static/" not in route.request.url else route.continue_())
    page.goto(f"{hub.address}/admin/catalog/product/")
    pictures = page.locator("img.hub-thumb")
    expect(pictures).not_to_have_count(0)
    expect(pictures.first).to_have_class(re.compile("hub-lost"))
    assert pictures.first.get_attribute("loading") == "lazy"
    assert pictures.first.get_attribute("referrerpolicy") == "no-referrer"
