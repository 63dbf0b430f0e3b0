"""Checksums of a batch's files, taken by threads while PostgreSQL is busy with earlier files."""

import hashlib
import threading
from collections.abc import Sequence
from types import TracebackType

from loaders.sources import SourceFile

# Two keep up with a COPY, and with a disk; hashing needs no lock of Python's.
_THREADS = 2
_BLOCK = 1 << 20


def measure(file: SourceFile) -> tuple[str, int]:
    """SHA-256 of one file's content in hex, and its bytes."""
    with Checksums([file]) as checksums:
        return checksums.of(file)


class Checksums:
    """The checksum and size of each file, in the order of the batch; a context that ends early."""

    def __init__(self, files: Sequence[SourceFile]) -> None:
        self._results = {id(file): _Result(file) for file in files}
        self._waiting = iter(self._results.values())
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, daemon=True)
            for _ in range(min(_THREADS, len(files)))
        ]

    def __enter__(self) -> "Checksums":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def of(self, file: SourceFile) -> tuple[str, int]:
        """SHA-256 of the content in hex, as sha256sum prints it, and the bytes that it is of.

        A file's own size may be a guess. Raises what reading the file raised.
        """
        result = self._results[id(file)]
        result.ready.wait()
        if result.error is not None:
            raise result.error
        return result.digest.hexdigest(), result.size

    def _work(self) -> None:
        while not self._stopped.is_set():
            with self._lock:
                result = next(self._waiting, None)
            if result is None:
                return
            try:
                self._read(result)
            except BaseException as error:  # it is raised where the file's turn comes
                result.error = error
            result.ready.set()

    def _read(self, result: "_Result") -> None:
        with result.file.open() as stream:
            while not self._stopped.is_set() and (block := stream.read(_BLOCK)):
                result.digest.update(block)
                result.size += len(block)


class _Result:
    def __init__(self, file: SourceFile) -> None:
        self.file = file
        self.digest = hashlib.sha256()
        self.size = 0
        self.error: BaseException | None = None
        self.ready = threading.Event()
