"""From the command line: `python -m tests.simulation --seeds 20000`, one seed with its story, or the planted bugs."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.simulation.county import Template
from tests.simulation.judge import Verdict
from tests.simulation.seeds import all_judged, found_by, judged, quiet, totals


def main() -> int:
    """Exit status 1 when a seed breaks a promise, or a planted bug is not found."""
    options = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    options.add_argument("--seeds", type=int, default=300, help="how many seeds; the most to look for a planted bug")
    options.add_argument("--first", type=int, default=0, help="the first of them")
    options.add_argument("--seed", type=int, help="only this one, telling what happened")
    options.add_argument("--planted", action="store_true", help="plant each known bug and see that it is found")
    given = options.parse_args()
    if given.planted:
        return _planted(given.seeds)
    if given.seed is not None:
        quiet()
        with tempfile.TemporaryDirectory(prefix="xinqiao-sim-") as top:
            verdict = judged(Template(Path(top) / "county"), given.seed, tell=True)
        print("\n".join(verdict.broken) or "every promise was kept")
        return 1 if verdict.broken else 0
    return _many(range(given.first, given.first + given.seeds))


def _many(seeds: range) -> int:
    began, verdicts = time.monotonic(), []
    failing = 0
    for seed, verdict in all_judged(seeds):
        verdicts.append(Verdict(counts=verdict.counts))
        if verdict.broken:
            failing += 1
            print(f"seed {seed}: " + "; ".join(verdict.broken[:4]), flush=True)
    counts = totals(verdicts)
    print(f"{len(seeds)} seeds in {time.monotonic() - began:.0f} s: {failing} broke a promise")
    print("  " + ", ".join(f"{what} {counts[what]}" for what in ("lost", "duplicated", "unexpected", "recovered")))
    print("  " + ", ".join(f"{what} {count}" for what, count in sorted(counts.items())))
    return 1 if failing else 0


def _planted(most: int) -> int:
    blind = 0
    for name, seed, broken in found_by(most):
        blind += seed is None
        print(f"{'NOT FOUND' if seed is None else f'seed {seed}':>10}  {name:<52} {broken[:90]}", flush=True)
    return 1 if blind else 0


if __name__ == "__main__":
    sys.exit(main())
