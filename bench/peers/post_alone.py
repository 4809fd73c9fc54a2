"""Posts a sheet's products and does nothing else: no checks, no journal, and of the answers only whether they refuse.

``post_alone.py SHEET ADDRESS IN_FLIGHT`` prints the seconds from the first request to the last answer.
"""

import http.client
import json
import queue
import sys
import threading
import time
from urllib.parse import urlsplit

from python_calamine import CalamineWorkbook

from bench.peers.by_hand import CREDENTIALS
from bench.sheets import FIELDS

sheet, address, in_flight = sys.argv[1:]
place = urlsplit(address)
_, *rows = CalamineWorkbook.from_path(sheet).get_sheet_by_index(0).to_python()
whole = [[int(cell) if isinstance(cell, float) and cell.is_integer() else cell for cell in row] for row in rows]
products = [dict(zip(FIELDS, row, strict=False)) for row in whole]
bodies: queue.SimpleQueue[bytes] = queue.SimpleQueue()
for start in range(0, len(products), 50):
    batch = [{**one, "unidad_bulto": str(one["unidad_bulto"])} for one in products[start : start + 50]]
    bodies.put(json.dumps({**CREDENTIALS, "operacion": "M", "productos": batch}).encode())


def post() -> None:
    """Post what is left, one after another."""
    connection = http.client.HTTPConnection(place.hostname or "", place.port)
    while not bodies.empty():
        try:
            body = bodies.get_nowait()
        except queue.Empty:
            return
        connection.request("POST", place.path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        if b'"error":"S"' in answer.read() or answer.status != 200:
            raise SystemExit("refused")


begun = time.perf_counter()
threads = [threading.Thread(target=post) for _ in range(int(in_flight))]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(time.perf_counter() - begun)
