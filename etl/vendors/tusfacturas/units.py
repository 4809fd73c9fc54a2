"""The units of measure of the AFIP as TusFacturas lists them, and how people write the usual ones.

Source: vendor page "Tablas de referencia", "Unidades de medida" (47 rows; the gaps are the vendor's).
"""

from __future__ import annotations

from etl.vendors.base import Choice

_UNITS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("1", "kilogramos", ("kilogramo", "kilo", "kilos", "kg", "kgs", "kgr", "kgrs")),
    ("2", "metros", ("metro", "m", "mt", "mts", "mtrs")),
    ("3", "metros cuadrados", ("metro cuadrado", "m2", "mt2", "mts2")),
    ("4", "metros cúbicos", ("metro cúbico", "m3", "mt3", "mts3")),
    ("5", "litros", ("litro", "l", "lt", "lts", "ltr", "ltrs")),
    ("6", "1000 kWh", ("mil kWh", "MWh")),
    ("7", "unidades", ("unidad", "u", "un", "uni", "unid", "unids", "ud", "uds")),
    ("8", "pares", ("par",)),
    ("9", "docenas", ("docena", "doc", "dna", "dz")),
    ("10", "quilates", ("quilate",)),
    ("11", "millares", ("millar",)),
    ("14", "gramos", ("gramo", "g", "gr", "grs", "gs")),
    ("15", "milimetros", ("milímetro", "mm")),
    ("16", "mm cúbicos", ("milímetros cúbicos", "milímetro cúbico", "mm3")),
    ("17", "kilómetros", ("kilómetro", "km", "kms")),
    ("18", "hectolitros", ("hectolitro", "hl")),
    ("20", "centímetros", ("centímetro", "cm", "cms")),
    ("25", "jgo. pqt. mazo naipes", ("mazo de naipes", "mazo naipes", "juego de naipes")),
    ("27", "cm cúbicos", ("centímetros cúbicos", "centímetro cúbico", "cm3", "cc")),
    ("29", "toneladas", ("tonelada", "tn", "tns", "ton")),
    ("30", "dam cúbicos", ("decámetros cúbicos", "decámetro cúbico", "dam3")),
    ("31", "hm cúbicos", ("hectómetros cúbicos", "hectómetro cúbico", "hm3")),
    ("32", "km cúbicos", ("kilómetros cúbicos", "kilómetro cúbico", "km3")),
    ("33", "microgramos", ("microgramo", "mcg")),
    ("34", "nanogramos", ("nanogramo", "ng")),
    ("35", "picogramos", ("picogramo", "pg")),
    ("41", "miligramos", ("miligramo", "mg")),
    ("47", "mililitros", ("mililitro", "ml")),
    ("48", "curie", ("curies",)),
    ("49", "milicurie", ("milicuries",)),
    ("50", "microcurie", ("microcuries",)),
    ("51", "uiacthor", ()),
    ("52", "muiacthor", ()),
    ("53", "kg base", ("kilogramo base",)),
    ("54", "gruesa", ("gruesas",)),
    ("61", "kg bruto", ("kilogramo bruto",)),
    ("62", "uiactant", ()),
    ("63", "muiactant", ()),
    ("64", "uiactig", ()),
    ("65", "muiactig", ()),
    ("66", "kg activo", ("kilogramo activo",)),
    ("67", "gramo activo", ()),
    ("68", "gramo base", ()),
    ("95", "anulación/devolución", ("anulación", "devolución")),
    ("96", "packs", ("pack",)),
    ("97", "seña/anticipo", ("seña", "anticipo")),
    ("98", "otras unidades", ("otra unidad", "otras", "otra")),
)

UNITS: tuple[Choice, ...] = tuple(
    Choice(code, name, (code.zfill(2), *synonyms) if len(code) == 1 else synonyms) for code, name, synonyms in _UNITS
)
"""By id as text, as the vendor's examples send it (``"7"``); ``07`` is the AFIP's own way of writing it."""
