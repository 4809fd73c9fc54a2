"""Decides the encoding of a CSV file and returns its text as UTF-8 (contract section 3, reliability.md XLS-10).

Order: byte order mark, strict UTF-8, then the one-byte encodings that spreadsheets write in Argentina and Chile. Among
those the letters decide: a general detector was tried, and takes short Spanish texts in cp850 and mac_roman for cp1252.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator

from etl.errors import UsageError
from etl.io.readers.refusal import Refusal, unreadable
from etl.messages import text

_BLOCK = 1024 * 1024
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_ONE_BYTE = ("cp1252", "cp850", "mac_roman")
"""In the order of preference when the letters do not tell."""

_EXPECTED = (
    dict.fromkeys("áéíóúñ", 3) | dict.fromkeys("ÁÉÍÓÚÑüÜ", 2) | dict.fromkeys("½¼¾×²³€®™“”‘’–—…«»´·çãõâêôàè\u00a0", 1)
)
_AFTER_NUMBERS = "°ºª¨´"
_AT_BEGINNINGS = "¿¡"
_UNEXPECTED = -2
_SIGNS = re.compile(rb"[\x80-\xff][A-Za-z\x80-\xff]*")
"""Where a word has signs beyond ASCII, and what follows them in it."""
_WORD_BYTES = bytes(byte if byte > 127 or chr(byte).isalnum() else ord(" ") for byte in range(256))
_ENOUGH_WORDS = 20_000
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x19\x1c-\x1f\x7f]")
_DOS_END = b"\x1a"
_SAVE_AS_UTF8 = text("Save it as “CSV UTF-8”, or as .xlsx, and try with that file.")


def to_utf8(data: bytes, encoding: str) -> tuple[bytes, str]:
    """Return the text as UTF-8 without a byte order mark, and the name of the encoding it was in.

    `encoding` is ``auto`` or a name that Python knows. UsageError for any other, `Refusal` when it is no such text.
    """
    known = False
    mark, marked = next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", ""))
    if encoding != "auto":
        chosen = _named(encoding).removesuffix("-sig")
    elif marked:
        chosen = marked
    else:
        _refuse_binary(data)
        chosen = "utf-8" if (known := _is_utf8(data)) else _guess(data)
    if marked and (marked == chosen or marked.startswith(f"{chosen}-")):
        chosen, data = marked, data[len(mark) :]
    decoded = data if known else _transcode(data, chosen)
    if b"\0" in decoded:
        raise _binary()
    return decoded.rstrip(_DOS_END), chosen


def _named(encoding: str) -> str:
    try:
        "".encode(encoding)
        return codecs.lookup(encoding).name
    except LookupError:
        raise UsageError(
            text("there is no encoding called «{name}»", name=encoding),
            hint=text("Use auto, utf-8, cp1252, cp850, mac_roman or utf-16."),
        ) from None


def _transcode(data: bytes, encoding: str) -> bytes:
    if encoding == "utf-8":
        if not _is_utf8(data):
            raise _not_in(encoding)
        return data
    try:
        written = io.BytesIO()
        written.writelines(block.encode() for block in _decode(data, encoding))
        return written.getvalue()
    except (UnicodeError, ValueError):
        raise _not_in(encoding) from None


def _decode(data: bytes, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    for at in range(0, len(data), _BLOCK):
        yield decoder.decode(data[at : at + _BLOCK])
    yield decoder.decode(b"", final=True)


def _is_utf8(data: bytes) -> bool:
    try:
        for _ in _decode(data, "utf-8"):
            pass
    except UnicodeDecodeError:
        return False
    return True


def _guess(data: bytes) -> str:
    """Return the one-byte encoding in which the words with signs beyond ASCII look most like Spanish."""
    words: set[bytes] = set()
    begin = 0
    while begin < len(data) and len(words) < _ENOUGH_WORDS:
        end = data.find(b"\n", begin + _BLOCK) + 1 or len(data)
        words.update(_words(data[begin:end]))
        begin = end
    scores = {encoding: sum(_score(word, encoding) for word in words) for encoding in _ONE_BYTE}
    return max(_ONE_BYTE, key=lambda encoding: scores[encoding])


def _words(block: bytes) -> Iterator[bytes]:
    """Yield the different words of some lines that have signs beyond ASCII, each up to the digits behind the last."""
    for run in {run for run in block.translate(_WORD_BYTES).split() if not run.isascii()}:
        begin = 0
        for match in _SIGNS.finditer(run):
            yield run[begin : match.end()]
            begin = match.end()


def _score(word: bytes, encoding: str) -> int:
    """Return how much a word looks like Spanish in an encoding."""
    try:
        shown = word.decode(encoding)
    except UnicodeDecodeError:
        return 50 * _UNEXPECTED
    return sum(_score_sign(shown, position) for position, sign in enumerate(shown) if not sign.isascii())


def _score_sign(word: str, position: int) -> int:
    sign, before = word[position], word[max(0, position - 2) : position]
    if sign in _AFTER_NUMBERS:  # N°, 2ª, 26¨
        return 4 if before[-1:].isdigit() or before[-1:] in ("N", "n") else 1 if not before else _UNEXPECTED
    if sign in _AT_BEGINNINGS:
        return 2 if not before else _UNEXPECTED
    score = _EXPECTED.get(sign, _UNEXPECTED)
    if sign.isupper() and before[-1:].islower():  # camiÚn
        score += 2 * _UNEXPECTED
    if sign.islower() and len(before) > 1 and before[-2:].isalpha() and before[-2:].isupper():  # CAMIóN
        score += 2 * _UNEXPECTED
    return score


def _refuse_binary(data: bytes) -> None:
    head = data[:_BLOCK]
    if b"\0" in head:
        even, odd = head[::2].count(0), head[1::2].count(0)
        if max(even, odd) > len(head) // 8 and min(even, odd) < len(head) // 32:
            raise unreadable(
                text("it is in UTF-16 without the mark that says so"),
                text(
                    "Save it as “CSV UTF-8”, or as .xlsx, and try with that file; or give --encoding {name}.",
                    name="utf-16-be" if even > odd else "utf-16-le",
                ),
            )
        raise _binary()
    shown = head.decode("latin-1")
    if len(_CONTROLS.findall(shown)) > len(shown) // 100:
        raise _binary()


def _binary() -> Refusal:
    return unreadable(
        text("it is neither a spreadsheet nor a text: it holds bytes that no text has"),
        text("The file may be damaged: download or export it again."),
    )


def _not_in(encoding: str) -> Refusal:
    return unreadable(
        text("its bytes are no text in the encoding {encoding}", encoding=encoding),
        text("Leave --encoding out, or name the one it was saved in; “CSV UTF-8” is the safest."),
    )
