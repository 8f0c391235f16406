"""Kolada's open API, version 3, over HTTP: asks patiently, reads within bounds, and never leaves the address it was given.

An answer is a page: `values`, `count`, and `next_url` (null on the last page). What the values mean is for `pull`.
"""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn
from urllib.parse import urlsplit

import requests
from pydantic import BaseModel, ConfigDict, ValidationError

from ingest.errors import KoladaError
from ingest.kolada.model import Answer

BASE_URL = "https://api.kolada.se/v3"
LOOPBACK = ("127.0.0.1", "::1", "localhost")

CHUNK_BYTES = 64 * 1024
CONNECT_SECONDS, READ_SECONDS = 10, 60
OK, TOO_MANY_REQUESTS, SERVER_ERROR = 200, 429, 500

LATER = "try again later; what was fetched before is untouched."
CHANGED = "Kolada has changed its API: compare https://api.kolada.se/v3/docs with ingest/kolada/."


@dataclass(frozen=True)
class Bounds:
    """How often and how long is tried, in seconds, and how much is read, in bytes of decoded text."""

    tries: int = 5
    first_delay: float = 1
    longest_delay: float = 60
    longest_retry_after: float = 300
    answer_seconds: float = 300
    pages: int = 200
    answer_bytes: int = 20 * 10**6
    total_bytes: int = 200 * 10**6


class _Page(BaseModel):
    model_config = ConfigDict(strict=True)

    values: list[Any]
    count: int | None = None
    next_url: str | None = None
    # The name of version 2: read as "no more pages", such an answer would be cut short without a word.
    next_page: None = None


