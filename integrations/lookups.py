"""Questions people put to a vendor about one of our rows: asked once, answered on the page, stored nowhere."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.connection import IN_ALL, stop_after, with_service
from integrations.errors import VendorError
from integrations.http.redaction import blotted
from integrations.models import Vendor
from integrations.service import Fact, Lookup, VendorService, services
from integrations.trial import pretty


@dataclass
class Answered:
    """What a vendor said: facts, or what went wrong; `heard` is each question with its raw answer, without secrets."""

    facts: list[Fact] = field(default_factory=list)
    heard: list[tuple[str, str]] = field(default_factory=list)
    error: str = ""
    cure: str = ""


def offered(about: str, vendors: Iterable[Vendor]) -> list[tuple[Vendor, Lookup]]:
    """The look-ups that may be asked about such a row now, of each of these connections that has vouched for them."""
    known = {kind: [one for one in service.lookups if one.about == about] for kind, service in services().items()}
    return [(v, one) for v in vendors for one in known.get(v.kind, ()) if one.proven or one.name in v.confirmed]


def of(vendor: Vendor, name: str, about: str) -> Lookup | None:
    """The look-up of that name, where this connection may be asked it."""
    service = services().get(vendor.kind)
    declared = next(
        (one for one in (service.lookups if service else ()) if (one.name, one.about) == (name, about)), None
    )
    usable = declared and vendor.enabled and (declared.proven or name in vendor.confirmed)
    return declared if usable else None


def ask(vendor: Vendor, lookup: Lookup, given: Mapping[str, Any]) -> Answered:
    """Ask, while the person waits: some seconds at most. Never raises a VendorError; it is told."""
    answered, heard, secrets = Answered(), [], set()  # type: Answered, list[tuple[str, bytes]], set[str]

    def put(service: VendorService) -> list[Fact]:
        service.http.heard = heard
        secrets.update(service.http.hidden())
        try:
            return list(getattr(service, lookup.name)(given))
        finally:
            service.http.close()

    try:
        facts = with_service(vendor, put, interactive=True, before_call=stop_after(IN_ALL, "question"))
        hidden = sorted(secrets)
        answered.facts = [(label, blotted(text, hidden)) for label, text in facts]
    except VendorError as wrong:
        answered.error, answered.cure = str(wrong), wrong.cure
    answered.heard = [(asked, pretty(body, secrets)) for asked, body in heard]
    return answered
