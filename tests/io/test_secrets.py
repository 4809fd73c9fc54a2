"""Credentials: shown nowhere, read only from where nobody else could read them, and cut out of other people's texts."""

from __future__ import annotations

import copy
import json
import os
import pickle
import stat
from dataclasses import asdict, dataclass
from pathlib import Path

import keyring
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import PasswordSetError

from etl.errors import ConfigurationError
from etl.io.secrets import (
    LONGEST_TEXT,
    Secret,
    clean,
    redact,
    resolve,
    store,
    stored_reference,
)

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no mode bits; the owner is not checked there")
CANARY = "canary-4711-secret"


@dataclass
class Holder:
    token: Secret


class MemoryKeyring(KeyringBackend):
    """A keyring that keeps what it is given, as a desktop's does."""

    priority = 5

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.refuses = self.forgets = False

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.refuses:
            raise PasswordSetError("locked")
        if not self.forgets:
            self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def memory_keyring() -> MemoryKeyring:
    """Give a usable keyring and put the former one back."""
    before = keyring.get_keyring()
    backend = MemoryKeyring()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


@pytest.fixture
def no_keyring() -> None:
    """Give a machine without a keyring."""
    before = keyring.get_keyring()
    keyring.set_keyring(NoKeyring())
    yield
    keyring.set_keyring(before)


@given(st.text('0123456789-XYZñ"', min_size=4))
def test_a_secret_shows_nothing_of_itself(value: str) -> None:
    """repr, str, format, JSON and copies of a secret, or of what holds one, never show it (SEC-3)."""
    secret = Secret(value)
    assert secret.reveal() == value
    assert repr(secret) == str(secret) == f"{secret}" == "%s" % secret == "***"  # noqa: UP031 - each way counts
    assert f"{secret:>5}" == "  ***"
    assert json.dumps({"token": secret}, default=str) == '{"token": "***"}'
    holder = Holder(secret)
    assert value not in repr(holder) + repr(asdict(holder)) + repr([secret]) + repr(pickle.dumps(holder))


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda secret: pickle.loads(pickle.dumps(secret))],  # noqa: S301 - our own bytes
)
def test_a_copy_holds_nothing(copied: object) -> None:
    """What travels in a copy or a pickle cannot be revealed, and is not sent as a credential by mistake."""
    hollow = copied(Secret(CANARY))
    assert repr(hollow) == "***"
    with pytest.raises(ValueError, match="holds nothing"):
        hollow.reveal()
    assert CANARY.encode() not in pickle.dumps(Secret(CANARY))


def test_an_environment_variable_is_read() -> None:
    """env:NAME; blanks and line ends around a pasted credential do not matter."""
    assert resolve("env:TF", {"TF": f" {CANARY}\r\n"}).reveal() == CANARY


@pytest.mark.parametrize(
    ("reference", "environ", "says"),
    [
        ("env:TF", {}, "variable TF is not set"),
        ("env:TF", {"TF": "  "}, "env:TF is empty"),
        ("env:TF", {"TF": "two\nlines"}, "cannot be a credential"),
        ("env:TF", {"TF": "contraseña"}, "cannot be a credential"),
        ("env:", {}, "is not a reference"),
        ("credential:tf", {}, "CREDENTIALS_DIRECTORY"),
        ("credential:../tf", {"CREDENTIALS_DIRECTORY": "/nowhere"}, "not the name"),
        ("keyring:onlyservice", {}, "keyring:SERVICE/NAME"),
        ("file:/no/such/file", {}, "/no/such/file cannot be read"),
    ],
)
def test_what_cannot_be_read_is_named(reference: str, environ: dict[str, str], says: str) -> None:
    """The message names the credential and what to repair."""
    with pytest.raises(ConfigurationError, match=says) as caught:
        resolve(reference, environ, what="acme.tusfacturas.apikey")
    assert "acme.tusfacturas.apikey" in str(caught.value)
    assert caught.value.exit_code == 4


@pytest.mark.parametrize("written", [CANARY, f"https:{CANARY}", f"token {CANARY}", ""])
def test_a_credential_in_place_of_a_reference_is_not_repeated(written: str) -> None:
    """Somebody who pastes the credential itself into the settings is told so without showing it."""
    with pytest.raises(ConfigurationError, match="not a reference") as caught:
        resolve(written, {})
    assert CANARY not in f"{caught.value}{caught.value.message!r}{caught.value.hint!r}"


