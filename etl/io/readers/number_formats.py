"""Tells which of Excel's number formats change what a number means to a reader: percentages and zero-padded codes."""

from __future__ import annotations

import re

_BUILT_IN = {9: "0%", 10: "0.00%"}
"""ECMA-376 part 1, 18.8.30: the built-in formats that matter here."""

_ASIDE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
"""Quoted texts, escaped characters, widths, fillers, colours and locales: shown, but not part of the number."""
_FIXED = {1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 37: "#,##0", 38: "#,##0", 39: "#,##0.00", 40: "#,##0.00"}
_FIXED |= {41: "#,##0", 42: "#,##0", 43: "#,##0.00", 44: "#,##0.00"}
"""The built-in formats with so many decimals, without what stands around the digits."""
_PLAIN_NUMBER = re.compile(r"[$()+ -]*[#0,]*[#0](?:\.([#0]+))?[$()+ -]*")
_EXPONENT = re.compile(r"E[+-]0+", re.IGNORECASE)
_PADDED = re.compile(r"^[^.,?/]*0[^.,?/0]*0")


def shown_decimals(number: int, code: str | None) -> int | None:
    """Return how many decimals a format shows of a number; None for formats that show it otherwise (General, 5%).

    `number` and `code` as for `telling_format`.
    """
    code = code if code is not None else _FIXED.get(number)
    found = _PLAIN_NUMBER.fullmatch(_ASIDE.sub("", code.split(";")[0])) if code is not None else None
    return None if found is None else len(found[1] or "")


def telling_format(number: int, code: str | None) -> str | None:
    """Return the format's code when it is a percentage or pads with zeros (``00000``), else None.

    `number` is Excel's number of the format, `code` what the workbook declares for it, if it does.
    """
    code = code if code is not None else _BUILT_IN.get(number)
    if code is None:
        return None
    bare = _EXPONENT.sub("", _ASIDE.sub("", code.split(";")[0]))
    return code if "%" in bare or _PADDED.match(bare) else None
