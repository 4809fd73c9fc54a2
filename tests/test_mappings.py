"""Mapping files: what was decided once is used again, and a sheet that has changed since is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.errors import ConfigurationError, UsageError
from etl.mappings import MappingFile, load_mapping, save_mapping
from etl.options import OutputOptions, SheetOptions
from etl.pipeline import validate_file
from tests.recovery.lab import MOVES, Silent

NO_WORKBOOK = OutputOptions(write_results=False)
words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=20)


@given(
    st.dictionaries(words, words, max_size=4),
    st.dictionaries(words, words, max_size=4),
    st.none() | st.lists(words, max_size=4).map(tuple),
)
def test_a_saved_mapping_comes_back(
    tmp_path_factory: pytest.TempPathFactory,
    columns: dict[str, str],
    constants: dict[str, str],
    headers: tuple[str, ...] | None,
) -> None:
    """Whatever headers people write, the file says them again exactly."""
    mapping = MappingFile(
        destination=MOVES,
        sheet='Hoja "1"',
        header_row=3,
        columns=columns,
        constants=constants,
        headers=headers,
        round=True,
    )
    path = tmp_path_factory.mktemp("m") / "m.toml"
    save_mapping(mapping, path)
    assert load_mapping(path) == mapping


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("destino = 'x'", "unknown key destino"),
        ("header_row = 'tres'", "header_row"),
        ("header_row = true", "header_row"),
        ("decimal = 'coma'", "decimal must be one of"),
        ("[columns]\nCodigo = 3", "texts in quotes"),
        ("headers = [1]", "texts in quotes"),
        ("sheet = ", "cannot be read"),
    ],
)
def test_a_mistake_in_a_mapping_file_is_named(tmp_path: Path, content: str, said: str) -> None:
    """Exit code 4 and what is known, not a traceback."""
    path = tmp_path / "m.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=said):
        load_mapping(path)


def sheet(folder: Path, header: str) -> Path:
    path = folder / "s.csv"
    path.write_text(f"{header}\nP001;Mayorista;5;x\n", encoding="utf-8")
    return path


def test_a_mapping_is_used_and_a_changed_sheet_is_noticed(tmp_path: Path) -> None:
    """Destination, columns and constants need not be said again; new and lost columns are told."""
    mapping = MappingFile(
        destination=MOVES,
        columns={"Art": "codigo", "Lista": "lista_precios", "U": "cantidad"},
        constants={"operacion": "A"},
        headers=("Art", "Lista", "U", "Nota"),
    )
    save_mapping(mapping, tmp_path / "m.toml")
    same = SheetOptions(file=sheet(tmp_path, "Art;Lista;U;Nota"), mapping=tmp_path / "m.toml")
    report = validate_file(same, NO_WORKBOOK, Silent())
    assert (report.exit_code, report.to, report.counts["not_sent"]) == (0, MOVES, 1)
    assert "sheet_changed" not in {finding.code for finding in report.findings}
    sheet(tmp_path, "Art;Lista;U;Observaciones")
    changed = [f for f in validate_file(same, NO_WORKBOOK, Silent()).findings if f.code == "sheet_changed"]
    assert len(changed) == 1
    assert "new Observaciones; gone Nota" in str(changed[0].message)
    sheet(tmp_path, "Art;Lista;Cant;Nota")
    with pytest.raises(UsageError, match="U"):
        validate_file(same, NO_WORKBOOK, Silent())
