"""Mapping files: what was decided once is used again, and a sheet that has changed since is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.errors import ConfigurationError, UsageError
from etl.mappings import MappingFile, keep_meanings, load_mapping, save_mapping
from etl.options import OutputOptions, SheetOptions
from etl.pipeline import validate_file
from tests.recovery.lab import MOVES, Silent

NO_WORKBOOK = OutputOptions(write_results=False)
words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=20)


@given(
    st.dictionaries(words, words, max_size=4),
    st.dictionaries(words, words, max_size=4),
    st.none() | st.lists(words, max_size=4).map(tuple),
    st.dictionaries(words, st.dictionaries(words, words, min_size=1, max_size=3), max_size=2),
)
def test_a_saved_mapping_comes_back(
    tmp_path_factory: pytest.TempPathFactory,
    columns: dict[str, str],
    constants: dict[str, str],
    headers: tuple[str, ...] | None,
    values: dict[str, dict[str, str]],
) -> None:
    """Whatever headers people write, the file says them again exactly."""
    mapping = MappingFile(
        destination=MOVES,
        sheet='Hoja "1"',
        header_row=3,
        columns=columns,
        constants=constants,
        headers=headers,
        values=values,
        round=True,
    )
    path = tmp_path_factory.mktemp("m") / "m.toml"
    save_mapping(mapping, path)
    assert load_mapping(path) == mapping


def test_what_is_doubtful_is_a_comment(tmp_path: Path) -> None:
    """A person reads it in the file and takes the sign away; until then it is nothing."""
    path = tmp_path / "m.toml"
    doubtful = (('Precio "A"', "precio_con_iva", 50),)
    save_mapping(MappingFile(destination=MOVES, columns={"Cód": "codigo"}, doubtful=doubtful), path)
    assert load_mapping(path).columns == {"Cód": "codigo"}
    comment = '# "Precio \\"A\\"" = "precio_con_iva"  # 50%'
    assert comment in path.read_text("utf-8").splitlines()
    path.write_text(path.read_text("utf-8").replace("# ", "", 1), "utf-8")
    assert load_mapping(path).columns == {"Cód": "codigo", 'Precio "A"': "precio_con_iva"}
    save_mapping(MappingFile(destination=MOVES, doubtful=doubtful), path)
    assert load_mapping(path) == MappingFile(destination=MOVES)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("destino = 'x'", "unknown key destino"),
        ("header_row = 'tres'", "header_row"),
        ("header_row = true", "header_row"),
        ("decimal = 'coma'", "decimal must be one of"),
        ("[columns]\nCodigo = 3", "texts in quotes"),
        ("headers = [1]", "texts in quotes"),
        ("[values]\nmoneda = 'DOL'", "tables"),
        ("[values.moneda]\nblue = 1", "texts in quotes"),
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


KEPT = """# Lista de marzo
destination = "tusfacturas.productos"  # siempre

[values.moneda]
# lo que dice Juan
"dolar blue" = "PES"
real = "PES"

[columns]
Art = "codigo"
"""


def test_what_was_said_of_values_is_added_and_nothing_else_changes(tmp_path: Path) -> None:
    """Comments, order and mode stay; an older word on the same value goes, another field gets its own table."""
    path = tmp_path / "m.toml"
    path.write_text(KEPT, encoding="utf-8")
    path.chmod(0o640)
    keep_meanings(path, [("moneda", "dolar blue", "DOL"), ("moneda", 'el "verde"', "DOL"), ("alicuota", "20", "21")])
    told = path.read_text(encoding="utf-8")
    assert load_mapping(path).values == {
        "moneda": {"real": "PES", "dolar blue": "DOL", 'el "verde"': "DOL"},
        "alicuota": {"20": "21"},
    }
    assert [line for line in KEPT.splitlines() if line not in told.splitlines()] == ['"dolar blue" = "PES"']
    assert load_mapping(path).columns == {"Art": "codigo"}
    assert path.stat().st_mode & 0o777 == 0o640
    keep_meanings(path, [("moneda", "dolar blue", "DOL")])
    assert sorted(path.read_text(encoding="utf-8").split()) == sorted(told.split())


@given(st.dictionaries(words, st.dictionaries(words, words, min_size=1, max_size=3), min_size=1, max_size=2))
def test_kept_values_come_back(tmp_path_factory: pytest.TempPathFactory, values: dict[str, dict[str, str]]) -> None:
    """Whatever people write in a cell, the file stays one that can be read."""
    path = tmp_path_factory.mktemp("m") / "m.toml"
    save_mapping(MappingFile(destination=MOVES, values={"a": {"b": "c"}}), path)
    keep_meanings(path, [(name, written, meant) for name, table in values.items() for written, meant in table.items()])
    found = load_mapping(path).values
    assert {**found, "a": {"b": "c", **found["a"]}} == {**values, "a": {"b": "c", **values.get("a", {})}}
