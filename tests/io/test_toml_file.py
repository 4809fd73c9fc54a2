"""A mistake in a TOML file is told with its line and with what may stand there."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.errors import ConfigurationError
from etl.io.toml_file import Keys, TomlFile, read_toml

SOURCE = """\
# a comment = 1
home = "x"   # [not.a.table]

[timing]
retry_base = 0.5
min_age = 3

[profiles.acme.tusfacturas]
account = "acme"
"quoted key" = 'a = b'
evidence = true

[profiles."casa central"]
bsale = { address = "https://x/" }
justo.token = "env:X"

[[jobs]]
name = "one"

[jobs.set]
operacion = "A"

[[jobs]]
name = "two"
"""


@pytest.fixture
def file(tmp_path: Path) -> TomlFile:
    """Give the source above as a file."""
    path = tmp_path / "etl.toml"
    path.write_text(SOURCE, encoding="utf-8")
    return read_toml(path)


@pytest.mark.parametrize(
    ("at", "line"),
    [
        (("home",), 2),
        (("timing",), 4),
        (("timing", "retry_base"), 5),
        (("profiles", "acme", "tusfacturas"), 8),
        (("profiles", "acme", "tusfacturas", "account"), 9),
        (("profiles", "acme", "tusfacturas", "quoted key"), 10),
        (("profiles", "casa central"), 13),
        (("profiles", "casa central", "bsale", "address"), 14),
        (("profiles", "casa central", "justo", "token"), 15),
        (("jobs", 0), 17),
        (("jobs", 0, "name"), 18),
        (("jobs", 0, "set", "operacion"), 21),
        (("jobs", 1), 23),
        (("jobs", 1, "name"), 24),
        (("jobs", 1, "absent"), 23),
        (("absent",), 1),
        (("timing", "absent"), 4),
    ],
)
def test_the_line_of_every_key_is_known(file: TomlFile, at: Keys, line: int) -> None:
    """Tables, dotted and quoted keys, inline tables; what is absent has the line of the table around it."""
    assert file.line_of(at) == line


def test_values_are_read_by_kind(file: TomlFile) -> None:
    """Present values, absent ones, and whole numbers where a number is wanted."""
    assert file.value(("home",), str) == "x"
    assert file.value(("nothing",), str) is None
    assert file.value(("profiles", "acme", "tusfacturas", "evidence"), bool) is True
    assert file.number(("timing", "min_age")) == 3.0
    assert file.number(("timing", "retry_base")) == 0.5
    assert file.number(("timing", "nothing")) is None
    assert file.table(("profiles", "nobody")) == {}


def test_a_value_of_another_kind_names_its_line(file: TomlFile) -> None:
    """What must stand there is said; what stands there is not, since it may be a credential."""
    for kind, at, says in [
        (str, ("timing", "min_age"), "line 6: timing.min_age must be a text in quotes"),
        (int, ("profiles", "acme", "tusfacturas", "evidence"), "line 11: .*evidence must be a whole number"),
        (bool, ("home",), "line 2: home must be true or false"),
    ]:
        with pytest.raises(ConfigurationError, match=says):
            file.value(at, kind)
    with pytest.raises(ConfigurationError, match="line 2: home must be a number"):
        file.number(("home",))
    with pytest.raises(ConfigurationError, match="line 2: home must be a table"):
        file.table(("home", "inner"))


def test_an_unknown_key_names_its_line_and_the_known_ones(file: TomlFile) -> None:
    """A typing mistake is not ignored: the nearest known key and all of them are named."""
    with pytest.raises(ConfigurationError, match="line 5: retry_base is not a known key; retry_bass is") as caught:
        file.allow_only(("timing",), ["min_age", "retry_bass"])
    assert "min_age, retry_bass" in str(caught.value.hint)
    file.allow_only(("timing",), ["min_age", "retry_base"])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"a = \n", "is not TOML.*line 1"),
        (b"a = 1\na = 2\n", "is not TOML.*line 2"),
        (b"a = canary\n", "is not TOML"),
        (b"\xff\xfea\x00", "not a UTF-8 text"),
    ],
)
def test_what_is_no_toml_says_where(tmp_path: Path, content: bytes, says: str) -> None:
    """A syntax error ends with 4 and its line, without repeating what stands there."""
    (tmp_path / "etl.toml").write_bytes(content)
    with pytest.raises(ConfigurationError, match=says) as caught:
        read_toml(tmp_path / "etl.toml")
    assert "canary" not in str(caught.value)


def test_a_windows_path_gets_a_hint(tmp_path: Path) -> None:
    """Backslashes in double quotes are the commonest mistake on Windows."""
    (tmp_path / "etl.toml").write_text('home = "C:\\Users\\maria"')
    with pytest.raises(ConfigurationError) as caught:
        read_toml(tmp_path / "etl.toml")
    assert "single quotes" in str(caught.value.hint)


def test_the_mark_of_windows_editors_is_skipped(tmp_path: Path) -> None:
    """Notepad's byte order mark and line ends are no mistake."""
    (tmp_path / "etl.toml").write_bytes(b'\xef\xbb\xbfhome = "x"\r\n[timing]\r\nmin_age = 1\r\n')
    file = read_toml(tmp_path / "etl.toml")
    assert file.value(("home",), str) == "x"
    assert file.line_of(("timing", "min_age")) == 3


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A file that was asked for and is not there ends with 4."""
    with pytest.raises(ConfigurationError, match=r"gone\.toml cannot be read"):
        read_toml(tmp_path / "gone.toml")


def test_lists_of_tables_are_read_by_place(file: TomlFile) -> None:
    """Each `[[jobs]]` has its own values and its own lines."""
    first, second = file.tables(("jobs",))
    assert [file.value((*one, "name"), str) for one in (first, second)] == ["one", "two"]
    assert file.table((*first, "set")) == {"operacion": "A"}
    assert file.table((*second, "set")) == {}
    assert file.tables(("absent",)) == []
    with pytest.raises(ConfigurationError, match=r"line 24: jobs\.name must be a whole number"):
        file.value((*second, "name"), int)


def test_a_table_that_should_be_a_list_says_how_to_write_it(file: TomlFile) -> None:
    """`[jobs]` in place of `[[jobs]]` is the usual mistake."""
    with pytest.raises(ConfigurationError, match=r"line 4: write it as \[\[timing\]\]"):
        file.tables(("timing",))
