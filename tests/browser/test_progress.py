"""A run's page tells how it goes without being reloaded, and stops asking when the run has ended."""

from playwright.sync_api import expect

from tests.browser.conftest import LAPTOP, PHONE
from tests.browser.looking import check

# Owned by another machine, so that this hub's own worker leaves it alone.
BEGIN = """
from django.utils import timezone
from datetime import timedelta
from integrations.models import SyncRun, Vendor
run = SyncRun.objects.create(
    vendor=Vendor.objects.get(slug="demo-elryan"), flow="deliveries", trigger="operator", owner="elsewhere:1:1", seen=500,
    total=2000, pages=5, started_at=timezone.now() - timedelta(minutes=2), lease_until=timezone.now() + timedelta(hours=1))
print(run.pk, end="")
"""
THEN = "from integrations.models import SyncRun; SyncRun.objects.filter(pk={pk}).update({values})"


def test_a_run_under_way_tells_its_figures_by_itself(visit, hub):
    pk = hub.ask(BEGIN).strip()
    page = visit(f"/integrations/syncrun/{pk}/change/")
    told = page.locator("#hub-progress")
    expect(told).to_contain_text("500 of 2000")
    expect(told).to_contain_text("ready in about")
    expect(told.locator("progress")).to_have_attribute("value", "25")
    check(page, LAPTOP, PHONE)
    page.evaluate("window.untouched = true")
    hub.ask(THEN.format(pk=pk, values="seen=1500"))
    expect(told).to_contain_text("1500 of 2000", timeout=30_000)
    assert page.evaluate("window.untouched"), "the figures alone were fetched"
    with page.expect_navigation(timeout=60_000):
        hub.ask(THEN.format(pk=pk, values="seen=2000, state='ok', owner=''"))
    expect(told).to_contain_text("OK")
    assert page.locator("#hub-progress[data-url]").count() == 0, "an ended run is not asked for again"
