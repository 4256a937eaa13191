"""How a secret may be spelled in somebody else's words: found whole, in long parts, encoded, and encoded again."""

import base64
import binascii
import html
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, quote_plus, unquote_plus

PART = 10  # characters of a secret in a row: a part as long as this is blotted out, too
LEAST = 6  # characters: shorter secrets are looked for as they are, and not in what decoding happens to make
DEPTH = 3  # encodings within each other
MOST = 200  # decoded texts that are looked into
URLSAFE = str.maketrans("-_", "+/")
BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}")
HEX = re.compile(r"(?:[0-9a-fA-F]{2}){6,}")
BACKSLASHED = re.compile(r"\\+(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)


@dataclass(frozen=True)
class Pieces:
    """What to look for, in small letters: runs of signs by their length, and whole secrets as texts usually have them."""

    runs: dict[int, frozenset[str]]
    words: tuple[str, ...]

    def are_in(self, text: str) -> bool:
        small = text.lower()
        return any(len(one) >= LEAST and one in small for one in self.words) or any(
            small[at : at + PART] in self.runs[PART] for at in range(len(small) - PART + 1)
        )


@lru_cache(maxsize=16)
def pieces_of(secrets: tuple[str, ...]) -> Pieces:
    """Runs of each secret as it is, and longer ones of it in hexadecimal and base64, wherever it begins there."""
    runs: dict[int, set[str]] = {PART: set()}
    words = set()
    for secret in secrets:
        raw = secret.encode("utf-8", "surrogatepass")
        words |= {word.lower() for word in spelled(secret)}
        if len(secret) < PART:
            continue
        _cut(runs, secret, PART)
        _cut(runs, raw.hex(), 2 * PART)
        for core in _cores(raw):
            _cut(runs, core, 16)
            _cut(runs, core.translate(str.maketrans("+/", "-_")), 16)
    return Pieces({size: frozenset(found) for size, found in runs.items()}, tuple(sorted(words, key=len, reverse=True)))


def _cut(runs: dict[int, set[str]], text: str, size: int) -> None:
    small = text.lower()
    runs.setdefault(size, set()).update(small[at : at + size] for at in range(len(small) - size + 1))


def spelled(secret: str) -> set[str]:
    """A secret as texts usually have it, whole."""
    raw = secret.encode("utf-8", "surrogatepass")
    coded = base64.b64encode(raw).decode()
    words = {
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        html.escape(secret),
    }
    return words | ({coded, coded.rstrip("="), raw.hex()} if len(secret) >= LEAST else set())


def _cores(raw: bytes) -> Iterator[str]:
    """What stays the same of its base64 wherever it begins and ends."""
    for shift in range(3):
        whole = base64.b64encode(b"x" * shift + raw).decode()
        yield whole[(8 * shift + 5) // 6 : (shift + len(raw)) * 8 // 6]


def found_in(text: str, secrets: tuple[str, ...]) -> list[tuple[int, int]]:
    """Where secrets stand in the text: places (start, end) in their order, none over another."""
    pieces, small = pieces_of(secrets), text.lower()
    if len(small) != len(text):  # some letters are longer when they are small
        small = "".join(sign.lower() if len(sign.lower()) == 1 else sign for sign in text)
    places = [
        (at, at + size)
        for size, known in pieces.runs.items()
        for at in range(len(small) - size + 1)
        if small[at : at + size] in known
    ]
    for word in pieces.words:
        at = small.find(word)
        while at >= 0:
            places.append((at, at + len(word)))
            at = small.find(word, at + len(word))
    joined: list[tuple[int, int]] = []
    for start, end in sorted(places):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def unspelled(text: str) -> Iterator[str]:
    """What the text says when it is decoded, and what that says, some steps deep."""
    known, layer = {text}, [text]
    for _ in range(DEPTH):
        further = [found for one in layer for way in WAYS for found in way(one) if found]
        layer = [found for found in dict.fromkeys(further) if found not in known][:MOST]
        known.update(layer)
        yield from layer


def _plain(text: str) -> Iterator[str]:
    for undo in (html.unescape, unquote_plus, _unescaped):
        yield undo(text)


def _unescaped(text: str) -> str:
    def sign(found: re.Match[str]) -> str:
        code = found[1] or found[2]
        return chr(int(code, 16)) if code else found[3]

    return BACKSLASHED.sub(sign, text)


def _from_base64(text: str) -> Iterator[str]:
    for run in BASE64.findall(text):
        for whole in dict.fromkeys((run, *run.split("/"))):
            for begin in range(min(4, len(whole))):
                part = whole[begin:]
                yield from _decoded(base64.b64decode, part[: len(part) - len(part) % 4].translate(URLSAFE))


def _from_hex(text: str) -> Iterator[str]:
    for run in HEX.findall(text):
        yield from _decoded(binascii.unhexlify, run)


def _decoded(way: Callable[[str], bytes], text: str) -> Iterator[str]:
    """What is text; garbage is of no interest."""
    try:
        found = way(text).decode("utf-8", "ignore")
    except (ValueError, binascii.Error):
        return
    if sum(sign.isprintable() for sign in found) * 10 >= len(found) * 7:
        yield found


WAYS: Sequence[Callable[[str], Iterator[str]]] = (_plain, _from_base64, _from_hex)
