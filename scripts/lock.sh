#!/usr/bin/env bash
# Writes the lock files anew: one universal set for Python 3.11 and later, every file with its hash.
# Needs uv; name it with UV=/path/to/uv where it is not on the PATH. No package index is named in a lock.
set -euo pipefail
cd "$(dirname "$0")/.."
for name in requirements requirements-dev requirements-browser requirements-bench requirements-audit; do
    "${UV:-uv}" pip compile --quiet --universal --generate-hashes --python-version 3.11 \
        --no-header --no-emit-index-url --no-emit-find-links "$@" "$name.in" -o "$name.txt"
done
