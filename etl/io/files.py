"""Decides who may read the files we create, which files of others are safe to read, and where a journal may stand."""

from __future__ import annotations

import os
import re
import stat
import sys
from pathlib import Path
from typing import Final

from etl.errors import ConfigurationError
from etl.messages import text

SMALL_FILE: Final = 64 * 1024
"""Bytes: a file with one credential is never larger."""

NETWORK_FILESYSTEMS: Final = frozenset(
    {"nfs", "nfs3", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "ncpfs", "afs", "9p", "ceph", "glusterfs", "lustre"}
    | {"gfs2", "ocfs2", "davfs", "coda", "beegfs", "gpfs", "orangefs"}
)
REMOTE_FUSE: Final = frozenset(
    {"sshfs", "davfs", "davfs2", "rclone", "s3fs", "goofys", "gcsfuse", "glusterfs", "ceph", "ceph-fuse", "curlftpfs"}
    | {
        "smbnetfs",
        "gvfsd-fuse",
        "google-drive-ocamlfuse",
        "onedriver",
        "juicefs",
        "moosefs",
        "mfs",
        "blobfuse",
        "blobfuse2",
    }
)

_NO_FOLLOW: Final[int] = getattr(os, "O_NOFOLLOW", 0)
_CLOSE_ON_EXEC: Final[int] = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_NO_WAIT: Final[int] = getattr(os, "O_NONBLOCK", 0)
_MOUNT_ESCAPE: Final = re.compile(r"\\([0-7]{3})")


def make_private_folder(folder: Path) -> None:
    """Create `folder` (0700), and its parents alike, when it is missing; one that exists keeps its mode.

    Below a folder whose group may write (a home that several accounts share) the new one is the group's too.
    ConfigurationError when it cannot be made.
    """
    try:
        if folder.is_dir():
            return
        if folder.parent != folder:  # a drive that is not there has itself as parent
            make_private_folder(folder.parent)
        mode = 0o770 if is_shared(folder.parent) else 0o700
        folder.mkdir(mode=mode, exist_ok=True)
        if mode == 0o770:
            folder.chmod(mode | stat.S_IMODE(folder.stat().st_mode) & stat.S_ISGID)  # the umask took the group's bits
    except OSError as error:
        raise ConfigurationError(
            text("The folder {folder} cannot be made: {why}", folder=str(folder), why=_reason(error)),
            hint=text("Choose another folder with home = PATH in etl.toml or with ETL_HOME."),
        ) from None


def is_shared(folder: Path) -> bool:
    """Whether the owner lets the folder's group write in it. A folder we made is not; Windows has no such bits."""
    return sys.platform != "win32" and bool(folder.stat().st_mode & stat.S_IWGRP)


def open_private(path: Path, flags: int) -> int:
    """Open a file of ours and return its descriptor; a new one is 0600 (0660 in a shared folder). Follows no link.

    `flags` as for `os.open`, without O_CREAT. OSError when it cannot be.
    """
    flags |= _NO_FOLLOW | _CLOSE_ON_EXEC
    mode = 0o660 if is_shared(path.parent) else 0o600
    try:
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        return os.open(path, flags)
    if mode == 0o660 and sys.platform != "win32":
        os.fchmod(descriptor, mode)  # the umask took the group's bits
    return descriptor


def create_private(path: Path) -> None:
    """Make sure that the file exists, 0600 (0660 in a shared folder), before a library opens it by its name."""
    os.close(open_private(path, os.O_RDWR))


def restrict_umask(home: Path) -> None:
    """Let this process create files for nobody else; in a shared home, for the group too."""
    os.umask(0o007 if home.is_dir() and is_shared(home) else 0o077)


def is_open(path: Path) -> bool:
    """Say whether Excel (``~$NAME``) or LibreOffice (``.~lock.NAME#``) has the file open."""
    return any(os.path.lexists(path.with_name(lock)) for lock in (f"~${path.name}", f".~lock.{path.name}#"))


