"""What is done to accounts and rights past the admin's forms enters the audit log too: by a command, in a shell, by code.

The forms write a row of their own, with all they changed; while one of them works, `told_by_form` keeps these silent. What goes
round Django's models (`QuerySet.update`, SQL) sends no signal and leaves no row.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import get_hasher, identify_hasher, is_password_usable
from django.db.models import signals

from config import audit

WATCHED = ("username", "password", "is_superuser", "is_staff", "is_active")
RIGHTS = ("groups", "user_permissions")

_silent: ContextVar[bool] = ContextVar("hub_told_by_form", default=False)


@contextmanager
def told_by_form() -> Iterator[None]:
    """Within it a form of the admin records what it changes by itself."""
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)


def listen() -> None:
    person = get_user_model()
    signals.pre_save.connect(_before, sender=person, dispatch_uid="hub.accounts.before")
    signals.post_save.connect(_saved, sender=person, dispatch_uid="hub.accounts.saved")
    signals.post_delete.connect(_deleted, sender=person, dispatch_uid="hub.accounts.deleted")
    for name in RIGHTS:
        through = getattr(person, name).through
        signals.m2m_changed.connect(_rights, sender=through, dispatch_uid=f"hub.accounts.{name}")


def _before(sender: Any, instance: Any, raw: bool, update_fields: Iterable[str] | None = None, **given: Any) -> None:
    """Keep what is stored. A sign-in, which writes its time alone, costs no query."""
    names = [name for name in WATCHED if update_fields is None or name in update_fields]
    instance.hub_was = None
    if names and instance.pk is not None and not raw and not _silent.get():
        instance.hub_was = sender._base_manager.filter(pk=instance.pk).values(*names).first()


def _saved(sender: Any, instance: Any, created: bool, raw: bool, **given: Any) -> None:
    if raw or _silent.get():  # raw: a dump is read back, its own audit log with it
        return
    was: dict[str, Any] = instance.__dict__.pop("hub_was", None) or {}
    if created:
        audit.record("added", instance, after={name: _told(instance, name) for name in WATCHED}, **_by())
        return
    names = [name for name, value in was.items() if value != getattr(instance, name)]
    if names == ["password"] and _is_renewal(was, instance, given.get("update_fields")):
        return
    if names:
        before = {name: _usable(was[name]) if name == "password" else was[name] for name in names}
        audit.record("changed", instance, before=before, after={name: _told(instance, name) for name in names}, **_by())


def _is_renewal(was: dict[str, Any], instance: Any, update_fields: Iterable[str] | None) -> bool:
    """Whether Django stores the same password anew, under a slower hash, as it does at a sign-in when the old one has aged."""
    if list(update_fields or ()) != ["password"] or instance._password is not None:
        return False
    try:
        hasher, preferred = identify_hasher(was["password"]), get_hasher("default")
    except ValueError:  # none that is known: nobody signed in with it
        return False
    return hasher.algorithm != preferred.algorithm or preferred.must_update(was["password"])


def _deleted(sender: Any, instance: Any, **given: Any) -> None:
    if not _silent.get():
        audit.record("deleted", instance, **_by())


def _rights(sender: Any, instance: Any, action: str, reverse: bool, pk_set: set[Any] | None, **given: Any) -> None:
    """Groups, and rights given one by one, from either side."""
    if _silent.get():
        return
    person = get_user_model()
    name = next(name for name in RIGHTS if getattr(person, name).through is sender)
    if action.startswith("pre_"):
        holders = person._default_manager.filter(**{f"{name}__pk": instance.pk}) if pk_set is None else None
        people = [instance] if not reverse else person._default_manager.filter(pk__in=pk_set) if pk_set else holders
        instance.hub_had = [(one, _held(one, name)) for one in people or ()]
        return
    for one, had in instance.__dict__.pop("hub_had", ()):
        has = _held(one, name)
        if has != had:
            audit.record("changed", one, before={name: had}, after={name: has}, **_by())


def _held(person: Any, name: str) -> list[str]:
    return sorted(str(one) for one in getattr(person, name).all())


def _told(person: Any, name: str) -> Any:
    return _usable(person.password) if name == "password" else getattr(person, name)


def _usable(password: str) -> str:
    """That there is one; never the hash."""
    return "set" if is_password_usable(password) else ""


def _by() -> dict[str, Any]:
    """Who and how, where no page was asked for: the command's name, and nothing of what else stood on its line."""
    if audit.current.get() is not None:
        return {}
    program, *words = [Path(sys.argv[0]).name, *sys.argv[1:2]]
    if program == "manage.py" and words:
        return {"who": "command line", "said": f"By manage.py {words[0]}."}
    return {"said": "By code, without a page of the admin."}
