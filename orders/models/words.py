"""Our words for where something stands, and what a vendor's words mean to us."""

from django.db import models


class Status(models.TextChoices):
    """Our words for where an order or a line of it stands."""

    NEW = "new", "New"
    CONFIRMED = "confirmed", "Confirmed"
    ON_HOLD = "on_hold", "On hold"
    PREPARING = "preparing", "Preparing"
    SHIPPED = "shipped", "Shipped"
    PARTLY = "partly", "Partly done"
    DELIVERED = "delivered", "Delivered"
    CANCELLED = "cancelled", "Cancelled"
    RETURNED = "returned", "Returned"
    UNKNOWN = "unknown", "Unknown word"


class PackageStatus(models.TextChoices):
    OPEN = "open", "Open"
    READY = "ready", "Ready"
    SHIPPED = "shipped", "On its way"
    DELIVERED = "delivered", "Delivered"
    CANCELLED = "cancelled", "Cancelled"
    FAILED = "failed", "Not delivered"
    UNKNOWN = "unknown", "Unknown word"


class ReturnStatus(models.TextChoices):
    REQUESTED = "requested", "Asked for"
    APPROVED = "approved", "Approved"
    ON_ITS_WAY = "on_its_way", "Coming back"
    RECEIVED = "received", "Received"
    DONE = "done", "Done"
    REFUSED = "refused", "Refused"
    CANCELLED = "cancelled", "Cancelled"
    UNKNOWN = "unknown", "Unknown word"


# Of all, for the column that holds any of them.
MEANINGS = list({**dict(ReturnStatus.choices), **dict(PackageStatus.choices), **dict(Status.choices)}.items())


class StatusWord(models.Model):
    """What one of a vendor's words means to us. Operators edit `meaning`; a word nobody mapped yet means `unknown`."""

    class Subject(models.TextChoices):
        ORDER = "order", "Order"
        PACKAGE = "package", "Package"
        RETURN = "return", "Return"

    vendor = models.ForeignKey("integrations.Vendor", models.CASCADE, related_name="+")
    subject = models.CharField(max_length=10, choices=Subject.choices)
    word = models.CharField("vendor's word", max_length=200)
    label = models.CharField(
        "vendor's name for it", max_length=200, blank=True, help_text="From the vendor's own list of its words."
    )
    meaning = models.CharField(max_length=20, choices=MEANINGS, default=Status.UNKNOWN)
    set_by_operator = models.BooleanField(default=False)
    seen_at = models.DateTimeField("first seen")

    class Meta:
        constraints = [models.UniqueConstraint(fields=("vendor", "subject", "word"), name="status_word_once")]

    def __str__(self) -> str:
        return f"{self.word} → {self.get_meaning_display()}"

    @property
    def choices(self) -> type[models.TextChoices]:
        """Which of our words this one may mean."""
        of: dict[str, type[models.TextChoices]] = {
            self.Subject.PACKAGE: PackageStatus,
            self.Subject.RETURN: ReturnStatus,
        }
        return of.get(self.subject, Status)
