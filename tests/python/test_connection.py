"""Which server is used, and what is said when it cannot be."""

import pytest

from loaders import connection
from loaders.errors import LoaderError, redact


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
    "url",
    [
        "mysql://u:secret@h/shop",
        "host=h password=secret",
        "postgresql:///shop?password=secret",
        "postgresql://u:secret@h:port/shop",
        "postgresql://u:secret@h/shop?keepalives=3",
        "postgresql://u:secret/word@h/shop",
        "postgresql://u:1/secret@h/shop",
        "postgresql://u:se@cret@h/shop",
        "postgresql://u:%secret@h/shop",
    ],
)
def test_a_url_that_cannot_be_read_shows_nothing_of_its_password(url: str) -> None:
    with pytest.raises(LoaderError, match="DATABASE_URL cannot be read: it must look") as refused:
        connection.parse_url(url)
    assert "secret" not in str(refused.value)
    assert "cret@" not in str(refused.value)


@pytest.mark.parametrize("password", ["secret#word", "1?secret", "[secret", "a:b"])
def test_a_url_is_read_as_every_client_reads_it(password: str) -> None:
    found = connection.parse_url(f"postgresql://u:{password}@h/shop")
    assert (found["PGPASSWORD"], found["PGHOST"]) == (password, "h")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("at mysql://u:a/b@c@h/x is down", "at mysql://u:***@h/x is down"),
        ("http://h/?x=1&api_token=abc&y=2", "http://h/?x=1&api_token=***&y=2"),
        ("http://h/?apikey=abc", "http://h/?apikey=***"),
        ("/data/march.zip, line 7: a@b", "/data/march.zip, line 7: a@b"),
        ("s3://b/?secret_key=a&x=1", "s3://b/?secret_key=***&x=1"),
        ("postgresql://h/x", "postgresql://h/x"),
    ],
)
def test_redact(text: str, shown: str) -> None:
    assert redact(text) == shown


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({"PGHOST": "a", "PGUSER": "u", "DATABASE_URL": "postgresql://b/c"}, ("a", "u", "u")),
        ({"DATABASE_URL": "postgresql://u@b/c"}, ("b", "u", "c")),
        ({"DATABASE_URL": "postgresql://b", "USER": "me"}, ("b", "me", "me")),
    ],
)
def test_pghost_wins_over_the_url(variables: dict[str, str], found: tuple[str, ...]) -> None:
    host, user, database = found
    assert connection.external(variables) == {
        "PGHOST": host,
        "PGPORT": "5432",
        "PGUSER": user,
        "PGDATABASE": database,
    }
    assert connection.external({}) is None


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("PGPORT", "1", r":1 \(database .*\) cannot be used: .*Check PGHOST"),
        ("PGDATABASE", "no_such_database", 'database "no_such_database" does not exist'),
    ],
)
def test_a_server_that_cannot_be_used_is_an_error(
    database: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    message: str,
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(LoaderError, match=message), connection.connect():
        pass


def test_an_old_server_is_an_error(
    database: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MINIMUM_VERSION", 99)
    with pytest.raises(LoaderError, match="version 99 or newer is needed"), connection.connect():
        pass


def test_a_lock_is_waited_for_and_given_back(database: dict[str, str]) -> None:
    waited: list[str] = []
    with connection.connect() as one, connection.connect() as other:
        with connection.exclusive(one, lambda: waited.append("one"), connection.BUILDING):
            with connection.exclusive(other, lambda: waited.append("other"), connection.LANDING):
                pass  # another lock is free

            def waiting() -> None:
                waited.append("other")
                raise InterruptedError

            with (
                pytest.raises(InterruptedError),
                connection.exclusive(other, waiting, connection.BUILDING),
            ):
                pass
        with connection.exclusive(other, lambda: waited.append("again"), connection.BUILDING):
            pass
    assert waited == ["other"]
