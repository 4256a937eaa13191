"""One part in a process of its own: `python -m tests.bench.part MODULE SCALE`. Each result is one line of JSON."""

import importlib
import json
import sys
import warnings
from dataclasses import asdict

from tests.bench.result import Scale


def main(name: str, scale: str) -> None:
    warnings.simplefilter("ignore")
    given = json.loads(scale)
    part = importlib.import_module(f"tests.bench.{name}")
    for result in part.measure(Scale(**given | {"databases": tuple(given["databases"])})):
        sys.stdout.write(json.dumps(asdict(result)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
