"""``python -m loaders`` is the same command as ``olist``."""

from loaders.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
