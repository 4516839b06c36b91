"""A wire to a database server that a test cuts, as when the server is restarted."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Wire:
    """Passes on what comes in on a port of its own, until it is cut."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._open: list[socket.socket] = []
        self._is_cut, self._is_over = False, False
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while not self._is_over:
            try:
                came, _ = self._door.accept()
            except OSError:
                return
            if self._is_cut:
                came.close()
                continue
            try:
                onward = socket.create_connection(self._to)
            except OSError:
                came.close()
                continue
            self._open += [came, onward]
            for one, other in ((came, onward), (onward, came)):
                threading.Thread(target=_pass_on, args=(one, other), daemon=True).start()

    def cut(self) -> None:
        """Break every connection, and take no new one."""
        self._is_cut = True
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._open = []

    def mend(self) -> None:
        """Take connections again."""
        self._is_cut = False

    def close(self) -> None:
        """End."""
        self._is_over = True
        self.cut()
        self._door.close()


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while piece := one.recv(65536):
            other.sendall(piece)
    for end in (one, other):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextmanager
def a_wire(host: str, port: int) -> Iterator[Wire]:
    """Give a wire to a server."""
    wire = Wire(host, port)
    try:
        yield wire
    finally:
        wire.close()
