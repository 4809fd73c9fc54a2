"""The rows of the sample sheets for Bsale, out of what the simulated account has."""

from __future__ import annotations

from typing import Final, TypeAlias

Cell: TypeAlias = str | float | None

INVENTORY_HEADERS: Final = ("Sucursal", "SKU", "Producto", "Stock")
RECEPTION_HEADERS: Final = ("Sucursal", "Documento", "Número de documento", "Nota", "SKU", "Cantidad", "Costo")
CONSUMPTION_HEADERS: Final = ("Sucursal", "Tipo de consumo", "Nota", "Código de barras", "Cantidad")

_GUIDE: Final = ("Casa Matriz", "Guía", "4501", "Compra de la semana")
_INVOICE: Final = ("Sucursal Norte", "Factura", "20077", None)

RECEPTIONS: Final[tuple[tuple[Cell, ...], ...]] = (
    (*_GUIDE, "629", 32.22, 3200),
    (*_GUIDE, "TE-NEGRO", 12, 1850),
    (*_GUIDE, "00750", 6, 990),
    (*_INVOICE, "TAZA-BLANCA", 24, 2100),
    (*_INVOICE, "TAZA-AZUL", 24, 2100),
    ("1", "OTRO", None, "Devolución de un cliente", "355", 0.5, None),
)

WRONG_RECEPTIONS: Final[tuple[tuple[Cell, ...], ...]] = (
    ("1", "Guía", "5001", None, "629", 10, 3200, "bien"),
    ("1", "Guía", "5001", None, "TE-NEGRO", 5, 1850, "bien"),
    ("1", "Guía", "5002", None, "TE-VERDE", 5, 1850, "bien, pero otra fila del documento tiene un error"),
    ("1", "Guía", "5002", None, "TE-NEGRO", 0, 1850, "cantidad en cero"),
    ("1", "Guía", "5003", None, "TE-NEGRO", "doce", 1850, "cantidad en letras"),
    (None, "Guía", "5004", None, "TE-NEGRO", 5, 1850, "falta la sucursal"),
    ("1", "Guía", "45-A", None, "TE-NEGRO", 5, 1850, "número de documento con letras"),
    ("1", "Guía", "5005", None, None, 5, 1850, "falta el SKU"),
    ("1", "Guía", "5006", None, "TE-NEGRO", 5, -1, "costo negativo"),
    ("1", "Guía", "5007", None, "7,79E+12", 5, 1850, "código roto por Excel"),
    ("1", "Guía", "5008", "Nota larga " * 12, "355", 5, 3200, "aviso: la nota se recorta"),
)

CONSUMPTIONS: Final[tuple[tuple[Cell, ...], ...]] = (
    ("Casa Matriz", 2, "Merma de la semana", "7790000003885", 1.5),
    ("Casa Matriz", 2, "Merma de la semana", "7790000003915", 2),
    ("Casa Matriz", 1, "Muestras para el local", "7800000007007", 3),
)

WRONG_CONSUMPTIONS: Final[tuple[tuple[Cell, ...], ...]] = (
    ("1", 2, "Merma", "7790000003557", 1, "bien"),
    ("1", 2, "Rotura", "7790000003885", -2, "cantidad negativa"),
    ("1", "mermas", "Rotura", "7790000003915", 1, "el tipo de consumo es un número"),
    (None, 2, "Retiro", "7790000003915", 1, "falta la sucursal"),
    ("1", 2, "Vencidos", None, 1, "falta el código"),
    ("1", 2, "Vencidos", "7790000003939", 1, "bien, pero otra fila del documento tiene un error"),
)

INVENTORY: Final[tuple[tuple[Cell, ...], ...]] = (
    ("Casa Matriz", "355", "Café en grano 500 g", 41),
    ("Casa Matriz", "393", "Café en grano 5 kg", 107.84),
    ("Casa Matriz", "TAZA-AZUL", "Taza de loza azul", 11),
    ("Sucursal Norte", "TE-VERDE", "Té en hebras verde", 4),
    ("Sucursal Norte", "351", "Café en grano 250 g", 58.5),
)

WRONG_INVENTORY: Final[tuple[tuple[Cell, ...], ...]] = (
    ("1", "355", "Café en grano 500 g", 41, "bien"),
    ("1", "391", "Café en grano 2 kg", "muchas", "stock en letras"),
    ("1", "TAZA-AZUL", "Taza de loza azul", 9, "contada dos veces"),
    ("1", "TAZA-AZUL", "Taza de loza azul", 8, "contada dos veces"),
    ("1", None, "Té en hebras", 3, "falta el SKU"),
    (None, "388", "Café en grano", 3, "falta la sucursal"),
    ("1", "388", "Café en grano", None, "falta el stock"),
)
