#!/usr/bin/env bash
# Makes .venv and installs the locked packages into it, hashes checked, wheels only.
#   scripts/setup.sh           what the hub runs on
#   scripts/setup.sh --dev     and what tests and linters need
#   scripts/setup.sh --bench   and what the benchmark compares with
# A stamp with the hash of the lock files lets later runs skip everything. Exit 69: something is missing that only
# an administrator can install; the line to run is printed.
set -euo pipefail
cd "$(dirname "$0")/.."

case "${1:-}" in
    "") locks=(requirements.txt) kind=runtime ;;
    --dev) locks=(requirements.txt requirements-dev.txt requirements-browser.txt) kind=dev ;;
    --bench) locks=(requirements.txt requirements-dev.txt requirements-bench.txt) kind=bench ;;
    *) echo "setup: unknown option $1 (known: --dev, --bench)" >&2; exit 2 ;;
esac

say() { printf 'setup: %s\n' "$*"; }

# Installs Debian packages when that is ours to do, else says how and stops.
debian() {
    if ! command -v apt-get >/dev/null; then
        say "missing: $*. Install them with this system's package manager, then run this again." >&2
        exit 69
    fi
    if [ "$(id -u)" != 0 ]; then
        say "missing: $*. Run this once, then this command again:" >&2
        echo "    sudo apt-get update && sudo apt-get install -y $*" >&2
        exit 69
    fi
    say "installing Debian packages: $*"
    export DEBIAN_FRONTEND=noninteractive
    local log
    log=$(mktemp)
    if ! { apt-get update -q && apt-get install -y -q --no-install-recommends "$@"; } >"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        say "apt-get could not install: $*" >&2
        exit 69
    fi
    rm -f "$log"
}

fits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1; }
# ensurepip alone imports without its wheel on Debian; venv needs both.
can_venv() { "$1" -c 'import ensurepip, venv; ensurepip.version()' >/dev/null 2>&1; }

python=
find_python() {
    local name
    for name in ${PYTHON:+"$PYTHON"} python3.11 python3.12 python3.13 python3; do
        if fits "$name"; then
            python=$name
            can_venv "$name" && return 0
        fi
    done
    [ -n "$python" ]
}

fingerprint() { cat "${locks[@]}" | sha256sum | cut -d ' ' -f 1; }

command -v make >/dev/null || debian make
stamp=.venv/.locked-$kind
if fits .venv/bin/python && [ "$(cat "$stamp" 2>/dev/null)" = "$(fingerprint)" ]; then
    exit 0
fi

began=$SECONDS
if ! fits .venv/bin/python || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    find_python || { debian python3 python3-venv; find_python; } || {
        say "Python 3.11, 3.12 or 3.13 is needed; this system's is $(python3 --version 2>&1 || echo none)." \
            "Install one and name it: PYTHON=/path/to/python3.12 make setup" >&2
        exit 69
    }
    if ! can_venv "$python"; then
        # Debian's own python3 has its venv package under the plain name, other versions under theirs.
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        if [ "$version" = "$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" ]; then
            debian python3-venv
        else
            debian "python$version-venv"
        fi
        can_venv "$python" || { say "$python still cannot make virtual environments" >&2; exit 69; }
    fi
    say "$("$python" --version) -> .venv"
    rm -rf .venv
    "$python" -m venv .venv
fi

count=$(cat "${locks[@]}" | grep -c '^[a-zA-Z0-9].*==')
say "installing the locked packages ($count, $kind)"
arguments=()
for lock in "${locks[@]}"; do arguments+=(-r "$lock"); done
.venv/bin/python -m pip install -qq --no-input --disable-pip-version-check \
    --require-hashes --only-binary=:all: "${arguments[@]}" || {
    say "pip could not install the locked packages; its message is above. Nothing half-made is kept as done:" \
        "run this again once the cause is gone." >&2
    exit 1
}
fingerprint >"$stamp"
if [ "$kind" != runtime ]; then
    sha256sum requirements.txt | cut -d ' ' -f 1 >.venv/.locked-runtime
fi
say "ready in $((SECONDS - began)) s"
