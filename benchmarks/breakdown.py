"""Where the wall time of a ``dbt build`` goes, as two tables of Markdown.

    python -m benchmarks.breakdown                       # synthetic data, scale 1
    python -m benchmarks.breakdown --data olist.zip      # the real files
    python -m benchmarks.breakdown --here                # the database in use, as it is

The build starts from an empty database with raw landed, and dbt has parsed the project before.
While several nodes run at once, each has an equal part of that time: the parts add up to the wall.
"""

import argparse
import itertools
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from benchmarks.dbt_run import Run, dbt, parse
from benchmarks.settings import prepared
from loaders.errors import LoaderError

NAMES = {
    "start": "start of Python, import of dbt",
    "parse": "reading the parsed project, catalogue queries",
    "model": "models",
    "test": "data tests",
    "unit_test": "unit tests",
    "seed": "seeds",
    "snapshot": "snapshots",
    "operation": "hooks of the run",
    "idle": "no node at work",
    "end": "artifacts, exit",
}
TOP = 20


def parts(run: Run) -> dict[str, float]:
    """Seconds of wall time by the keys of NAMES; they add up to the whole."""
    shares: defaultdict[str, float] = defaultdict(float)
    nodes = [node for node in run.nodes if node.ended]
    moments = sorted({moment for node in nodes for moment in (node.began, node.ended)})
    for since, until in itertools.pairwise(moments):
        active = [node.kind for node in nodes if node.began <= since and node.ended >= until]
        for kind in active or ["idle"]:
            known = kind if kind in NAMES else "idle"
            shares[known] += (until - since) / max(1, len(active))
    shares["start"] = run.greeted - run.began
    shares["parse"] = moments[0] - run.greeted
    shares["end"] = run.wall - sum(shares.values())
    return {key: shares[key] for key in NAMES}


def table(run: Run) -> str:
    """Wall time by what dbt was doing."""
    lines = [
        "| what | nodes | share of wall, s | % | sum of execution, s | of it in PostgreSQL, s "
        "| dbt's own, ms a node | statements a node |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for key, wall in parts(run).items():
        nodes = [node for node in run.nodes if node.kind == key]
        execution, database = run.execution(key), run.database(key)
        cells = [NAMES[key], "", f"{wall:.2f}", f"{100 * wall / run.wall:.0f}", "", "", "", ""]
        if nodes:
            own = 1000 * (execution - database) / len(nodes)
            statements = sum(node.statements for node in nodes) / len(nodes)
            cells[1] = str(len(nodes))
            cells[4:] = [f"{execution:.2f}", f"{database:.2f}", f"{own:.0f}", f"{statements:.1f}"]
        lines.append(f"| {' | '.join(cells)} |")
    lines.append(
        f"| **all** | {len(run.nodes)} | {run.wall:.2f} | 100 | {run.execution():.2f} "
        f"| {run.database():.2f} | | |"
    )
    opened = sum(node.connections for node in run.nodes)
    lines.append(
        f"\ndbt's process: {run.cost.processor:.2f} s of processor, "
        f"{run.cost.memory / 1e6:.0f} MB at its peak, {opened} connections opened."
    )
    return "\n".join(lines)


def slowest(run: Run, count: int = TOP) -> str:
    """The nodes that cost most."""
    lines = [
        "| node | kind | execution, s | in PostgreSQL, s | statements |",
        "|---|---|--:|--:|--:|",
    ]
    ranked = sorted(run.nodes, key=lambda node: (-node.seconds, node.unique_id))
    lines += [
        f"| {node.name} | {node.kind} | {node.seconds:.2f} | {node.database:.2f} "
        f"| {node.statements} |"
        for node in ranked[:count]
    ]
    return "\n".join(lines)


def report(run: Run) -> str:
    """Both tables."""
    return f"{table(run)}\n\n{slowest(run)}"


def main() -> None:
    """Measure one build and print where its time went."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.breakdown", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--data", type=Path, metavar="PATH", help="folder or zip of the nine files")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="of synthetic data, without --data"
    )
    parser.add_argument("--threads", type=int, help="as the profile has it")
    parser.add_argument("--here", action="store_true", help="the database in use, as it is")
    asked = parser.parse_args()
    threads = ("--threads", str(asked.threads)) if asked.threads else ()
    try:
        if asked.here:
            with tempfile.TemporaryDirectory(prefix="olist-bench-") as folder:
                parse(Path(folder))
                print(report(dbt(Path(folder), "build", *threads, detail=True)))
            return
        with prepared(asked.data, 1, (asked.scale,)) as settings, settings.database():
            settings.run("loaders", "land", "--mode", "snapshot", settings.data)
            target = settings.scratch / "target"
            parse(target)
            print(report(dbt(target, "build", *threads, detail=True)))
    except LoaderError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
