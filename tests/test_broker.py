"""The embedded broker's files: whole or not there, whoever looks while they are written."""

from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection, Queue

from config.celery import app


@pytest.fixture
def connection(tmp_path: Path) -> Any:
    for name in ("messages", "control"):
        (tmp_path / name).mkdir()
    folders = {
        "data_folder_in": str(tmp_path / "messages"),
        "data_folder_out": str(tmp_path / "messages"),
        "control_folder": str(tmp_path / "control"),
    }
    with Connection("filesystem://", transport_options=folders) as opened:
        yield opened


class Looking:
    """A part of a message that, while it is written, looks for messages as a worker does."""

    def __init__(self, channel: Any) -> None:
        self.channel, self.found = channel, "nothing was looked for"

    def __json__(self) -> str:
        try:
            self.found = self.channel._get("live")
        except Empty:
            self.found = "nothing"
        return "looked"


def test_a_message_appears_whole(connection: Any) -> None:
    assert app.conf.broker_url.startswith("filesystem"), "this test is about the embedded broker"
    channel = connection.channel()
    looking = Looking(channel)
    channel._put("live", {"body": looking})
    assert looking.found == "nothing"
    assert channel._get("live") == {"body": "looked"}


def test_bindings_of_two_processes_are_both_kept(connection: Any) -> None:
    one, two = connection.channel(), connection.channel()
    for channel, name in ((one, "live"), (two, "bulk"), (one, "live")):
        Queue(name, exchange=None, routing_key=name, channel=channel).declare()
        channel._queue_bind("work", name, "", name)
    assert sorted(bound[2] for bound in one.get_table("work")) == ["bulk", "live"]


def test_every_message_comes_out_once(connection: Any) -> None:
    queue = connection.SimpleQueue("once")  # bound by no other test: kombu remembers bindings for the whole process
    for number in range(20):
        queue.put({"number": number})
    assert sorted(queue.get(timeout=60).payload["number"] for _ in range(20)) == list(range(20))
    with pytest.raises(Empty):
        queue.get(timeout=0.01)
