"""Passkeys in a real browser, with its own virtual device, by keyboard: set up, signed in and confirmed with, refused, removed."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import LAPTOP, PHONE
from tests.browser.looking import check
from tests.browser.test_people import PASSWORD, STALE, password

SIZES = (LAPTOP, PHONE)
MAKE = """
from django.contrib.auth.models import User
User.objects.filter(username={name!r}).delete()
User.objects.create_superuser({name!r}, password={word!r})
"""
# Sign-ins that were begun; whoever is in stays in, the browser of the other tests too.
FORGOTTEN = """
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
for row in Session.objects.all():
    if "_auth_user_id" not in SessionStore(row.session_key):
        row.delete()
"""
DEVICE = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
    "automaticPresenceSimulation": True,
}  # fmt: skip


class Device:
    """The browser's own virtual authenticator, for one page."""

    def __init__(self, page):
        self.protocol = page.context.new_cdp_session(page)
        self.protocol.send("WebAuthn.enable")
        self.id = self._new()

    def _new(self):
        return self.protocol.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})["authenticatorId"]

    def another(self):
        """In place of the one there was, as a key that is pulled out."""
        self.protocol.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self.id})
        self.id = self._new()

    def knows_the_person(self, does):
        self.protocol.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": does})


@pytest.fixture
def at_its_name(hub):
    """The hub by a name; browsers take no passkeys at 127.0.0.1."""
    return hub.address.replace("127.0.0.1", "localhost") + "/admin"


def press(page, name):
    page.get_by_role("button", name=name, exact=True).focus()
    page.keyboard.press("Enter")


def begin(page, hub, place, name):
    hub.ask(MAKE.format(name=name, word=PASSWORD))
    page.goto(f"{place}/authenticator/")
    password(page, name)
    expect(page.get_by_role("heading", name="Set up your second factor")).to_be_visible()


def test_it_is_set_up_signs_in_confirms_and_is_removed(visit, hub, at_its_name):
    page = visit("/", known=False)
    device = Device(page)
    begin(page, hub, at_its_name, "keyed")
    check(page, *SIZES)
    page.set_viewport_size(LAPTOP)
    page.get_by_label("Name, to know it from others").fill("Kitchen laptop")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Keep these recovery codes")).to_be_visible()
    expect(page.locator("main")).to_contain_text("Your passkey is set up")
    check(page, *SIZES)
    page.goto(f"{at_its_name}/authenticator/")
    expect(page.locator(".hub-passkeys li")).to_have_text(re.compile("Kitchen laptop.*not used yet", re.DOTALL))
    press(page, "Add a passkey")
    expect(page.get_by_role("alert")).to_have_text("This device has a passkey for you here already.")
    check(page, *SIZES)
    page.set_viewport_size(LAPTOP)

    page.get_by_role("button", name="Log out").click()
    page.goto(f"{at_its_name}/authenticator/")
    password(page, "keyed")
    expect(page.get_by_role("button", name="Use a passkey")).to_be_focused()
    check(page, *SIZES)
    page.set_viewport_size(LAPTOP)
    press(page, "Use a passkey")
    expect(page.locator(".hub-passkeys li")).to_have_text(re.compile("Kitchen laptop.*last used", re.DOTALL))

    hub.ask(STALE)
    page.goto(f"{at_its_name}/authenticator/")
    expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
    check(page, *SIZES)
    page.set_viewport_size(LAPTOP)
    press(page, "Use a passkey")
    expect(page.get_by_role("heading", name="Second factor", exact=True)).to_be_visible()

    device.another()
    page.get_by_label("Name, to know it from others").fill("Phone")
    page.keyboard.press("Enter")
    expect(page.locator(".messagelist")).to_contain_text("The passkey “Phone” is set up")
    expect(page.locator(".hub-passkeys li")).to_have_count(2)
    check(page, *SIZES)
    page.set_viewport_size(LAPTOP)
    press(page, "Remove Kitchen laptop")
    expect(page.locator(".messagelist")).to_contain_text("The passkey “Kitchen laptop” is removed")
    expect(page.locator(".hub-passkeys li")).to_have_count(1)
    press(page, "Remove Phone")
    expect(page.locator(".messagelist")).to_contain_text("the password alone signs you in")
    expect(page.get_by_role("heading", name="Set up your second factor")).to_be_visible()


def test_what_goes_wrong_is_told_in_words(visit, hub, at_its_name):
    page = visit("/", known=False)
    device = Device(page)
    begin(page, hub, at_its_name, "unlucky")
    device.knows_the_person(False)
    press(page, "Add a passkey")
    expect(page.get_by_role("alert")).to_contain_text("Nothing was taken")
    check(page, *SIZES)
    page.set_viewport_size(LAPTOP)
    device.knows_the_person(True)
    press(page, "Add a passkey")
    expect(page.locator(".hub-codes li")).to_have_count(10)
    page.get_by_role("button", name="Log out").click()
    page.goto(f"{at_its_name}/")
    password(page, "unlucky")
    device.knows_the_person(False)
    press(page, "Use a passkey")
    expect(page.get_by_role("alert")).to_contain_text(
        "cancelled, took too long, or this device has no passkey of yours"
    )
    check(page, *SIZES)
    page.set_viewport_size(LAPTOP)
    device.knows_the_person(True)
    hub.ask("from config.models import Passkey; Passkey.objects.filter(user__username='unlucky').update(sign_count=99)")
    press(page, "Use a passkey")
    expect(page.get_by_role("alert").first).to_contain_text("counter went back: there may be a copy of it")
    hub.ask(FORGOTTEN)
    press(page, "Use a passkey")
    expect(page.locator(".hub-passkey-said")).to_have_text(
        "This page was open for too long. Load it again, then try again."
    )


def test_at_an_address_it_says_to_come_by_the_name(visit, hub):
    page = visit("/authenticator/", known=False)
    hub.ask(MAKE.format(name="numbered", word=PASSWORD))
    password(page, "numbered")
    expect(page.get_by_role("heading", name="A passkey")).to_be_visible()
    expect(page.locator("main")).to_contain_text("this page was opened at the address 127.0.0.1")
    expect(page.get_by_role("button", name="Add a passkey")).to_have_count(0)
    check(page, *SIZES)


def test_without_javascript_the_page_says_so_and_codes_work(browser, visit, hub, at_its_name):
    page = visit("/", known=False)
    Device(page)
    begin(page, hub, at_its_name, "scriptless")
    press(page, "Add a passkey")
    code = page.locator(".hub-codes code").first.inner_text()
    context = browser.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(f"{at_its_name}/")
        page.get_by_label("Username").fill("scriptless")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_text("A passkey needs JavaScript")).to_be_visible()
        press(page, "Use a passkey")
        expect(page.locator("#hub-wrong")).to_contain_text("asked for by a script, which did not run")
        page.get_by_label("Code").fill(code)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Today", exact=True)).to_be_visible()
    finally:
        context.close()
