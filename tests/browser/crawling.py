"""Every kind of page the admin has, found from its addresses: those that need no row, and from each what it leads to."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from django.contrib import admin
from django.urls import Resolver404, URLPattern, get_resolver, resolve, reverse
from playwright.sync_api import Error

from integrations.service import services

if TYPE_CHECKING:
    from playwright.sync_api import Page

Kind = tuple[str, tuple[str, ...]]
LEADS = """() => [[...document.querySelectorAll("a[href]:not([download])")].map(it => it.href),
  [...document.querySelectorAll("form"), ...document.querySelectorAll("[formaction]")].map(it => it.formAction || it.action),
  [...document.querySelectorAll("[data-url]")].map(it => new URL(it.dataset.url, location.href).href)]"""
FIRST_ROW = "#result_list tbody tr a[href*='/change/']"
# These look alike for every model, by one template.
ALIKE = re.compile(r"^[a-z]+_[a-z]+_(history|delete|again)$")


def names() -> dict[str, str]:
    """Each address of the admin by its name, as its pattern is written."""
    found: dict[str, str] = {}

    def look(patterns: Any, before: str) -> None:
        for one in patterns:
            written = f"{before}{one.pattern}"
            if isinstance(one, URLPattern):
                if one.name:
                    found[ALIKE.sub(r"\1", one.name)] = written
            else:
                look(one.url_patterns, written)

    resolver = get_resolver()
    look(resolver.namespace_dict["admin"][1].url_patterns, "")
    return found


def kind_of(address: str) -> Kind | None:
    """What kind of page an address opens; two rows of a model are one kind. None where it is none of the admin's."""
    parts = urlsplit(address)
    try:
        match = resolve(parts.path)
    except Resolver404:
        return None
    if match.namespace != "admin" or not match.url_name:
        return None
    name = ALIKE.sub(r"\1", match.url_name)
    if name == "integrations_command_ask":  # forms are drawn by the kinds of their fields
        kind, verb = match.kwargs["slug"].removeprefix("demo-"), match.kwargs["verb"]
        return name, tuple(sorted(drawn(services()[kind].verbs[verb].fields))) if kind in services() else ()
    words = [str(value) for value in match.kwargs.values() if not re.fullmatch(r"[0-9]+|.*_5F.*", str(value))]
    if name.endswith("_change") or name in ("history", "delete", "again"):
        words = []
    if not name.endswith("changelist"):
        words += [value for key, value in parse_qsl(parts.query) if key in ("kind", "preset", "vendor")]
    return name, tuple(words)


def drawn(fields: Any) -> set[str]:
    """What a verb's form is made of."""
    return {
        f"{one.kind} {bool(one.choices)} {one.required} {one.free} {sorted(drawn(one.fields)) if one.fields else ''}"
        for one in fields
    }


def starts() -> list[str]:
    """Addresses that need no row: told by the configuration alone."""
    return [
        reverse(f"admin:{name}")
        for name, pattern in names().items()
        if "<" not in pattern and name not in ("again", "history", "delete", "logout")
    ]


def stages() -> Iterator[tuple[str, str]]:
    """Lists narrowed to one stage of what passes through several, or to one kind of vendor: (list's address, which)."""
    for model in admin.site._registry:
        fields = {field.name: field for field in model._meta.concrete_fields}
        for value, _ in fields["state"].flatchoices if "state" in fields else ():
            at = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
            yield f"{at}?state__exact={value}", str(value)
    for kind in services():
        yield f"{reverse('admin:integrations_vendor_changelist')}?q=demo-{kind}", kind


class Crawl:
    """What is known of the admin's pages so far. `pages` opens those of one place; what they lead to elsewhere waits."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.seen: set[Kind] = set()
        self.posted: set[Kind] = set()  # what a form posts to, or a file
        self.coming: list[tuple[Kind, str]] = []
        for address in starts():
            self.meet(address)

    def meet(self, address: str, state: str = "") -> None:
        kind = kind_of(address) if address.startswith((self.base, "/")) else None
        if kind is not None and state:
            kind = (kind[0], (*kind[1], state))
        if kind is not None and kind not in self.seen:
            self.seen.add(kind)
            self.coming.append((kind, address.removeprefix(self.base)))

    def stage(self, page: "Page") -> None:
        """Rows in each of their stages."""
        for address, state in stages():
            page.goto(self.base + address)
            row = page.locator(FIRST_ROW)
            if row.count():
                self.meet(str(row.first.get_attribute("href")), state)

    def pages(self, page: "Page", place: str) -> Iterator[tuple[Kind, str, int]]:
        """Opens one page of each kind under a place: (kind, its address, the answer's status)."""
        while ready := [one for one in self.coming if one[1].startswith(place)]:
            self.coming.remove(ready[0])
            kind, address = ready[0]
            try:
                answer = page.goto(self.base + address)
            except Error:  # a file to keep, or an empty answer to what may only be posted
                answer = None
            if answer is None or "html" not in answer.headers.get("content-type", ""):
                self.posted.add(kind)
                continue
            links, forms, data = page.evaluate(LEADS)
            yield kind, address, answer.status
            for link in links:
                self.meet(link)
            self.posted |= {found for one in (*forms, *data) if (found := kind_of(one))}

    def left(self) -> set[str]:
        """Addresses of the admin that no page led to and no form posts to."""
        return set(names()) - {kind[0] for kind in (self.seen - {kind for kind, _ in self.coming}) | self.posted}
