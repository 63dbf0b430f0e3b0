"""The pictures of docs/gallery.md, drawn from schemas ``reports`` and ``marts``."""
