"""Signing in with a second factor, confirming, sessions and refusals in a real browser, by keyboard alone."""

import json
import re
import time

import pytest
from django_otp.oath import TOTP
from playwright.sync_api import expect

from tests.browser.conftest import LAPTOP, PHONE
from tests.browser.looking import check

SIZES = (LAPTOP, PHONE)
PASSWORD = "a long enough pass phrase"
MAKE = """
import json
from django.contrib.auth.models import User
from tests.second_factor import Phone
User.objects.filter(username={name!r}).delete()
person = User.objects.create_superuser({name!r}, password={word!r})
phone = Phone(person)
print(json.dumps([phone.seed.hex(), phone.recovery]))
"""
REST = """
from config.models import Authenticator
Authenticator.objects.filter(user__username={name!r}).update(
    last_t=-1, drift=0, throttling_failure_count=0, throttling_failure_timestamp=None)
"""
STALE = """
from django.contrib.sessions.models import Session
for row in Session.objects.all():
    held = row.get_decoded()
    if held.get("hub_fresh"):
        row.session_data = Session.objects.encode({**held, "hub_fresh": 1.0})
        row.save()
"""


class Person:
    """Somebody with a phone, as the hub knows them."""

    def __init__(self, hub, name):
        self.hub, self.name = hub, name
        seed, self.recovery = json.loads(hub.ask(MAKE.format(name=name, word=PASSWORD)).strip().splitlines()[-1])
        self.seed = bytes.fromhex(seed)

    def code(self):
        """The one shown now, which was never used as far as the hub knows."""
        self.hub.ask(REST.format(name=self.name))
        totp = TOTP(self.seed)
        totp.time = time.time()
        return f"{totp.token():06d}"


@pytest.fixture(scope="module")
def boss(hub):
    return Person(hub, "boss")


def password(page, name, word=PASSWORD):
    """The first page, by keyboard: the field is ready to be typed in."""
    expect(page.get_by_label("Username")).to_be_focused()
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(word)
    page.keyboard.press("Enter")


def sign_in(page, person, code=""):
    password(page, person.name)
    expect(page.get_by_label("Code")).to_be_focused()
    page.keyboard.type(code or person.code())
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Today", exact=True).wait_for()


def test_a_code_is_asked_for_after_the_password_and_a_wrong_one_is_told(visit, boss):
    page = visit("/", known=False)
    check(page, *SIZES)
    page.set_viewport_size(LAPTOP)
    password(page, boss.name)
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
    check(page, *SIZES)
    page.set_viewport_size(LAPTOP)
    page.get_by_label("Code").focus()
    page.keyboard.type("000000")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("That code is not right")
    expect(page.get_by_label("Code")).to_be_focused()
    check(page, *SIZES)
    page.set_viewport_size(LAPTOP)
    page.get_by_label("Code").focus()
    page.keyboard.type(boss.code())
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Today", exact=True).wait_for()


def test_a_recovery_code_signs_in_once(visit, boss):
    page = visit("/", known=False)
    sign_in(page, boss, boss.recovery[0].upper())
    expect(page.locator(".messagelist")).to_contain_text("A recovery code was used; 9 are left")
    page.get_by_role("button", name="Log out").click()
    page = visit("/", known=False)
    password(page, boss.name)
    expect(page.get_by_label("Code")).to_be_focused()
    page.keyboard.type(boss.recovery[0])
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("A recovery code works once too")


def test_replacing_a_token_asks_for_a_fresh_code_and_leads_back(visit, hub, boss):
    page = visit("/", known=False)
    sign_in(page, boss)
    page.goto(f"{hub.address}/admin/integrations/token/")
    page.locator("#result_list tbody tr", has_text="Elryan").locator("th a").first.click()
    hub.ask(STALE)
    page.get_by_role("link", name=re.compile("^Tokens of")).click()
    expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
    expect(page.locator("#hub-nav")).to_have_count(0)
    check(page, *SIZES)
    page.set_viewport_size(LAPTOP)
    page.get_by_label("Code").focus()
    page.keyboard.type(boss.code())
    page.keyboard.press("Enter")
    page.get_by_role("heading", name=re.compile("^Tokens of")).wait_for()
    page.locator("summary", has_text="Replace").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("a-token-that-waited-too-long-1")
    hub.ask(STALE)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Confirm first that it is you")).to_be_visible()
    expect(page.locator("main")).to_contain_text("Nothing was changed")
    assert "waited-too-long" not in page.content()
    check(page, *SIZES)


