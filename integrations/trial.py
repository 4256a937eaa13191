"""Try a flow on one page of a vendor's, with options nobody has saved: what came, and what would be made of it. Stores no row."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from catalog.records import KEEP
from integrations import raw
from integrations.connection import IN_ALL, account_of, stop_after, with_service
from integrations.errors import VendorError
from integrations.http.redaction import blotted
from integrations.intake import PARSE_ERRORS
from integrations.models import Vendor
from integrations.service import Account, Ask, Flow, VendorService, service_class

SHOWN_ROWS = 10
LONGEST_TEXT = 20_000  # characters of an answer, or of a row
INSIDE = {"raw", "lines_complete"}  # fields of a record that say nothing to people


@dataclass(frozen=True)
class Part:
    """A record as a person reads it: what it tells, by label, what it does not, and the records inside it."""

    told: list[tuple[str, Any]] = field(default_factory=list)
    untold: list[str] = field(default_factory=list)
    inside: list[tuple[str, list["Part"]]] = field(default_factory=list)
    warning: str = ""

    @property
    def columns(self) -> list[str]:
        return [label for label, _ in self.told]


@dataclass(frozen=True)
class TriedRow:
    """One row as it came, and what would become of it: parts, or the reason it would be refused."""

    key: str
    text: str
    parts: list[Part]
    reason: str = ""


@dataclass
class Tried:
    """What one page brought. `heard` is each question with its answer, without secrets."""

    flow: str
    heard: list[tuple[str, str]] = field(default_factory=list)
    rows: list[TriedRow] = field(default_factory=list)
    count: int = 0
    error: str = ""
    cure: str = ""
    warnings: int = 0

    @property
    def refused(self) -> int:
        return sum(bool(row.reason) for row in self.rows)


def try_flow(vendor: Vendor, name: str, options: Mapping[str, Any]) -> Tried:
    """Fetch one page as the connection would with these options. What the vendor says instead of one is told, not raised."""
    account = replace(account_of(vendor), options={**vendor.options, **options})
    flow = service_class(vendor.kind).flows[name].bound(account)
    tried, heard, secrets = Tried(name), [], set()  # type: Tried, list[tuple[str, bytes]], set[str]

    def first_page(service: VendorService) -> list[bytes]:
        service.http.heard = heard
        secrets.update(service.http.hidden())
        try:
            with tempfile.TemporaryDirectory(dir=_folder()) as folder:
                return _first(service, name, Ask({}, timezone.now(), key=flow.key, spool=Path(folder)))
        finally:
            service.http.close()

    try:
        rows = with_service(
            vendor, first_page, interactive=True, before_call=stop_after(IN_ALL, "trial"), account=account
        )
    except VendorError as wrong:
        rows, tried.error, tried.cure = [], str(wrong), wrong.cure
    tried.heard = [(asked, pretty(body, secrets)) for asked, body in heard]
    tried.count = len(rows)
    tried.rows = [_read(row, flow, account, secrets) for row in rows[:SHOWN_ROWS]]
    tried.warnings = sum(bool(part.warning) for row in tried.rows for part in row.parts)
    return tried


def _folder() -> Path:
    settings.SPOOL.mkdir(parents=True, exist_ok=True)
    found: Path = settings.SPOOL
    return found


def _first(service: VendorService, name: str, ask: Ask) -> list[bytes]:
    """The rows of the first page that has any."""
    pages = getattr(service, name)(ask)
    try:
        for page in pages:
            if page.rows or page.last:
                return [bytes(row) for row in page.rows]
    finally:
        pages.close()
    return []


def _read(row: bytes, flow: Flow, account: Account, secrets: set[str]) -> TriedRow:
    text = pretty(row, secrets)
    try:
        key = flow.key(row)
        record = flow.parse(raw.row(row), account)
    except PARSE_ERRORS as wrong:
        why = f"The field “{wrong.args[0]}” is missing." if isinstance(wrong, KeyError) else str(wrong)
        return TriedRow("", text, [], blotted(why, sorted(secrets)) or type(wrong).__name__)
    records = record if isinstance(record, tuple) else (record,)
    return TriedRow(blotted(key, sorted(secrets)), text, [part_of(one, secrets) for one in records])


def part_of(record: Any, secrets: set[str]) -> Part:
    """A record as a person reads it, without secrets."""
    part = Part(warning=blotted(getattr(record, "warning", "") or "", sorted(secrets)))
    for told in fields(record):
        value, label = getattr(record, told.name), told.name.replace("_", " ")
        if told.name in INSIDE or told.name == "warning" or value is False:
            continue
        if isinstance(value, tuple) and value and is_dataclass(value[0]):
            part.inside.append((label, [part_of(one, secrets) for one in value]))
        elif value is KEEP or value is None or value in ("", (), {}):
            part.untold.append(label)
        else:
            part.told.append((label, blotted(_shown(value), sorted(secrets))))
    return part


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return timezone.localtime(value).strftime("%Y-%m-%d %H:%M:%S %Z")
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def pretty(body: bytes, secrets: set[str]) -> str:
    """Text for people: JSON indented, everything else as it is; without secrets, and not without end."""
    text = body.decode("utf-8", "replace")
    try:
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        pass  # shown as it came
    text = blotted(text[: 4 * LONGEST_TEXT], sorted(secrets))
    return (
        text
        if len(text) <= LONGEST_TEXT
        else f"{text[:LONGEST_TEXT]}\n… and {len(text) - LONGEST_TEXT} more characters"
    )
