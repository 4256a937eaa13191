"""What the hub keeps about the people who work here."""

from django_otp.plugins.otp_totp.models import TOTPDevice

from config import sealing

SEED = 20  # bytes, what RFC 4226 asks for
MOST_DOUBLINGS = 10  # after so many wrong codes in a row each next one waits for eight and a half minutes


class Authenticator(TOTPDevice):
    """A person's authenticator app: django-otp's device, with its seed sealed in the database instead of in the clear."""

    class Meta:
        proxy = True
        default_permissions = ()

    @property
    def bin_key(self) -> bytes:
        return sealing.unseal(self.key, bound=f"totp:{self.user_id}")

    @bin_key.setter
    def bin_key(self, seed: bytes) -> None:
        self.key = sealing.seal(seed, bound=f"totp:{self.user_id}")

    def throttle_increment(self, commit: bool = True) -> None:
        """The wait grows, but never so far that guessing by another shuts the owner out for a day."""
        failures: int = self.throttling_failure_count  # type: ignore[has-type]
        self.throttling_failure_count = min(failures, MOST_DOUBLINGS - 1)
        super().throttle_increment(commit=commit)
