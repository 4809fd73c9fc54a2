"""The process that scans a large sheet's XML beside the parser, under the same limits. `sandbox` is its other end.

Input: a line of JSON (the `Part`, the formats and the decimals of its `Package` as pairs, the `Limits`), then the bytes
of the part as they lie in the zip. Output: what `sent_facts` writes.
"""

from __future__ import annotations

import json
import sys

from etl.io.readers.child import forbid, limit_self
from etl.io.readers.inflating import Part, inflate
from etl.io.readers.limits import Limits
from etl.io.readers.refusal import Refusal
from etl.io.readers.sent_facts import send_facts, send_refusal
from etl.io.readers.sheet_scan import scan_sheet
from etl.io.readers.xml_parts import guard


def main(memory: str, cpu: str) -> None:
    """Serve one request; the arguments stand on the command line: bytes, and seconds of CPU time."""
    limit_self(int(memory), int(cpu))
    request = json.loads(sys.stdin.buffer.readline())
    part, limits = Part(**request["part"]), Limits(**request["limits"])
    data = sys.stdin.buffer.read(part.packed)
    sys.addaudithook(forbid)
    formats, decimals = dict(request["formats"]), dict(request["decimals"])
    try:
        facts = scan_sheet(part.name, lambda: guard(part.name, inflate(data, part)), formats, limits, decimals)
    except Refusal as refusal:
        send_refusal(sys.stdout.buffer, refusal)
    else:
        send_facts(sys.stdout.buffer, facts)
    sys.stdout.buffer.flush()
