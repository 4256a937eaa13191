"""Whether the person behind a request has passed the second factor, or still has to."""

from typing import Any

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

PASSED = "hub_factor"  # in the session: the authenticator that was asked for
ADMIN = "Admin"  # the role that may touch vendors, tokens and people
# A group of a superuser's own making may give the same: whoever has one of these is an admin by whatever name.
WEIGHTY = [
    f"{verb}_{model}"
    for verb in ("add", "change")
    for model in ("token", "vendor", "allowednetwork", "callback", "user", "group")
]


def with_standing(people: QuerySet[Any]) -> QuerySet[Any]:
    """People with `hub_factor` (their authenticator's id, or None) and `hub_admin`, read in the same query as they are."""
    from config.models import Authenticator

    device = Authenticator.objects.filter(user=OuterRef("pk"), confirmed=True).order_by("-pk")
    does = Q(group__name=ADMIN) | Q(group__permissions__codename__in=WEIGHTY)
    group = people.model.groups.through.objects.filter(does, user=OuterRef("pk"))
    return people.annotate(hub_factor=Subquery(device.values("pk")[:1]), hub_admin=Exists(group))


def factor_of(person: Any) -> int | None:
    """The id of the person's authenticator; None for whoever has none."""
    if not hasattr(person, "hub_factor"):
        read = with_standing(type(person)._default_manager.filter(pk=person.pk)).values("hub_factor", "hub_admin")
        person.hub_factor, person.hub_admin = next(
            ((row["hub_factor"], row["hub_admin"]) for row in read), (None, False)
        )
    found: int | None = person.hub_factor
    return found


def must_have_one(person: Any) -> bool:
    """Whether this person may do nothing before an authenticator is set up."""
    if settings.HUB_SECOND_FACTOR == "everybody":
        return bool(person.is_staff)
    if settings.HUB_SECOND_FACTOR != "required":
        return False
    factor_of(person)
    return bool(person.is_superuser or person.hub_admin)


def is_staff(request: HttpRequest) -> bool:
    person = request.user
    return bool(person.is_authenticated and person.is_active and person.is_staff)


def passed(request: HttpRequest) -> bool:
    """Whether this session may go on: the factor was given, or there is none and none is needed."""
    factor = factor_of(request.user)
    if factor is None:
        return not must_have_one(request.user)
    return bool(request.session.get(PASSED) == factor)


def may_set_up(request: HttpRequest) -> bool:
    """Whoever passed; and whoever has no authenticator yet but must have one."""
    return is_staff(request) and (factor_of(request.user) is None or passed(request))


def wanted_page(request: HttpRequest) -> str:
    """Where to go afterwards: `next`, if it is a page of this hub; else home."""
    wanted = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME) or ""
    home = reverse("admin:index")
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None, require_https=request.is_secure())
    return wanted if safe and wanted.startswith("/") else home
