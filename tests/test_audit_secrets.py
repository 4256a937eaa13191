"""What the audit log hides: by declaration where something is declared, by its name where nothing is."""

import io
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.core.management import call_command
from django.db import models
from django.test import Client, RequestFactory
from django.urls import reverse

from config import audit, auditing
from config.models import AuditEntry
from integrations.admin.connect import UNTESTED, form_for
from integrations.admin.fields import OPTION, SECRET
from integrations.models import ShippingRate, ShippingZone, Token, Vendor
from integrations.service import Secret as Declared
from integrations.service import services

pytestmark = pytest.mark.django_db
HARMLESS = [
    (kind, option.name) for kind, service in services().items() for option in service.options if audit.is_secret(option.name)
]  # fmt: skip


def last() -> AuditEntry:
    return AuditEntry.objects.latest("pk")


@pytest.mark.parametrize(("kind", "name"), HARMLESS)
def test_an_option_that_only_sounds_secret_can_be_read(kind: str, name: str) -> None:
    vendor = Vendor.objects.create(kind=kind, name="V", slug="v", base_url="https://vendor.example")
    audit.record("tried", vendor, after={"options": {name: "harmless"}})
    assert last().after == {"options": {name: "harmless"}}
    assert form_for(services()[kind], vendor).hides[OPTION + name] is False


def test_there_are_such_options() -> None:
    assert len(HARMLESS) >= 2


def test_a_secret_with_an_odd_name_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    kind, service = next(iter(services().items()))
    monkeypatch.setattr(service, "secrets", (*service.secrets, Declared("pin", "PIN")))
    vendor = Vendor.objects.create(kind=kind, name="V", slug="v", base_url="https://vendor.example")
    audit.record("tried", vendor, after={"options": {"pin": "4711", "layout": "eu"}})
    assert last().after == {"options": {"pin": audit.HIDDEN, "layout": "eu"}}
    assert form_for(service, vendor).hides[SECRET + "pin"] is True

    class Form(forms.Form):
        pin = forms.CharField(widget=forms.PasswordInput)

    form = Form({"pin": "4711"})
    assert form.is_valid()
    found = auditing.changes(form)
    audit.record("tried", after=found["after"], hides=found["hides"])
    assert last().after == {"pin": audit.HIDDEN}, "typed unseen, so secret"


def test_columns_are_judged_by_their_model() -> None:
    vendor = Vendor.objects.create(kind="elko", name="V", slug="v", base_url="https://vendor.example")
    audit.record("tried", ShippingRate(vendor=vendor, code="dpd"), after={"code": "dpd"})
    assert last().after == {"code": "dpd"}
    audit.record("tried", Token(vendor=vendor, name="t"), after={"last_four": "1234", "name": "t"})
    assert last().after == {"last_four": audit.HIDDEN, "name": "t"}
    audit.record("tried", vendor, after={"made_up_token": "x", "options": {"another_key": "y"}})
    assert last().after == {"made_up_token": audit.HIDDEN, "options": {"another_key": audit.HIDDEN}}, "by name"


def test_the_pages_and_the_command_tell_options(admin_client: Client) -> None:
    kind, name = next(pair for pair in HARMLESS if pair[1].endswith("_path"))
    given = ["connect", kind, "--slug", "v", "--base-url", "https://vendor.example"]
    call_command(*given, "--set", f"{name}=a/path", stdout=io.StringIO())
    assert last().after["options"][name] == "a/path"
    call_command(*given, "--set", f"{name}=another/path", stdout=io.StringIO())
    assert (last().before["options"], last().after["options"]) == ({name: "a/path"}, {name: "another/path"})
    vendor = Vendor.objects.get()
    page = reverse("admin:integrations_vendor_change", args=[vendor.pk])
    form = admin_client.get(page).context["adminform"].form
    values = {field: form[field].value() for field in form.fields}
    sent = {
        field: "on" if value is True else value for field, value in values.items() if value not in (None, False, "")
    }
    answer = admin_client.post(
        page, {**sent, OPTION + name: "third/path", UNTESTED: "on", SECRET + "token": "x-0123456789"}
    )
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    told = last().after
    assert told[OPTION + name] == "third/path"
    assert told[SECRET + "token"] == audit.HIDDEN


def test_no_form_leaves_it_to_a_name(rf: RequestFactory, django_user_model: Any) -> None:
    """Each field that sounds secret is declared: by its form, by its model, or because it is typed unseen."""
    request = rf.get("/")
    request.user = django_user_model.objects.create_superuser("ann")
    undeclared = []
    for model, page in admin.site._registry.items():
        assert issubclass(model, models.Model)
        if model._meta.app_label not in ("catalog", "orders", "integrations") or model is Vendor:
            continue
        form = page.get_form(request, None, change=True)()
        declared = {**audit.declared(model()), **auditing.hides(form)}
        undeclared += [
            f"{model.__name__}.{name}" for name in form.fields if audit.is_secret(name) and name not in declared
        ]
    assert undeclared == []
    assert "code" in audit.declared(ShippingRate())
    assert "postcodes" in audit.declared(ShippingZone())
