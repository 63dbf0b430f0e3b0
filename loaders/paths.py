"""Where the project and its local state live."""

import os
from pathlib import Path


def project_root() -> Path:
    """Folder of the checkout: the one that holds ``dbt_project.yml`` and this package."""
    return Path(__file__).resolve().parent.parent


def sample_folder() -> Path:
    """Where ``make build`` keeps the synthetic files; they may not be there yet."""
    return (state_root() / "data" / "sample").resolve()


def state_root() -> Path:
    """Folder for local state that git ignores (``.postgres/`` and ``data/``).

    The project root, unless ``OLIST_HOME`` names another folder (tests do, to stay apart from the
    server that a developer has running).
    """
    home = os.environ.get("OLIST_HOME")
    return Path(home).expanduser().resolve() if home else project_root()


def server_folder() -> Path:
    """Folder of everything that belongs to the embedded server."""
    return state_root() / ".postgres"
