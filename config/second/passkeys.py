"""Passkeys (W3C WebAuthn level 2): what a browser is asked, and whether its answer is right. The work is py_webauthn's.

The library is imported where it is used: no other page and no worker needs what it brings along.
"""

import hashlib
import secrets
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from config import audit
from config.models import Passkey
from config.second.challenge import PATIENCE, Refused, hold, hostile, spend
from config.second.codes import Taken
from config.second.place import Place, place_of
from config.second.standing import passkey_marker

if TYPE_CHECKING:
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor
    from webauthn.registration.verify_registration_response import VerifiedRegistration

LONGEST = 16_384  # characters of an answer; it has about a thousand
LONGEST_ID = 1023  # bytes (WebAuthn level 3, section 4: Credential ID)
MOST = 20  # passkeys of a person
ALGORITHMS = (-8, -7, -257)  # EdDSA, ES256, and RS256 for older Windows Hello (IANA, COSE Algorithms)
RSA_BITS = 2048


def here(person: Any, place: Place) -> list[Passkey]:
    """A person's passkeys that work at this host, those used last first."""
    rows = Passkey.objects.filter(user=person, confirmed=True, host=place.host)
    return sorted(rows, key=lambda row: row.last_used_at or row.created_at, reverse=True)


def ask(request: HttpRequest, person: Any, purpose: str) -> dict[str, Any]:
    """Options for the browser, as plain JSON, to use a passkey or (purpose `add`) to make one."""
    from webauthn import base64url_to_bytes, generate_authentication_options, generate_registration_options
    from webauthn.helpers import options_to_json_dict
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    place, verified = place_of(request), UserVerificationRequirement.REQUIRED
    known = [_descriptor(key) for key in here(person, place)]
    if purpose != "add":
        challenge = hold(request, person, purpose)
        return options_to_json_dict(
            generate_authentication_options(
                rp_id=place.host, challenge=challenge, timeout=int(PATIENCE * 1000), allow_credentials=known,
                user_verification=verified,
            )
        )  # fmt: skip
    name, handle = person.get_username(), _handle(person)
    challenge = hold(request, person, purpose, handle=handle)
    return options_to_json_dict(
        generate_registration_options(
            rp_id=place.host, rp_name="Crossdock", challenge=challenge, timeout=int(PATIENCE * 1000), exclude_credentials=known,
            user_id=base64url_to_bytes(handle), user_name=name, user_display_name=person.get_full_name() or name,
            supported_pub_key_algs=_algorithms(),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.PREFERRED, user_verification=verified
            ),
        )
    )  # fmt: skip


def take(request: HttpRequest, person: Any, purpose: str, text: str) -> Taken:
    """Look at a browser's answer to what this session was asked last, for the same purpose; it counts once."""
    try:
        return Taken(True, factor=passkey_marker(_proved(request, person, purpose, text).pk))
    except Refused as refused:
        return Taken(False, why=str(refused), noted=f"passkey: {refused.noted}")


def _proved(request: HttpRequest, person: Any, purpose: str, text: str) -> Passkey:
    from webauthn import verify_authentication_response
    from webauthn.helpers import bytes_to_base64url, parse_authentication_credential_json

    text, place = _came(text), place_of(request)
    challenge = spend(request, person, purpose)["challenge"]
    with hostile():
        answer = parse_authentication_credential_json(text)
        _same_page(answer.response.client_data_json)
        name = bytes_to_base64url(answer.raw_id)
        handle = bytes_to_base64url(answer.response.user_handle or b"")
    with transaction.atomic():
        rows = Passkey.objects.select_for_update().filter(user=person, confirmed=True, host=place.host)
        key = rows.filter(credential=name).first()
        if key is None or handle not in ("", key.handle):
            told = "That passkey is not one of yours here; it may have been removed."
            raise Refused(told, "unknown, removed, or another person's")
        with hostile():
            done = verify_authentication_response(
                credential=answer, expected_challenge=challenge, expected_rp_id=place.host, expected_origin=place.origin,
                credential_public_key=bytes(key.public_key), require_user_verification=True,
                credential_current_sign_count=0,  # looked at by _used, once the signature is known to be right
            )  # fmt: skip
        _used(key, done.new_sign_count, hashlib.sha256(challenge).hexdigest())
    return key


