"""What the catalogue's measurement counts is exact, at a tiny scale. No time is held against anything."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.service import services
from tests.bench import catalogue
from tests.bench import catalogue_vendor as vendor
from tests.bench.catalogue_hub import hub
from tests.bench.catalogue_pages import generate

PAGE = 35  # statements a page of new rows may cost, with its savepoints and look-ups


def test_an_unchanged_run_writes_nothing_and_a_changed_one_what_differs(tmp_path):
    generate(tmp_path / "pages", 1_200)
    base, changed = tmp_path / "pages" / "base", tmp_path / "pages" / "changed"
    with hub("postgresql" if connection.vendor == "postgresql" else "sqlite") as ask:
        assert ask("hub", base)["count"] == 1_200
        assert ask("hub", base, BENCH_COUNT="1")["rows"] == {}
        rows = ask("hub", changed, BENCH_COUNT="1")["rows"]
    kinds = ("catalog_product", "catalog_variant", "catalog_pricechange", "catalog_stockchange")
    assert rows == dict.fromkeys((*kinds, "integrations_fingerprint"), 12)
    assert sum(rows.values()) == catalogue.expected_versions(base, changed)


@pytest.fixture
def declared():
    """The bench's vendor, known to the engine for one test."""
    vendor.declare()
    yield
    del services()[vendor.KIND]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("declared")
def test_a_page_costs_a_known_number_of_statements(tmp_path):
    """What a run asks once falls out of the difference between two and four pages."""
    counts = {}
    for pages in (2, 4):
        generate(tmp_path / str(pages), pages * 100, page=100)
        vendor.connect(f"of-{pages}")
        for phase in ("load", "same"):
            with CaptureQueriesContext(connection) as queries:
                vendor.run(tmp_path / str(pages) / "base", f"of-{pages}")
            counts[phase, pages] = sum(not q["sql"].startswith(("BEGIN", "COMMIT")) for q in queries)
    assert counts["same", 4] - counts["same", 2] == 2, "one look-up of digests for each page"
    assert counts["load", 4] - counts["load", 2] <= 2 * PAGE
