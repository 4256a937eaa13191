"""docs/adding-a-vendor.md is true: the vendor it builds, taken from the page as it stands, keeps the contract."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "adding-a-vendor.md"
KIND = "harbour"
MOST_LINES = 400


def files() -> dict[str, str]:
    """The files the page shows, by their path in the vendor's folder."""
    return dict(re.findall(r"^```\w+ file=(\S+)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL))


def test_it_is_small() -> None:
    assert set(files()) >= {"service.py", "parse.py", "simulator.py"}
    assert sum(text.count("\n") for text in files().values()) < MOST_LINES


@pytest.mark.parametrize("check", [("check",), ("format", "--check")])
def test_it_is_in_the_houses_style(tmp_path: Path, check: tuple[str, ...]) -> None:
    build(tmp_path)
    ruff = [sys.executable, "-m", "ruff", *check, "--quiet", "--config", str(ROOT / "pyproject.toml"), str(tmp_path)]
    done = subprocess.run(ruff, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.sqlite_only
def test_it_keeps_the_contract(tmp_path: Path) -> None:
    build(tmp_path / "services")
    (tmp_path / "beside_the_others.py").write_text(
        "import integrations.services\n" + f"integrations.services.__path__.append({str(tmp_path / 'services')!r})\n"
    )
    ours = ("DATABASE_URL", "DJANGO_SETTINGS_MODULE", "HUB_TEST_ROOT", "PYTEST_XDIST_WORKER", "PYTEST_ADDOPTS")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    environment["PYTHONPATH"] = str(tmp_path)
    command = ["-m", "pytest", "-p", "beside_the_others", "-q", "integrations/tests/test_contract.py", "-k", KIND]
    done = subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed, done.stdout
    assert int(passed[1]) >= 30, "the suite ran over less than the whole vendor"


def build(services: Path) -> None:
    for name, text in {**files(), "__init__.py": ""}.items():
        path = services / KIND / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
