"""Two loads, `dbt build` after each: the second has to take the incremental path.

A fresh database builds every fact from nothing, so CI that builds once never runs what a warehouse
runs every night.
"""

import sys
import tempfile
from pathlib import Path

from loaders.connection import connect
from loaders.errors import LoaderError
from loaders.paths import project_root
from tests.ci.history import write_history
from tests.ci.scratch import Checkout, say, scratch_database


def main() -> int:
    """Run it; return the exit status."""
    try:
        with tempfile.TemporaryDirectory() as name, scratch_database():
            folder = Path(name)
            earlier, later = write_history(folder)
            here = Checkout(project_root(), folder / "target")
            say("first load, first build")
            here.olist("land", earlier, "--mode", "snapshot")
            here.dbt("build", "--warn-error")
            say("second load, second build")
            here.olist("land", later, "--mode", "snapshot")
            here.dbt("build", "--warn-error")
            print(f"\nRebuilt incrementally: {_rebuilt(here)}.")
    except LoaderError as error:
        print(f"build-twice: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("build-twice: interrupted", file=sys.stderr)
        return 130
    return 0


def _rebuilt(here: Checkout) -> str:
    """Say how much of each incremental model was rebuilt.

    Raises LoaderError when it was nothing, or everything: then the path was not taken.
    """
    told = []
    for model, written in sorted(here.written().items()):
        with connect() as link, link.cursor() as cursor:
            cursor.execute(f'select count(*) from marts."{model}"')
            (total,) = cursor.fetchone() or (0,)
        if not 0 < written < total:
            raise LoaderError(f"the second build wrote {written:,} of {total:,} rows of {model}.")
        told.append(f"{model} {written:,} of {total:,} rows")
    if not told:
        raise LoaderError("no incremental model was built.")
    return ", ".join(told)


if __name__ == "__main__":
    sys.exit(main())
