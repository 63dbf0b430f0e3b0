"""Text that is not UTF-8: read by the encoding that the user names, handed on as UTF-8."""

import codecs
import io
import re
from typing import IO, TYPE_CHECKING

from loaders.errors import LoaderError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

UTF_8 = "utf-8"
_KNOWN = re.compile(r"utf-8|ascii|utf-16(-le|-be)?|iso8859-\d+|cp\d+|mac-\w+|koi8-\w+")
_BLOCK = 1 << 19
_ASCII = 0x7F
_MARK = "olist_mark"


def canonical(name: str) -> str:
    """Name of an encoding as Python spells it: ``latin-1`` is ``iso8859-1``.

    Raises LoaderError when it is none that text files come in.
    """
    try:
        found = codecs.lookup(name).name.replace("_", "-")
    except (LookupError, ValueError):
        found = ""
    if found in {"utf-8-sig", "ascii"}:
        return UTF_8
    if not _KNOWN.fullmatch(found):
        raise LoaderError(
            f"'{name}' is no known encoding; name one such as utf-8, latin-1, windows-1252, utf-16."
        )
    return found


def as_utf8(stream: IO[bytes], encoding: str) -> IO[bytes]:
    """Return the stream's text as UTF-8.

    A byte that the encoding does not have stays as it is, which is no UTF-8: COPY refuses its line.
    """
    return stream if encoding == UTF_8 else io.BufferedReader(_Recoded(stream, encoding), _BLOCK)


def _keep(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)  # noqa: S101 - it is only used to decode
    wrong = error.object[error.start : error.end]
    # surrogateescape writes these back as the bytes that they stand for
    return "".join(chr(0xDC00 + (byte if byte > _ASCII else 0xFF)) for byte in wrong), error.end


codecs.register_error(_MARK, _keep)


class _Recoded(io.RawIOBase):
    def __init__(self, stream: IO[bytes], encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)(_MARK)
        self._ready = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer)
        while not self._ready and not self._ended:
            block = self._stream.read(_BLOCK)
            self._ended = not block
            text = self._decoder.decode(block, final=self._ended)
            self._ready = text.encode(UTF_8, "surrogateescape")
        block, self._ready = self._ready[: len(view)], self._ready[len(view) :]
        view[: len(block)] = block
        return len(block)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()
