"""python -m integrations.simulator: every vendor's simulator on one loopback port."""

import argparse

from integrations.simulator.found import kinds, serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m integrations.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=8100, help="0 takes any free port")
    parser.add_argument("--kind", action="append", choices=kinds(), help="only this vendor; may be repeated")
    parser.add_argument("--seed", default="demo", choices=("demo", "tiny"))
    parser.add_argument("--size", type=int, help="number of products")
    given = parser.parse_args()
    serve(given.port, given.kind, seed=given.seed, size=given.size)


if __name__ == "__main__":
    main()
