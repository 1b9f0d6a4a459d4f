"""A client for an API with JSON over HTTP: a token for its own host alone, bounded responses, sentences as errors."""

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any, cast
from urllib.parse import urlencode

from ..errors import CommentError

PAGE = 100
"""Entries of a page: the most that GitHub and GitLab return."""
_PAGES = 100  # 10,000 comments; more are not read
_LIMIT = 20_000_000  # bytes of a response: 100 comments of GitHub's 65,536 characters have at most that
_SECONDS = 60


class ApiError(CommentError):
    """A request that failed."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status
        """HTTP's; 0 without a response."""


class Api:
    """An API.

    Args:
        url: where its paths begin.
        headers: those of each request, with the token.
    """

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._url, self._headers = url.rstrip("/"), headers

    def get(self, path: str, **query: str | int) -> Any:
        """What the API has at a path.

        Raises:
            ApiError: if it does not answer with JSON.
        """
        return _json(self._request("GET", path, query=query), path)

    def pages(self, path: str, **query: str | int) -> Iterator[Mapping[str, Any]]:
        """The entries of a list, over all pages."""
        for page in range(1, _PAGES + 1):
            entries = cast(list[Mapping[str, Any]], self.get(path, **query, per_page=PAGE, page=page))
            yield from entries
            if len(entries) < PAGE:
                return

    def send(self, method: str, path: str, body: Mapping[str, Any]) -> None:
        """Create or change something."""
        self._request(method, path, json.dumps(body).encode())

    def download(self, path: str) -> bytes:
        """A file, which may be on another host."""
        return self._request("GET", path)

    def _request(
        self, method: str, path: str, data: bytes | None = None, query: Mapping[str, str | int] | None = None
    ) -> bytes:
        suffix = f"?{urlencode(query)}" if query else ""
        request = urllib.request.Request(f"{self._url}/{path}{suffix}", data, method=method)  # noqa: S310 the platform's
        for name, value in self._headers.items():
            request.add_unredirected_header(name, value)  # the token is for this host alone
        if data is not None:
            request.add_unredirected_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as response:  # noqa: S310 the same
                content: bytes = response.read(_LIMIT + 1)
        except urllib.error.HTTPError as error:
            with error:
                raise ApiError(f"{method} {path} failed: {error.code} {error.reason}.", error.code) from error
        except (OSError, http.client.HTTPException) as error:
            raise ApiError(f"{method} {path} failed: {error}.") from error
        if len(content) > _LIMIT:
            raise ApiError(f"{method} {path}: the response is larger than {_LIMIT} bytes.")
        return content


def _json(content: bytes, path: str) -> Any:
    try:
        return json.loads(content)
    except ValueError as error:
        raise ApiError(f"{path}: the response is not JSON.") from error
