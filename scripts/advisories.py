"""Whether a locked package has a known fault: pip-audit, in an environment of its own, over every lock file.

Exit 1 for a known fault alone. Where the advisories cannot be asked (no network, or an index that has none), that is said in
plain words, since "nothing found" would be a lie; a person, or CI where it can, then has to ask elsewhere.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / "var" / "audit"
LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-browser.txt")


def tool() -> Path | None:
    """pip-audit, installed from its own lock when it is not there yet; None where that cannot be done."""
    program = HOME / "bin" / "pip-audit"
    if not program.is_file():
        made = subprocess.run([sys.executable, "-m", "venv", str(HOME)], capture_output=True)
        lock = ["--require-hashes", "--only-binary=:all:", "-r", str(ROOT / "requirements-audit.txt")]
        got = made.returncode or subprocess.run(
            [str(HOME / "bin" / "python"), "-m", "pip", "install", "-qq", "--no-input", *lock],
            capture_output=True, timeout=300,
        ).returncode  # fmt: skip
        if got:
            return None
    return program


def ask(program: Path) -> tuple[list[str], int, int]:
    """Known faults in words, how many packages were looked up, and how many could not be."""
    given = [part for lock in LOCKS for part in ("-r", str(ROOT / lock))]
    done = subprocess.run(
        [str(program), *given, "--disable-pip", "--require-hashes", "--format", "json", "--progress-spinner", "off",
         "--timeout", "15"],
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    packages = json.loads(done.stdout)["dependencies"]
    known = [item for item in packages if "skip_reason" not in item]
    faults = [
        f"{item['name']} {item['version']}: {fault['id']}, mended in {', '.join(fault['fix_versions']) or 'no version yet'}"
        for item in known
        for fault in item["vulns"]
    ]
    return faults, len(known), len(packages) - len(known)


def main() -> int:
    try:
        program = tool()
        if program is None:
            print("advisories: NOT ASKED: pip-audit could not be installed.")
            return 0
        faults, known, unknown = ask(program)
    except (OSError, ValueError, KeyError, subprocess.TimeoutExpired):
        print("advisories: NOT ASKED: the advisory service did not answer.")
        return 0
    for fault in faults:
        print(f"advisories: {fault}")
    if unknown:
        print(
            f"advisories: NOT ASKED about {unknown} of {known + unknown} packages: the service here does not know them."
        )
    else:
        print(f"advisories: {known} packages looked up.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
