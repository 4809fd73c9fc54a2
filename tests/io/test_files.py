"""Who may read what we create, and where a journal may stand."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from etl.errors import ConfigurationError
from etl.io.files import (
    create_private,
    make_private_folder,
    network_filesystem,
    open_private,
    remote_type,
    restrict_umask,
    write_private_file,
)

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no mode bits")
MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 0:21 / /proc rw - proc proc rw
30 22 0:40 / /home/maria rw - nfs4 server:/home rw
31 22 0:41 / /mnt/my\\040share rw master:2 - cifs //nas/share rw
32 22 0:42 / /data rw - fuse.sshfs me@host:/data rw
33 22 0:43 / /local rw - fuseblk /dev/sdb1 rw
34 22 0:44 / /twice rw - nfs server:/x rw
35 22 0:45 / /twice rw - ext4 /dev/sdc1 rw
36 30 8:2 / /home/maria/disk rw - xfs /dev/sdd1 rw
malformed
"""


def mode(path: Path) -> int:
    """Return the permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o022, 0o077, 0o000])
def umask(request: pytest.FixtureRequest) -> int:
    """Run under each umask that people have."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@posix
def test_what_we_create_is_ours_alone(tmp_path: Path, umask: int) -> None:
    """Folders 0700 (with the parents that we make), files 0600, whatever the umask (contract section 8)."""
    home = tmp_path / "new" / "home"
    make_private_folder(home / "logs")
    create_private(home / "journal.db")
    write_private_file(home / "token", b"x")
    places = (home.parent, home, home / "logs", home / "journal.db", home / "token")
    assert [mode(place) for place in places] == [0o700, 0o700, 0o700, 0o600, 0o600]


@posix
def test_a_home_that_a_group_shares_keeps_its_bits(tmp_path: Path, umask: int) -> None:
    """Root, a service and a person can share one journal: what is below is the group's too, and nobody else's."""
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o2770)
    make_private_folder(home)
    make_private_folder(home / "logs")
    create_private(home / "journal.db")
    write_private_file(home / "token", b"x")
    assert [mode(home / name) for name in ("", "logs", "journal.db", "token")] == [0o2770, 0o2770, 0o660, 0o600]


@posix
def test_a_folder_that_the_group_may_only_read_is_not_shared(tmp_path: Path) -> None:
    """0755, as most people make folders, gives nobody a look into the journal; it stays as it is."""
    tmp_path.chmod(0o755)
    make_private_folder(tmp_path)
    create_private(tmp_path / "journal.db")
    assert (mode(tmp_path), mode(tmp_path / "journal.db")) == (0o755, 0o600)


@posix
def test_a_file_that_exists_keeps_its_content_and_mode(tmp_path: Path) -> None:
    """Making sure of a file does not empty or open it."""
    path = tmp_path / "journal.db"
    path.write_bytes(b"kept")
    path.chmod(0o640)
    create_private(path)
    assert (path.read_bytes(), mode(path)) == (b"kept", 0o640)


@posix
def test_links_are_not_followed(tmp_path: Path) -> None:
    """A link that somebody put where our file belongs leads nowhere (SEC-8)."""
    (tmp_path / "victim").write_bytes(b"kept")
    (tmp_path / "link").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="link"):
        open_private(tmp_path / "link", os.O_WRONLY)
    write_private_file(tmp_path / "link", b"ours")
    assert (tmp_path / "victim").read_bytes() == b"kept"
    assert not (tmp_path / "link").is_symlink()


def test_a_folder_that_cannot_be_made_is_a_mistake_in_the_settings(tmp_path: Path) -> None:
    """A file in the way ends with 4 and says which setting names the folder."""
    (tmp_path / "file").write_text("in the way")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ConfigurationError, match="cannot be made") as caught:
            make_private_folder(folder)
        assert "ETL_HOME" in str(caught.value.hint)


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    """A file is replaced whole or not at all, and no temporary file stays."""
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_private_file(tmp_path / "folder", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


@posix
def test_the_process_creates_files_for_nobody_else(tmp_path: Path) -> None:
    """After `restrict_umask` even a library's files are ours alone; in a shared home the group's too."""
    before = os.umask(0o022)
    try:
        restrict_umask(tmp_path / "missing")
        (tmp_path / "a").write_text("")
        tmp_path.chmod(0o770)
        restrict_umask(tmp_path)
        (tmp_path / "b").write_text("")
    finally:
        os.umask(before)
    assert (mode(tmp_path / "a"), mode(tmp_path / "b")) == (0o600, 0o660)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/etl", None),
        ("/home/maria/etl", "nfs4"),
        ("/home/maria", "nfs4"),
        ("/home/mariana/etl", None),
        ("/home/maria/disk/etl", None),
        ("/mnt/my share/etl", "cifs"),
        ("/data/etl", "fuse.sshfs"),
        ("/local/etl", None),
        ("/twice/etl", None),
    ],
)
def test_network_drives_are_recognised(path: str, kind: str | None) -> None:
    """The innermost mount of a path decides, the later one of two on the same point (SUB-7)."""
    assert remote_type(path, MOUNTS) == kind


def test_this_machines_disk_is_local(tmp_path: Path) -> None:
    """The real list of mounts is read, also for a folder that does not exist yet."""
    assert network_filesystem(tmp_path / "not" / "yet") is None
