"""The rate budget: slots in the database, shared by every process and machine (`ratelimit.py`)."""

from django.db import models


class RateSlot(models.Model):
    """One of a budget's slots; free again at `free_at` by the database's clock.

    Unlogged on PostgreSQL: after a crash the table is empty, and a budget without slots begins shut for a window.
    """

    key = models.CharField(max_length=120)
    number = models.IntegerField()
    free_at = models.DateTimeField()
    holder = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("key", "number"), name="rate_slot_once")]
        indexes = [models.Index(fields=("key", "free_at"), name="rate_slot_free")]

    def __str__(self) -> str:
        return f"{self.key} #{self.number}"


class RateWaiter(models.Model):
    """An interactive call that waits for a slot: background calls stand back until `until`."""

    key = models.CharField(max_length=120, db_index=True)
    token = models.CharField(max_length=40, unique=True)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.key} until {self.until}"
