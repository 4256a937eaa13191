"""Every address of the admin, every method, every role: exactly what the table in docs/security.md says."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from config import roles
from integrations import models as door
from integrations.tests.test_admin import PLANTED, rows
from orders import models as orders

# Once, and so on one database: it is about addresses and rights.
pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.sqlite_only]
__all__ = ["rows"]

DOCS = Path(__file__).resolve().parent.parent / "docs" / "security.md"
ALL = {"view", "add", "change", "delete", "run"}
METHODS = ("GET", "POST", "HEAD", "PUT", "DELETE")
NEEDS = {"changelist": {"view"}, "change": {"view"}, "history": {"view"}, "add": {"add"}, "delete": {"delete"}}
TO_RUN = {"again", "sync", "run", "ask"}
# Of a connection: what only those who may change it do. Each says by itself what it cannot do with this one.
TO_CHANGE = {"test", "confirm", "try", "stores", "systems", "new_store", "credentials", "tool"}
# Pages of the signed-in person alone, which every role has, and those that only lead on.
OWN = {"index", "password_change", "password_change_done", "logout", "login", "jsi18n", "authenticator", "step_up",
       "second_factor", "sessions", "passkey"}  # fmt: skip


def written() -> dict[str, dict[str, set[str]]]:
    """The table of the docs: model or part → role → verbs."""
    lines = re.findall(r"^\| `([a-z_.*]+)` \|(.*)\|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    return {
        name: {role: set(cell.split()) - {"–"} for role, cell in zip(roles.ROLES, cells.split("|"), strict=True)}
        for name, cells in lines
    }


MATRIX = written()


def verbs(role: str, model: Any) -> set[str]:
    if role == "superuser":
        return ALL
    label = model._meta.label_lower
    line = MATRIX.get(label) or MATRIX[label.partition(".")[0] + ".*"]
    return line.get(role, set())


@pytest.fixture
def signed_in(rows: Any, fresh: Any) -> Any:
    """One client for each role, for staff of no role, and for a superuser."""
    roles.keep()
    clients = {}
    for role in (*roles.ROLES, "nothing", "superuser"):
        person = User.objects.create_user(f"the-{role}", is_staff=True, is_superuser=role == "superuser")
        if role in roles.ROLES:
            person.groups.add(Group.objects.get(name=role))
        clients[role] = Client(raise_request_exception=False)
        clients[role].force_login(person)
        fresh(clients[role])
    return clients


def addresses() -> Iterator[tuple[str, str, Any]]:
    """(name, path with its arguments filled in, model or None) of every pattern under the admin."""
    models = {f"{model._meta.app_label}_{model._meta.model_name}": model for model in admin.site._registry}

    def walk(patterns: Any, prefix: str) -> Iterator[tuple[str, str]]:
        for pattern in patterns:
            place = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, place)
            elif isinstance(pattern, URLPattern):
                yield pattern.name or "", place

    root = next(part for part in get_resolver().url_patterns if getattr(part, "namespace", "") == "admin")
    for name, place in walk(root.url_patterns, "/admin/"):  # type: ignore[union-attr]
        owner = max((label for label in models if name.startswith(f"{label}_")), key=len, default="")
        if not owner and (match := re.match(r"/admin/(\w+)/(\w+)/", place)):
            owner = f"{match[1]}_{match[2]}" if f"{match[1]}_{match[2]}" in models else ""
        yield name, place, models.get(owner)


def filled(place: str, model: Any) -> str:
    """An address with a real row's id, or 1, in place of its arguments."""
    row = model._default_manager.order_by("pk").first() if model else None
    key = str(row.pk) if row is not None else "1"
    place = re.sub(r"<(?:path:object_id|int:pk|id)>|<str:id>", key, place)
    place = re.sub(r"<int:\w+>", "1", place)
    place = re.sub(r"<(?:slug|str|path):?\w*>", "products", place)
    return place.removesuffix("$").replace("\\Z", "")


# Django's addresses without a name only lead on to the row's page.
WALKED = [entry for entry in addresses() if entry[2] is not None and entry[0]]


def refused(answer: Any) -> bool:
    return answer.status_code == 403


