"""Whether the person behind a request has passed the second factor, or still has to."""

from typing import Any, TypeAlias

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME, get_user_model
from django.db.models import Aggregate, CharField, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Cast
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

# What was given, as a session keeps it: the app's bare id, `passkey:ID`, or `codes:ID` of a sheet of recovery codes.
Factor: TypeAlias = int | str

PASSED = "hub_factor"  # in the session: the factor that was given
PENDING = "hub_pending"  # in the session: who gave the right password and still has to give the second factor
ADMIN = "Admin"  # the role that may touch vendors, tokens and people
# A group of a superuser's own making may give the same: whoever has one of these is an admin by whatever name.
WEIGHTY = [
    f"{verb}_{model}"
    for verb in ("add", "change")
    for model in ("token", "vendor", "allowednetwork", "callback", "user", "group")
]
STANDING = ("hub_factor", "hub_codes", "hub_passkeys", "hub_admin")


class Joined(Aggregate):
    """All values of a group in one text, with commas between."""

    function = "STRING_AGG"
    template = "%(function)s(%(expressions)s, ',')"
    output_field = CharField()

    def as_sqlite(self, compiler: Any, connection: Any, **given: Any) -> Any:
        return self.as_sql(compiler, connection, function="GROUP_CONCAT", **given)


def with_standing(people: QuerySet[Any]) -> QuerySet[Any]:
    """People with the ids of their authenticator, recovery codes and passkeys (None without), and `hub_admin`; all in one query."""
    from django_otp.plugins.otp_static.models import StaticDevice

    from config.models import Authenticator, Passkey

    own = {"user": OuterRef("pk"), "confirmed": True}
    app = Authenticator.objects.filter(**own).order_by("-pk").values("pk")[:1]
    sheet = StaticDevice.objects.filter(**own).order_by("-pk").values("pk")[:1]
    keys = Passkey.objects.filter(**own).order_by().values("user").annotate(all=Joined(Cast("pk", CharField())))
    does = Q(group__name=ADMIN) | Q(group__permissions__codename__in=WEIGHTY)
    group = people.model.groups.through.objects.filter(does, user=OuterRef("pk"))
    return people.annotate(
        hub_factor=Subquery(app),
        hub_codes=Subquery(sheet),
        hub_passkeys=Subquery(keys.values("all")),
        hub_admin=Exists(group),
    )


def read(person: Any) -> Any:
    """The person, with what `with_standing` reads; nothing is asked where it is there already."""
    if not hasattr(person, "hub_passkeys"):
        found = with_standing(get_user_model()._default_manager.filter(pk=person.pk)).values(*STANDING).first()
        for name in STANDING:
            setattr(person, name, (found or {}).get(name))
    return person


def forget(person: Any) -> None:
    """The factors were changed: the next question reads them anew."""
    for name in STANDING:
        if hasattr(person, name):
            delattr(person, name)


def passkey_marker(key: int | str) -> Factor:
    return f"passkey:{key}"


def codes_marker(key: int) -> Factor:
    return f"codes:{key}"


def factors_of(person: Any) -> frozenset[Factor]:
    """What a session may have been given; empty for whoever has neither app nor passkey, whatever codes are left."""
    read(person)
    found: set[Factor] = {passkey_marker(key) for key in (person.hub_passkeys or "").split(",") if key}
    if person.hub_factor is not None:
        found.add(person.hub_factor)
    if found and person.hub_codes is not None:
        found.add(codes_marker(person.hub_codes))
    return frozenset(found)


def must_have_one(person: Any) -> bool:
    """Whether this person may do nothing before a second factor is set up."""
    if settings.HUB_SECOND_FACTOR == "everybody":
        return bool(person.is_staff)
    if settings.HUB_SECOND_FACTOR != "required":
        return False
    return bool(person.is_superuser or read(person).hub_admin)


def is_staff(request: HttpRequest) -> bool:
    person = request.user
    return bool(person.is_authenticated and person.is_active and person.is_staff)


def passed(request: HttpRequest) -> bool:
    """Whether this session may go on: a factor was given that is still in force, or there is none and none is needed."""
    factors = factors_of(request.user)
    if not factors:
        return not must_have_one(request.user)
    return request.session.get(PASSED) in factors


def may_set_up(request: HttpRequest) -> bool:
    """Whoever passed; and whoever has no second factor yet but must have one."""
    return is_staff(request) and (not factors_of(request.user) or passed(request))


def wanted_page(request: HttpRequest) -> str:
    """Where to go afterwards: `next`, if it is a page of this hub; else home."""
    wanted = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME) or ""
    home = reverse("admin:index")
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None, require_https=request.is_secure())
    return wanted if safe and wanted.startswith("/") else home
