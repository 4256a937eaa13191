"""Which external ids a run has seen: those of this slice as they are, those of earlier slices as sorted 64-bit hashes.

A million ids of earlier slices take 8 MB. They are stored in parts, with the position behind the pages that brought them, so
that what is missing is known for sure whoever ends the run, however the ones before ended.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from hashlib import blake2b


class Seen:
    """A growing set of ids that can be packed into bytes and taken up again."""

    def __init__(self, packed: bytes = b"") -> None:
        self._earlier = array("Q", sorted(array("Q", packed)))
        self._now: set[str] = set()
        self._unstored: list[str] = []

    def add(self, external_ids: Iterable[str]) -> int:
        """Take up these ids; returns how many of them are new."""
        if self._earlier:
            external_ids = [key for key in external_ids if not self._was(key)]
        new = set(external_ids) - self._now
        self._now |= new
        self._unstored.extend(new)
        return len(new)

    def part(self) -> bytes:
        """Eight bytes for each id that came since the last part was taken."""
        taken, self._unstored = self._unstored, []
        return array("Q", map(_hash, taken)).tobytes()

    def __contains__(self, external_id: str) -> bool:
        return external_id in self._now or self._was(external_id)

    def __len__(self) -> int:
        return len(self._now) + len(self._earlier)

    def packed(self) -> bytes:
        """Eight bytes for each id, in ascending order of their hashes."""
        return array("Q", sorted([*self._earlier, *map(_hash, self._now)])).tobytes()

    def _was(self, external_id: str) -> bool:
        wanted = _hash(external_id)
        at = bisect_left(self._earlier, wanted)
        return at < len(self._earlier) and self._earlier[at] == wanted


def _hash(external_id: str) -> int:
    return int.from_bytes(blake2b(external_id.encode(), digest_size=8).digest(), "little")
