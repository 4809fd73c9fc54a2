"""One run at a time on a vendor account: across processes, homes and users of the machine, and never for ever."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import filelock
import pytest

from etl.errors import ConfigurationError, RefusedError
from etl.io.locks import AccountLock, shared_folder

ADDRESS = "https://vendor.example/api/"
TRY = """
import sys
from pathlib import Path
from etl.errors import RefusedError
from etl.io.locks import AccountLock
home, shared, wait = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
try:
    with AccountLock(home, "v", "acme", "https://vendor.example/api/", wait, shared=lambda: shared):
        print("held", flush=True)
        sys.stdin.read()
except RefusedError as error:
    print("busy", flush=True)
    sys.exit(error.exit_code)
"""


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """Give a meeting place of the test's own."""
    folder = tmp_path / "shared"
    folder.mkdir()
    return folder


def lock(home: Path, shared: Path | None, account: str = "acme", address: str = ADDRESS, **more: object) -> AccountLock:
    """Return a lock of the test's vendor."""
    return AccountLock(home, "v", account, address, shared=lambda: shared, **more)


def process(home: Path, shared: Path, wait: float = 0.0) -> subprocess.Popen[str]:
    """Start a process that takes the lock and holds it until its input ends."""
    command = [sys.executable, "-c", TRY, str(home), str(shared), str(wait)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_an_account_is_busy_until_its_run_ends(tmp_path: Path, shared: Path) -> None:
    """A second run on the same account is refused with 6 and told what to do; afterwards it may run."""
    with lock(tmp_path / "home", shared):
        with pytest.raises(RefusedError, match="acme of v is busy") as caught, lock(tmp_path / "home", shared):
            pass
        assert caught.value.exit_code == 6
        assert "--wait" in str(caught.value.hint)
    with lock(tmp_path / "home", shared):
        pass


def test_other_accounts_and_other_vendors_addresses_are_free(tmp_path: Path, shared: Path) -> None:
    """Another account, or the same on another address (two sandboxes), does not wait; another path of it does."""
    home = tmp_path / "home"
    with (
        lock(home, shared),
        lock(home, shared, "other"),
        lock(home, shared, address="http://127.0.0.1:1000/"),
        lock(home, shared, address="http://127.0.0.1:2000/"),
    ):
        with pytest.raises(RefusedError), lock(home, shared, address="https://vendor.example/other/"):
            pass
        with pytest.raises(RefusedError), lock(home, shared, address="vendor.example"):
            pass


def test_homes_of_two_users_meet(tmp_path: Path, shared: Path) -> None:
    """Two runs with different homes still exclude each other on this machine."""
    loser = lock(tmp_path / "yours", shared)
    with lock(tmp_path / "mine", shared), pytest.raises(RefusedError), loser:
        pass
    # The one that lost holds nothing.
    with lock(tmp_path / "yours", shared):
        pass


def test_waiting_takes_the_account_as_soon_as_it_is_free(tmp_path: Path, shared: Path) -> None:
    """--wait SECONDS: no longer than needed, and not longer than said."""
    held = lock(tmp_path, shared)
    held.__enter__()
    threading.Timer(0.3, lambda: held.__exit__(None, None, None)).start()
    begun = time.monotonic()
    with lock(tmp_path, shared, wait=5.0):
        assert 0.2 < time.monotonic() - begun < 1.5
        begun = time.monotonic()
        with pytest.raises(RefusedError), lock(tmp_path, shared, wait=0.4):
            pass
        assert 0.3 < time.monotonic() - begun < 1.5


def test_a_stop_ends_the_waiting(tmp_path: Path, shared: Path) -> None:
    """Ctrl+C is not made to wait for another run."""
    begun = time.monotonic()
    with (
        lock(tmp_path, shared),
        pytest.raises(RefusedError),
        lock(tmp_path, shared, wait=30.0, stop_asked=lambda: time.monotonic() - begun > 0.2),
    ):
        pass
    assert time.monotonic() - begun < 2


def test_of_many_processes_one_runs(tmp_path: Path, shared: Path) -> None:
    """Eight at once, with two homes: one holds the account, seven end with 6 (JOB-1)."""
    started = [process(tmp_path / f"home{number % 2}", shared) for number in range(8)]
    try:
        words = [one.stdout.readline().strip() for one in started]
        assert sorted(words) == ["busy"] * 7 + ["held"]
    finally:
        for one in started:
            one.communicate("")
    assert sorted(one.returncode for one in started) == [0] + [6] * 7


@pytest.mark.skipif(os.name == "nt", reason="kill -9")
def test_the_kernel_lets_go_when_a_run_is_killed(tmp_path: Path, shared: Path) -> None:
    """After kill -9 the next run has the account in less than a second (JOB-1): no stale marker bars it."""
    holder = process(tmp_path, shared)
    assert holder.stdout.readline() == "held\n"
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.communicate()
    begun = time.monotonic()
    with lock(tmp_path, shared, wait=5.0):
        assert time.monotonic() - begun < 1


@pytest.mark.skipif(os.name == "nt", reason="mode bits and links")
def test_every_user_can_open_the_meeting_place_and_nobody_is_led_astray(tmp_path: Path, shared: Path) -> None:
    """The common file is open to all whatever the umask; the home's is not; a link in their place is refused."""
    before = os.umask(0o077)
    try:
        with lock(tmp_path, shared):
            modes = [path.stat().st_mode & 0o777 for path in (*shared.iterdir(), *(tmp_path / "locks").iterdir())]
            name = next(shared.iterdir()).name
    finally:
        os.umask(before)
    assert modes == [0o666, 0o600]
    (shared / name).unlink()
    (shared / name).symlink_to(tmp_path / "victim")
    with pytest.raises(ConfigurationError, match="cannot be used"), lock(tmp_path, shared):
        pass
    assert not (tmp_path / "victim").exists()
    with pytest.raises(ConfigurationError), lock(tmp_path, shared):
        pass


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs a second user")
def test_another_user_of_the_machine_is_kept_out(tmp_path: Path) -> None:
    """Root holds the account in the sticky folder; somebody else, with a home of their own, is refused with 6."""
    folder = shared_folder()
    assert folder is not None
    account = f"test-{os.getpid()}-{time.monotonic_ns()}"
    address = "http://127.0.0.1:9/"  # a simulated vendor's, whose lock file goes away

    def as_nobody() -> int:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # threads of other tests; the child touches none
            child = os.fork()
        if child == 0:
            code = 1
            try:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
                with AccountLock(home, "v", account, address):
                    code = 0
            except RefusedError as error:
                code = error.exit_code
            finally:
                os._exit(code)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    home = Path(f"/tmp/etl-test-{os.getpid()}-{time.monotonic_ns()}")  # noqa: S108 - the other user must reach it
    home.mkdir()
    os.chown(home, 65534, 65534)
    try:
        with AccountLock(tmp_path, "v", account, address):
            assert as_nobody() == 6
        assert as_nobody() == 0
    finally:
        for path in sorted(home.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        home.rmdir()


def test_a_simulated_vendor_leaves_no_lock_file(tmp_path: Path, shared: Path) -> None:
    """Sandboxes come on a new port each time; a real vendor's file stays, since removing it would race."""
    with lock(tmp_path, shared, address="http://127.0.0.1:5000/api/"):
        assert list(shared.iterdir())
    with lock(tmp_path, shared):
        pass
    assert len(list(shared.iterdir())) == len(list((tmp_path / "locks").iterdir())) == 1


def test_a_machine_without_a_meeting_place_has_the_homes_lock(tmp_path: Path) -> None:
    """In a bare container there is no common folder, and no other user either."""
    with lock(tmp_path, None), pytest.raises(RefusedError), lock(tmp_path, None):
        pass


@pytest.mark.skipif(os.name == "nt", reason="the folders of Unix")
def test_the_meeting_place_does_not_depend_on_who_asks() -> None:
    """It is root's and sticky, and no variable of a user moves it."""
    folder = shared_folder()
    assert folder is not None
    assert folder.stat().st_mode & 0o1002 == 0o1002
    program = "from etl.io.locks import shared_folder; print(shared_folder())"
    environ = {**os.environ, "TMPDIR": "/elsewhere", "HOME": "/elsewhere", "XDG_RUNTIME_DIR": "/elsewhere"}
    done = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(folder)


def test_only_kernel_locks_are_used() -> None:
    """A marker file would outlive a killed run; this platform's lock is the kernel's."""
    assert not issubclass(filelock.FileLock, filelock.SoftFileLock)


def test_taking_the_lock_imports_nothing_heavy() -> None:
    """The loser of a race for the account ends before anything slow is imported."""
    program = (
        "import sys, etl.io.locks\n"
        "heavy = {'pandas', 'pandera', 'sqlalchemy', 'httpx', 'openpyxl', 'numpy', 'keyring', 'asyncio'}\n"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
