"""Serves the web application inside an event loop that others share."""

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from deploy.settings import SettingError


class _Server(uvicorn.Server):
    """uvicorn without signal handlers: the process has its own."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


class WebServer:
    """The web server as a part that starts and stops.

    Parameters
    ----------
    host : str
        Address to listen on.
    """

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        self._app, self._host, self._port = app, host, port
        config = uvicorn.Config(
            app, host, port, log_config=None, access_log=False, lifespan="off", server_header=False, ws="none",
            timeout_graceful_shutdown=5,
        )  # fmt: skip
        self._server = _Server(config)
        self._socket: socket.socket | None = None
        self.task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where a browser on this machine finds it."""
        host = "127.0.0.1" if self._host in {"0.0.0.0", "::"} else self._host  # noqa: S104 - compared, not bound
        return f"http://{f'[{host}]' if ':' in host else host}:{self._port}/"

    def bind(self) -> None:
        """Take the port, before anything that takes long.

        Raises
        ------
        SettingError
            If the port is taken or the address is not one of this machine.
        """
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        self._socket = socket.socket(family)
        if os.name == "posix":
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((self._host, self._port))
            self._port = int(self._socket.getsockname()[1])
        except OSError as error:
            self._socket.close()
            raise SettingError(
                f"port {self._port} on {self._host} can't be used ({error.strerror}); "
                f"stop the program that uses it, or choose another with --port"
            ) from None

    async def start(self) -> None:
        """Start on the port taken by `bind`, and wait until it accepts connections."""
        if self._socket is None:
            raise RuntimeError("bind comes before start")
        self.task = asyncio.create_task(self._server.serve(sockets=[self._socket]), name="web")
        while not self._server.started:
            if self.task.done():
                self.task.result()
                raise SettingError("the web server ended at its start")
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Close open streams and stop."""
        if self.task is None:
            if self._socket is not None:
                self._socket.close()
        else:
            self._app.state.streams.close()
            self._server.should_exit = True
            await self.task
