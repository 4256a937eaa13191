"""Who may do what: every role against every page and every button, with and without the form's token."""

import time
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.urls.converters import IntConverter

from config import stepup
from integrations import models as door
from integrations.tests.test_admin import MODELS, PLANTED, address, rows
from orders import models as orders

pytestmark = pytest.mark.django_db
__all__ = ["rows"]

APPS = ("catalog", "orders", "integrations")
CHANGED_BY_POST = ("again", "retry", "run", "test", "sync", "confirm", "tool", "decide")
# Pages of their own beside a row: those behind a connection need the right to change it, even to be looked at.
PAGES = ("try", "ask", "stores", "systems", "store", "credentials", "lines", "buy", "many")
LOOKED_AT = (
    "tokens",
    "egress",
    "desk",
    "switches",
    "batch",
)  # with the right to look; what is sent there needs more, or is not taken at all


def staff(django_user_model: Any, name: str, *verbs: str) -> Client:
    """A signed-in member of staff with these rights on every model of ours."""
    person = django_user_model.objects.create_user(name, is_staff=True)
    wanted = [f"{verb}_" for verb in verbs]
    rights = Permission.objects.filter(content_type__app_label__in=APPS)
    person.user_permissions.set(
        [right for right in rights if right.codename.startswith(tuple(wanted))] if verbs else []
    )
    client = Client()
    client.force_login(person)
    session = client.session
    session[stepup.FRESH] = time.time()
    session.save()
    return client


def buttons() -> list[tuple[str, type[Model], str]]:
    """Kind, model and address of everything beyond Django's own five pages, found in the registered admin classes."""
    found = []
    for model in MODELS:
        pk = model._default_manager.order_by("pk").values_list("pk", flat=True)[0]
        for url in admin.site._registry[model].get_urls():
            kind = (url.name or "").rpartition("_")[2]
            if url.name and kind not in ("changelist", "add", "history", "delete", "change"):
                wanted = url.pattern.converters.items()
                known = {name: pk if isinstance(way, IntConverter) else "products" for name, way in wanted}
                found.append((kind, model, reverse(f"admin:{url.name}", kwargs=known)))
    return found


def test_the_buttons_are_all_known(rows: Any) -> None:
    assert {kind for kind, _, _ in buttons()} == {*CHANGED_BY_POST, *PAGES, *LOOKED_AT, "progress"}


def test_no_button_works_by_a_mere_link(rows: Any, admin_client: Client) -> None:
    for kind, _, url in buttons():
        if kind in CHANGED_BY_POST:
            assert admin_client.get(url).status_code == 405, url


def test_no_post_works_without_the_forms_token(rows: Any, django_user_model: Any) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(django_user_model.objects.create_superuser("root"))
    for kind, _, url in buttons():
        if kind != "progress":
            assert strict.post(url).status_code == 403, url
    for model in MODELS:
        row = model._default_manager.order_by("pk")[0]
        assert strict.post(address(model, "changelist"), {"action": "x"}).status_code == 403
        assert strict.post(address(model, "change", row.pk), {"note": "x"}).status_code == 403


def test_staff_who_only_look_see_all_and_change_nothing(rows: Any, django_user_model: Any) -> None:
    client = staff(django_user_model, "looker", "view")
    before = door.SyncRun.objects.count()
    for model in MODELS:
        listed = client.get(address(model, "changelist"))
        assert listed.status_code == 200, model
        assert listed.context["cl"].formset is None
        assert 'name="action"' not in listed.content.decode(), f"{model}: an action is offered"
        row = model._default_manager.order_by("pk")[0]
        page = client.get(address(model, "change", row.pk))
        assert page.status_code == 200, model
        text = page.content.decode()
        main = text.partition('id="content-main"')[2]
        assert main
        assert 'type="submit"' not in main, f"{model}: something can be saved"
        assert "<button" not in main, f"{model}: a button is offered"
        assert PLANTED not in text
        assert client.post(address(model, "change", row.pk), {"note": "x", "apply_held": "1"}).status_code == 403, model
        for name in admin.site._registry[model].actions or ():
            client.post(address(model, "changelist"), {"action": name, "_selected_action": [row.pk], "index": 0})
    for kind, _, url in buttons():
        if kind != "progress":
            taken = client.post(url, {"flow": "products", "name": "hidden"}).status_code
            assert taken == (405 if kind in ("egress", "desk") else 403), url
        if kind in PAGES:
            assert client.get(url).status_code == 403, url
    assert client.get(address(door.Vendor, "add")).status_code == 403
    assert door.SyncRun.objects.count() == before, "nothing was queued"
    assert door.Held.objects.get().state == "waiting"
    assert not orders.Order.objects.exclude(note="").exists()