def _used(key: Passkey, count: int, spent: str) -> None:
    """Note that it answered. Of two answers at the same moment both may have found the challenge: the second finds it spent."""
    if key.spent == spent:
        raise Refused("That answer was used already: try again.", "the same answer twice")
    if (count or key.sign_count) and count <= key.sign_count:
        told = "That passkey's counter went back: there may be a copy of it. Use another way, and remove it."
        raise Refused(told, f"the counter of “{key.name}” went from {key.sign_count} to {count}: a copy?")
    key.sign_count, key.spent, key.last_used_at = count, spent, timezone.now()
    key.save(update_fields=["sign_count", "spent", "last_used_at"])


def add(request: HttpRequest, person: Any, name: str, text: str) -> Passkey:
    """Store the passkey that the browser made for this session's question. Raises Refused."""
    from webauthn import verify_registration_response
    from webauthn.helpers import bytes_to_base64url, parse_registration_credential_json

    text, place = _came(text), place_of(request)
    held = spend(request, person, "add")
    with hostile():
        answer = parse_registration_credential_json(text)
        _same_page(answer.response.client_data_json)
        done = verify_registration_response(
            credential=answer, expected_challenge=held["challenge"], expected_rp_id=place.host, expected_origin=place.origin,
            require_user_verification=True, supported_pub_key_algs=_algorithms(),
        )  # fmt: skip
        _can_be_checked(done)
    row = Passkey(
        user=person, name=audit.clean(name, 64).strip() or "Passkey", host=place.host, handle=held["handle"],
        credential=bytes_to_base64url(done.credential_id), public_key=done.credential_public_key, sign_count=done.sign_count,
        transports=[kind.value for kind in answer.response.transports or ()],
    )  # fmt: skip
    if Passkey.objects.filter(user=person).count() >= MOST:
        raise Refused(f"You have {MOST} passkeys, as many as there may be: remove one first.", "too many")
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise Refused("That passkey is set up already.", "set up already, here or by another person") from error
    return row


def _came(text: str) -> str:
    if not text:
        raise Refused("Nothing came from a passkey: it is asked for by a script, which did not run.", "empty")
    if len(text) > LONGEST:
        raise Refused("That is no answer of a passkey.", f"{len(text)} characters long")
    return text


def _same_page(client_data: bytes) -> None:
    """Nothing that a page of another site had the browser sign from within a frame."""
    from webauthn.helpers import parse_client_data_json

    if parse_client_data_json(client_data).cross_origin:
        raise Refused("That passkey was used within a page of another site.", "from a frame of another site")


def _can_be_checked(made: "VerifiedRegistration") -> None:
    """A key that no signature could be checked with, or a weak one, is not stored."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from webauthn.helpers import decode_credential_public_key, decoded_public_key_to_cryptography

    key = decoded_public_key_to_cryptography(decode_credential_public_key(made.credential_public_key))
    if len(made.credential_id) > LONGEST_ID:
        raise Refused("That is no answer of a passkey.", f"an id of {len(made.credential_id)} bytes")
    if isinstance(key, RSAPublicKey) and key.key_size < RSA_BITS:
        raise Refused("That passkey's key is too short to be safe.", f"RSA of {key.key_size} bits")


def _handle(person: Any) -> str:
    """What devices know a person by: nothing that tells who it is, and the same for all of one's passkeys."""
    known = Passkey.objects.filter(user=person).order_by("pk").values_list("handle", flat=True).first()
    return known or secrets.token_urlsafe(32)


def _algorithms() -> list[Any]:
    from webauthn.helpers.cose import COSEAlgorithmIdentifier

    return [COSEAlgorithmIdentifier(number) for number in ALGORITHMS]


def _descriptor(key: Passkey) -> "PublicKeyCredentialDescriptor":
    from webauthn import base64url_to_bytes
    from webauthn.helpers.structs import AuthenticatorTransport, PublicKeyCredentialDescriptor

    known = {kind.value for kind in AuthenticatorTransport}
    ways = [AuthenticatorTransport(way) for way in key.transports if way in known]
    return PublicKeyCredentialDescriptor(id=base64url_to_bytes(key.credential), transports=ways or None)
