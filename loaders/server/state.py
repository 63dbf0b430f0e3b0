"""What is remembered about the server between two commands (``.postgres/server.json``)."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from loaders.errors import LoaderError
from loaders.server import layout


@dataclass(frozen=True)
class Server:
    """The remembered server; ``bin`` and ``version`` are those of its last start."""

    host: str
    port: int
    user: str
    password: str
    database: str
    bin: str
    version: str

    def environment(self) -> dict[str, str]:
        """The variables by which libpq, psycopg2 and dbt find this server."""
        return {
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
            "PGDATABASE": self.database,
        }


def _file() -> Path:
    return layout.home_dir() / "server.json"


def load() -> Server | None:
    """Read server.json; None when it is missing or damaged (``up`` then makes it anew)."""
    try:
        values: Any = json.loads(_file().read_text(encoding="utf-8"))
        server = Server(**{field.name: values[field.name] for field in fields(Server)})
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise LoaderError(f"{_file()} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError):
        return None
    return server if all(type(getattr(server, f.name)) is f.type for f in fields(Server)) else None


def save(server: Server) -> None:
    """Write server.json, readable by its owner only. Raises LoaderError."""
    text = json.dumps(asdict(server), indent=2) + "\n"
    layout.write_whole(_file(), text, layout.home_dir().stat())
