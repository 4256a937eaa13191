"""Who may do what: four roles, which are Django groups whose rights this file keeps. docs/security.md has the same in words.

Every model has a place. A model of its own line comes first, then its app's; a new model of an app that stands here
falls into place by itself, and one of another app fails a test until somebody gives it a line.
"""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db import transaction

STAFF, OPERATOR, ADMIN, AUDITOR = ROLES = ("Staff", "Operator", "Admin", "Auditor")
ALL = "view add change delete"

# What each role may do, in Django's verbs. On rows a vendor owns `change` means the notes of the people here.
GOODS = {STAFF: "view change", OPERATOR: "view change", ADMIN: "view change", AUDITOR: "view"}
WORDS = {STAFF: "view", OPERATOR: "view change", ADMIN: "view change", AUDITOR: "view"}
RECORDS = {OPERATOR: "view", ADMIN: "view", AUDITOR: "view"}
DECISIONS = {OPERATOR: "view change", ADMIN: "view change", AUDITOR: "view"}
TABLES = {OPERATOR: ALL, ADMIN: ALL, AUDITOR: "view"}
FLOWS = {OPERATOR: "view", ADMIN: "view change", AUDITOR: "view"}
# Seen by operators, because "Sync now" stands there; its form and all that is secret are the admins'.
CONNECTIONS = {OPERATOR: "view", ADMIN: ALL, AUDITOR: "view"}
DOORS = {ADMIN: ALL, AUDITOR: "view"}
# Whoever may make a run may ask the engine for work: every action, "Sync now", "Fetch again", look-ups.
RUNS = {OPERATOR: "view add", ADMIN: "view add", AUDITOR: "view"}
PEOPLE = {ADMIN: ALL, AUDITOR: "view"}
GROUPS = {ADMIN: "view", AUDITOR: "view"}
TRAIL = {ADMIN: "view", AUDITOR: "view"}
PLUMBING: dict[str, str] = {}

PLACES: dict[str, dict[str, str]] = {
    "orders.statusword": WORDS,
    "orders": GOODS,
    "catalog": GOODS,
    "integrations.vendor": CONNECTIONS,
    "integrations.schedule": FLOWS,
    "integrations.syncrun": RUNS,
    "integrations.apicall": RECORDS,
    "integrations.webhookdelivery": RECORDS,
    "integrations.command": DECISIONS,
    "integrations.held": DECISIONS,
    "integrations.reject": DECISIONS,
    "integrations.shippingzone": TABLES,
    "integrations.shippingrate": TABLES,
    "integrations": DOORS,
    "auth.user": PEOPLE,
    "auth.group": GROUPS,
    "auth": PLUMBING,
    "hub": TRAIL,
    "admin": PLUMBING,
    "axes": PLUMBING,
    "contenttypes": PLUMBING,
    "django_celery_beat": PLUMBING,
    "otp_static": PLUMBING,
    "otp_totp": PLUMBING,
    "sessions": PLUMBING,
}


def place(model: Any) -> dict[str, str]:
    """The verbs of each role on a model. LookupError for one that has no place."""
    for name in (model._meta.label_lower, model._meta.app_label):
        if name in PLACES:
            return PLACES[name]
    raise LookupError(f"{model._meta.label} has no place among the roles: give it a line in config/roles.py.")


def rights(role: str, models: Iterable[Any]) -> set[tuple[str, str]]:
    """(app label, codename) of every permission of a role."""
    found = set()
    for model in models:
        for verb in place(model).get(role, "").split():
            if verb in model._meta.default_permissions:
                found.add((model._meta.app_label, f"{verb}_{model._meta.model_name}"))
    return found


@transaction.atomic
def keep() -> None:
    """Make the four groups and give each exactly its rights; what somebody changed by hand is put back."""
    from django.contrib.auth.models import Group, Permission

    models = list(apps.get_models())
    known = {
        (app, codename): pk
        for pk, app, codename in Permission.objects.values_list("pk", "content_type__app_label", "codename")
    }
    for role in ROLES:
        group, _ = Group.objects.get_or_create(name=role)
        wanted = {known[right] for right in rights(role, models) if right in known}
        if wanted != set(group.permissions.values_list("pk", flat=True)):
            group.permissions.set(wanted)


def keep_after(sender: Any, **given: Any) -> None:
    """After a migration, once every app has made its permissions."""
    if sender is list(apps.get_app_configs())[-1]:
        keep()
