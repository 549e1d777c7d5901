"""CPU of `planrunner check`: one plan beside `check-jsonschema` on the same file, and a thousand plans in one go.

    python tests/benchmarks/check_plans.py [PLAN]

Each figure is the median of several runs of a fresh process, user and system time of it and its children.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUNS = 11
TARGET_ONE, TARGET_THOUSAND = 0.15, 0.60
# An installation has its modules compiled; a machine that forbids writing them would be timed at compiling.
COMPILED = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def command(name: str) -> str:
    """A console script of this interpreter's environment."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        sys.exit(f"{name} is not installed beside {sys.executable}")
    return found


def cpu(arguments: list[str], runs: int = RUNS) -> float:
    """Median seconds of a command that succeeds."""
    figures = []
    for _ in range(runs + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, env=COMPILED)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            sys.exit(f"{' '.join(arguments[:3])} ... ended with {done.returncode}:\n{done.stdout[:2000]}")
        figures.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(figures[1:])  # the first one fills the caches


def thousand(plan: str, folder: Path) -> list[str]:
    """A thousand plans, no two alike."""
    for number in range(1000):
        text = plan.replace("plan: ", f"plan: {number} ", 1).replace("name: ", f"name: n{number}-")
        (folder / f"plan-{number:04}.yaml").write_text(text, encoding="utf-8")
    return sorted(str(path) for path in folder.glob("*.yaml"))


def main() -> None:
    plan = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "plans" / "chase.yaml"
    ours, other = (
        [command("planrunner"), "check"],
        [command("check-jsonschema"), "--schemafile", str(ROOT / "schemas/plan.schema.json")],
    )
    floor = cpu([sys.executable, "-c", "pass"])
    imports = cpu([sys.executable, "-c", "import yaml, jsonschema, click"])
    one, one_other = cpu([*ours, str(plan)]), cpu([*other, str(plan)])
    with tempfile.TemporaryDirectory() as name:
        files = thousand(plan.read_text(encoding="utf-8"), Path(name))
        many, many_other = cpu([*ours, *files], 5), cpu([*other, *files], 3)
    print(f"CPU seconds, median; plan {plan.name}")
    print(f"an empty interpreter {floor:.3f}; importing yaml, jsonschema and click {imports:.3f}")
    print(f"{'':14}{'planrunner':>12}{'target':>9}{'check-jsonschema':>18}{'ratio':>8}")
    print(f"{'one plan':14}{one:12.3f}{TARGET_ONE:9.2f}{one_other:18.3f}{one_other / one:7.1f}x")
    print(f"{'1,000 plans':14}{many:12.3f}{TARGET_THOUSAND:9.2f}{many_other:18.3f}{many_other / many:7.1f}x")
    print(f"each further plan {(many - one) / 999 * 1000:.2f} ms")


if __name__ == "__main__":
    main()
