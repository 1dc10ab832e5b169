"""Guards before every service: which hosts are answered, and the headers that keep browsers safe."""

from collections.abc import Collection
from hmac import compare_digest
from ipaddress import ip_address

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.error import problem

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""Sent with every answer: nothing from elsewhere is loaded, nothing inline is run."""

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def host_name(header: str) -> str:
    """Host of a Host header without its port, in lower case.

    Examples
    --------
    >>> host_name("[::1]:8000"), host_name("City.example:80")
    ('::1', 'city.example')
    """
    header = header.strip().lower()
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0]


def host_allowed(name: str, allowed: Collection[str]) -> bool:
    """Whether a host name may be answered: localhost, an address, or a name on the list.

    A page of a stranger can make a browser ask us under the stranger's name (DNS rebinding), never under an
    address in figures, so that addresses are safe.
    """
    if name == "localhost" or name.endswith(".localhost") or name in allowed or "*" in allowed:
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


class Guard:
    """ASGI middleware: refuses foreign hosts and writes without the token, adds `HEADERS`.

    Parameters
    ----------
    token : str
        What a request that writes must bring as ``Authorization: Bearer TOKEN``; "" asks for none.
    """

    def __init__(self, app: ASGIApp, allowed_hosts: Collection[str] = (), token: str = "") -> None:
        self.app = app
        self._token = token
        self.allowed = frozenset(host.lower() for host in allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse, one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        reason = self._refusal(Headers(scope=scope), str(scope["method"]))
        if reason:
            status, text = reason
            await problem(status, text)(scope, receive, guarded)
        else:
            await self.app(scope, receive, guarded)

    def _refusal(self, headers: Headers, method: str) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if not host_allowed(host_name(host), self.allowed):
            return 421, f'host "{host}" is not answered here; name it among the allowed hosts of the service'
        origin = headers.get("origin")
        if origin and method not in _SAFE_METHODS and origin.partition("://")[2].lower() != host.lower():
            return 403, f'{method} from a page of "{origin}" is refused; only pages of this service may write'
        given = headers.get("authorization", "").removeprefix("Bearer ")
        if self._token and method not in _SAFE_METHODS and not compare_digest(given.encode(), self._token.encode()):
            return 401, f"{method} needs the header Authorization: Bearer TOKEN; the token is api in secrets.json"
        return None
