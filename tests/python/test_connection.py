"""Which server is used, and what is said when it cannot be."""

import pytest

from loaders import connection
from loaders.errors import LoaderError


def test_a_url_becomes_variables() -> None:
    url = "postgres://an%40na:p%2Fw@db.example:6543/shop?sslmode=verify-full&sslrootcert=/ca.pem"
    assert connection.parse_url(url) == {
        "PGHOST": "db.example",
        "PGPORT": "6543",
        "PGUSER": "an@na",
        "PGPASSWORD": "p/w",
        "PGDATABASE": "shop",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/ca.pem",
    }


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://x/y", "must look like postgresql://"),
        ("postgresql:///shop", "must look like postgresql://"),
        ("postgresql://h:port/shop", "cannot be read"),
        ("postgresql://h/shop?pool=3", "has the parameter 'pool'"),
    ],
)
def test_a_url_of_something_else_is_told(url: str, message: str) -> None:
    with pytest.raises(LoaderError, match=message):
        connection.parse_url(url)


@pytest.mark.parametrize(
    "password", ["secret/word", "secret#word", "1/secret", "1?secret", "[secret"]
)
def test_a_url_that_is_misread_shows_nothing_of_its_password(password: str) -> None:
    with pytest.raises(LoaderError, match="cannot be read: write / ") as told:
        connection.parse_url(f"postgresql://u:{password}@h/shop")
    assert "secret" not in str(told.value)


def test_pghost_wins_over_the_url() -> None:
    both = {"PGHOST": "a", "PGUSER": "u", "DATABASE_URL": "postgresql://b/c"}
    assert connection.external(both) == {
        "PGHOST": "a",
        "PGPORT": "5432",
        "PGUSER": "u",
        "PGDATABASE": "u",
    }
    assert connection.external({"DATABASE_URL": "postgresql://u@b/c"}) == {
        "PGHOST": "b",
        "PGPORT": "5432",
        "PGUSER": "u",
        "PGDATABASE": "c",
    }
    assert connection.external({}) is None


def test_a_server_that_does_not_answer_is_told(
    database: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "1")
    with (
        pytest.raises(LoaderError, match=r":1 \(database .*\) cannot be used: .*Check PGHOST"),
        connection.connect(),
    ):
        pass


def test_a_missing_database_is_told(
    database: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGDATABASE", "no_such_database")
    with (
        pytest.raises(LoaderError, match='database "no_such_database" does not exist'),
        connection.connect(),
    ):
        pass


def test_an_old_server_is_told(database: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MINIMUM_VERSION", 99)
    with pytest.raises(LoaderError, match="version 99 or newer is needed"), connection.connect():
        pass