def test_staff_without_rights_see_nothing_of_it(rows: Any, django_user_model: Any) -> None:
    client = staff(django_user_model, "nobody")
    for model in MODELS:
        row = model._default_manager.order_by("pk")[0]
        for url in (address(model, "changelist"), address(model, "change", row.pk), address(model, "history", row.pk)):
            assert client.get(url).status_code == 403, url
    for kind, _, url in buttons():
        assert client.post(url).status_code == 403, url
        if kind not in CHANGED_BY_POST:
            assert client.get(url).status_code == 403, url


def test_staff_who_change_orders_reach_no_vendor(rows: Any, django_user_model: Any) -> None:
    person = django_user_model.objects.create_user("clerk", is_staff=True)
    names = [f"{verb}_{model}" for verb in ("view", "change") for model in ("sale", "purchase", "package")]
    person.user_permissions.set(Permission.objects.filter(codename__in=names))
    client = Client()
    client.force_login(person)
    sale = orders.Sale.objects.order_by("pk")[0]
    assert client.post(address(orders.Sale, "change", sale.pk), {"note": "Call first"}).status_code == 302
    sale.refresh_from_db()
    assert sale.note == "Call first"
    assert client.post(address(orders.Sale, "again", sale.pk)).status_code == 403, "asking the vendor is another right"
    person.user_permissions.add(Permission.objects.get(codename="add_syncrun"))
    queued = client.post(address(orders.Sale, "again", sale.pk))
    assert queued.status_code == 302
    vendor = address(door.Vendor, "change", rows.pk)
    for url in (
        vendor,
        address(door.Vendor, "changelist"),
        address(door.SyncRun, "changelist"),
        address(door.ApiCall, "changelist"),
    ):
        assert client.get(url).status_code == 403, url


@pytest.mark.parametrize(
    "query",
    ["vendor__tokens__ciphertext__startswith=v1", "vendor__tokens__last_four=hown", "vendor__options__contains=x",
     "vendor__slug__startswith=a", "vendor__tokens__fingerprint__gt=0"],
)  # fmt: skip
def test_no_filter_looks_into_a_vendor(rows: Any, admin_client: Client, query: str) -> None:
    for model in (orders.Sale, door.SyncRun, door.Schedule):
        assert admin_client.get(f"{address(model, 'changelist')}?{query}").status_code == 400, model
    own = query.removeprefix("vendor__")
    if own.startswith("tokens"):
        assert admin_client.get(f"{address(door.Vendor, 'changelist')}?{own}").status_code == 400


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label_lower)
def test_eight_queries_are_enough_for_staff_with_rights_one_by_one(
    rows: Any, django_user_model: Any, model: type[Model]
) -> None:
    ContentType.objects.get_for_models(*admin.site._registry, for_concrete_models=False)
    client = staff(django_user_model, "ann", "view", "change")
    row = model._default_manager.order_by("pk")[0]
    for url in (address(model, "changelist"), address(model, "change", row.pk)):
        with CaptureQueriesContext(connection) as made:
            assert client.get(url).status_code == 200
        assert len(made) <= 8, (url, [query["sql"][:80] for query in made])


def test_rights_come_by_group_too_in_the_same_one_query(rows: Any, django_user_model: Any) -> None:
    person = django_user_model.objects.create_user("bob", is_staff=True)
    group = Group.objects.create(name="Buyers")
    group.permissions.set(Permission.objects.filter(codename="view_sale"))
    person.groups.add(group)
    person.user_permissions.set(Permission.objects.filter(codename="view_product"))
    fresh = django_user_model.objects.get(pk=person.pk)
    with CaptureQueriesContext(connection) as made:
        assert fresh.has_perm("orders.view_sale")
        assert fresh.has_perm("catalog.view_product")
        assert not fresh.has_perm("orders.change_sale")
        assert not fresh.has_perm("orders.view_sale", object())
    assert len(made) == 1
    fresh = django_user_model.objects.get(pk=person.pk)
    fresh.is_active = False
    assert not fresh.has_perm("orders.view_sale")
