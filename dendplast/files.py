"""Files that appear whole or not at all: written beside their place under another name, then renamed."""

from __future__ import annotations

import io
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from .errors import StorageError

__all__ = [
    "CONVENTIONS", "FORMAT_VERSION", "NewFile", "Partial", "Sink", "ensure_writable", "open_file", "replacing",
    "writing",
]  # fmt: skip

FORMAT_VERSION = 1
"""Version of the layout; a reader refuses what it does not know."""

CONVENTIONS = "CF-1.8"
"""Flags, units and coordinates follow these conventions of netCDF."""


class Partial:
    """A name beside `path` to write under, until `commit` renames it or `discard` removes it.

    What an earlier, killed writer left under that name is removed.

    Parameters
    ----------
    path : str or Path
        Where the finished file goes.
    several : bool
        Other processes may be writing the same file now: the name is this writer's own.

    Raises
    ------
    StorageError
        If the folder does not exist or can not be written.
    """

    def __init__(self, path: str | Path, several: bool = False) -> None:
        self.path = Path(path)
        if self.path.is_dir():
            raise StorageError(f"{self.path}: is a folder; give the name of a file")
        own = f".{uuid.uuid4().hex[:12]}" if several else ""
        self.partial = self.path.with_name(f".{self.path.name}{own}.partial")
        if not self.path.parent.is_dir():
            raise StorageError(f"{self.path}: the folder {self.path.parent} does not exist; create it first")
        try:
            self.partial.unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(f"{self.path}: can not be written: {error.strerror}") from None

    def commit(self) -> Path:
        """Put the finished file in its place, after its bytes are on disk, and return the path."""
        try:
            _sync(self.partial)
            os.replace(self.partial, self.path)
        except OSError as error:
            self.discard()
            raise StorageError(f"{self.path}: can not be written: {error.strerror}") from None
        return self.path

    def discard(self) -> None:
        """Remove what was written."""
        self.partial.unlink(missing_ok=True)


def ensure_writable(path: str | Path) -> None:
    """Make sure a file can be written, before a long run.

    Raises
    ------
    StorageError
        If the folder does not exist or can not be written.
    """
    file = Partial(path)
    try:
        file.partial.touch(exist_ok=False)
    except OSError as error:
        raise StorageError(f"{file.path}: can not be written: {error.strerror}") from None
    file.discard()


@contextmanager
def replacing(path: str | Path, several: bool = False) -> Iterator[Path]:
    """Give a name to write under; when the block ends well the file stands at `path`, else nothing does.

    With `several`, other processes may be writing the same file, and the last one to end stands.

    Raises
    ------
    StorageError
        If the file can not be written.
    """
    file = Partial(path, several)
    try:
        yield file.partial
    except OSError as error:
        file.discard()
        raise StorageError(f"{file.path}: can not be written: {error.strerror or error}") from None
    except BaseException:
        file.discard()
        raise
    file.commit()


class Sink(io.FileIO):
    """A new file that keeps its first write error instead of raising it.

    HDF5 ends the process with a segmentation fault when it can not flush a file that it still holds, which
    is what a full disk leads to.  Here HDF5 never learns of the failure: it closes in peace, and the
    writer asks for `error` and removes the file.
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__(path, "x+")
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Write all of `data`, or remember why not."""
        view = memoryview(data).cast("B")
        done = 0
        while done < len(view) and self.error is None:
            try:
                done += super().write(view[done:]) or 0
            except OSError as error:
                self.error = error
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        """Set the length of the file, or remember why not."""
        try:
            return super().truncate(size)
        except OSError as error:
            self.error = self.error or error
            return size or 0


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDWR)
    try:
        os.fsync(number)
    finally:
        os.close(number)


class NewFile:
    """An HDF5 file being written under another name; `commit` or `discard` ends it."""

    def __init__(self, path: str | Path) -> None:
        self._partial = Partial(path)
        self.path = self._partial.path
        try:
            self._sink = Sink(self._partial.partial)
        except OSError as error:
            raise StorageError(f"{self.path}: can not be written: {error.strerror}") from None
        self.root = h5py.File(self._sink, "w")
        self.root.attrs.update(format_version=FORMAT_VERSION, Conventions=CONVENTIONS, complete=np.int8(0))

    def check(self) -> None:
        """Raise StorageError when the disk refused a write."""
        if self._sink.error is not None:
            raise StorageError(f"{self.path}: can not be written: {self._sink.error.strerror}")

    def commit(self) -> Path:
        """Mark the file complete, close it and put it in its place."""
        try:
            self.root.attrs["complete"] = np.int8(1)
            self.root.close()
            self.check()
            if not self._ours():
                raise StorageError(f"{self.path}: is being written by another run as well; use another name")
        except BaseException:
            self.discard()
            raise
        self._sink.close()
        return self._partial.commit()

    def discard(self) -> None:
        """Close the file and remove it."""
        if self.root:
            self.root.close()
        ours = not self._sink.closed and self._ours()
        self._sink.close()
        if ours:
            self._partial.discard()

    def _ours(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._sink.fileno()), os.stat(self._partial.partial))
        except FileNotFoundError:
            return False


@contextmanager
def writing(where: str | Path, file: NewFile | None = None) -> Iterator[None]:
    """Turn what HDF5 says of a failed write into one StorageError, also when it only shows in the file."""
    try:
        yield
    except StorageError:
        raise
    except (OSError, RuntimeError) as error:
        if file is not None:
            file.check()  # the disk's own words, when it has any
        raise StorageError(f"{where}: can not be written: {error}") from error
    if file is not None:
        file.check()


@contextmanager
def open_file(path: str | Path, allow_incomplete: bool = False) -> Iterator[h5py.File]:
    """Open a result file for reading.

    Parameters
    ----------
    path : str or Path
        A file written by this package.
    allow_incomplete : bool
        Also open what a killed run left behind.

    Raises
    ------
    StorageError
        If there is no such file, it is not ours, its version is unknown, or it is incomplete.
    """
    path = Path(path)
    if not path.is_file():
        raise StorageError(f"{path}: there is no such file")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise StorageError(f"{path}: can not be read as HDF5: {error}") from None
    with file:
        version = file.attrs.get("format_version")
        if version is None:
            raise StorageError(f"{path}: was not written by dendplast: it has no format_version")
        if version != FORMAT_VERSION:
            raise StorageError(f"{path}: has format_version {version}; this dendplast reads {FORMAT_VERSION}")
        if not file.attrs.get("complete", 0) and not allow_incomplete:
            raise StorageError(f"{path}: is incomplete: its run did not end; allow_incomplete=True reads it")
        yield file
