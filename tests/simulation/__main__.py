"""make simulate SEEDS=1..5000 runs schedules; SEEDS=17 tells one, as small as it fails."""

from __future__ import annotations

import re
import sys
import time

from tests.simulation.campaign import Report, campaign, explain

STORIES = 3


def main(asked: str) -> int:
    found = re.fullmatch(r"(\d+)(?:\.\.(\d+))?", asked)
    if found is None:
        sys.stderr.write("Give SEEDS as a range such as 1..5000, or one seed such as 17.\n")
        return 2
    if found[2] is None:
        told = explain(int(found[1]))
        sys.stdout.write("\n".join(told) + "\n")
        return int(not told[-1].endswith("everything held"))
    began = time.monotonic()
    report = campaign(range(int(found[1]), int(found[2]) + 1))
    sys.stdout.write(_figures(report, time.monotonic() - began))
    for seed in sorted(report.failed)[:STORIES]:
        sys.stdout.write("\n" + "\n".join(explain(seed)) + "\n")
    return int(bool(report.failed))


def _figures(report: Report, seconds: float) -> str:
    rows = [f"{'schedules':>36} {report.schedules:>9}", f"{'failed':>36} {len(report.failed):>9}"]
    rows += [f"{name:>36} {count:>9}" for name, count in sorted(report.counts.items())]
    return "\n".join([*rows, f"{seconds:.0f} seconds", ""])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "1..2000"))
