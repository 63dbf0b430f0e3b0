"""The batch columns of a first landing: kept once a table, not in each row."""

from pathlib import Path

import pytest

from conftest import Query, write_csv
from loaders.land import Counts, Rules
from loaders.land import land as land_path

SELLERS = ("s1,01037,sao paulo,SP", "s2,20031,rio de janeiro,RJ")


def land(path: Path) -> Counts:
    return land_path(path, say=lambda _: None, rules=Rules())


@pytest.mark.parametrize("read_by_others", [False, True])
def test_batch_columns_of_a_first_landing_are_kept_once(
    tmp_path: Path, query: Query, read_by_others: bool
) -> None:
    write_csv(tmp_path / "a", "product_category_name_translation", "casa,home")
    land(tmp_path / "a")
    if read_by_others:  # then the columns stay, and with them what somebody has made
        query("create view public.theirs as select seller_id, _batch_id from raw.sellers")
    write_csv(tmp_path / "b", "sellers", *SELLERS)
    land(tmp_path / "b")
    kept = "atthasmissing and not atthasdef and attnotnull"
    assert query(
        f"select attname, {kept} from pg_attribute where attrelid = 'raw.sellers'::regclass"
        " and attnum > 4 and not attisdropped order by attnum"
    ) == [
        ("_batch_id", not read_by_others),
        ("_loaded_at", not read_by_others),
        ("_source_file", not read_by_others),
        ("_deleted_at", False),
    ]
    assert query("select seller_id, _batch_id from raw._sellers_seen order by 1") == [
        ("s1", 2),
        ("s2", 2),
    ]
    if read_by_others:
        assert query("select * from public.theirs order by 1") == [("s1", 2), ("s2", 2)]
    write_csv(tmp_path / "b", "sellers", SELLERS[0], "s2,20031,niteroi,RJ")
    assert land(tmp_path / "b") == Counts(read=2, changed=1)
    assert query("select seller_id, _batch_id from raw.sellers order by 1") == [
        ("s1", 2),
        ("s2", 3),
    ]
