"""Every page of every registered model, every filter, order and action, and garbage in the address: none answers 500."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from config.admin import MirrorAdmin
from tests import synced

# Once, and so on one database: it is about addresses and rights.
pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.sqlite_only]

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
LABELS = [model._meta.label_lower for model in MODELS]
MIRRORS = [model for model in MODELS if isinstance(admin.site._registry[model], MirrorAdmin)]
OURS = [model for model in MODELS if model._meta.app_label != "auth"]
GARBAGE: list[dict[str, Any]] = [
    {"p": "abc"}, {"p": "-1"}, {"p": "99999999999999999999"}, {"e": "1"}, {"o": "x.-y"}, {"o": "999"}, {"o": "-1.1"},
    {"q": "\0"}, {"q": "a" * 5000}, {"q": "%' OR 1=1 --"}, {"q": "<script>alert(1)</script>"}, {"q": " \t "}, {"q": "'\"\\"},
    {"q": "ليان 🧪 ß"}, {"q": "\ud7ff\ufffe"}, {"all": ""}, {"id__in": "x,,1"}, {"id__in": ""}, {"pk": "\0"}, {"nonsense": "1"},
    {"vendor__id__exact": "abc"}, {"vendor__id__exact": "\0"}, {"vendor": "9" * 30}, {"vendor__tokens__ciphertext__startswith": "v1"},
    {"tokens__ciphertext__startswith": "v1"}, {"tokens__last_four": "1234"}, {"after": "junk~junk"},
    {"after": "2026-01-01T00:00:00~" + "9" * 40},
    {"after": "9999-12-31T23:59:59.999999+00:00~1"}, {"before": "~"}, {"before": "0001-01-01T00:00:00+00:00~1"}, {"after": "\0"},
    {"placed_at__since": "2026-02-31"}, {"placed_at__until": "9999-12-31"}, {"placed_at__since": "x\0"},
    {"changed_at__since": "0001-01-01"},
    {"started_at__until": "9999-12-31"}, {"date__until": "9999-12-31"}, {"state__exact": "\0"}, {"flow": "\0"}, {"_popup": "1"},
    {"_to_field": "search"}, {"_facets": "1"}, {"raw__a": "1"}, {"raw__contains": "{"}, {"options__x": "1"}, {"enabled__exact": "maybe"},
    {"gone_at__isempty": "perhaps"}, {"status__in": "\0,"}, {"late": "yes"}, {"failing": "\0"}, {"answer": "9"},
]  # fmt: skip


@pytest.fixture(scope="module")
def hub(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock(), synced.hub():
        yield


@pytest.fixture
def client(hub: None, db: None, fresh: Any) -> Client:
    user = get_user_model().objects.create_superuser("root", password="x")
    client = Client(raise_request_exception=True)
    client.force_login(user)
    return fresh(client)


def address(model: type[Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def links(text: str) -> set[str]:
    """The addresses a page of the admin leads to, its own query strings among them."""
    return {unescape(found) for found in re.findall(r'<a [^>]*href="([^"#]*)"', text) if not found.startswith("http")}


@pytest.mark.parametrize("model", MODELS, ids=LABELS)
def test_the_list_and_all_it_offers_opens(model: type[Model], client: Client) -> None:
    url = address(model, "changelist")
    answer = client.get(url)
    assert answer.status_code == 200
    listed = answer.context["cl"]
    offered = {found for found in links(answer.content.decode()) if found.startswith("?")}
    offered |= {f"?o={sign}{place}" for place in range(len(listed.list_display) + 1) for sign in ("", "-")}
    for query in sorted(offered):
        assert client.get(url + query).status_code == 200, query
    for word in ("a", "00", "phone blue"):
        assert client.get(url, {"q": word}).status_code == 200, word


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label_lower)
def test_garbage_in_the_address_is_no_accident(model: type[Model], client: Client) -> None:
    for query in GARBAGE:
        answer = client.get(f"{address(model, 'changelist')}?{urlencode(query)}")
        assert answer.status_code in (200, 302, 400), (query, answer.status_code)
    for key in ("x", "0", "-1", "9" * 40, "1%00", "_5F", "../../x"):
        for page in ("change", "history", "delete"):
            path = address(model, "changelist") + f"{key}/{page}/"
            assert client.get(path).status_code in (200, 302, 400, 403, 404), path


@pytest.mark.parametrize("model", MODELS, ids=LABELS)
def test_the_pages_of_its_rows_open(model: type[Model], client: Client) -> None:
    rows = model._default_manager.order_by("pk")
    for row in [*rows[:4], *rows.order_by("-pk")[:4]]:
        for page in ("change", "history", "delete"):
            answer = client.get(address(model, page, row.pk))
            expected = (200,) if page == "change" else (200, 403)
            assert answer.status_code in expected, (page, row.pk)
            text = answer.content.decode()
            assert "<script>alert" not in text
            assert "<b>twelve" not in text
    assert client.get(address(model, "add")).status_code in (200, 403)


@pytest.mark.parametrize("model", MIRRORS, ids=lambda model: model._meta.label_lower)
def test_save_is_offered_where_something_can_be_written(model: type[Model], client: Client) -> None:
    row = model._default_manager.order_by("pk").first()
    page: Any = admin.site._registry[model]
    if row is not None:
        text = client.get(address(model, "change", row.pk)).content.decode()
        assert ('name="_save"' in text) == bool(page.own_fields)


@pytest.mark.parametrize("model", MODELS, ids=LABELS)
def test_saving_a_row_as_it_is_works_or_says_why(model: type[Model], client: Client) -> None:
    row = model._default_manager.order_by("pk").first()
    if row is None or model._meta.app_label == "auth":
        return
    answer = client.get(address(model, "change", row.pk))
    if not answer.context["has_change_permission"]:
        assert client.post(address(model, "change", row.pk)).status_code == 403
        return
    form = answer.context["adminform"].form
    given = {}
    for name in form.fields:
        value = form[name].value()
        given[form[name].html_name] = "" if value is None or value is False else value
    saved = client.post(address(model, "change", row.pk), given, follow=True)
    assert saved.status_code == 200
    adminform = saved.context.get("adminform")
    assert not (adminform and adminform.form.is_bound and adminform.form.errors), adminform.form.errors


def planted(field: Any, row: Model) -> dict[str, str]:
    """What would change a column if the page took a field of its name: the keys a form might have for it, with a value."""
    kind, old = field.get_internal_type(), getattr(row, field.attname)
    value = "2001-02-03 04:05:06"
    if kind == "BooleanField":
        value = "" if old else "on"
    elif "Integer" in kind or kind in ("DecimalField", "FloatField", "ForeignKey", "BigAutoField", "AutoField"):
        value = "7"
    elif kind == "JSONField":
        value = '{"planted": 1}'
    elif kind not in ("DateTimeField", "DateField"):
        value = "planted"
    return {field.name: value, field.attname: value, f"{field.name}_0": "2001-02-03", f"{field.name}_1": "04:05:06"}


@pytest.mark.parametrize("model", MODELS, ids=LABELS)
def test_columns_that_are_in_no_form_cannot_be_set_by_posting_them(model: type[Model], client: Client) -> None:
    row = model._default_manager.order_by("pk").first()
    if row is None or model._meta.app_label == "auth":
        return  # people: tests/test_attacks.py
    url = address(model, "change", row.pk)
    shown = client.get(url)
    if not shown.context["has_change_permission"]:
        return
    form = shown.context["adminform"].form
    given = {form[name].html_name: form[name].value() for name in form.fields}
    given = {name: "" if value is None or value is False else value for name, value in given.items()}

    def saved(extra: dict[str, str]) -> dict[str, Any]:
        answer = client.post(url, {**extra, **given}, follow=True)
        adminform = answer.context.get("adminform")
        assert not (adminform and adminform.form.is_bound and adminform.form.errors), adminform.form.errors
        return model._default_manager.filter(pk=row.pk).values().get()

    before, plain = model._default_manager.filter(pk=row.pk).values().get(), saved({})
    by_itself = {name for name in plain if plain[name] != before[name]}  # who changed it, when
    others = [field for field in model._meta.concrete_fields if field.name not in form.fields]
    forced = saved({key: value for field in others for key, value in planted(field, row).items()})
    assert others
    assert {name for name in forced if forced[name] != plain[name]} <= by_itself
    assert "planted" not in str(forced)
    assert "2001, 2, 3" not in str(forced)


@pytest.mark.parametrize("model", MODELS, ids=LABELS)
def test_each_action_answers_for_two_rows_and_for_none(model: type[Model], client: Client) -> None:
    page = address(model, "changelist")
    choices = dict(client.get(page).context["cl"].model_admin.get_action_choices(_request(client, page)))
    keys = list(model._default_manager.order_by("pk").values_list("pk", flat=True)[:2])
    own = model._meta.app_label != "auth"  # Django's own pages take no garbage here
    for name in choices:
        for chosen in (keys, [], *([["x"]] if own else [])):
            given = {"action": name, "_selected_action": chosen, "index": 0}
            answer = client.post(page, given, follow=True)
            assert answer.status_code == 200, (name, chosen)


def _request(client: Client, page: str) -> Any:
    return client.get(page).wsgi_request


def test_every_model_but_plumbing_is_registered_and_has_rows(hub: None, db: None) -> None:
    empty = {model._meta.label for model in MODELS if not model._default_manager.exists()}
    assert empty <= {"auth.Group", "auth.User", "hub.AuditEntry"}
    assert not {label for label in LABELS if label.startswith("django_celery_beat")}, "one truth about schedules"


def test_the_pages_beside_the_models_open(client: Client) -> None:
    for name in ("index", "password_change", "jsi18n"):
        assert client.get(reverse(f"admin:{name}")).status_code == 200
    for app in {model._meta.app_label for model in MODELS}:
        assert client.get(reverse("admin:app_list", args=[app])).status_code == 200
    assert client.get("/admin/nonsense/").status_code == 404
    for query in ("", "?app_label=integrations&model_name=vendor&field_name=x", "?app_label=\0"):
        assert client.get(reverse("admin:autocomplete") + query).status_code in (403, 404)