def file_with(folder: Path, content: bytes, mode: int = 0o600) -> Path:
    """Return a file of ours."""
    path = folder / "token"
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    "content", [CANARY.encode(), f"{CANARY}\n".encode(), b"\xef\xbb\xbf" + CANARY.encode() + b"\r\n"]
)
def test_a_closed_file_is_read(tmp_path: Path, content: bytes) -> None:
    """file:PATH, as editors on all systems save one line."""
    assert resolve(f"file:{file_with(tmp_path, content)}", {}).reveal() == CANARY


@posix
@pytest.mark.parametrize("mode", [0o640, 0o620, 0o604, 0o602, 0o644, 0o666, 0o610])
def test_a_file_that_others_may_open_is_refused(tmp_path: Path, mode: int) -> None:
    """Any bit for the group or others is refused with 4 and the command that closes it (SEC-4)."""
    path = file_with(tmp_path, CANARY.encode(), mode)
    with pytest.raises(ConfigurationError, match="other users") as caught:
        resolve(f"file:{path}", {})
    assert f"chmod 600 {path}" in str(caught.value.hint)
    assert CANARY not in str(caught.value)


@posix
def test_a_file_that_others_may_replace_is_refused(tmp_path: Path) -> None:
    """A closed file below a folder where anybody may rename it proves nothing; a sticky folder does."""
    folder = tmp_path / "open" / "inner"
    folder.mkdir(parents=True)
    path = file_with(folder, CANARY.encode())
    folder.parent.chmod(0o777)
    with pytest.raises(ConfigurationError, match="anybody may replace"):
        resolve(f"file:{path}", {})
    folder.parent.chmod(0o1777)
    assert resolve(f"file:{path}", {}).reveal() == CANARY


@posix
def test_a_link_below_a_folder_of_everybodys_is_refused(tmp_path: Path) -> None:
    """The folder that holds the link counts too, not only the one that holds the file."""
    path = file_with(tmp_path, CANARY.encode())
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "link").symlink_to(path)
    assert resolve(f"file:{shared / 'link'}", {}).reveal() == CANARY
    shared.chmod(0o777)
    with pytest.raises(ConfigurationError, match="anybody may replace"):
        resolve(f"file:{shared / 'link'}", {})


@posix
def test_only_a_regular_small_file_is_read(tmp_path: Path) -> None:
    """A folder, a pipe (without waiting for a writer) and a large file are refused."""
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "large").write_bytes(b"x" * 100_000)
    (tmp_path / "large").chmod(0o600)
    for name, says in [("pipe", "not a file"), ("large", "too large"), ("", "not a file")]:
        with pytest.raises(ConfigurationError, match=says):
            resolve(f"file:{tmp_path / name}", {})
    with pytest.raises(ConfigurationError, match="not plain text"):
        resolve(f"file:{file_with(tmp_path, 'é'.encode('utf-16'))}", {})


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    """Somebody else's file, though closed, could have been put there; root's may be used by all."""
    path = file_with(tmp_path, CANARY.encode())
    os.chown(path, 12345, 12345)
    with pytest.raises(ConfigurationError, match="belongs to another user"):
        resolve(f"file:{path}", {})


@posix
def test_a_systemd_credential_is_read(tmp_path: Path) -> None:
    """credential:NAME reads below $CREDENTIALS_DIRECTORY; systemd's access list shows as a group bit."""
    file_with(tmp_path, CANARY.encode(), 0o440)
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert resolve("credential:token", environ).reveal() == CANARY
    (tmp_path / "token").chmod(0o444)
    with pytest.raises(ConfigurationError, match="other users"):
        resolve("credential:token", environ)


def test_the_keyring_is_read(memory_keyring: MemoryKeyring) -> None:
    """keyring:SERVICE/NAME; what it does not have is said."""
    memory_keyring.kept["shop", "token"] = CANARY
    assert resolve("keyring:shop/token", {}).reveal() == CANARY
    with pytest.raises(ConfigurationError, match="nothing under shop / other"):
        resolve("keyring:shop/other", {})


def test_a_machine_without_a_keyring_says_so(no_keyring: None) -> None:
    """A reference to the keyring ends with 4 where there is none."""
    with pytest.raises(ConfigurationError, match="keyring cannot be read"):
        resolve("keyring:shop/token", {})


