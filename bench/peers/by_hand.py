"""The script of an afternoon: read_excel, iterrows, to_excel, one request at a time; the same checks as `etl validate`.

``by_hand.py SHEET [--results X.xlsx] [--send ADDRESS]`` prints the seconds of writing, and how many rows are wrong.
"""

import argparse
import json
import time

import httpx
import pandas as pd

from bench.sheets import FIELDS, HEADERS, RATES, UNITS

CREDENTIALS = {
    "usertoken": "demo-usertoken-7f1b2c94d0",
    "apikey": "1134",
    "apitoken": "demo-apitoken-5e8a31b6c2",
}
TEXTS = {"Código": 50, "Descripción": 255, "Lista de precios": 255}
DECIMALS = {"Precio neto": 3, "Alícuota de impuestos internos": 2}


def mistakes(row: pd.Series, seen: set[tuple[str, str]]) -> list[str]:
    """Return what is wrong with a row."""
    found = [name for name, most in TEXTS.items() if not str(row[name]).strip() or len(str(row[name])) > most]
    for name, decimals in DECIMALS.items():
        try:
            number = float(row[name])
            if number < 0 or abs(number - round(number, decimals)) > 1e-9:
                found.append(name)
        except ValueError:
            found.append(name)
    for name, least in (("Unidad bulto", 1), ("Stock mínimo", None)):
        try:
            whole = float(row[name])
            if whole != int(whole) or (least is not None and whole < least):
                found.append(name)
        except ValueError:
            found.append(name)
    if row["Alícuota"] not in RATES:
        found.append("Alícuota")
    if row["Moneda"] not in {"PES", "DOL"}:
        found.append("Moneda")
    if row["Unidad de medida"] not in UNITS:
        found.append("Unidad de medida")
    if len(str(row["Código de barras"])) > 255:
        found.append("Código de barras")
    found += [flag for flag in ("RG 5329", "Afecta stock") if row[flag] not in {"S", "N"}]
    key = (str(row["Lista de precios"]), str(row["Código"]))
    if key in seen:
        found.append("repetido")
    seen.add(key)
    return found


def main() -> None:
    """Check every row, and send or write what was asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("sheet")
    parser.add_argument("--results")
    parser.add_argument("--send")
    asked = parser.parse_args()
    frame = pd.read_excel(asked.sheet, dtype={"Código": str, "Código de barras": str, "Unidad de medida": str})
    words, good = [], []
    seen: set[tuple[str, str]] = set()
    for _, row in frame.iterrows():
        found = mistakes(row, seen)
        words.append(", ".join(found))
        if not found:
            good.append({field: row[header] for field, header in zip(FIELDS, HEADERS, strict=False)})
    if asked.send:
        send(good, asked.send)
    frame["Errores"] = words
    begun = time.perf_counter()
    if asked.results:
        frame.to_excel(asked.results, index=False)
    print(time.perf_counter() - begun, len(frame) - len(good))


def send(good: list[dict[str, object]], address: str) -> None:
    """Send fifty at a time, and wait for each answer."""
    for start in range(0, len(good), 50):
        products = [{**one, "unidad_bulto": str(one["unidad_bulto"])} for one in good[start : start + 50]]
        body = {**CREDENTIALS, "operacion": "M", "productos": products}
        answer = httpx.post(
            address,
            content=json.dumps(body, default=float),
            headers={"Content-Type": "application/json"},
            timeout=60,
        )
        answer.raise_for_status()
        if any(told["error"] != "N" for told in answer.json()["productos"]):
            raise SystemExit("refused")


if __name__ == "__main__":
    main()
