#!/usr/bin/env bash
# Every check that needs no test run. All of them run; the exit code says whether all passed.
set -uo pipefail
cd "$(dirname "$0")/.."
python=.venv/bin/python
failed=()

check() {
    local name=$1 output
    shift
    if output=$("$@" 2>&1); then
        output_of_last=$output
        printf 'lint: %-14s ok\n' "$name"
    else
        printf '%s\n' "$output"
        printf 'lint: %-14s FAILED: %s\n' "$name" "$*"
        failed+=("$name")
    fi
}

# Checks must not depend on, or touch, the data of a hub that runs from this checkout.
HUB_VAR=$(mktemp -d)
export HUB_VAR
trap 'rm -rf "$HUB_VAR"' EXIT

check style "$python" -m ruff check --quiet .
check format "$python" -m ruff format --check --quiet .
check types "$python" -m mypy
check imports .venv/bin/python -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
check migrations "$python" manage.py makemigrations --check --dry-run
check settings "$python" manage.py check
check security "$python" -m bandit -q -ll -c pyproject.toml -r catalog config integrations orders scripts manage.py
check advisories "$python" scripts/advisories.py
printf '%s\n' "$output_of_last"
[ ${#failed[@]} = 0 ] || { printf 'lint: failed: %s\n' "${failed[*]}"; exit 1; }
