"""The ``olist`` command: arguments in, one command run, errors told in a sentence."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from loaders.commands import (
    answers,
    engines,
    files,
    lake,
    land,
    project,
    rejects,
    roles,
    run,
    semantic,
    server,
    status,
)
from loaders.errors import LoaderError
from loaders.redact import redact

# In the order of the help.
_GROUPS = (
    server,
    roles,
    status,
    files,
    land,
    rejects,
    lake,
    engines,
    answers,
    semantic,
    project,
)

_EXAMPLES = """examples:
  olist up && eval "$(olist env)"             start the embedded PostgreSQL, point tools at it
  olist sample --out data/sample --scale 0.1  make synthetic files
  olist land data/sample --mode snapshot      land them in schema raw
  olist land march.zip                        land more rows later (never removes any)
  olist answers monthly_revenue               what the business asks (--list: all there is)
  olist psql -c '\\d+ marts.fct_orders'        ask the warehouse
  olist mf query --metrics revenue            ask the semantic layer
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    options.rest = rest
    if rest and not getattr(options, "takes_more", False):
        parser.error(redact(f"unrecognized arguments: {' '.join(rest)}"))
    try:
        run(options)
        sys.stdout.flush()  # here, and not at the interpreter's end, a broken pipe can be caught
    except LoaderError as error:
        print(f"olist: {redact(' '.join(str(error).splitlines()))}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("olist: interrupted; what was under way is rolled back", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output has gone, as in `olist status | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


class _Version(argparse.Action):
    """Looked up only when it is asked for: that takes as long as a small command."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version  # noqa: PLC0415

        print(f"olist {version('olist-warehouse')}")
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="olist",
        description="Land marketplace CSVs in PostgreSQL for dbt to build on.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print it, and stop")
    commands = parser.add_subparsers(metavar="command", required=True)

    def command(
        name: str, about: str, does: Callable[[argparse.Namespace], None]
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=about, description=about)
        added.set_defaults(run=does)
        return added

    for group in _GROUPS:
        group.add(command)
    return parser


if __name__ == "__main__":
    sys.exit(main())
