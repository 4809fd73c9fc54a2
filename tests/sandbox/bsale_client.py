"""Speaks to the simulated Bsale as its page says."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec

from etl.sandbox import DEMO_CREDENTIALS, Sandbox
from tests.sandbox.conftest import TLS

PUBLIC = "https://api.bsale.io/v1/"
"""The vendor's address in the page's samples."""


class BsaleCaller:
    """Sends requests with the demo token; answers are told as if they came from the public address."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.url = sandbox.url("bsale")

    def send(self, method: str, path: str, token: str | None = None, **more: Any) -> httpx.Response:
        headers = {"access_token": token or DEMO_CREDENTIALS["bsale"]["access_token"]}
        if "content" in more:
            headers["Content-Type"] = "application/json"
        return httpx.request(method, self.url + path, headers=headers, trust_env=False, verify=TLS, **more)

    def post(self, path: str, body: Any) -> httpx.Response:
        return self.send("POST", path, json=body)

    def put(self, path: str, body: Any) -> httpx.Response:
        return self.send("PUT", path, json=body)

    def public(self, answer: httpx.Response) -> Any:
        return msgspec.json.decode(answer.text.replace(self.url, PUBLIC))

    def told(self, path: str, **query: Any) -> Any:
        answer = self.send("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        return self.public(answer)

    def refused(self, path: str, **query: Any) -> int:
        answer = self.send("GET", path, params=query)
        assert answer.json().keys() == {"error"}
        return answer.status_code
