"""A hub without any setting starts: its processes, all at once, agree on the keys they make."""

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent
ASK = "from config import settings as s; import sys; sys.stdout.write(s.SECRET_KEY + ' ' + ','.join(s.HUB_KEYS))"


def test_processes_that_start_together_share_the_keys_they_make(tmp_path):
    kept = {name: value for name, value in os.environ.items() if name not in ("SECRET_KEY", "HUB_KEYS", "DATABASE_URL")}
    command = [sys.executable, "-c", ASK]
    started = [
        subprocess.Popen(command, cwd=ROOT, env={**kept, "HUB_VAR": str(tmp_path)}, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    told = {process.communicate(timeout=60)[0] for process in started}
    assert len(told) == 1, told
    key, _, data_key = told.pop().partition(" ")
    assert len(key) > 40, "a key for sessions"
    assert len(data_key) > 30, "a key for tokens"
    assert key != data_key
    files = sorted(file.name for file in tmp_path.glob("*.txt*"))
    assert files == ["keys.txt", "secret_key.txt"]
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in files} == {0o600}


@pytest.mark.postgres_only
@pytest.mark.django_db
def test_a_database_that_falls_silent_is_given_up_within_a_minute():
    connection.ensure_connection()
    assert connection.connection is not None
    with socket.socket(fileno=os.dup(connection.connection.fileno())) as line:
        assert line.family != socket.AF_UNIX, "give the tests a server on a port: a local socket cannot fall silent"
        asked = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
        told = [line.getsockopt(socket.IPPROTO_TCP, option) for option in asked]
        assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert told == [30, 10, 3, 60_000]
