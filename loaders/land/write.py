"""Write one file into its raw table, by the way that fits what is there."""

from typing import IO

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loaders.land.batch import Batch
from loaders.land.fill import fill
from loaders.land.ledger import Counts
from loaders.land.merge import merge, replace
from loaders.sources import SourceFile


def write(
    cursor: Cursor,
    source: SourceFile,
    stream: IO[bytes],
    batch: Batch,
    origin: str,
) -> Counts:
    """Land one file in the transaction of ``cursor`` and return the rows read and written.

    ``origin`` becomes ``_source_file``. Raises LoaderError for a repeated key, psycopg2.Error for
    what COPY refuses.
    """
    target = sql.Identifier("raw", source.table.name)
    # To fill a table takes it from its readers until the batch ends: not where dbt may be at work.
    cursor.execute(
        sql.SQL("select exists (select from {}) or exists (select from raw._seen)").format(target)
    )
    row = cursor.fetchone()
    if row is not None and not row[0]:
        return fill(cursor, source, stream, batch, origin)
    if not source.table.key:
        return replace(cursor, source, stream, batch, origin)
    return merge(cursor, source, stream, batch, origin)
