"""What may be quoted and stored of a vendor's words: no secret of ours, in whatever spelling, and everything else as it came."""

import pytest

from integrations.http.redaction import blotted_json, clean, holds
from integrations.http.repeated import Repeated
from integrations.simulator.echo import SPELLED

SECRET = 'shop-QwErTy4711/8+z"AsDf-0815-token'


@pytest.mark.parametrize("spelled", SPELLED)
@pytest.mark.parametrize("again", ["text", *SPELLED])
def test_no_spelling_of_a_secret_is_quoted(spelled: str, again: str) -> None:
    """Also one within another, and what is left when it is cut."""
    text = SPELLED[again](SPELLED[spelled](SECRET))
    for said in (
        f"Not accepted: {text}",
        f"{text[: len(text) * 2 // 3]}",
        text.upper() if spelled == again == "text" else "",
    ):
        told = clean(said, [SECRET])
        for part in ("QwErTy", "qwerty", "AsDf-08", "asdf-08"):
            assert part not in told, (said, told)
        assert not said or "***" in told


def test_what_holds_no_secret_stays_as_it_came() -> None:
    said = "There is no product HEADSET-1 (code 4711) in shop 08: see aGVsbG8gd29ybGQ= or 68656c6c6f20776f726c64"
    assert clean(said, [SECRET, "x" * 40]) == said
    assert not holds("/v1/orders?page=2", [SECRET])
    assert holds(f"/v1/{SECRET[:14]}", [SECRET])


def test_json_stays_json_and_numbers_stay_exact() -> None:
    told = {"n": 1.10, "rows": [{"name": f"by {SECRET}", "token": "of somebody else", "tokens": 3, "token_id": None}]}
    assert blotted_json(told, [SECRET]) == {
        "n": 1.10, "rows": [{"name": "by ***", "token": "***", "tokens": 3, "token_id": None}],
    }  # fmt: skip


def test_a_secret_is_found_over_the_seam_of_two_pieces_and_short_ones_are_left_to_the_rows() -> None:
    own = Repeated(lambda: [SECRET, "headset"])
    assert (
        own.bare(b'{"name": "headset", "by": "' + SECRET.replace('"', '\\"').encode() + b'"}')
        == b'{"name": "headset", "by": "***"}'
    )
    body = SECRET.encode()
    with pytest.raises(ValueError, match="it is there"):
        list(own.watched(iter([b"x" * 50 + body[:9], body[9:]]), lambda: ValueError("it is there")))
    assert list(own.watched(iter([b"a", b"headset"]), lambda: ValueError("never"))) == [b"a", b"headset"]
    assert not own.look(b"headset")
    assert own.look(body)
    assert own.seen
