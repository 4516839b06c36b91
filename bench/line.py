"""A county's line between a browser and the service: 1 Mbit/s each way, 200 ms there and back, on every connection.

Chromium's own slow line delays each answer, but neither the opening of a connection nor the shared width of several.
This one passes bytes on as a wire would: a new connection first waits for two ways there and back (TCP, TLS 1.3), all
share the width, and what exceeds the first ten segments waits until the first has been acknowledged (RFC 6928).
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

BYTES_A_SECOND = 125_000
THERE_AND_BACK = 0.2
_FIRST_WINDOW = 10 * 1460
_PIECE = 1460


@dataclass
class _Way:
    """One direction, shared by all connections: when it is free again (seconds of the loop)."""

    free_at: float = 0.0


@dataclass
class Line:
    """The line to a port of this machine; `port` is its near end, `n_connections` and `n_bytes` (down) are counted."""

    far: int
    port: int = 0
    n_connections: int = 0
    n_bytes: int = 0
    _down: _Way = field(default_factory=_Way)
    _up: _Way = field(default_factory=_Way)

    def reset(self) -> None:
        """Count anew."""
        self.n_connections = self.n_bytes = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        self.n_connections += 1
        await asyncio.sleep(2 * THERE_AND_BACK)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.far)
        with suppress(OSError):
            await asyncio.gather(
                self._carry(reader, far_writer, self._up, is_down=False),
                self._carry(far_reader, writer, self._down, is_down=True),
            )

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: _Way, *, is_down: bool
    ) -> None:
        loop = asyncio.get_running_loop()
        on_the_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def arrive() -> None:
            while True:
                at, piece = await on_the_way.get()
                await asyncio.sleep(max(0.0, at - loop.time()))
                if not piece:
                    break
                writer.write(piece)
                await writer.drain()
            writer.close()

        arriving = asyncio.ensure_future(arrive())
        n_sent, acknowledged_at = 0, 0.0
        try:
            while piece := await reader.read(_PIECE):
                if n_sent == 0:
                    acknowledged_at = loop.time() + THERE_AND_BACK
                begins = max(loop.time(), way.free_at, acknowledged_at if n_sent >= _FIRST_WINDOW else 0.0)
                way.free_at = begins + len(piece) / BYTES_A_SECOND
                n_sent += len(piece)
                self.n_bytes += len(piece) if is_down else 0
                on_the_way.put_nowait((way.free_at + THERE_AND_BACK / 2, piece))
        finally:
            on_the_way.put_nowait((0.0, b""))
            await arriving


@contextmanager
def a_line(far: int) -> Iterator[Line]:
    """Give a line to a port of this machine, carried in a thread of its own."""
    line, loop, ready = Line(far), asyncio.new_event_loop(), threading.Event()

    async def open_it() -> asyncio.Server:
        server = await asyncio.start_server(line.serve, "127.0.0.1", 0)
        line.port = server.sockets[0].getsockname()[1]
        ready.set()
        return server

    def carry() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(open_it())
        loop.run_forever()

    thread = threading.Thread(target=carry, daemon=True)
    thread.start()
    ready.wait(10)
    yield line
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
