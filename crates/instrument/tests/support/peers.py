"""Serves independent instruments for the tests, and ends when its standard input does.

    peers.py sinstruments CONFIG.yml      the devices of a configuration; classes beside it are found
    peers.py scpipy                       a server of that package, with two queries of our own

Prints one line of JSON first: device.transport -> VISA resource string. Ports of 0 are chosen.
"""

import asyncio
import json
import os
import sys
import threading


def announce(resources):
    print(json.dumps(resources), flush=True)


def end_with_stdin():
    def wait():
        sys.stdin.buffer.read()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def sinstruments(config):
    import gevent
    import yaml
    from sinstruments.simulator import Server, TCPServer

    sys.path.insert(0, os.path.dirname(os.path.abspath(config)))
    with open(config, encoding="utf-8") as file:
        devices = yaml.safe_load(file)["devices"]
    server = Server(devices)
    missing = {device["name"] for device in devices} - set(server.devices)
    if missing:
        sys.exit(f"no such devices: {missing}")
    server.start()
    resources = {}
    for name, device in server.devices.items():
        for transport in device.transports:
            if isinstance(transport, TCPServer):
                while not transport.started:
                    gevent.sleep(0.01)
                port = transport.socket.getsockname()[1]
                resources[name + ".tcp"] = f"TCPIP0::127.0.0.1::{port}::SOCKET"
            else:
                resources[name + ".serial"] = f"ASRL{transport.original_address}::INSTR"
    announce(resources)
    # Threads and greenlets do not mix: standard input is watched by gevent here.
    gevent.spawn(lambda: gevent.os.tp_read(0, 1)).join()
    os._exit(0)


def scpipy():
    from scpipy.server import Context, Router, Server

    router = Router()

    @router.register("*IDN?")
    def idn(context: Context) -> str:
        return "SCPIPY,SERVER,1,1.5.1"

    @router.register("SLOW?")
    async def slow(context: Context) -> str:
        await asyncio.sleep(0.5)
        return "LATE"

    class Announced(Server):
        async def _wait_stop(self):
            port = self._server.sockets[0].getsockname()[1]
            announce({"scpipy.tcp": f"TCPIP0::127.0.0.1::{port}::SOCKET"})
            await super()._wait_stop()

    end_with_stdin()
    server = Announced("127.0.0.1", 0)
    server.include_router(router)
    server.run()


if __name__ == "__main__":
    {"sinstruments": sinstruments, "scpipy": scpipy}[sys.argv[1]](*sys.argv[2:])
