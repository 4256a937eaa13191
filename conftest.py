"""How the tests run: apart from the developer's own hub, on real servers, with nothing skipped unseen."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from tests import servers

if TYPE_CHECKING:
    from django.test import Client
    from playwright.sync_api import Browser, Page

    from integrations.services.elko.simulator import Simulator as Elko
    from integrations.services.elryan.simulator import Simulator as Elryan

pytest_plugins = ("tests.secrets_watch",)
ROOT = Path(__file__).resolve().parent
SHARED = ROOT.parent / "shared"
CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}
WORKER = os.environ.get("PYTEST_XDIST_WORKER")

# Set before anything reads the settings: no test sees the developer's .env, database, keys or queue.
if not WORKER:
    os.environ["HUB_TEST_ROOT"] = tempfile.mkdtemp(prefix="crossdock-tests-")
TEST_ROOT = Path(os.environ["HUB_TEST_ROOT"])
VAR = TEST_ROOT / (WORKER or "main")
(VAR / "static").mkdir(parents=True, exist_ok=True)  # else each client warns that it is not there
if not servers.is_postgres(os.environ.get("DATABASE_URL", "")):
    os.environ["DATABASE_URL"] = f"sqlite:///{VAR / 'crossdock.sqlite3'}"
os.environ.update(
    DJANGO_SETTINGS_MODULE="config.settings",
    HUB_VAR=str(VAR),
    TEST_SQLITE=str(VAR / "test.sqlite3"),
    SECRET_KEY="a key for tests alone",
    HUB_KEYS="a-data-key-for-tests-alone",
    DEBUG="false",
    SECURE_SSL="false",
    HUB_SECOND_FACTOR="asked",
    ALLOWED_HOSTS="localhost,127.0.0.1,testserver",
    VENDOR_PRIVATE_HOSTS="127.0.0.1,localhost",
    CELERY_BROKER_URL="filesystem://",
    EMAIL_URL="memorymail://",
    TIME_ZONE="UTC",
    LANGUAGE_CODE="en",
)
hypothesis.settings.register_profile("hub", deadline=None, derandomize=CI)
hypothesis.settings.load_profile("hub")


def pytest_configure(config: pytest.Config) -> None:
    from django.conf import settings

    assert settings.VAR == VAR, "settings were read before this file: this process would share another one's folder"
    if not WORKER and config.getoption("numprocesses", None):
        # Else the workers inherit it, and read the settings before they come here.
        del os.environ["DJANGO_SETTINGS_MODULE"]
    # A real hash takes a third of a second for every user a test makes.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def pytest_unconfigure() -> None:
    if not WORKER:
        shutil.rmtree(TEST_ROOT, ignore_errors=True)


@pytest.hookimpl(tryfirst=True)  # before the groups are read
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave to the other database what is about it alone; keep one browser, and one broker, per run.

    What asks no database runs once, on SQLite; so does what is odd about one vendor, whose rows the contract reads on both.
    """
    other = "sqlite_only" if on_postgres() else "postgres_only"
    left = [item for item in items if item.get_closest_marker(other) or (on_postgres() and not asks_the_database(item))]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]
    for item in items:
        for name in ("browser", "broker"):
            if item.get_closest_marker(name) and not item.get_closest_marker("xdist_group"):
                item.add_marker(pytest.mark.xdist_group(name))


def pytest_collection_finish(session: pytest.Session) -> None:
    """A group that is not kept together costs a browser, a hub and a database server for each process, and says nothing."""
    if WORKER and session.config.getoption("loadgroup", False):
        lost = [it.nodeid for it in session.items if it.get_closest_marker("xdist_group") and "@" not in it.nodeid]
        assert not lost, f"pytest-xdist does not keep groups together under pytest {pytest.__version__}: {lost[0]}"


