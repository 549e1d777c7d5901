"""CPU of `planrunner review` on a repository of 500 plans of which 5 changed, beside checking all of them.

    python tests/benchmarks/review.py [PLANS] [CHANGED]

A part of the plans use one blueprint, others a table each. Each figure is the median of several runs of a fresh process, user and
system time of it and of git.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.app.reviewed import FILES, PLAN, SITE, USES, Plans
from tests.benchmarks.check_plans import command, cpu

RUNS = 7
TARGET = 1.0


def made(root: Path, plans: int) -> Plans:
    """Of ten plans one uses the blueprint and one has a table of its own."""
    repository = Plans(root)
    repository.write("plans/planrunner.yaml", SITE)
    repository.write("plans/blueprints/back.yaml", FILES["plans/blueprints/back.yaml"])
    for number in range(plans):
        name = f"plans/plan-{number:04}.yaml"
        match number % 10:
            case 0:
                repository.write(name, USES.replace("by the blueprint", f"{number}"))
            case 1:
                repository.write(name, FILES["plans/tabled.yaml"].replace("picks.csv", f"picks-{number}.csv"))
                repository.write(f"plans/tables/picks-{number}.csv", FILES["plans/tables/picks.csv"])
            case _:
                repository.write(name, PLAN.replace("Back Arsenal", f"Back Arsenal {number}"))
    repository.commit()
    return repository


def main() -> None:
    plans, changed = (int(given) if given else usual for given, usual in zip((*sys.argv[1:], "", "")[:2], (500, 5), strict=True))
    planrunner = command("planrunner")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "repository"
        repository = made(root, plans)
        empty = cpu([planrunner, "--version"], RUNS)
        for number in range(2, 2 + changed):
            repository.change(f"plans/plan-{number:04}.yaml", "stake: 10.00", "stake: 12.00")
        review = [sys.executable, "-c", _IN.format(folder=str(root)), "review", "--base", "HEAD"]
        one = cpu(review, RUNS)
        whole = cpu([planrunner, "check", f"{root}/plans"], RUNS)
        repository.change("plans/planrunner.yaml", "20.00", "19.00")
        every = cpu(review, 3)
    print(f"planrunner --version                                {empty:6.3f} s")
    print(f"review of {changed} of {plans} plans                           {one:6.3f} s  (target {TARGET} s)")
    print(f"check of all {plans}                                    {whole:6.3f} s  ({whole / one:.1f} times as much)")
    print(f"review of a changed site file: all {plans} on both sides {every:6.3f} s")


# A process begins in the repository, as a job does.
_IN = "import os, sys; os.chdir({folder!r}); from planrunner.cli.main import main; main()"

if __name__ == "__main__":
    main()
