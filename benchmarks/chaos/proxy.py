"""The web server in front of central: ends TLS and hands on what is inside, byte by byte.

    python -m benchmarks.chaos.proxy CERTIFICATE KEY PORT TO_PORT

A mall has nginx or its like here; central itself listens on loopback and speaks plain HTTP.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import sys

CHUNK = 65_536


async def hand_on(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    """Everything from one side to the other, until it ends."""
    with contextlib.suppress(OSError):
        while chunk := await source.read(CHUNK):
            to.write(chunk)
            await to.drain()
    with contextlib.suppress(OSError):
        to.close()


async def main() -> None:
    """Serves until it is killed."""
    certificate, key, port, to_port = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", int(to_port))
        except OSError:
            writer.close()
            return
        await asyncio.gather(hand_on(reader, inner_writer), hand_on(inner_reader, writer))

    server = await asyncio.start_server(take, port=int(port), ssl=context)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
