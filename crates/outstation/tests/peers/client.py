"""A controlling station on hat-drivers (Apache-2.0), to drive an outstation of ours.

    client.py PORT [--ca 47] [--tls DIR]

It connects, starts the data transfer and prints `"started"`. Then each line of its standard input is a
request in JSON, and answered by one line: a list of what the outstation said until it had no more to say.

    {"do": "double", "ioa": 4001, "value": "OFF", "select": true}     also single, step; "cause": "DEACTIVATION"
    {"do": "float", "ioa": 4007, "value": 112.5}                      also normalized, scaled, bits (hexadecimal)
    {"do": "interrogate", "request": 20}    {"do": "counters", "request": 5, "freeze": "READ"}
    {"do": "read", "ioa": 2001}    {"do": "clock", "time": "2026-11-20T13:37:42.123"}    {"do": "reset"}
    {"do": "wait", "messages": 3}           so many that come by themselves

`"ca"` and `"originator"` may be given with each, `"time": "…"` with commands. An answer is
`[what, cause, negative, ioa, value, originator]`; what is `closed` when the outstation closed the
connection. It has no more to say once it has confirmed a test command which is sent behind each request,
and once an interrogation has ended.
"""

import argparse
import asyncio
import datetime
import json
import pathlib
import sys

from hat.drivers import iec104, net, ssl

ACT = iec104.ActivationReqCause.ACTIVATION
COMMANDS = {
    "single": lambda q: iec104.SingleCommand(iec104.SingleValue[q["value"]], q.get("select", False), 0),
    "double": lambda q: iec104.DoubleCommand(iec104.DoubleValue[q["value"]], q.get("select", False), 0),
    "step": lambda q: iec104.RegulatingCommand(iec104.RegulatingValue[q["value"]], q.get("select", False), 0),
    "normalized": lambda q: iec104.NormalizedCommand(iec104.NormalizedValue(q["value"]), q.get("select", False)),
    "scaled": lambda q: iec104.ScaledCommand(iec104.ScaledValue(q["value"]), q.get("select", False)),
    "float": lambda q: iec104.FloatingCommand(iec104.FloatingValue(q["value"]), q.get("select", False)),
    "bits": lambda q: iec104.BitstringCommand(iec104.BitstringValue(bytes.fromhex(q["value"]))),
}


def at(text):
    return iec104.time_from_datetime(datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc))


def message(request, ca):
    """The message that a request asks for."""
    what, ca, originator = request["do"], request.get("ca", ca), request.get("originator", 0)
    head = (False, originator, ca)
    cause = iec104.CommandReqCause[request.get("cause", "ACTIVATION")]
    if what in COMMANDS:
        time = at(request["time"]) if "time" in request else None
        return iec104.CommandMsg(*head, request["ioa"], COMMANDS[what](request), False, time, cause)
    if what == "interrogate":
        return iec104.InterrogationMsg(*head, request["request"], False, cause)
    if what == "counters":
        freeze = iec104.FreezeCode[request["freeze"]]
        return iec104.CounterInterrogationMsg(*head, request["request"], freeze, False, cause)
    if what == "read":
        return iec104.ReadMsg(*head, request["ioa"], iec104.ReadReqCause.REQUEST)
    if what == "clock":
        return iec104.ClockSyncMsg(*head, at(request["time"]), False, iec104.ClockSyncReqCause.ACTIVATION)
    if what == "reset":
        return iec104.ResetMsg(*head, 1, ACT)
    raise ValueError(f"no such request: {what}")


def plain(value):
    """A value as JSON has it: an enumeration's name, a number, octets in hexadecimal."""
    if hasattr(value, "name"):
        return value.name
    value = getattr(value, "value", value)
    return bytes(value).hex() if isinstance(value, (bytes, bytearray, memoryview)) else value


def told(said):
    """A message in short."""
    kind = type(said).__name__.removesuffix("Msg").lower()
    value = None
    if isinstance(said, iec104.DataMsg):
        value = plain(said.data.value)
        kind += "" if said.time is None else " with time"
    elif isinstance(said, iec104.CommandMsg):
        value = plain(said.command.value)
    elif isinstance(said, iec104.ClockSyncMsg):
        value = iec104.time_to_datetime(said.time).isoformat()
    negative = getattr(said, "is_negative_confirm", False)
    ioa = getattr(said, "io_address", 0)
    cause = said.cause.value if hasattr(said.cause, "value") else said.cause
    return [kind, cause, negative, ioa, value, said.originator_address]


class Station:
    """The connection, and how many test commands were sent over it."""

    def __init__(self, connection, ca):
        self.connection, self.ca, self.tests = connection, ca, 0

    async def ask(self, request):
        heard = []
        try:
            if request["do"] == "wait":
                while len(heard) < request["messages"]:
                    heard.extend(told(said) for said in await self.connection.receive())
                return heard
            await self.connection.send([message(request, self.ca)])
            if request["do"] in ("interrogate", "counters"):
                await self.until(heard, self.interrogated)
            self.tests += 1
            now = iec104.time_from_datetime(datetime.datetime.now(datetime.timezone.utc))
            await self.connection.send([iec104.TestMsg(False, 0, self.ca, self.tests, now, ACT)])
            await self.until(heard, lambda said: isinstance(said, iec104.TestMsg))
            heard.pop()
        except ConnectionError:
            heard.append(["closed", 0, False, 0, None, 0])
        return heard

    async def until(self, heard, ends):
        while True:
            for said in await self.connection.receive():
                heard.append(told(said))
                if ends(said):
                    return

    @staticmethod
    def interrogated(said):
        asked = isinstance(said, (iec104.InterrogationMsg, iec104.CounterInterrogationMsg))
        confirmed = iec104.CommandResCause.ACTIVATION_CONFIRMATION
        return asked and (said.is_negative_confirm or said.cause != confirmed)


def say(value):
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


async def converse(options):
    extra = {}
    if options.tls:
        files = pathlib.Path(options.tls)
        extra["ssl"] = ssl.create_ssl_ctx(
            ssl.SslProtocol.TLS_CLIENT, verify_cert=True, load_default_certs=False,
            cert_path=files / "station.pem", key_path=files / "station.key", ca_path=files / "ca.pem")
        extra["ssl"].check_hostname = False
    connection = await iec104.connect(net.TcpAddress("127.0.0.1", options.port), **extra)
    station = Station(connection, options.ca)
    say("started")
    while line := await asyncio.to_thread(sys.stdin.readline):
        say(await station.ask(json.loads(line)))
    await connection.async_close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("port", type=int)
    parser.add_argument("--ca", type=int, default=47)
    parser.add_argument("--tls", metavar="DIR", help="TLS with DIR/station.pem and station.key; DIR/ca.pem signed the outstation's")
    asyncio.run(converse(parser.parse_args()))


if __name__ == "__main__":
    main()
