"""The house itself: locks, settings, containers, targets, and what may stand in a tracked file."""

import ast
import hashlib
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements", "requirements-dev", "requirements-browser", "requirements-bench", "requirements-audit")
PINNED = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)(\[[a-z,_-]+\])?==(?P<version>[^ ;]+)", re.IGNORECASE)
ELSEWHERE = re.compile(r"(?<![\w.~-])/(?:work|root|home/\w+)/")
PACKAGE_INDEX = re.compile(r"pypi\.org|python[h]osted|npmjs\.(?:org|com)")
NAMES_NOTHING = {"utils.py", "helpers.py", "base.py", "common.py", "misc.py"}


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@cache
def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def pins(name: str) -> dict[str, str]:
    """Package to version in a requirements file; a line that is no exact pin fails."""
    lines = [line for line in text(name).splitlines() if line and line[0] not in " #-"]
    found = {line: PINNED.match(line) for line in lines}
    assert not [line for line, pin in found.items() if pin is None], f"{name} has requirements without ==version"
    return {pin["name"].lower(): pin["version"] for pin in found.values() if pin}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_is_pinned_and_hashed(lock):
    locked = text(f"{lock}.txt")
    entries = re.split(r"\n(?=[a-z0-9])", locked, flags=re.IGNORECASE)
    assert len(entries) == len(pins(f"{lock}.txt"))
    assert not [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry]


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_hold_what_was_asked_for_and_name_no_index(lock):
    asked, locked = pins(f"{lock}.in"), pins(f"{lock}.txt")
    assert asked.items() <= locked.items()
    for name in (f"{lock}.in", f"{lock}.txt"):
        assert "://" not in text(name)
        assert "index-url" not in text(name)


def test_locks_agree_with_each_other():
    merged: dict[str, set[str]] = {}
    for lock in LOCKS:
        for name, version in pins(f"{lock}.txt").items():
            merged.setdefault(name, set()).add(version)
    assert not {name: versions for name, versions in merged.items() if len(versions) > 1}


def settings_read() -> set[str]:
    """Names of the environment variables that config/settings.py reads."""
    calls = [node for node in ast.walk(ast.parse(text("config/settings.py"))) if isinstance(node, ast.Call)]
    names = set()
    for call in calls:
        of_env = call.func.value if isinstance(call.func, ast.Attribute) else call.func
        is_env = isinstance(of_env, ast.Name) and of_env.id == "env"
        if is_env and call.args and isinstance(call.args[0], ast.Constant):
            names.add(str(call.args[0].value))
    return names


def test_env_example_explains_every_setting_and_no_other():
    example = text(".env.example")
    listed = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", example, re.MULTILINE))
    in_compose_alone = {"CROSSDOCK_VERSION", "PORT", "POSTGRES_PASSWORD"}
    assert listed == settings_read() | in_compose_alone
    for before, name in re.findall(r"^(.*)\n#?([A-Z][A-Z0-9_]+)=", example, re.MULTILINE):
        assert before.startswith("#"), f"{name} has no explanation above it"


def compose() -> dict[str, Any]:
    return yaml.safe_load(text("compose.yaml"))


def test_containers_pass_on_settings_that_exist():
    passed: dict[str, str] = compose()["x-hub"]["environment"]
    assert set(passed) == settings_read() - {"DEBUG", "HUB_VAR", "TEST_SQLITE"}, "a line of .env counts there too"
    defaults = dict(re.findall(r"^#([A-Z][A-Z0-9_]+)=(.*)$", text(".env.example"), re.MULTILINE))
    of_production = {"SECURE_SSL": "true", "TRUST_PROXY_PROTO": "true"}
    for name, given in passed.items():
        default = re.fullmatch(r"\$\{[A-Z_]+:-(.*)\}", given)
        assert default is None or default[1] == of_production.get(name, defaults[name]), f"{name} has two defaults"
    explained = text(".env.example")
    for name in re.findall(r"\$\{([A-Z_]+)", text("compose.yaml")):
        assert f"#{name}=" in explained


