"""How our workbooks look: every cell style by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from etl.model import Outcome

_INK = "#1F2933"
_MUTED = "#6B7785"
_LINE = "#CBD2D9"
_RED, _RED_INK = "#FBD5D5", "#9B1C1C"
_AMBER, _AMBER_INK = "#FDE9B8", "#8A5A00"
_GREEN, _GREEN_INK = "#D3F2DE", "#14633A"
_VIOLET, _VIOLET_INK = "#E6DCFA", "#55309B"
_GREY = "#EEF1F4"
_BLUE = "#1F4E79"

TABS: Mapping[str, str] = {"calm": _BLUE, "red": "#C53030", "amber": "#D99A1C", "violet": "#7048C6", "grey": "#9AA5B1"}

_STATE_COLOURS: Mapping[Outcome, tuple[str, str, str]] = {
    Outcome.ACCEPTED: (_GREEN, _GREEN_INK, "#2F9E62"),
    Outcome.REJECTED: (_RED, _RED_INK, "#D64545"),
    Outcome.INVALID: (_RED, _RED_INK, "#E78A3C"),
    Outcome.UNCERTAIN: (_VIOLET, _VIOLET_INK, "#7048C6"),
    Outcome.NOT_SENT: (_AMBER, _AMBER_INK, "#E0B03B"),
    Outcome.UNCHANGED: (_GREY, _MUTED, "#8795A1"),
    Outcome.SKIPPED: (_GREY, _MUTED, "#B8C2CC"),
}

_KINDS: Mapping[str, Mapping[str, Any]] = {
    "plain": {},
    "text": {"num_format": "@"},
    "spaced text": {"num_format": "@", "indent": 1},
    "date": {"num_format": "dd/mm/yyyy"},
    "moment": {"num_format": "dd/mm/yyyy hh:mm:ss"},
    "time": {"num_format": "hh:mm:ss"},
    "span": {"num_format": "[h]:mm:ss"},
    "own": {"font_color": _MUTED},
    "own number": {"font_color": _MUTED, "num_format": "#,##0.###"},
    "top": {"valign": "top"},
    "wrap": {"valign": "top", "text_wrap": True},
    "wrap text": {"valign": "top", "text_wrap": True, "num_format": "@"},
    "link": {"font_color": "#0B5CAD", "underline": 1, "valign": "top"},
    "header": {"bold": True, "font_color": "#FFFFFF", "bg_color": _BLUE, "valign": "vcenter", "text_wrap": True},
    "own header": {"bold": True, "font_color": _INK, "bg_color": "#D9E2EC", "valign": "vcenter", "text_wrap": True},
    "required header": {
        "bold": True, "font_color": "#FFFFFF", "bg_color": "#B4441A", "valign": "vcenter", "text_wrap": True,
    },
    "example": {"italic": True, "font_color": _MUTED, "bg_color": _GREY, "locked": False},
    "example text": {"italic": True, "font_color": _MUTED, "bg_color": _GREY, "num_format": "@", "locked": False},
    "open": {"locked": False},
    "open text": {"num_format": "@", "locked": False},
    "open moment": {"num_format": "dd/mm/yyyy hh:mm", "locked": False},
    "title": {"bold": True, "font_size": 18, "font_color": _BLUE},
    "subtitle": {"font_size": 11, "font_color": _MUTED},
    "section": {"bold": True, "font_size": 12, "font_color": _BLUE, "bottom": 2, "bottom_color": _BLUE},
    "label": {"font_color": _MUTED, "valign": "top"},
    "value": {"valign": "top", "align": "left"},
    "number": {"num_format": "#,##0", "valign": "top"},
    "count": {"num_format": "#,##0", "valign": "top", "align": "center"},
    "fact": {"valign": "top", "align": "left", "num_format": "dd/mm/yyyy hh:mm:ss"},
    "total": {"bold": True, "top": 1, "top_color": _LINE},
    "total number": {"bold": True, "num_format": "#,##0", "top": 1, "top_color": _LINE},
    "good banner": {"bold": True, "font_size": 13, "font_color": _GREEN_INK, "bg_color": _GREEN, "valign": "vcenter"},
    "bad banner": {"bold": True, "font_size": 13, "font_color": _RED_INK, "bg_color": _RED, "valign": "vcenter"},
    "unsure banner": {
        "bold": True, "font_size": 13, "font_color": _VIOLET_INK, "bg_color": _VIOLET, "valign": "vcenter",
    },
    "mild banner": {"bold": True, "font_size": 13, "font_color": _AMBER_INK, "bg_color": _AMBER, "valign": "vcenter"},
    "decide": {"bg_color": "#FFF9DB", "border": 1, "border_color": _LINE, "valign": "top", "text_wrap": True},
}  # fmt: skip

_MARKS: Mapping[str, dict[str, Any]] = {
    "error": {"bg_color": _RED, "border": 1, "border_color": "#E59A9A"},
    "warning": {"bg_color": _AMBER, "border": 1, "border_color": "#E3C27A"},
}

BANNER_SPACE = {"indent": 1}


def style_properties(style: str) -> dict[str, Any]:
    """Return XlsxWriter's properties of a style.

    A style is a name of the table above, ``state:OUTCOME`` or ``number:EXCEL FORMAT``, and any of them may end in
    ``!error`` or ``!warning``; KeyError for any other.
    """
    base, _, mark = style.partition("!")
    if base.startswith("state:"):
        fill, ink, _ = _STATE_COLOURS[Outcome(base.removeprefix("state:"))]
        properties: dict[str, Any] = {"bg_color": fill, "font_color": ink}
    elif base.startswith("number:"):
        properties = {"num_format": base.removeprefix("number:")}
    else:
        properties = dict(_KINDS[base])
        if base.endswith("banner"):
            properties |= BANNER_SPACE
    return properties | (_MARKS[mark] if mark else {})


def state_colour(outcome: Outcome) -> str:
    """Return the colour of an outcome in a chart."""
    return _STATE_COLOURS[outcome][2]
