"""One running hub, one signed-in browser; a script error or a policy violation on any page fails its test."""

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests import servers
from tests.browser import hub as running_hub
from tests.browser.hub import Hub
from tests.secrets_watch import watch

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ON_POSTGRES = servers.is_postgres(os.environ.get("DATABASE_URL", ""))
LAPTOP, PHONE = {"width": 1366, "height": 900}, {"width": 390, "height": 844}


@pytest.hookimpl(tryfirst=True)  # before the groups are read
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)
            # The walk takes as long as all the others: it has a process, a browser and a hub of its own.
            walked = item.path.name == "test_keyboard.py"
            item.add_marker(pytest.mark.xdist_group("browser-walk" if walked else "browser"))


@pytest.fixture(scope="session")
def hub() -> Iterator[Hub]:
    """On the database the tests run on; its troubles are looked at once, on SQLite."""
    if not ON_POSTGRES:
        with running_hub.running() as found:
            yield found
        return
    with servers.postgres() as url, running_hub.running(url, troubles="") as found:
        yield found


@pytest.fixture(scope="session")
def signed_in(browser: "Browser", hub: Hub) -> Any:
    """The cookies of the demo's admin."""
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, hub)
    state = context.storage_state()
    context.close()
    return state


def sign_in(page: "Page", hub: Hub) -> None:
    page.goto(f"{hub.address}/admin/")
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill(hub.password)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", name="Today", exact=True).wait_for()


Visit = Callable[..., "Page"]


@pytest.fixture
def visit(browser: "Browser", hub: Hub, signed_in: Any) -> Iterator[Visit]:
    """Open an address of the admin, signed in: `visit("/orders/sale/", size=PHONE, locale="ar")`."""
    wrong: list[str] = []
    contexts = []

    def complain(said: Any) -> None:
        # Axe is injected without an address, and tries things that the policy forbids. A vendor's picture that cannot
        # be had is no fault of the page.
        if said.type == "error" and said.location["url"] and "Failed to load resource" not in said.text:
            wrong.append(said.text)

    def open_page(path: str, *, size: Any = LAPTOP, locale: str = "en-GB", known: bool = True) -> "Page":
        context = browser.new_context(
            viewport=size, locale=locale, timezone_id="Asia/Baghdad", storage_state=signed_in if known else None
        )
        context.set_default_timeout(30_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(f"script error: {error}"))
        page.on("console", complain)
        page.goto(f"{hub.address}/admin{path}")
        return page

    yield open_page
    for context in contexts:
        for page in context.pages:
            watch.see("the page as the browser has it", page.content())
        context.close()
    assert not wrong, "The page complained:\n" + "\n".join(wrong)
