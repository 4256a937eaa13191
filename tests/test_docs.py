"""The documents say what the code does: vendors' pages are as declared, links lead somewhere, commands exist."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from integrations.service import services
from scripts.vendor_pages import pages

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def test_every_vendor_has_a_page_that_says_what_it_declares():
    written = {file: file.read_text() if file.is_file() else "" for file in pages()}
    assert written == pages(), "Run `make docs`."
    assert {file.stem for file in ROOT.glob("docs/vendors/*.md")} == set(services())


def test_a_vendors_page_lists_all_that_can_be_sent_and_what_is_not_proven():
    for kind, service in services().items():
        text = (ROOT / "docs" / "vendors" / f"{kind}.md").read_text()
        assert ("## Verbs" in text) == bool(service.verbs), kind
        for name, verb in service.verbs.items():
            (row,) = [line for line in text.splitlines() if line.startswith(f"| `{name}` | {verb.title}.")]
            assert ("*unproven*" in row) != verb.proven, row
            assert all(f"`{field.name}`" in row for field in verb.fields), row


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(document):
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_commands_that_documents_name_exist(document):
    text = document.read_text()
    named = set(re.findall(r"manage\.py ([a-z_]+)", text))
    assert named <= set(get_commands()), "a management command"
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", text)) <= targets, "a make target"
    settings = set(re.findall(r"`([A-Z][A-Z]+_[A-Z_]+)`", text))
    known = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert settings - known - {"CI"} == set(), "a setting in .env.example"