def allowed(name: str, role: str, model: Any, method: str) -> bool | None:
    """Whether the table lets a role through; None where the page itself decides which of two rights it asks for."""
    label = f"{model._meta.app_label}_{model._meta.model_name}_"
    kind, has = name.removeprefix(label), verbs(role, model)
    if kind in TO_RUN:
        return {"view", "run"} <= has
    if model is door.Vendor and kind in TO_CHANGE and "change" not in has:
        return False
    if kind == "change" and method == "POST":
        return "change" in has
    if kind in NEEDS:
        return NEEDS[kind] <= has
    if kind == "tokens":  # on a vendor's address, with the rights on tokens
        return ("change" if method == "POST" else "view") in verbs(role, door.Token)
    if kind in ("progress", "export", "egress"):
        return "view" in has
    if kind in ("desk", "switches", "batch") and method == "GET":
        return "view" in has
    return None if has & {"change", "run"} else False


def test_the_walk_finds_the_whole_admin() -> None:
    found = {model for _, _, model in WALKED}
    assert found == set(admin.site._registry)
    assert len(WALKED) > 100
    loose = {name for name, place, model in addresses() if model is None and name}
    assert loose <= OWN | {"app_list", "autocomplete", "view_on_site"}, (
        "a new page beside the models: say here whose it is"
    )


def test_every_address_with_every_method_is_as_written(signed_in: Any) -> None:
    wrong = [fault for role in (*roles.ROLES, "nothing") for fault in walked(signed_in[role], role)]
    assert not wrong, "\n".join(wrong)


def walked(client: Client, role: str) -> list[str]:
    wrong: list[str] = []
    for name, place, model in WALKED:
        url = filled(place, model)
        if "(" in url or "<" in url:
            continue
        for method in METHODS if role == "Auditor" else METHODS[:2]:
            may = allowed(name, role, model, method)
            answer = client.generic(method, url)
            if answer.status_code >= 500:
                wrong.append(f"{method} {url}: {answer.status_code}")
            if method in ("GET", "POST") and may is False and answer.status_code not in (403, 405):
                wrong.append(f"{role} {method} {url}: {answer.status_code}, and should be refused")
            if method == "GET" and may is True and answer.status_code == 403 and offered(name, model):
                wrong.append(f"{role} {method} {url}: {answer.status_code}, and should open")
    return wrong


def offered(name: str, model: Any) -> bool:
    """Whether anybody at all gets this page: most rows are no person's to add or delete."""
    page, root = admin.site._registry[model], User(is_superuser=True, is_active=True)
    request: Any = type("Request", (), {"user": root, "GET": {}, "method": "GET"})()
    if name.endswith("_add"):
        return page.has_add_permission(request)
    if name.endswith("_delete"):
        return page.has_delete_permission(request, None)
    return True


def test_strangers_reach_no_address(rows: Any) -> None:
    for _, place, model in addresses():
        url = filled(place, model)
        if "(" in url or "<" in url or re.search(r"/(login|logout|jsi18n)/$", url):
            continue
        for method in ("GET", "POST"):
            answer = Client().generic(method, url)
            assert answer.status_code in (302, 405), (method, url, answer.status_code)
            if answer.status_code == 302:
                assert "/login/" in answer["Location"] or answer["Location"] == "/admin/", url


def test_forms_actions_and_buttons_are_offered_as_written(signed_in: Any) -> None:
    for role in ("nothing", "Staff", "Auditor", "Operator", "Admin"):
        looked_at(signed_in[role], role)


def looked_at(client: Client, role: str) -> None:
    before = door.SyncRun.objects.count()
    for model, page in admin.site._registry.items():
        has, opts = verbs(role, model), model._meta
        url = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
        row = model._default_manager.order_by("pk").first()
        if "view" in has:
            text = client.get(url).content.decode()
            assert ('name="action"' in text) <= ("run" in has), f"{role}: an action on {opts.label}"
            assert PLANTED not in text
        if row is None:
            continue
        if "run" not in has:
            for name in page.actions or ():
                client.post(url, {"action": name, "_selected_action": [row.pk], "index": 0})
        change = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[row.pk])
        if "view" in has:
            main = client.get(change).content.decode().partition('id="content-main"')[2]
            assert PLANTED not in main
            if not has & {"change", "run"}:
                assert 'type="submit"' not in main, f"{role}: something to save on {opts.label}"
                assert "<button" not in main, f"{role}: a button on {opts.label}"
    if "run" not in verbs(role, door.SyncRun):
        assert door.SyncRun.objects.count() == before, "nothing was asked for"
    if role not in ("Operator", "Admin"):
        assert door.Held.objects.get().state == "waiting"


