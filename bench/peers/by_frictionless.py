"""Validates a sheet with frictionless and the same rules (``uv run --group bench``)."""

import sys

from frictionless import Resource, Schema, fields, formats

TEXTS = {"Código": 50, "Descripción": 255, "Lista de precios": 255}
schema = Schema(
    fields=[
        *(
            fields.StringField(name=name, constraints={"required": True, "maxLength": most})
            for name, most in TEXTS.items()
        ),
        fields.IntegerField(name="Unidad bulto", constraints={"required": True, "minimum": 1}),
        fields.NumberField(name="Precio neto", constraints={"required": True, "minimum": 0}),
        fields.NumberField(name="Alícuota", constraints={"required": True, "enum": [27, 21, 10.5, 0, -1, -2]}),
        fields.StringField(name="Moneda", constraints={"required": True, "enum": ["PES", "DOL"]}),
        fields.StringField(name="Código de barras", constraints={"maxLength": 255}),
        fields.NumberField(name="Alícuota de impuestos internos"),
        fields.StringField(name="Unidad de medida"),
        fields.StringField(name="RG 5329", constraints={"enum": ["S", "N"]}),
        fields.StringField(name="Afecta stock", constraints={"required": True, "enum": ["S", "N"]}),
        fields.IntegerField(name="Stock mínimo"),
        fields.AnyField(name="Ubicación"),
    ]
)
resource = Resource(path=sys.argv[1], schema=schema, control=formats.ExcelControl(sheet="Productos"), basepath="/")
report = resource.validate(limit_errors=10_000_000)
print(sum(task.stats.get("errors", 0) for task in report.tasks))
