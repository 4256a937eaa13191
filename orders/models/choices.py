"""What a vendor lets one choose from, each by its id: reasons to cancel, reasons of returns, and what a return may lead to."""

from django.db import models

from catalog.models import Mirrored


class Choice(Mirrored):
    name = models.CharField(max_length=300)

    class Meta(Mirrored.Meta):
        abstract = True

    def __str__(self) -> str:
        return self.name


class CancelReason(Choice):
    """A reason the vendor accepts when an order line is cancelled."""


class ReturnReason(Choice):
    """A reason for which goods come back, as the vendor lists them."""


class ReturnAction(Choice):
    """What may be wanted for goods that come back, such as a refund or another size."""