def test_staff_write_notes_and_reach_nothing_else(signed_in: Any) -> None:
    client, sale = signed_in["Staff"], orders.Sale.objects.order_by("pk")[0]
    page = reverse("admin:orders_sale_change", args=[sale.pk])
    assert client.post(page, {"note": "Call first", "total": "1", "number": "changed"}).status_code == 302
    sale.refresh_from_db()
    assert (sale.note, sale.number) == ("Call first", "S-0")
    assert refused(client.post(reverse("admin:orders_sale_again", args=[sale.pk])))
    menu = client.get("/admin/").content.decode()
    assert "/admin/integrations/" not in menu
    assert "/admin/auth/" not in menu


QUERIES = ("token__startswith=a", "vendor__tokens__ciphertext__startswith=v1", "vendor__tokens__last_four=hown",
           "vendor__options__contains=x", "vendor__base_url__startswith=h", "vendor__callbacks__digest__startswith=d",
           "vendor__networks__network__startswith=1", "vendor__tokens__created_by__password__startswith=p")  # fmt: skip


def test_no_filter_reaches_a_secret(signed_in: Any) -> None:
    """Not on lists, not in popups, not by a field to come back with."""
    for role in ("Staff", "Operator", "Auditor"):
        for query in QUERIES:
            probed(signed_in, role, query)


def probed(signed_in: Any, role: str, query: str) -> None:
    for model in admin.site._registry:
        if "view" not in verbs(role, model):
            continue
        url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for extra in ("", "&_popup=1", "&_to_field=id"):
            answer = signed_in[role].get(f"{url}?{query}{extra}")
            assert answer.status_code in (302, 400), (url, query, answer.status_code)


def test_autocomplete_and_shortcuts_tell_nothing(signed_in: Any) -> None:
    for role in (*roles.ROLES, "nothing"):
        asked_for(signed_in[role], role)


def asked_for(client: Client, role: str) -> None:
    for app, model, field in (
        ("integrations", "token", "vendor"),
        ("orders", "sale", "vendor"),
        ("auth", "user", "groups"),
    ):
        query = f"?app_label={app}&model_name={model}&field_name={field}&term=a"
        answer = client.get(reverse("admin:autocomplete") + query)
        if answer.status_code == 200:
            assert "view" in verbs(role, door.Vendor), "it tells names of what this role may look at"
            assert PLANTED not in answer.content.decode()
        else:
            assert answer.status_code in (403, 404)
    assert client.get("/admin/r/1/1/").status_code in (302, 403, 404)
    seen = {
        app for app in ("orders", "catalog", "integrations", "auth") if client.get(f"/admin/{app}/").status_code == 200
    }
    expected = {model._meta.app_label for model in admin.site._registry if "view" in verbs(role, model)}
    assert seen == expected - {"hub"}


def test_every_model_has_a_place() -> None:
    for model in apps.get_models(include_auto_created=True):
        roles.place(model)
    stranger = type(
        "Stranger", (), {"_meta": type("Meta", (), {"label_lower": "x.y", "label": "X.Y", "app_label": "x"})}
    )
    with pytest.raises(LookupError, match="config/roles"):
        roles.place(stranger)


def test_what_somebody_changed_by_hand_is_put_back(db: None) -> None:
    roles.keep()
    staff = Group.objects.get(name="Staff")
    staff.permissions.add(Permission.objects.get(codename="change_vendor"))
    staff.permissions.remove(Permission.objects.get(codename="view_sale"))
    Group.objects.get(name="Auditor").delete()
    roles.keep()
    held = set(staff.permissions.values_list("codename", flat=True))
    assert "view_sale" in held
    assert "change_vendor" not in held
    assert Group.objects.get(name="Auditor").permissions.filter(codename="view_vendor").exists()