def test_containers_have_no_default_secret():
    for name in ("SECRET_KEY", "HUB_KEYS", "POSTGRES_PASSWORD", "ALLOWED_HOSTS"):
        uses = re.findall(rf"\$\{{{name}([^}}]*)\}}", text("compose.yaml"))
        assert uses
        assert all(use.startswith(":?") for use in uses), f"{name} must be asked for, not defaulted"


def test_every_service_is_watched_and_stops_gracefully():
    services = compose()["services"]
    assert set(services) == {"postgres", "broker", "migrate", "web", "worker-live", "worker-bulk", "beat"}
    for name in set(services) - {"migrate"}:
        assert services[name]["healthcheck"]["test"][0] == "CMD", f"{name} has no health check"
    for name in ("web", "worker-live", "worker-bulk", "beat"):
        assert services[name]["stop_grace_period"] == "70s"
        waits = {other: how["condition"] for other, how in services[name]["depends_on"].items()}
        assert waits["postgres"] == waits["broker"] == "service_healthy"
        assert waits["migrate"] == "service_completed_successfully"
    assert "noeviction" in services["broker"]["command"]


def test_image_runs_without_root_and_hands_signals_on():
    lines = text("Dockerfile").splitlines()
    assert "--require-hashes" in text("Dockerfile")
    assert [line for line in lines if line.startswith("USER ")][-1] == "USER crossdock"
    assert [line for line in lines if line.startswith("CMD ")][-1].startswith('CMD ["')
    assert "STOPSIGNAL SIGTERM" in lines
    assert any(line.startswith("HEALTHCHECK ") for line in lines)


def test_processes_are_the_same_in_procfile_and_containers():
    lines = dict(line.split(": ", 1) for line in text("Procfile").splitlines())
    services = compose()["services"]
    for name in ("worker-live", "worker-bulk", "beat"):
        assert lines[name].split() == services[name]["command"]
    assert lines["release"].split() == services["migrate"]["command"]
    assert lines["web"].startswith("gunicorn config.wsgi")


@pytest.mark.parametrize("target", ["setup", "demo", "test", "lint", "bench", "torture"])
def test_make_knows_the_documented_targets(target):
    told = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    assert told.stdout.strip()


def test_demo_can_run_once():
    told = subprocess.run(["make", "-n", "demo", "ONCE=1"], cwd=ROOT, capture_output=True, text=True).stdout
    assert "manage.py demo --once" in told


def test_ci_runs_what_a_contributor_runs():
    commands = [line for line in text(".ci/run").splitlines() if line and not line.startswith("#")]
    assert commands[-1] == "exec make test"
    for script in [".ci/run", *(name for name in tracked() if re.fullmatch(r"scripts/\w+\.sh", name))]:
        assert (ROOT / script).stat().st_mode & 0o111, f"{script} is not executable"


def test_licence_is_apache_2():
    licence = text("LICENSE")
    assert "Apache License" in licence
    assert "Version 2.0, January 2004" in licence
    assert "END OF TERMS AND CONDITIONS" in licence


def test_tracked_files_name_no_machine_and_no_package_index():
    said = []
    for name in tracked():
        try:
            lines = text(name).splitlines()
        except UnicodeDecodeError:
            continue  # a picture
        for number, line in enumerate(lines, 1):
            if ELSEWHERE.search(line) or PACKAGE_INDEX.search(line):
                said.append(f"{name}:{number}: {line.strip()[:100]}")
    assert not said, "\n".join(said)


def test_modules_have_names_that_say_something():
    assert not [name for name in tracked() if Path(name).name in NAMES_NOTHING]


def test_nothing_that_a_run_leaves_is_tracked():
    assert not [name for name in tracked() if re.search(r"(^|/)(\.env$|var/|__pycache__/|.*\.sqlite3)", name)]


@pytest.mark.needs_shared
def test_no_third_party_file_is_copied(shared):
    theirs = {
        hashlib.sha256(path.read_bytes()).digest()
        for folder in ("vendors", "data", "bench", "design")
        for path in (shared / folder).rglob("*")
        if path.is_file() and path.stat().st_size > 100
    }
    assert theirs
    assert not [name for name in tracked() if hashlib.sha256((ROOT / name).read_bytes()).digest() in theirs]
