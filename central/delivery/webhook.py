"""A signed POST of one offer; whatever the endpoint does, the answer comes in bounded time and memory."""

from __future__ import annotations

import time

import httpx

from central.delivery.backoff import asked_wait
from central.delivery.endpoints import Endpoint
from central.delivery.sending import SENT, Answer
from contract.webhooks import sign

MOST_ANSWER_BYTES = 64 * 1024
"""Read and thrown away, so that the connection can be used again; a longer answer costs it."""
GONE = 410


class WebhookSender:
    """Posts to one endpoint; follows no redirect, uses no proxy of the environment, believes no cookie.

    Args:
        endpoint: where and how.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.mark = endpoint.mark
        self._endpoint = endpoint
        self._client = httpx.Client(
            timeout=endpoint.timeout_s,
            limits=httpx.Limits(max_connections=endpoint.concurrency, max_keepalive_connections=endpoint.concurrency),
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": "atrium-central"},
        )

    def is_ready(self) -> bool:
        """Always: only trying tells."""
        return True

    def send(self, body: bytes, offer: str, now: float) -> Answer:
        """Post it with the offer's id as ``webhook-id`` and this attempt's time as ``webhook-timestamp``."""
        headers = sign(self._endpoint.keys, offer, int(now), body) | {"Content-Type": "application/json"}
        try:
            with self._client.stream("POST", self._endpoint.url, content=body, headers=headers) as answer:
                self._drain(answer)
                return _judge(answer, now)
        except httpx.TimeoutException:
            return Answer("again", f"no answer within {self._endpoint.timeout_s:g} s")
        except (httpx.HTTPError, httpx.InvalidURL, RuntimeError) as error:  # RuntimeError: closed while in use
            return Answer("again", f"cannot be reached ({type(error).__name__})")

    def close(self) -> None:
        """Cut off whatever is under way."""
        self._client.close()

    def _drain(self, answer: httpx.Response) -> None:
        """Read the body as far as it is short and quick: its status has been said already."""
        deadline, size = time.monotonic() + self._endpoint.timeout_s, 0
        try:
            for chunk in answer.iter_raw():
                size += len(chunk)
                if size > MOST_ANSWER_BYTES or time.monotonic() > deadline:
                    return
        except httpx.HTTPError:
            return


def _judge(answer: httpx.Response, now: float) -> Answer:
    status = answer.status_code
    if answer.is_success:
        return SENT
    if status == GONE:
        return Answer("gone", "it answered 410: it wants no more offers")
    if answer.is_redirect or status in range(300, 400):
        return Answer("again", f"it answered {status}, a redirect, which is not followed")
    return Answer("again", f"it answered {status}", asked_wait(answer.headers.get("retry-after"), now))