def test_signing_out_everywhere_ends_the_other_browser(visit, hub, boss):
    here, there = visit("/", known=False), visit("/", known=False, size=PHONE)
    sign_in(here, boss)
    sign_in(there, boss)
    here.get_by_role("link", name="Sessions").focus()
    here.keyboard.press("Enter")
    expect(here.get_by_role("heading", name="Where you are signed in")).to_be_visible()
    expect(here.locator(".hub-table tbody tr").first).to_contain_text("this one")
    check(here, *SIZES)
    here.set_viewport_size(LAPTOP)
    here.get_by_role("button", name="Sign out everywhere else").focus()
    here.keyboard.press("Enter")
    expect(here.locator(".messagelist")).to_contain_text(re.compile("other sessions? ended"))
    there.reload()
    expect(there.get_by_label("Username")).to_be_visible()


def test_a_phone_is_set_up_by_picture_or_by_key(visit, hub):
    hub.ask(
        f"from django.contrib.auth.models import User as U; U.objects.create_superuser('newcomer', password={PASSWORD!r})"
    )
    page = visit("/authenticator/", known=False)
    password(page, "newcomer")
    expect(page.get_by_role("heading", name="Set up your second factor")).to_be_visible()
    picture = page.locator(".hub-qr svg").bounding_box()
    assert picture["width"] == picture["height"]
    assert 150 <= picture["width"] <= 240, "a picture to be scanned, no poster"
    page.set_viewport_size(PHONE)
    assert page.locator(".hub-qr svg").bounding_box()["width"] <= 240
    check(page, *SIZES)
    page.set_viewport_size(LAPTOP)
    totp = TOTP(base32(page.locator(".hub-key").inner_text()))
    totp.time = time.time()
    page.get_by_label("Type the code that the app shows now").focus()
    page.keyboard.type(f"{totp.token():06d}")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Keep these recovery codes")).to_be_visible()
    expect(page.locator(".hub-codes li")).to_have_count(10)
    check(page, *SIZES)
    page.goto(f"{hub.address}/admin/authenticator/")
    expect(page.locator("#content")).to_contain_text("10 recovery codes left")
    check(page, *SIZES)


def base32(shown):
    import base64

    return base64.b32decode(shown.replace(" ", ""))


def test_a_seed_that_cannot_be_opened_is_told_with_its_cure(visit, hub):
    lost = Person(hub, "lost")
    hub.ask(
        "from config.models import Authenticator as A; A.objects.filter(user__username='lost').update(key='v1:0badc0de:AAAA')"
    )
    page = visit("/", known=False)
    password(page, lost.name)
    expect(page.get_by_label("Code")).to_be_focused()
    page.keyboard.type("123456")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading")).to_have_text("A stored secret cannot be opened")
    expect(page.locator("main")).to_contain_text("0badc0de")
    check(page, *SIZES)


def test_who_may_not_is_told_so_and_led_home(visit, hub):
    hub.ask(
        f"from django.contrib.auth.models import User as U; U.objects.create_user('packer', password={PASSWORD!r}, is_staff=True)"
    )
    page = visit("/", known=False)
    password(page, "packer")
    page.get_by_role("heading", name="Today", exact=True).wait_for()
    page.goto(f"{hub.address}/admin/integrations/token/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    check(page, *SIZES)
    page.get_by_role("link", name="Go to the home page").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Today", exact=True).wait_for()


def test_the_audit_log_is_filtered_and_exported(visit):
    page = visit("/hub/auditentry/?what=signed+in")
    expect(page.locator("#result_list tbody tr").first).to_contain_text("signed in")
    with page.expect_download() as begun:
        page.get_by_role("link", name="Export as CSV").focus()
        page.keyboard.press("Enter")
    text = begun.value.path().read_text()
    assert text.splitlines()[0].startswith('"at","who","what"')
    assert all('"signed in"' in line for line in text.splitlines()[1:])
