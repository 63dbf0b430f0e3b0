"""The ``olist`` command: its subcommands, what they take, and how an error is shown.

Those that only read the warehouse stand in ``cli_reading``.

A command imports what it runs when it runs, so that ``olist env`` is instant.
"""

import io
import os
import re
import shlex
import shutil
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

import click

from loaders.cli_reading import READING
from loaders.errors import LoaderError, redact, sentence_of
from loaders.paths import server_folder

Names = tuple[str, ...]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    try:
        given = list(sys.argv[1:] if arguments is None else arguments)
        with olist.make_context("olist", given) as context:
            olist.invoke(context)
        sys.stdout.flush()  # here, and not at the interpreter's end, a broken pipe can be caught
    except click.exceptions.Exit as done:  # --help, --version
        return done.exit_code
    except click.UsageError as error:
        shown = io.StringIO()
        error.show(shown)
        print(redact(shown.getvalue()), end="", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        _fail("interrupted; unfinished work was rolled back")
        return 130
    except BrokenPipeError:  # the reader of our output has gone, as in `olist status | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        if (sentence := sentence_of(error)) is None:
            raise
        _fail(redact(" ".join(sentence.splitlines())))
        return 1
    return 0


def _fail(sentence: str) -> None:
    """Say last, and on stderr, why a command failed."""
    with suppress(BrokenPipeError):
        sys.stdout.flush()  # a pipe's output is buffered
    print(f"olist: {sentence}", file=sys.stderr)


def _acting(kind: str) -> AbstractContextManager[None]:
    from loaders.roles import as_role

    return as_role(kind)


def _known(_: click.Context, __: click.Parameter, value: Any) -> Any:
    """Check names of raw tables, which only who gives some waits for."""
    if value:
        from loaders.tables import BY_NAME

        for name in [value] if isinstance(value, str) else value:
            if name not in BY_NAME:
                raise click.BadParameter(f"no raw table '{name}'; there are {', '.join(BY_NAME)}")
    return value


def _seconds(_: click.Context, __: click.Parameter, value: str | None) -> float | None:
    found = re.fullmatch(r"(\d*\.?\d+)(s|m|min|h)", value or "")
    if value and not found:
        raise click.BadParameter(f"'{value}' is not a duration; write it like 30s or 5m")
    return float(found[1]) * {"s": 1, "h": 3600}.get(found[2], 60) if found else None


def _rate(context: click.Context, option: click.Parameter, value: str) -> float:
    count, _, unit = value.partition("/")
    seconds = _seconds(context, option, f"1{unit}") if unit else None
    if not seconds or not count.isdecimal() or not int(count):
        raise click.BadParameter(f"'{value}' is not a rate; write it like 100/min or 50/s")
    return int(count) / seconds


_passed_on = {"ignore_unknown_options": True}
_arguments = click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
_role = click.option(
    "--role",
    type=click.Choice(("loader", "transformer", "reader")),
    help="Act as one of the roles of 'olist roles' (default: the owner).",
)
_folder = click.Path(path_type=Path, file_okay=False)
_lake_of = "s3://bucket/prefix/ or a folder (or set OLIST_LAKE)."


@click.group(context_settings={"show_default": True})
@click.version_option(package_name="olist-warehouse")
@click.pass_context
def olist(context: click.Context) -> None:
    """Land marketplace CSVs in PostgreSQL for dbt to build on.

    \b
    Examples:
      olist up && eval "$(olist env)"             start PostgreSQL, point tools at it
      olist sample --out data/sample --scale 0.1  make synthetic files
      olist land data/sample --mode snapshot      land them in schema raw
      olist land march.zip                        land more rows later (never removes any)
      olist answers monthly_revenue               run an analysis (--list: list all)
      olist psql -c '\\d+ marts.fct_orders'        query the warehouse
      olist mf query --metrics revenue            compute metrics (olist metrics: list them)
      olist ask "revenue by state in 2017"        ask in words
      olist dashboard                             show them on http://127.0.0.1:8501
    """
    from loaders.connection import report_other_folder

    if context.invoked_subcommand != "env":  # that is this folder's in any case
        report_other_folder()


@olist.command()
def up() -> None:
    """Start the embedded PostgreSQL (made at first use), unless PGHOST names a server."""
    from loaders import connection, server

    if (named := connection.external()) is None:
        server.up()
    else:
        with connection.connect():
            print(f"Using the server at {named['PGHOST']}:{named['PGPORT']}.")


@olist.command()
def down() -> None:
    """Stop the embedded PostgreSQL; its data stays."""
    from loaders import connection, server

    if connection.external():
        raise LoaderError("PGHOST or DATABASE_URL names a server of your own: not stopped.")
    server.down()


@olist.command()
@_role
@click.option("--dotenv", "form", flag_value="dotenv", help="As a .env file: NAME=value.")
@click.option("--url", "form", flag_value="url", help="As one postgresql:// URL.")
def env(role: str | None, form: str | None) -> None:
    """Print the server's address and credentials as exports: eval "$(olist env)".

    Editors and schedulers that call dbt inside their own process read a .env file.
    """
    from loaders import connection

    if connection.other_folder():
        os.environ.pop("PGHOST")
    variables = _variables(role)
    if form == "url":
        from loaders.connection import url_of

        print(url_of(variables))
        return
    if connection.external() is None:
        variables[connection.SERVER_FOLDER] = str(server_folder())
    for name, value in variables.items():
        print(f"{'' if form else 'export '}{name}={shlex.quote(value)}")


@olist.command(context_settings=_passed_on)
@_role
@_arguments
def psql(role: str | None, arguments: Names) -> None:
    """Open psql on the warehouse; other arguments go to psql: olist psql -c 'select 1'."""
    from loaders import connection, server

    # For a server of the user's own, the machine's psql: the embedded one is built without TLS.
    program = (connection.external() and shutil.which("psql")) or server.find_psql()
    if program is None:
        raise LoaderError("psql was not found: install a PostgreSQL client, or set PGBIN.")
    if connection.external() is None and not server.is_running():
        raise LoaderError("the embedded server is not running: run 'olist up'.")
    os.environ.update(_variables(role))
    os.execv(program, [str(program), *arguments])  # noqa: S606 - psql takes over


def _variables(role: str | None) -> dict[str, str]:
    from loaders import connection, roles

    return roles.credentials(role) if role else connection.environment()


@olist.command()
@click.option("--reader-timeout", default="60s", help="Statement timeout of the reader; 0: none.")
@click.option(
    "--new-passwords",
    is_flag=True,
    help="Set new passwords: OLIST_LOADER_PASSWORD …, else generated.",
)
def roles(reader_timeout: str, new_passwords: bool) -> None:
    """Create the roles: loader (writes raw), transformer (dbt), reader (marts, reports)."""
    from loaders.roles import make

    make(timeout=reader_timeout, renew=new_passwords)


@olist.command()
@click.option("--json", "form", flag_value="json", help="Print JSON.")
@click.option("--prometheus", "form", flag_value="prometheus", help="Print metrics to collect.")
def status(form: str | None) -> None:
    """Show the server, the last batches, the rows of each raw table, streams and the last build."""
    from loaders import status

    status.status(form)


@olist.command()
@click.option(
    "--failed",
    metavar="SUBJECT",
    envvar="OLIST_FAILED",
    help="Report a failure that was not reported yet (or set OLIST_FAILED).",
)
def notify(failed: str | None) -> None:
    """Send a test message to the addresses in OLIST_NOTIFY (docs/alerts.md)."""
    from loaders import alerts

    alerts.failed(failed) if failed else alerts.send_test()


@olist.command()
def doctor() -> None:
    """Check packages, disk, server, roles, the last load and dbt; suggest fixes."""
    from loaders import doctor

    doctor.doctor()


@olist.command()
@click.option("--out", type=_folder, help="Folder for the zip (default: data).")
@click.option("--force", is_flag=True, help="Download it again.")
def download(out: Path | None, force: bool) -> None:
    """Download the Olist dataset from Kaggle (needs credentials)."""
    from loaders import download
    from loaders.paths import state_root

    print(download.download(out or state_root() / "data", force=force))


@olist.command()
@click.option("--out", type=_folder, help="Folder for the CSV files.")
@click.option("--stream", "location", metavar="kafka://…", help="Send them as events instead.")
@click.option("--rate", default="100/min", callback=_rate, help="Of these: 100/min, 50/s.")
@click.option("--scale", default=1.0, help="1.0 has the real row counts.")
@click.option("--seed", default=20161004, help="Same seed, same bytes.")
@click.option("--with-operations", is_flag=True, help="Also marketing, inventory and invoices.")
def sample(
    out: Path | None, location: str | None, rate: float, with_operations: bool, **size: Any
) -> None:
    """Generate synthetic files like Olist's, or events; no account needed.

    With --stream the orders happen again, in the order of their times: placed, paid, approved,
    shipped, delivered, reviewed. Some events come late or twice.
    """
    from loaders.sample import generate

    if (out is None) == (location is None):
        raise click.UsageError("Name either --out or --stream.")
    if location is not None:
        from loaders.sample.stream import play

        play(location, rate, **size)
    else:
        for file, count in generate(
            Path(str(out)), **size, with_operations=with_operations
        ).items():
            print(f"  {file}: {count:,} rows")


@olist.command()
@click.argument("location")
@click.option("--mode", type=click.Choice(("delta", "snapshot")), default="delta")
@click.option(
    "--table", "tables", multiple=True, callback=_known, help="Land only this table (repeatable)."
)
@click.option(
    "--archive", envvar="OLIST_LAKE", help=f"Also archive the files to a lake: {_lake_of}"
)
@click.option("--encoding", default="utf-8", help="Encoding of files that are not UTF-8.")
@click.option("--null-marker", help="Read this text, like NULL or \\N, as null.")
@click.option(
    "--max-rejects", default="0", metavar="N|P%", help="Reject at most this many rows per file."
)
@click.option("--allow-removals", is_flag=True, help="Let a snapshot remove over 5% of a table.")
@click.option("--wait/--no-wait", default=True, help="Wait for another load, or stop.")
def land(location: str, mode: str, tables: Names, archive: str | None, **rules: Any) -> None:
    """Land files or a database in schema raw, as one batch.

    LOCATION is a folder, zip, .csv or .csv.gz file, s3://…, mysql://…, postgresql://…, kafka://…,
    rates://, weather://, or env://VARIABLE that holds one of them. A delta adds and changes rows; a
    snapshot is complete: rows that it lacks are removed.

    \b
    Examples:
      olist land data/sample --mode snapshot
      olist land march.zip --table orders --table order_items
      olist land orders.csv --max-rejects 1%      then 'olist rejects' lists them
    """
    from loaders.lake import archiving
    from loaders.land import Rules
    from loaders.land import land as land_location

    with _acting("loader"):
        lake = archiving(archive)
        land_location(location, mode, tables, rules=Rules(**rules), archiving=lake)


@olist.command()
@click.argument("location", envvar="OLIST_STREAM")
@click.option("--every", default="5s", callback=_seconds, help="From one batch to the next.")
@click.option("--build", callback=_seconds, help="Build the facts too, at most so often: 30s.")
def stream(location: str, every: float, build: float | None) -> None:
    """Land topics again and again, until it is stopped: kafka://host:9092/olist.orders,…

    Each batch has what came since the last one, exactly once (docs/stream.md). Ctrl-C and SIGTERM
    end it after a whole batch.
    """
    from loaders.stream import stream

    with _acting("loader"):
        stream(location, every, build)


@olist.command()
@click.option("--batch", type=int, help="Only this batch.")
@click.option("--table", callback=_known, help="Only this raw table.")
def rejects(batch: int | None, table: str | None) -> None:
    """List the rows that 'olist land --max-rejects' or a stream rejected."""
    from loaders.land.rejects import show

    with _acting("loader"):
        show(batch, table)


@olist.command()
@click.argument("lake", envvar="OLIST_LAKE")
def archive(lake: str) -> None:
    """Archive landed batches that the lake lacks, as Parquet."""
    from loaders.lake.archive import archive

    with _acting("loader"):
        archive(lake)


@olist.command()
@click.argument("lake", envvar="OLIST_LAKE")
@click.option("--until", type=int, help="Number of the last batch to restore.")
def replay(lake: str, until: int | None) -> None:
    """Restore schema raw from a lake, row for row."""
    from loaders.lake.replay import replay

    with _acting("loader"):
        replay(lake, until=until)


@olist.command()
def deps() -> None:
    """Install dbt packages from the hub, or the offline stand-in."""
    from loaders.packages import install

    install()


@olist.command()
def build() -> None:
    """Run everything: server, data, landing, dbt build, summary."""
    from loaders import build

    build.build()


for command in READING:
    olist.add_command(command)
