"""Secrets that cannot be opened."""

from collections.abc import Iterable
from typing import NamedTuple

from django.db import models

from integrations.models.vendor import Vendor

SHOWN = 5  # names in one sentence


class Matter(NamedTuple):
    """Secrets that cannot be read for one reason: what is wrong, why and what to do, and whose they are (None: people's)."""

    what: str
    why: str
    vendors: frozenset[int | None]


class Unread(models.Model):
    """A secret that a process could not open as it started. It goes when one of its like can, or the secret is no more.

    kind, key: label and id of the row that holds it.
    """

    class Process(models.TextChoices):
        WEB = "web", "web"
        WORKER = "worker", "worker"
        BEAT = "beat", "scheduler"

    process = models.CharField(max_length=10, choices=Process.choices)
    kind = models.CharField(max_length=100)
    key = models.BigIntegerField()
    vendor = models.ForeignKey(Vendor, models.CASCADE, null=True, related_name="+")
    name = models.CharField(max_length=400)
    why = models.CharField(max_length=400)
    found_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)  # to people; empty while no mail went

    class Meta:
        ordering = ("pk",)
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=("process", "kind", "key"), name="unread_once")]

    def __str__(self) -> str:
        return f"{self.name}, by the {self.get_process_display()}: {self.why}"

    @staticmethod
    def matters(rows: Iterable["Unread"]) -> list[Matter]:
        """What to show people of them: one for each reason, however many secrets it concerns."""
        together: dict[tuple[str, str], list[Unread]] = {}
        for row in rows:
            together.setdefault((row.kind, row.why), []).append(row)
        return [_matter(alike) for alike in together.values()]


def _matter(rows: list[Unread]) -> Matter:
    names = list(dict.fromkeys(row.name for row in rows))
    who = " and ".join(sorted({f"the {row.get_process_display()}" for row in rows}, reverse=True))
    told = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else "")
    count = "A stored secret" if len(names) == 1 else f"{len(names):,} stored secrets"
    return Matter(f"{count} cannot be read by {who}: {told}.", rows[0].why, frozenset(row.vendor_id for row in rows))