def asks_the_database(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    if "/integrations/services/" in item.path.as_posix():
        return False
    marked = any(item.get_closest_marker(name) for name in ("django_db", "postgres_only", "journey"))
    return marked or not fixtures.isdisjoint(("db", "transactional_db", "django_db_setup", "postgres_url"))


def on_postgres() -> bool:
    from django.db import connection

    return connection.vendor == "postgresql"


# Skips: none in CI, but for tests of third-party files where ../shared does not lie beside the checkout.


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("needs_shared") and not SHARED.is_dir():
        pytest.skip(f"third-party files are not beside this checkout ({SHARED.name}/)")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    outcome: Any = yield
    report = outcome.get_result()
    if CI and report.skipped and not hasattr(report, "wasxfail"):
        if item.get_closest_marker("needs_shared") and not SHARED.is_dir():
            return
        report.outcome = "failed"
        report.longrepr = f"Skipped, which CI does not allow: {report.longrepr[-1]}"


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    outcome: Any = yield
    report = outcome.get_result()
    if CI and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"Skipped while collecting, which CI does not allow: {report.longrepr[-1]}"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    skipped = [report for report in terminalreporter.stats.get("skipped", ()) if "needs_shared" in report.keywords]
    if skipped and not SHARED.is_dir():
        terminalreporter.write_line(f"{len(skipped)} tests not run: ../{SHARED.name} is not beside this checkout.")


@pytest.fixture(scope="session", autouse=True)
def quickly_emptied() -> None:
    from tests import emptying

    emptying.install()


@pytest.fixture(autouse=True)
def nothing_spooled() -> None:
    """Each test begins with an empty spool, as with an empty database: what it finds left there, it left there."""
    from django.conf import settings

    shutil.rmtree(settings.SPOOL, ignore_errors=True)


@pytest.fixture(autouse=True)
def anybody_may_come() -> None:
    """Each test begins with nothing listed for the admin, and asks again only when a row is saved."""
    from integrations import allowlist

    allowlist._kept = (float("inf"), allowlist.Rules())


# Servers: started when a test first asks, stopped at the end.


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """An empty database on a real PostgreSQL, apart from the one Django's tests run on."""
    with servers.postgres() as url:
        yield url


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """A real Redis-compatible server."""
    with servers.valkey() as url:
        yield url


@pytest.fixture(scope="session")
def chromium_path() -> str:
    return str(servers.chromium())


@pytest.fixture(scope="session")
def browser(chromium_path: str) -> Iterator["Browser"]:
    """The system's Chromium under playwright."""
    from playwright.sync_api import sync_playwright

    # Playwright's loop runs in this thread; Django takes that for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path, args=[*servers.CHROMIUM_ARGUMENTS])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: "Browser") -> Iterator["Page"]:
    """A fresh page on a 1366x900 laptop; a script error or a policy violation in it fails the test."""
    context = browser.new_context(viewport={"width": 1366, "height": 900}, locale="en-GB", timezone_id="UTC")
    wrong: list[str] = []
    opened = context.new_page()
    opened.on("pageerror", lambda error: wrong.append(f"script error: {error}"))
    opened.on("console", lambda said: wrong.append(f"console: {said.text}") if said.type == "error" else None)
    yield opened
    context.close()
    assert not wrong, "The page complained:\n" + "\n".join(wrong)


@pytest.fixture
def fresh() -> "Callable[[Client], Client]":
    """Make a client's session one whose second factor was given just now, as pages that ask for it need: `fresh(client)`."""
    from config import stepup

    def refreshed(client: "Client") -> "Client":
        session = client.session
        session[stepup.FRESH] = time.time()
        session.save()
        return client

    return refreshed


@pytest.fixture
def admin_client(admin_client: "Client", fresh: "Callable[[Client], Client]") -> "Client":
    """Pytest-django's, in a fresh session."""
    return fresh(admin_client)


@pytest.fixture
def elko() -> "Iterator[Elko]":
    """A simulated ELKO on a socket, with a few rows of every oddity."""
    from integrations.services.elko.simulator import Simulator
    from integrations.simulator import Server

    with Server(sim := Simulator(seed="tiny")):
        yield sim


@pytest.fixture
def elryan() -> "Iterator[Elryan]":
    """A simulated Elryan, in the same way."""
    from integrations.services.elryan.simulator import Simulator
    from integrations.simulator import Server

    with Server(sim := Simulator(seed="tiny")):
        yield sim


@pytest.fixture(scope="session")
def shared() -> Path:
    """Third-party files beside the checkout; for tests marked needs_shared."""
    return SHARED
