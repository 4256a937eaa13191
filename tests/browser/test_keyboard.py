"""Every kind of page by keyboard alone: all is come by, shows the focus and is in sight; what opens closes again by keys."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import expect

from tests.browser import crawling
from tests.browser.conftest import LAPTOP, PHONE
from tests.browser.looking import check
from tests.browser.test_people import PASSWORD, Person
from tests.browser.walking import listening, shape, walk

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROW = "#result_list tbody tr a[href*='/change/']"
# Of the stages a command goes through, those whose pages offer different things.
STAGES = """
import uuid
from django.utils import timezone
from integrations.models import Command, Vendor
elko, now = Vendor.objects.get(slug="demo-elko"), timezone.now()
for state in ("awaiting_approval", "unknown", "refused", "confirmed"):
    Command.objects.get_or_create(
        vendor=elko, verb="place_order", state=state, reference=f"K-{state}",
        defaults=dict(key=uuid.uuid4(), about="order:K-1", body={"reference": "K-1"}, words=["Order 1 of 7"], asked_by="admin",
                      asked_at=now, sent_at=now, batch="kept-for-keys", request={"method": "POST", "path": "/Sales/Orders"},
                      error="No such article" if state == "refused" else ""),
    )
"""


@pytest.fixture
def eyes(browser: Any, hub: Any, signed_in: Any) -> Iterator[Any]:
    """One window for many pages, so that scripts and styles are fetched once: `eyes(PHONE)`."""
    contexts = []

    def look(size: Any = LAPTOP, known: bool = True) -> "Page":
        context = browser.new_context(
            viewport=size, storage_state=signed_in if known else None, reduced_motion="reduce"
        )
        listening(context)
        contexts.append(context)
        return context.new_page()

    yield look
    for context in contexts:
        context.close()


def drawers(page: "Page") -> list[str]:
    """Each filter opens with Enter, is walked into with Tab, and closes with Escape where it was opened."""
    faults = []
    for drawer in page.locator(".hub-filter").all():
        summary = drawer.locator("summary")
        summary.focus()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        inside = drawer.evaluate("it => it.open && it.querySelector('.hub-panel').contains(document.activeElement)")
        page.keyboard.press("Escape")
        shut = drawer.evaluate("it => !it.open && document.activeElement === it.querySelector('summary')")
        if not (inside and shut):
            faults.append(
                f"the filter {summary.inner_text()}: {'Escape does not close it' if inside else 'Tab does not go into it'}"
            )
    return faults


@pytest.fixture(scope="module")
def known(hub):
    hub.ask(STAGES)
    return crawling.Crawl(hub.address), set(), set()


def looked_at(page: "Page") -> list[str]:
    try:
        check(page, LAPTOP, PHONE)
    except AssertionError as told:
        return [str(told)]
    finally:
        page.set_viewport_size(LAPTOP)  # type: ignore[arg-type]
    return []


# In parts, so that none takes long; the last has all that the others did not.
@pytest.mark.parametrize(
    "place", ["orders/", "catalog/", "integrations/command/", "integrations/vendor/", "integrations/", ""]
)
def test_every_kind_of_page(place, eyes, hub, known):
    page, (crawl, shapes, seen) = eyes(), known
    faults = []
    if not shapes:
        crawl.stage(page)
    for kind, address, status in crawl.pages(page, f"/admin/{place}"):
        known_by = (kind[0] if status == 200 else status, shape(page))
        if known_by in shapes:
            continue
        shapes.add(known_by)
        if not LOOKED_AT.search(kind[0]) and (kind[0] not in seen or kind[0] == "integrations_command_change"):
            seen.add(kind[0])
            faults += looked_at(page)
        told = walk(page, whole=kind[0] == "index")
        if kind[0].endswith("_changelist"):
            told += drawers(page)
        faults += [f"{address}: {it}" for it in told]
    assert not faults, "\n".join(faults)
    assert len(shapes) > 12
    if not place:
        assert crawl.left() == LEFT, "every address of the admin is walked, or a page that was walked posts to it"


# No row has a page on another site; a run's figures are asked for while it runs (test_progress.py); a tool of some shop
# systems alone is a button beside the others (test_stores.py).
LEFT = {"view_on_site", "integrations_syncrun_progress", "integrations_vendor_tool"}
# These have had axe's look in test_pages.py, a page of each model.
LOOKED_AT = re.compile(
    r"^(orders|catalog|auth|hub)_[a-z]+_(changelist|change)$|_changelist$|^(app_list|index|password_change|history|delete)$"
)


@pytest.mark.parametrize(
    "path",
    ["/", "/orders/sale/", "/integrations/token/", "/integrations/vendor/?", "/catalog/variant/?", "/orders/sale/?", "/auth/user/?",
     "/integrations/vendor/add/?kind=elko&preset=ua", "/integrations/command/switches/", "/integrations/command/desk/unknown/",
     "/integrations/command/ask/demo-elryan/create_package/", "/orders/statusword/?"],
)  # fmt: skip
def test_on_a_phone(path, eyes, hub):
    page = eyes(PHONE)
    page.goto(f"{hub.address}/admin{path}")
    if path.endswith("?"):
        page.goto(hub.address + str(page.locator(ROW).first.get_attribute("href")))
    assert walk(page, whole=path == "/") == []


def test_the_menu_on_a_phone(eyes, hub):
    page = eyes(PHONE)
    page.goto(f"{hub.address}/admin/orders/sale/")
    button, menu = page.locator(".hub-menu"), page.locator("#hub-nav")
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(menu.get_by_role("link", name="Home")).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    links = menu.get_by_role("link").count()
    for _ in range(links - 1):
        page.keyboard.press("Tab")
    expect(menu.get_by_role("link").last).to_be_focused()
    expect(menu.get_by_role("link").last).to_be_in_viewport()
    page.keyboard.press("Tab")
    expect(menu).to_be_hidden()
    expect(button).to_have_attribute("aria-expanded", "false")


def test_the_menu_on_a_laptop_is_folded_away_and_stays_so(eyes, hub):
    page = eyes()
    page.goto(f"{hub.address}/admin/orders/sale/")
    page.locator(".hub-menu").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#hub-nav")).to_be_hidden()
    page.reload()
    expect(page.locator("#hub-nav")).to_be_hidden()
    page.locator(".hub-menu").focus()
    page.keyboard.press("Space")
    expect(page.locator("#hub-nav")).to_be_visible()


def test_what_opens_and_changes_by_keys(eyes, hub):
    """A fold, the theme, a range of days, all boxes at once, further rows of a form."""
    page = eyes()
    page.goto(f"{hub.address}/admin/orders/sale/")
    page.locator(".hub-filter", has_text="Placed").locator("summary").focus()
    for key in ("Enter", "Tab"):
        page.keyboard.press(key)
    for _ in range(10):
        if page.evaluate("document.activeElement.type") == "date":
            break
        page.keyboard.press("Tab")
    page.keyboard.type("01012020")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "since=2020-01-01" in page.url
    page.locator(ROW).first.press("Enter")
    fold = page.locator(".hub-fold").last
    fold.locator("summary").press("Enter")
    expect(fold).to_have_attribute("open", "")
    fold.locator("summary").press("Enter")
    expect(fold).not_to_have_attribute("open", "")
    before = page.evaluate("document.documentElement.dataset.theme")
    page.locator("button.theme-toggle:visible").press("Enter")
    assert page.evaluate("document.documentElement.dataset.theme") != before
    page.goto(f"{hub.address}/admin/integrations/command/desk/approval/")
    page.get_by_role("button", name="Tick all").press("Space")
    assert page.locator("input[name=command]:not(:checked)").count() == 0
    page.goto(f"{hub.address}/admin/integrations/command/ask/demo-elko/place_order/")
    rows = page.locator(".hub-rows tbody tr").count()
    with page.expect_navigation():
        page.get_by_role("button", name="More rows").first.press("Enter")
    assert page.locator(".hub-rows tbody tr").count() > rows


@pytest.mark.parametrize(("path", "action"), [("/auth/group/", "Delete selected"), ("/catalog/product/", "Send")])
def test_an_action_is_chosen_and_its_page_walked(path, action, eyes, hub):
    page = eyes()
    page.goto(f"{hub.address}/admin{path}")
    page.locator("#result_list tbody input[type=checkbox]").last.focus()
    page.keyboard.press("Space")
    expect(page.locator(".action-counter")).to_contain_text("1 of")
    page.locator("select[name=action]").focus()
    page.keyboard.type(action)
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.locator("#result_list").count() == 0, "the action has a page of its own"
    assert walk(page) == []


def test_signing_in_and_setting_up(eyes, hub):
    someone = Person(hub, "walker")  # has a phone
    hub.ask(
        f"from django.contrib.auth.models import User as U; U.objects.create_superuser('walker2', password={PASSWORD!r})"
    )
    for name, heading in ((someone.name, "Second factor"), ("walker2", "Set up your second factor")):
        page = eyes(known=False)
        page.goto(f"{hub.address}/admin/authenticator/")
        assert walk(page) == []
        page.goto(f"{hub.address}/admin/authenticator/")
        page.get_by_label("Username").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        assert walk(page) == []


@pytest.mark.parametrize(
    "name", ["400.html", "403.html", "403_csrf.html", "404.html", "500.html", "hub/blocked.html", "hub/no_key.html"]
)
def test_pages_for_what_went_wrong(name, eyes, hub):
    page, address = eyes(), f"{hub.address}/admin/wrong/"
    told = render_to_string(name, {"address": "2001:db8::66", "why": "No key 0badc0de."})
    page.route(address, lambda route: route.fulfill(body=told, content_type="text/html"))
    page.goto(address)
    things = page.locator("a, button").count()
    assert [it for it in walk(page) if things] == []


FIELD, NEXT, TITLE = "#id_new_password1", "#id_new_password2", "#content h1"
BAR = "position: fixed; inset: 0 0 auto; height: 60vh; background: red"
PLANTED = [
    ("#content input[type=submit]", "it.tabIndex = -1", r"^Tab never came by <input type=.submit"),
    (TITLE, "it.insertAdjacentHTML('beforeend', '<span onclick=1>More</span>')", "^Tab never came by <span onclick"),
    (TITLE, "it.addEventListener('click', () => 1)", "^Tab never came by <h1"),
    (TITLE, "it.style.cursor = 'pointer'", "^Tab never came by <h1"),
    (FIELD, "it.style.outline = 'none'", "^nothing shows that the focus is on it"),
    (FIELD, "it.style.outlineColor = '#eee'", "^its outline .* stands out by"),
    (
        TITLE,
        f"it.append(document.createElement('p')); it.lastChild.style.cssText = '{BAR}'",
        "out of sight or covered by <p",
    ),
    (FIELD, "it.onkeydown = event => event.preventDefault()", "^Tab never came by <input .*new_password2"),
    (NEXT, "it.onkeydown = event => !event.shiftKey", "^Shift.Tab does not leave"),
]


@pytest.mark.parametrize(("where", "wrong", "told"), PLANTED)
def test_a_fault_put_in_by_hand_is_seen(where, wrong, told, eyes, hub):
    page = eyes()
    page.goto(f"{hub.address}/admin/password_change/")
    page.eval_on_selector(where, f"it => {{ {wrong} }}")
    found = walk(page)
    assert any(re.search(told, it) for it in found), found