# People: nobody gives themselves rights.


def form(client: Client, person: User) -> tuple[str, dict[str, Any]]:
    page = reverse("admin:auth_user_change", args=[person.pk])
    answer = client.get(page)
    fields = answer.context["adminform"].form
    given = {fields[name].html_name: fields[name].value() for name in fields.fields}
    return page, {key: value for key, value in given.items() if value not in (None, False, "")}


def test_an_admin_gives_roles_but_not_to_themselves_and_makes_no_superuser(signed_in: Any) -> None:
    client, me = signed_in["Admin"], User.objects.get(username="the-Admin")
    group = Group.objects.get(name="Operator")
    page, given = form(client, me)
    answer = client.post(page, {**given, "is_superuser": "on", "groups": [group.pk]})
    assert answer.status_code == 302, answer.context["errors"]
    me.refresh_from_db()
    assert not me.is_superuser
    assert [g.name for g in me.groups.all()] == ["Admin"]
    other = User.objects.create_user("clerk", is_staff=True)
    page, given = form(client, other)
    client.post(page, {**given, "is_superuser": "on", "groups": [group.pk], "user_permissions": ["1"]})
    other.refresh_from_db()
    assert not other.is_superuser
    assert [g.name for g in other.groups.all()] == ["Operator"]
    assert not other.user_permissions.exists()
    root = User.objects.get(username="the-superuser")
    for name in ("change", "delete", "user_password_change"):
        url = reverse(f"admin:auth_{'user_' if not name.startswith('user') else ''}{name}", args=[root.pk])
        assert refused(client.post(url, {"password1": "new pass phrase 1", "password2": "new pass phrase 1"})), url
    assert refused(client.post(reverse("admin:auth_user_delete", args=[me.pk]), {"post": "yes"}))
    assert refused(client.post(reverse("admin:auth_group_change", args=[group.pk]), {"name": "Mine"}))


def test_roles_are_nobodys_to_edit(signed_in: Any) -> None:
    group = Group.objects.get(name="Staff")
    for name in ("change", "delete"):
        answer = signed_in["superuser"].post(
            reverse(f"admin:auth_group_{name}", args=[group.pk]), {"name": "x", "post": "yes"}
        )
        assert refused(answer)
    chosen = {"action": "delete_selected", "_selected_action": [group.pk], "post": "yes"}
    signed_in["superuser"].post(reverse("admin:auth_group_changelist"), chosen)
    assert Group.objects.filter(name="Staff").exists()


def test_changing_people_asks_for_a_fresh_second_factor(signed_in: Any) -> None:
    client, other = signed_in["Admin"], User.objects.create_user("clerk", is_staff=True)
    page, given = form(client, other)
    session = client.session
    del session["hub_fresh"]
    session.save()
    assert client.get(page)["Location"].startswith(reverse("admin:step_up"))
    group = Group.objects.get(name="Operator")
    chosen = {"action": "remove_second_factor", "_selected_action": [other.pk], "index": 0}
    password = reverse("admin:auth_user_password_change", args=[other.pk])
    for url, data in (
        (page, {**given, "groups": [group.pk]}),
        (password, {"password1": "a new pass phrase", "password2": "a new pass phrase"}),
        (reverse("admin:auth_user_changelist"), chosen),
        (reverse("admin:auth_user_add"), {"username": "new"}),
        (reverse("admin:auth_user_delete", args=[other.pk]), {"post": "yes"}),
    ):
        answer = client.post(url, data)
        assert refused(answer), url
        assert "Nothing was changed" in answer.content.decode(), url
    assert not other.groups.exists()
    assert User.objects.filter(username="clerk").exists()


def test_every_proof_the_docs_name_exists() -> None:
    root = DOCS.parent.parent
    named = re.findall(r"`((?:tests|integrations)/[\w/]+\.py)(?:::(\w+))?`", DOCS.read_text(encoding="utf-8"))
    assert len(named) > 30
    for file, test in named:
        assert f"def {test}" in (root / file).read_text(encoding="utf-8"), (file, test)
