"""Fault 65: two admins edit one connection, and a sync writes into it meanwhile."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integrations import vault
from integrations.models import Vendor
from integrations.tests.test_admin import rows

pytestmark = pytest.mark.django_db
__all__ = ["rows"]


def opened(client: Client, page: str) -> dict[str, Any]:
    """What a browser would send back of a form as it stands."""
    form = client.get(page).context["adminform"].form
    given = {form[name].html_name: form[name].value() for name in form.fields}
    return {name: value for name, value in given.items() if value not in (None, False)} | {"hub_seen": form.hub_seen}


def test_whoever_saves_second_is_told_and_undoes_nothing(rows: Vendor, admin_client: Client) -> None:
    vault.set_secret(rows, "token", "one-that-can-be-read")
    page = reverse("admin:integrations_vendor_change", args=[rows.pk])
    assert 'name="hub_seen"' in admin_client.get(page).content.decode()
    first, second = opened(admin_client, page), opened(admin_client, page)
    saved = admin_client.post(page, {**first, "name": "Renamed by the first"})
    assert saved.status_code == 302, saved.context["errors"]
    answer = admin_client.post(page, {**second, "currency": "EUR"})
    assert answer.status_code == 200
    assert "Somebody else saved this" in answer.content.decode()
    rows.refresh_from_db()
    assert rows.name == "Renamed by the first"
    again = {**second, "currency": "EUR", "hub_seen": answer.context["adminform"].form.hub_seen}
    assert admin_client.post(page, again).status_code == 302, "told once, it may be meant"


def test_a_sync_that_writes_meanwhile_is_no_second_person(rows: Vendor, admin_client: Client) -> None:
    vault.set_secret(rows, "token", "one-that-can-be-read")
    page = reverse("admin:integrations_vendor_change", args=[rows.pk])
    form = opened(admin_client, page)
    Vendor.objects.filter(pk=rows.pk).update(state="needs_auth", state_reason="The vendor refused the token.")
    assert admin_client.post(page, {**form, "name": "Renamed"}).status_code == 302
    rows.refresh_from_db()
    assert (rows.name, rows.state) == ("Renamed", "needs_auth"), "neither takes the other's fields back"
