"""Validates a sheet with frictionless and the same rules (``uv run --group bench``); prints how many rows are wrong."""

import sys
from collections.abc import Iterable

from frictionless import Check, Checklist, Resource, Row, Schema, errors, fields, formats, system

from bench.sheets import RATES, UNITS

TEXTS = {"Código": 50, "Descripción": 255, "Lista de precios": 255}
DECIMALS = {"Precio neto": 3, "Alícuota de impuestos internos": 2}


class Decimals(Check):
    """So many decimals at most."""

    type = "decimals"
    Errors = (errors.CellError,)

    def validate_row(self, row: Row) -> Iterable[errors.CellError]:
        """Yield an error for each number that has more."""
        for name, most in DECIMALS.items():
            number = row[name]
            if number is not None and round(number, most) != number:
                yield errors.CellError.from_row(row, note=f"more than {most} decimals", field_name=name)


schema = Schema(
    fields=[
        *(
            fields.StringField(name=name, constraints={"required": True, "maxLength": most})
            for name, most in TEXTS.items()
        ),
        fields.IntegerField(name="Unidad bulto", constraints={"required": True, "minimum": 1}),
        fields.NumberField(name="Precio neto", constraints={"required": True, "minimum": 0}),
        fields.NumberField(name="Alícuota", constraints={"required": True, "enum": sorted(RATES)}),
        fields.StringField(name="Moneda", constraints={"required": True, "enum": ["PES", "DOL"]}),
        fields.StringField(name="Código de barras", constraints={"maxLength": 255}),
        fields.NumberField(name="Alícuota de impuestos internos", constraints={"minimum": 0}),
        fields.StringField(name="Unidad de medida", constraints={"enum": sorted(UNITS)}),
        fields.StringField(name="RG 5329", constraints={"enum": ["S", "N"]}),
        fields.StringField(name="Afecta stock", constraints={"required": True, "enum": ["S", "N"]}),
        fields.IntegerField(name="Stock mínimo"),
        fields.AnyField(name="Ubicación"),
    ],
    primary_key=["Lista de precios", "Código"],
)
with system.use_context(trusted=True):  # a path that begins at the root is refused else
    resource = Resource(path=sys.argv[1], schema=schema, control=formats.ExcelControl(sheet="Productos"))
    report = resource.validate(Checklist(checks=[Decimals()]), limit_errors=10_000_000)
if other := [error.message for task in report.tasks for error in task.errors if error.type == "resource-error"]:
    raise SystemExit(other[0])
print(len({number for task in report.tasks for (number,) in task.flatten(["rowNumber"])}))