def test_a_stored_credential_goes_to_the_keyring(memory_keyring: MemoryKeyring, tmp_path: Path) -> None:
    """Where there is a keyring no file holds the credential, and the reference finds it again."""
    reference = store("acme", "tusfacturas", "apikey", CANARY, home=tmp_path)
    assert reference == "keyring:etl-planillas/acme.tusfacturas.apikey"
    assert stored_reference("acme", "tusfacturas", "apikey", home=tmp_path) == reference
    assert resolve(reference, {}).reveal() == CANARY
    assert all(CANARY.encode() not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert stored_reference("acme", "tusfacturas", "apitoken", home=tmp_path) is None


@posix
@pytest.mark.parametrize("broken", ["", "refuses", "forgets"])
def test_a_stored_credential_goes_to_a_closed_file_without_a_keyring(
    tmp_path: Path, memory_keyring: MemoryKeyring, no_keyring: None, broken: str
) -> None:
    """Without a keyring that keeps it, it is a 0600 file; a second word replaces the first."""
    if broken:
        setattr(memory_keyring, broken, True)
        keyring.set_keyring(memory_keyring)
    home = tmp_path / "home"
    for value in ("first-value", CANARY):
        reference = store("acme", "tusfacturas", "apikey", value, home=home)
    assert reference == f"file:{home / 'secrets' / 'acme.tusfacturas.apikey'}"
    assert resolve(reference, {}).reveal() == CANARY
    assert {path.name for path in (home / "secrets").iterdir()} == {"acme.tusfacturas.apikey"}
    modes = {
        path: stat.S_IMODE(path.stat().st_mode) for path in (home, home / "secrets", *(home / "secrets").iterdir())
    }
    assert list(modes.values()) == [0o700, 0o700, 0o600]


def test_moving_to_the_keyring_removes_the_file(
    tmp_path: Path, memory_keyring: MemoryKeyring, no_keyring: None
) -> None:
    """A credential stands in one place only, the last it was stored in."""
    store("a", "v", "token", "old-value", home=tmp_path)
    keyring.set_keyring(memory_keyring)
    reference = store("a", "v", "token", CANARY, home=tmp_path)
    assert resolve(reference, {}).reveal() == CANARY
    assert b"old-value" not in b"".join(path.read_bytes() for path in (tmp_path / "secrets").iterdir())


def test_what_is_no_credential_is_not_stored(tmp_path: Path, no_keyring: None) -> None:
    """An empty or many-lined value is refused before anything is written."""
    for value in ("", " \n", "two\nlines"):
        with pytest.raises(ConfigurationError):
            store("a", "v", "token", value, home=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_long_credentials_are_cut_out_of_texts() -> None:
    """Raw, JSON escaped or URL escaped, a credential of 8 characters or more never stays in a vendor's text."""
    secrets = [Secret('long"er/pass word'), Secret("abcdefgh"), Secret("abcdefghijkl")]
    forms = ("abcdefghijkl", "abcdefgh", 'long"er/pass word', 'long\\"er/pass word', "long%22er%2Fpass%20word")
    words = " ".join((*forms, "long%22er%2Fpass+word"))
    assert redact(words, secrets) == "*** *** *** *** *** ***"


def test_short_credentials_do_not_mangle_texts() -> None:
    """TusFacturas' apikey is a small number: it may stand innocently in any text (SEC-2)."""
    assert redact("stock 1134 of 11345", [Secret("1134")]) == "stock 1134 of 11345"


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("plain", "plain"),
        ("two\r\nlines\tand tabs", "two lines and tabs"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b31mred", "red"),
        ("\x1bPcontrol\x1b\\after", "after"),
        ("nul\x00bell\x07back\x08", "nulbellback"),
        ("right\u202eleft\u2066", "rightleft"),
        ("half \ud83d surrogate", "half \ufffd surrogate"),
        ("ñandú €", "ñandú €"),
        ("fake\u2028line\x85end", "fake line end"),
    ],
)
def test_a_text_from_outside_is_one_harmless_line(words: str, shown: str) -> None:
    """No escape sequence, control character or line break of a vendor reaches a terminal or a log (SEC-7)."""
    assert clean(words) == shown


@given(st.text(st.characters(), max_size=700))
def test_cleaning_is_total_and_final(words: str) -> None:
    """Any text becomes at most 500 printable characters of one line, and cleaning it again changes nothing."""
    shown = clean(words)
    assert len(shown) <= LONGEST_TEXT
    assert not any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in shown)
    assert shown.encode() == shown.encode("utf-8", "surrogatepass")
    assert clean(shown) == shown
