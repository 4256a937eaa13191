"""Which hashes, ciphers, keys and random numbers the hub asks for is written here: none comes in unseen (ASVS 5.0, chapter 11)."""

import ast
import base64
import random

import pytest
from django.contrib.auth.models import User

from config.models import SEED
from config.second import codes
from tests.test_asvs import imported, sources

LIBRARIES = {"hashlib", "hmac", "cryptography", "secrets", "os"}
OTHERS = {"Crypto", "Cryptodome", "OpenSSL", "argon2", "bcrypt", "crypt", "ecdsa", "itsdangerous", "jose", "jwt", "nacl", "passlib",
          "pyotp", "rsa", "scrypt"}  # fmt: skip
PLUGIN = "integrations/services/api2cart/plugin.py"
# What is taken out of each library, but for the exceptions, types and encodings beside it.
ASKED = {
    "hashlib": {"blake2b", "sha256"},
    "hmac": {"compare_digest", "new"},
    "cryptography.hazmat.primitives.ciphers.aead": {"AESGCM"},
    "cryptography.hazmat.primitives.asymmetric": {"padding", "rsa"},
    "cryptography.hazmat.primitives.hashes": {"SHA1"},
}
# What no new thing may use, with the files that must: OAEP and PKCS #1 v1.5 there are the vendor's, not ours to choose.
WEAK = {"SHA1": {PLUGIN}, "PKCS1v15": {PLUGIN}}
FORBIDDEN = {
    "MD4",
    "MD5",
    "ARC4",
    "RC4",
    "DES",
    "TripleDES",
    "Blowfish",
    "CAST5",
    "IDEA",
    "ECB",
    "CBC",
    "md4",
    "md5",
    "sha1",
}
STRETCHED = {
    "HKDF",
    "PBKDF2HMAC",
    "Scrypt",
    "Argon2id",
    "ConcatKDFHash",
    "X963KDF",
    "KBKDFHMAC",
    "scrypt",
    "pbkdf2_hmac",
    "pbkdf2",
}
RANDOM = {
    ("config/settings.py", "secrets.token_urlsafe(50)"),
    ("config/settings.py", "secrets.token_urlsafe(32)"),
    ("config/second/passkeys.py", "secrets.token_urlsafe(32)"),
    ("config/second/challenge.py", "secrets.token_bytes(BYTES)"),
    ("config/second/codes.py", "secrets.token_bytes(SEED)"),
    ("config/second/codes.py", "secrets.token_bytes(15)"),
    ("config/sealing.py", "os.urandom(NONCE)"),
    ("integrations/webhooks/addresses.py", "secrets.token_urlsafe(32)"),
}


def words(tree: ast.Module) -> set[str]:
    """Every name a module uses: its own, what it imports, and what it asks of something else."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {alias.name.rpartition(".")[2] for alias in node.names}
    return found


def taken(tree: ast.Module) -> set[tuple[str, str]]:
    """(library, name) of each thing taken out of a library of ASKED: imported by name, or asked of the imported module."""
    found, modules = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found |= {(node.module or "", alias.name) for alias in node.names}
        elif isinstance(node, ast.Import):
            assert not [alias for alias in node.names if alias.asname and alias.name in LIBRARIES], "under another name"
            modules |= {alias.name for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            found.add((node.value.id, node.attr))
    return {(library, name) for library, name in found if library in ASKED}


def calls(tree: ast.Module) -> set[str]:
    return {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Call)}


def test_the_hashes_and_ciphers_are_those_of_known_libraries_and_of_this_list() -> None:
    asked: dict[str, set[str]] = {}
    for name, tree in sources():
        assert not imported(tree) & OTHERS, name
        for library, thing in taken(tree):
            asked.setdefault(library, set()).add(thing)
        parts = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        primitives = {part for part in parts if part.startswith("cryptography.hazmat.primitives")}
        serialised = {"cryptography.hazmat.primitives.serialization", "cryptography.hazmat.primitives.asymmetric.rsa"}
        assert primitives <= {*ASKED, *serialised}, name
    assert asked == ASKED


def test_no_weak_hash_cipher_or_padding_is_used_but_where_a_vendor_asks_for_it() -> None:
    used: dict[str, set[str]] = {}
    for name, tree in sources():
        found = words(tree)
        assert not found & FORBIDDEN, name
        for weak in found & set(WEAK):
            used.setdefault(weak, set()).add(name)
    assert used == WEAK


def test_no_key_is_made_of_a_password() -> None:
    """Sealing keys are random ones, of whoever deploys; passwords are Django's to stretch."""
    assert not {name for name, tree in sources() if words(tree) & STRETCHED}


def test_keys_and_random_numbers_are_made_by_known_means_and_long_enough() -> None:
    made, pairs = set(), set()
    for name, tree in sources():
        told = calls(tree)
        made |= {(name, call) for call in told if call.startswith("os.urandom(") or call.startswith("secrets.token_")}
        pairs |= {call for call in told if "generate" in call.partition("(")[0] and "key" in call.partition("(")[0]}
    assert made == RANDOM
    assert pairs == {"rsa.generate_private_key(public_exponent=65537, key_size=2048)"}


@pytest.mark.django_db
def test_seeds_and_recovery_codes_cannot_be_foretold() -> None:
    """Python's other source of chance, set to the same start each time, changes nothing about them."""
    seeds, given = set(), []
    before = random.getstate()
    try:
        for number in range(20):
            person = User.objects.create(username=f"person{number}")
            random.seed(7)
            seeds.add(codes.offered(person).bin_key)
            random.seed(7)
            given += codes.recovery_codes(person)
    finally:
        random.setstate(before)
    assert len(seeds) == 20
    assert {len(seed) for seed in seeds} == {SEED} == {20}
    assert len(set(given)) == len(given) == 200
    assert {len(base64.b32decode(codes.plain(code).upper())) * 8 for code in given} == {120}