def write_private_file(path: Path, content: bytes) -> None:
    """Write a 0600 file, whole or not at all. ConfigurationError when it cannot be."""
    temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW | _CLOSE_ON_EXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(text("{path} cannot be written: {why}", path=str(path), why=_reason(error))) from None


def read_private_file(path: Path, what: str, *, group_may_read: bool = False) -> bytes:
    """Return the content of a file that nobody else could have read or put there (SEC-4).

    ConfigurationError when it cannot be read, is no regular file, belongs to somebody else, is open to others, or
    stands below a folder where anybody may replace it. Windows: the owner and the access list are not checked.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | _CLOSE_ON_EXEC | _NO_WAIT)
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise ConfigurationError(text("{what}: {path} is not a file", what=what, path=str(path)))
            if sys.platform != "win32":
                _refuse_open_to_others(path, found, what, 0o007 if group_may_read else 0o077)
                _refuse_replaceable(path, what)
            content = os.read(descriptor, SMALL_FILE + 1)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise ConfigurationError(
            text("{what}: {path} cannot be read: {why}", what=what, path=str(path), why=_reason(error))
        ) from None
    if len(content) > SMALL_FILE:
        raise ConfigurationError(text("{what}: {path} is too large for a credential", what=what, path=str(path)))
    return content


if sys.platform != "win32":

    def _refuse_open_to_others(path: Path, found: os.stat_result, what: str, forbidden: int) -> None:
        if found.st_uid not in {os.geteuid(), 0}:
            raise ConfigurationError(
                text("{what}: {path} belongs to another user of this machine", what=what, path=str(path)),
                hint=text("Make it yours: chown {user} {path}", user=os.geteuid(), path=str(path)),
            )
        if stat.S_IMODE(found.st_mode) & forbidden:
            raise ConfigurationError(
                text("{what}: {path} can be read by other users of this machine", what=what, path=str(path)),
                hint=text("Close it: chmod 600 {path}", path=str(path)),
            )

    def _refuse_replaceable(path: Path, what: str) -> None:
        for folder in {*path.absolute().parents, *path.resolve().parents}:
            mode = folder.stat().st_mode
            if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
                raise ConfigurationError(
                    text("{what}: anybody may replace files in {folder}", what=what, folder=str(folder)),
                    hint=text("Close the folder: chmod o-w {folder}", folder=str(folder)),
                )


def network_filesystem(path: Path) -> str | None:
    """Return the type of the network file system that holds `path` (which need not exist yet), or None (SUB-7).

    Locks and SQLite's shared memory do not work over a network. Other systems than Linux and Windows: None.
    """
    place = path.absolute()
    if sys.platform == "win32":
        return _windows_share(place)
    else:  # noqa: RET505 - mypy follows one platform a branch
        mounts = Path("/proc/self/mountinfo")
        if not mounts.exists():
            return None
        return remote_type(os.path.realpath(place), mounts.read_text(encoding="utf-8", errors="replace"))


def remote_type(path: str, mountinfo: str) -> str | None:
    """Return the network file system's type among the mounts of proc(5)'s ``mountinfo``, or None for a local one."""
    best, kind = "", ""
    for line in mountinfo.splitlines():
        before, dash, after = line.partition(" - ")
        fields = before.split(" ")
        if not dash or len(fields) < 5:
            continue
        point = _MOUNT_ESCAPE.sub(lambda match: chr(int(match[1], 8)), fields[4])
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):  # a later mount on the same point hides the earlier one
            best, kind = point, after.split(" ")[0]
    family, _, driver = kind.partition(".")
    remote = kind in NETWORK_FILESYSTEMS or (family == "fuse" and driver in REMOTE_FUSE)
    return kind if remote else None


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


if sys.platform == "win32":
    _REMOTE_DRIVE: Final = 4  # DRIVE_REMOTE of GetDriveTypeW

    def _windows_share(place: Path) -> str | None:
        import ctypes  # noqa: PLC0415 - Windows alone needs it

        if place.drive.startswith("\\\\"):
            return "share"
        root = f"{place.drive}\\"
        return "share" if ctypes.windll.kernel32.GetDriveTypeW(root) == _REMOTE_DRIVE else None
