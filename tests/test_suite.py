"""The suite's own rules: real servers that keep and drop what they should, and no test that goes unseen."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis

from scripts.sum_tests import total
from tests import servers

ROOT = Path(__file__).resolve().parent.parent


def test_a_cluster_keeps_its_data_over_a_crash_and_leaves_nothing():
    with servers.cluster() as server:
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE kept (word text)")
            connection.execute("INSERT INTO kept VALUES ('still here')")
        server.stop(servers.signal.SIGQUIT)
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(server.url)
        server.start()
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT word FROM kept").fetchone() == ("still here",)
        folder = server.folder
    assert not folder.exists()


def test_a_database_is_empty_apart_and_dropped(postgres_url):
    with servers.database(postgres_url) as url:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE mine ()")
        with psycopg.connect(postgres_url) as other:
            assert other.execute("SELECT to_regclass('mine')").fetchone() == (None,)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)


@pytest.mark.broker
def test_the_broker_never_evicts(valkey_url):
    assert redis.Redis.from_url(valkey_url).config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


@pytest.mark.browser
def test_a_page_that_complains_is_seen(browser):
    page = browser.new_page()
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_content("<p>Hello</p><script>missing()</script>")
    assert page.inner_text("p") == "Hello"
    assert len(complaints) == 1
    page.close()


@pytest.mark.parametrize(("ci", "outcome"), [("true", "1 failed"), ("", "1 skipped")])
def test_ci_allows_no_skip(tmp_path, ci, outcome):
    path = tmp_path / "test_skipping.py"
    path.write_text("import pytest\n\n\ndef test_left_out():\n    pytest.skip('no reason')\n")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "conftest", "-p", "no:cacheprovider", "--rootdir", ROOT, path],
        cwd=ROOT,
        env={n: v for n, v in os.environ.items() if not n.startswith(("PYTEST_", "DJANGO_"))} | {"CI": ci},
        capture_output=True,
        text=True,
    )
    assert outcome in run.stdout, run.stdout + run.stderr


def test_outcomes_of_several_runs_are_added_up(tmp_path):
    for name, errors in (("one", 0), ("two", 1)):
        suite = f'<testsuite tests="5" failures="1" errors="{errors}" skipped="1"/>'
        (tmp_path / name).write_text(f"<testsuites>{suite}</testsuites>")
    assert total([tmp_path / "one", tmp_path / "two"]) == {"passed": 5, "failed": 3, "skipped": 2}
