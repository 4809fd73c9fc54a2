"""Decides whether a run may start on a vendor account: one at a time, whoever started it on this machine."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

from filelock import FileLock, SoftFileLock, Timeout

from etl.errors import ConfigurationError, RefusedError
from etl.io.addresses import is_loopback
from etl.io.files import is_shared, make_private_folder
from etl.messages import text

LOOK_EVERY: Final = 0.1
"""Seconds between two looks at a busy account."""

_SHARED_FOLDERS: Final = ("/run/lock", "/var/lock", "/tmp")  # noqa: S108 - only as a sticky folder, without following links
_NOBODY: Final = 65534  # how root's folders look inside a container without root


def _never() -> bool:
    return False


def shared_folder() -> Path | None:
    """Return the folder where every user of this machine may make lock files; None when there is none.

    The choice must be the same for all of them, so it never depends on who asks: Unix takes the first that is root's
    and sticky, where nobody can remove or replace another one's file; Windows takes the public folder, whose files
    everybody may open (those in ProgramData only their maker may).
    """
    if sys.platform == "win32":
        public = Path(os.environ.get("PUBLIC", r"C:\Users\Public"))
        return public if public.is_dir() else None
    else:  # noqa: RET505 - mypy follows one platform a branch
        for name in _SHARED_FOLDERS:
            try:
                found = Path(name).stat()
            except OSError:
                continue
            open_to_all = stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_IWOTH and found.st_mode & stat.S_ISVTX
            if open_to_all and found.st_uid in {0, _NOBODY}:
                return Path(name)
        return None


class AccountLock:
    """Held by the one run that may work on a vendor account; the kernel lets go of it when the process dies.

    Two locks: one in `home`, and one where every user of the machine meets, for runs with another home. The host
    and port of the vendor's address are part of their name, so that simulated vendors do not stand in each other's way.
    """

    def __init__(
        self,
        home: Path,
        vendor: str,
        account: str,
        address: str,
        wait: float = 0.0,
        *,
        stop_asked: Callable[[], bool] = _never,
        shared: Callable[[], Path | None] = shared_folder,
    ) -> None:
        """`wait` seconds for a busy account; `stop_asked` ends the waiting early; `shared` finds the common folder."""
        self._home = home
        self._vendor = vendor
        self._account = account
        self._wait = wait
        self._stop_asked = stop_asked
        self._shared = shared
        host = urlsplit(address).netloc or address
        self._name = f"etl-{hashlib.sha256(f'{vendor}|{account}|{host}'.encode()).hexdigest()[:32]}.lock"
        self._passing = is_loopback(address)
        self._held: list[FileLock] = []

    def __enter__(self) -> Self:
        locks = self._files()
        until = time.monotonic() + self._wait
        while not self._take(locks):
            left = until - time.monotonic()
            if left <= 0 or self._stop_asked():
                raise RefusedError(
                    text(
                        "The account {account} of {vendor} is busy with another run",
                        account=self._account,
                        vendor=self._vendor,
                    ),
                    hint=text("Wait until it ends, or let this command wait for it: --wait SECONDS"),
                )
            time.sleep(min(LOOK_EVERY, left))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._held:
            lock = self._held.pop()
            if self._passing:
                # A simulated vendor has another port each time: its files would only pile up.
                with contextlib.suppress(OSError):
                    Path(lock.lock_file).unlink()
            lock.release()

    def _files(self) -> list[FileLock]:
        own = self._home / "locks"
        make_private_folder(own)
        meeting = self._shared()
        locks = [FileLock(own / self._name, timeout=0, mode=0o660 if is_shared(own) else 0o600, thread_local=False)]
        if meeting is not None:
            # Every user must be able to open it, whoever came first: what it guards is a name, it holds nothing.
            locks.append(FileLock(meeting / self._name, timeout=0, mode=0o666, thread_local=False))
        return locks

    def _take(self, locks: list[FileLock]) -> bool:
        for lock in locks:
            try:
                lock.acquire(blocking=False)
            except Timeout:
                self.__exit__(None, None, None)
                return False
            except OSError as error:
                self.__exit__(None, None, None)
                raise _unusable(lock, error.strerror or type(error).__name__) from None
            self._held.append(lock)
            if isinstance(lock, SoftFileLock):
                self.__exit__(None, None, None)
                raise _unusable(lock, "the file system has no locks")
        return True


@contextlib.contextmanager
def jobs_lock(home: Path, jobs: Path) -> Iterator[None]:
    """Hold the lock of a jobs file: two batches of the same jobs never run at once. RefusedError when one does."""
    folder = home / "locks"
    make_private_folder(folder)
    name = f"batch-{hashlib.sha256(str(jobs).encode()).hexdigest()[:32]}.lock"
    lock = FileLock(folder / name, timeout=0, mode=0o660 if is_shared(folder) else 0o600, thread_local=False)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise RefusedError(
            text("The jobs of {file} are under way in another batch", file=str(jobs)),
            hint=text("Wait until it ends; what it does not finish, the next one does."),
        ) from None
    except OSError as error:
        raise _unusable(lock, error.strerror or type(error).__name__) from None
    try:
        yield
    finally:
        lock.release()


def _unusable(lock: FileLock, why: str) -> ConfigurationError:
    return ConfigurationError(
        text("The lock file {path} cannot be used: {why}", path=str(lock.lock_file), why=why),
        hint=text("Without it two runs could move the same stock at once. Put home = PATH on a local disk."),
    )
