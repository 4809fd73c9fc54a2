"""The script of an afternoon: read_excel, iterrows, to_excel, one request at a time.

``by_hand.py SHEET [--results X.xlsx] [--send ADDRESS]``
"""

import argparse
import json

import httpx
import pandas as pd

from bench.sheets import FIELDS, HEADERS

RATES = {27, 21, 10.5, 0, -1, -2}


def mistakes(row: pd.Series) -> list[str]:
    """Return what is wrong with a row."""
    found = []
    if not row["Código"] or len(str(row["Código"])) > 50:
        found.append("codigo")
    if not row["Descripción"] or len(str(row["Descripción"])) > 255:
        found.append("descripcion")
    if not row["Lista de precios"] or len(str(row["Lista de precios"])) > 255:
        found.append("lista_precios")
    try:
        price = float(row["Precio neto"])
        if price < 0 or abs(price - round(price, 3)) > 1e-9:
            found.append("precio_unitario_sin_iva")
    except ValueError:
        found.append("precio_unitario_sin_iva")
    if row["Alícuota"] not in RATES:
        found.append("alicuota")
    if row["Moneda"] not in {"PES", "DOL"}:
        found.append("moneda")
    return found + [flag for flag in ("RG 5329", "Afecta stock") if row[flag] not in {"S", "N"}]


def main() -> None:
    """Check every row, and send or write what was asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("sheet")
    parser.add_argument("--results")
    parser.add_argument("--send")
    asked = parser.parse_args()
    frame = pd.read_excel(asked.sheet, dtype={"Código": str, "Código de barras": str, "Unidad de medida": str})
    frame["Errores"] = ""
    good = []
    for index, row in frame.iterrows():
        found = mistakes(row)
        frame.loc[index, "Errores"] = ", ".join(found)
        if not found:
            good.append({field: row[header] for field, header in zip(FIELDS, HEADERS, strict=False)})
    if asked.send:
        for start in range(0, len(good), 50):
            body = {
                "usertoken": "demo-usertoken-7f1b2c94d0",
                "apikey": "1134",
                "apitoken": "demo-apitoken-5e8a31b6c2",
                "operacion": "M",
                "productos": [{**one, "unidad_bulto": str(one["unidad_bulto"])} for one in good[start : start + 50]],
            }
            answer = httpx.post(asked.send, content=json.dumps(body, default=float), timeout=60)
            answer.raise_for_status()
    if asked.results:
        frame.to_excel(asked.results, index=False)
    print(len(frame), len(good))


if __name__ == "__main__":
    main()
