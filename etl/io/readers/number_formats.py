"""Tells which of Excel's number formats change what a number means to a reader: percentages and zero-padded codes."""

from __future__ import annotations

import re

_BUILT_IN = {9: "0%", 10: "0.00%"}
"""ECMA-376 part 1, 18.8.30: the built-in formats that matter here."""

_ASIDE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
"""Quoted texts, escaped characters, widths, fillers, colours and locales: shown, but not part of the number."""
_EXPONENT = re.compile(r"E[+-]0+", re.IGNORECASE)
_PADDED = re.compile(r"^[^.,?/]*0[^.,?/0]*0")


def telling_format(number: int, code: str | None) -> str | None:
    """Return the format's code when it is a percentage or pads with zeros (``00000``), else None.

    `number` is Excel's number of the format, `code` what the workbook declares for it, if it does.
    """
    code = code if code is not None else _BUILT_IN.get(number)
    if code is None:
        return None
    bare = _EXPONENT.sub("", _ASIDE.sub("", code.split(";")[0]))
    return code if "%" in bare or _PADDED.match(bare) else None