class Client:
    """Asks one API; `answers` are those it got. The clock is for tests: `sleep` waits, `jitter` is between 0 and 1."""

    def __init__(
        self,
        base_url: str = BASE_URL,
        bounds: Bounds | None = None,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.base_url = _base(base_url)
        self.answers: list[Answer] = []
        self._bounds = bounds or Bounds()
        self._sleep, self._jitter, self._now = sleep, jitter, now
        self._session = requests.Session()
        self._session.headers.update({"Accept": "application/json", "User-Agent": "kommunlager"})

    def rows(self, path: str) -> list[Any]:
        """The values of a path below the base address, of all its pages; numbers with a point are Decimals.

        KoladaError where the API stays silent, answers something else, or wants more than the bounds allow.
        """
        pages: list[_Page] = []
        asked: set[str] = set()
        url: str | None = f"{self.base_url}/{path}"
        while url is not None:
            if url in asked:
                raise error_at(url, "the API leads in a circle: its next_url was asked before.", CHANGED)
            if len(pages) == self._bounds.pages:
                raise error_at(url, f"there are more than {self._bounds.pages} pages.", "ask for fewer municipalities or years.")
            asked.add(url)
            page = self._page(url)
            pages.append(page)
            url = self._next(page.next_url, url)
        found = [row for page in pages for row in page.values]
        # `count` is the page's number of values, or that of all pages (its documentation leaves that open).
        for page in pages:
            if page.count not in (None, len(page.values), len(found)):
                raise error_at(path, f"{len(found)} values came, but count is {page.count}: the answer is cut short.", LATER)
        return found

    def _page(self, url: str) -> _Page:
        data = self._get(url)
        self.answers.append(Answer(_path(url), len(data), hashlib.sha256(data).hexdigest()))
        try:
            return _Page.model_validate(json.loads(data, parse_float=Decimal, parse_constant=_refuse_constant))
        except ValidationError as error:
            raise error_at(url, f"the answer is no page of values ({describe(error)}).", CHANGED) from None
        except (ValueError, RecursionError) as error:
            raise error_at(url, f"the answer is no JSON ({error}).", LATER) from None

    def _next(self, next_url: str | None, url: str) -> str | None:
        if next_url is None:
            return None
        base, following = urlsplit(self.base_url), urlsplit(next_url)
        if (base.scheme, following.scheme) == ("https", "http"):
            # A service behind a proxy names itself as it sees itself: the page is asked for as safely as the first one.
            following = following._replace(scheme="https")
        same_place = (following.scheme, following.netloc) == (base.scheme, base.netloc)
        if not same_place or not following.path.startswith(f"{base.path}/"):
            raise error_at(url, f"the answer leads to another place ({next_url}), which is not followed.", "ask for fewer years.")
        return following.geturl()

    def _get(self, url: str) -> bytes:
        """The body of an answer with status 200; asks again where that can help."""
        bounds = self._bounds
        problem = ""
        for attempt in range(bounds.tries):
            asked_wait: float | None = None
            try:
                timeout = (CONNECT_SECONDS, READ_SECONDS)
                with self._session.get(url, stream=True, timeout=timeout, allow_redirects=False) as response:
                    status = response.status_code
                    if status == OK:
                        return self._body(response, url)
                    problem = f"the API answers {status} {response.reason}".rstrip()
                    if status != TOO_MANY_REQUESTS and status < SERVER_ERROR:
                        raise error_at(url, f"{problem}.", "check --base-url and the ids; " + CHANGED)
                    asked_wait = self._retry_after(response.headers.get("Retry-After"), url)
            except requests.exceptions.SSLError as error:
                raise error_at(
                    url, f"the connection is not trusted ({error}).", "check the network and its certificates."
                ) from None
            except requests.RequestException as error:
                problem = f"the API cannot be reached ({type(error).__name__})"
            if attempt < bounds.tries - 1:
                delay = min(bounds.first_delay * 2**attempt, bounds.longest_delay)
                # Never sooner than asked; by chance later, so that many who failed at once do not come back at once.
                self._sleep((delay if asked_wait is None else asked_wait) + delay * self._jitter())
        raise error_at(url, f"{problem}, {bounds.tries} times.", LATER)

    def _body(self, response: requests.Response, url: str) -> bytes:
        bounds = self._bounds
        room = min(bounds.answer_bytes, bounds.total_bytes - sum(answer.bytes for answer in self.answers))
        began = self._now()
        data = bytearray()
        for chunk in response.iter_content(CHUNK_BYTES):
            data += chunk
            if len(data) > room:
                raise error_at(url, f"the answer is larger than {room / 10**6:g} MB.", "ask for fewer municipalities or years.")
            if (self._now() - began).total_seconds() > bounds.answer_seconds:
                raise error_at(url, f"the answer takes longer than {bounds.answer_seconds:g} seconds.", LATER)
        return bytes(data)

    def _retry_after(self, header: str | None, url: str) -> float | None:
        """The seconds a Retry-After asks for, as a number or a date; None where it says nothing readable."""
        if header is None:
            return None
        try:
            seconds = float(header) if header.isdecimal() else (parsedate_to_datetime(header) - self._now()).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return None
        if seconds > self._bounds.longest_retry_after:
            raise error_at(url, f"the API asks to wait {seconds:,.0f} seconds.", LATER)
        return max(seconds, 0.0)


def error_at(url: str, problem: str, remedy: str) -> KoladaError:
    """The error about an address, or a path below the base address, with what to do."""
    return KoladaError(f"Kolada, {_path(url)}: {problem}\n  What to do: {remedy}")


def describe(error: ValidationError) -> str:
    """The first faults of an answer in one line."""
    faults = [f"{'.'.join(map(str, fault['loc'])) or 'answer'}: {fault['msg']}" for fault in error.errors()[:3]]
    return "; ".join(faults)


def _base(base_url: str) -> str:
    parts = urlsplit(base_url)
    plain = not (parts.query or parts.fragment or parts.username or parts.password)
    if (
        not plain
        or not parts.hostname
        or not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK))
    ):
        raise KoladaError(
            f"{base_url}: is no address of an API.\n"
            f"  What to do: give one like {BASE_URL}, with https and without name, query or fragment."
        )
    return base_url.rstrip("/")


def _path(url: str) -> str:
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
