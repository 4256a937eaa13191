"""What a browser was asked by passkey: random, kept in the session, answered once, within five minutes, for one purpose."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.http import HttpRequest

HELD = "hub_challenge"  # in the session: what was asked last, of whom, and what for
PATIENCE = 300.0  # seconds from the question to the answer
BYTES = 32
PURPOSES = ("sign-in", "confirm", "add")
NOT_TAKEN = "That passkey was not taken: try again, or use another way."


class Refused(Exception):
    """Why an answer is not taken, as the person is told it; `noted` for the audit log, without anything secret."""

    def __init__(self, told: str, noted: str) -> None:
        super().__init__(told)
        self.noted = noted


def hold(request: HttpRequest, person: Any, purpose: str, **more: str) -> bytes:
    """A new challenge, in place of any other in this session, with what else is to be remembered until the answer."""
    made = secrets.token_bytes(BYTES)
    request.session[HELD] = {
        "for": purpose, "person": person.pk, "challenge": made.hex(), "at": time.time(), **more
    }  # fmt: skip
    return made


def spend(request: HttpRequest, person: Any, purpose: str) -> dict[str, Any]:
    """What the session waits for, its `challenge` as bytes; from here on it is gone. Raises Refused."""
    held = request.session.pop(HELD, None)
    if not held or held["for"] != purpose or held["person"] != person.pk:
        told = "This page did not wait for a passkey, or another tab has asked since: try again."
        raise Refused(told, "nothing was asked for")
    if not 0 <= time.time() - held["at"] < PATIENCE:
        raise Refused("That took longer than five minutes: try again.", "too late")
    return {**held, "challenge": bytes.fromhex(held["challenge"])}


@contextmanager
def hostile() -> Iterator[None]:
    """Bytes from outside under parsers of CBOR, JSON and keys: whatever one of them trips over is a refusal, and nothing else."""
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        yield
    except Refused:
        raise
    except WebAuthnException as error:
        raise Refused(NOT_TAKEN, str(error)) from error
    except Exception as error:
        raise Refused(NOT_TAKEN, f"no answer of a passkey ({type(error).__name__})") from error
