"""Make or change a connection: options checked against what the kind declares, secrets into the vault, schedules made."""

import json
from collections.abc import Collection, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from integrations import renewal, schedules, vault
from integrations.models import Fingerprint, Vendor
from integrations.service import Option, Preset, VendorService, service_class
from integrations.webhooks import addresses


class BadOption(ValueError):
    """A value that does not fit what the kind declares; says which would."""


def value_of(option: Option, text: Any) -> Any:
    """An option's value from text, by its declared kind."""
    if text in (None, ""):
        return ""
    try:
        if option.kind == "bool":
            return (
                text
                if isinstance(text, bool)
                else {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[str(text).lower()]
            )
        if option.kind in ("int", "decimal"):
            return _number(option, text)
        if option.kind == "json":
            return json.loads(text) if isinstance(text, str) else text
        if option.kind == "map":
            return map_of(option, json.loads(text) if isinstance(text, str) else text)
    except BadOption:
        raise
    except (KeyError, ValueError, InvalidOperation):
        raise BadOption(f"“{option.name}” must be a {option.kind}, not “{text}”.") from None
    if option.choices and str(text) not in dict(option.choices):
        raise BadOption(f"“{option.name}” cannot be “{text}”. Choices: {', '.join(dict(option.choices))}.")
    return str(text)


def map_of(option: Option, value: Any) -> dict[str, str]:
    """Texts by name, without empty ones; a name or a text the option does not know is refused with those it does."""
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise BadOption(f"“{option.name}” must be texts by name, such as {{'name': 'text'}}.")
    named = {str(name).strip(): text.strip() for name, text in value.items() if text.strip()}
    for name, text in named.items():
        if option.keys and name not in dict(option.keys):
            raise BadOption(f"“{option.name}” has no “{name}”. Its names: {', '.join(dict(option.keys))}.")
        if option.choices and text not in dict(option.choices):
            raise BadOption(
                f"“{option.name}”: “{name}” cannot be “{text}”. Choices: {', '.join(dict(option.choices))}."
            )
    return named


def _number(option: Option, text: Any) -> int | str:
    """A whole number as it is, a fraction as text; BadOption when it is out of bounds."""
    number = Decimal(int(text)) if option.kind == "int" else Decimal(str(text))
    if not number.is_finite():
        raise ValueError
    if (option.least is not None and number < option.least) or (option.most is not None and number > option.most):
        bounds = [
            f"{word} {end}" for word, end in (("at least", option.least), ("at most", option.most)) if end is not None
        ]
        raise BadOption(f"“{option.name}” must be {' and '.join(bounds)}, not {text}.")
    return int(number) if option.kind == "int" else str(number)


def options_of(service: type[VendorService], given: Mapping[str, Any]) -> dict[str, Any]:
    """Checked options; an unknown name is refused with the names there are."""
    declared = {option.name: option for option in service.options}
    unknown = set(given) - set(declared)
    if unknown:
        raise BadOption(
            f"{service.label} has no option “{sorted(unknown)[0]}”. Its options: {', '.join(declared) or 'none'}."
        )
    return {name: value_of(declared[name], text) for name, text in given.items()}


@transaction.atomic
def connect(
    kind: str,
    slug: str,
    *,
    name: str = "",
    base_url: str = "",
    environment: str = "",
    writes: str = "",
    options: Mapping[str, Any] | None = None,
    secrets: Mapping[str, str] | None = None,
    user: Any = None,
) -> Vendor:
    """A connection with this slug, made or updated; a given secret replaces the active one. LookupError, BadOption."""
    service = service_class(kind)
    if slug != slugify(slug):
        raise BadOption(f"A slug has small letters, digits and hyphens: “{slugify(slug) or 'my-shop'}” would do.")
    vendor = Vendor.objects.filter(slug=slug).first()
    if vendor is not None and vendor.kind != kind:
        raise BadOption(f"“{slug}” is a connection of kind {vendor.kind}; choose another slug.")
    checked = options_of(service, options or {})
    base_url = address_of(service, base_url)
    asked = _presets_of(service, environment, checked)
    preset = next(iter(asked), service.presets[0])
    if vendor is None:
        vendor = Vendor(
            kind=kind,
            slug=slug,
            name=slug,
            base_url=preset.base_url,
            environment=preset.environment,
            options=dict(preset.options),
            time_zone=service.time_zone,
            currency=service.currency,
            state_since=timezone.now(),
        )
    elif asked and vendor.base_url in {other.base_url for other in service.presets if other not in asked}:
        vendor.base_url, vendor.environment = preset.base_url, preset.environment  # an address of one's own stays
    vendor.name = name or vendor.name
    vendor.base_url = base_url or vendor.base_url
    if environment in Vendor.Environment.values:
        vendor.environment = environment
    vendor.writes = writes or vendor.writes
    altered = change_options(vendor, checked, confirmed_too=False)
    vendor.save()
    read_anew(vendor, altered)
    renewal.drop(vendor)
    known = {secret.name for secret in service.secrets}
    for secret, value in (secrets or {}).items():
        if secret not in known:
            raise BadOption(f"{service.label} has no secret “{secret}”. Its secrets: {', '.join(sorted(known))}.")
        if value:
            vault.set_secret(vendor, secret, value, user)
    schedules.ensure(vendor)
    addresses.ensure(vendor)
    return vendor


def change_options(vendor: Vendor, given: Mapping[str, Any], *, confirmed_too: bool = True) -> set[str]:
    """Set options on the object, and take back what was confirmed of those that mean something else now; returns these.

    confirmed_too=False: somebody who says it on the command line need not say it twice.
    """
    declared = {option.name: option.default for option in service_class(vendor.kind).options}
    before = declared | {name: value for name, value in vendor.options.items() if value not in (None, "")}
    vendor.options = {**vendor.options, **given}
    changed = {name for name, value in given.items() if value != before.get(name)}
    changed = {name for name in changed if given[name] not in (None, "") or before.get(name) != declared.get(name)}
    if confirmed_too:
        vendor.confirmed = [name for name in vendor.confirmed if name not in changed]
    return changed


@transaction.atomic
def store_options(vendor: Vendor, given: Mapping[str, Any]) -> set[str]:
    """Save some options alone; returns those that mean something else now, which are not confirmed any more."""
    held = Vendor.objects.select_for_update().get(pk=vendor.pk)
    changed = change_options(held, given)
    held.save(update_fields=["options", "confirmed"])
    vendor.options, vendor.confirmed = held.options, held.confirmed
    read_anew(held, changed)
    return changed


def read_anew(vendor: Vendor, changed: Collection[str]) -> None:
    """Forget what was read of flows that read otherwise from now on, so that the next run reads all of it again."""
    for name, flow in service_class(vendor.kind).flows.items():
        if not {*changed} & {*flow.tried}:
            continue
        for schedule in vendor.schedules.filter(flow=name):
            Fingerprint.objects.filter(schedule=schedule).delete()
            vendor.schedules.filter(pk=schedule.pk).update(cursor={})


def _presets_of(service: type[VendorService], environment: str, options: Mapping[str, Any]) -> list[Preset]:
    """The presets that were asked for, by one of their options, else by name or environment; none when none was."""
    by_name = [one for one in service.presets if environment in (one.name, one.environment)]
    if environment and not by_name and environment not in Vendor.Environment.values:
        known = dict.fromkeys([one.name for one in service.presets] + list(Vendor.Environment.values))
        raise BadOption(f"{service.label} has no environment “{environment}”. Choices: {', '.join(known)}.")
    return [one for one in service.presets if any(one.options.get(k) == v for k, v in options.items())] or by_name


def address_of(service: type[VendorService], given: str) -> str:
    """The address as this kind stores it; empty stays empty. Raises BadOption."""
    if not given.strip():
        return ""
    try:
        base_url = service.address(given.strip())
    except ValueError as wrong:
        raise BadOption(str(wrong)) from None
    _check_address(base_url)
    return base_url


def _check_address(base_url: str) -> None:
    try:
        parts = urlsplit(base_url)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        whole = False
    if not whole:
        raise BadOption(f"“{base_url[:100]}” is no address. Write it whole, such as https://api.example.com/v1.")


@transaction.atomic
def confirm(vendor: Vendor, names: list[str]) -> list[str]:
    """An admin's word that unproven flows, verbs, look-ups and options are right for this account; flows are switched on.

    Returns all confirmed names. Raises BadOption naming the flows when there is no such flow or unproven option.
    """
    service = service_class(vendor.kind)
    options = {option.name for option in service.options if not option.proven}
    options |= {lookup.name for lookup in service.lookups if not lookup.proven} | {*service.verbs}
    for name in names:
        if name not in service.flows and name not in options:
            raise BadOption(f"{vendor.name} has no flow “{name}”. Its flows: {', '.join(service.flows)}.")
    confirmed = Vendor.objects.select_for_update().values_list("confirmed", flat=True).get(pk=vendor.pk)
    vendor.confirmed = sorted({*confirmed, *names})
    vendor.save(update_fields=["confirmed"])
    schedules.ensure(vendor)
    vendor.schedules.filter(flow__in=names, enabled=False).update(enabled=True)
    schedules.ensure(vendor)
    return list(vendor.confirmed)
