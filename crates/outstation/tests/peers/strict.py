"""A strict test outstation on hat-drivers (Apache-2.0), which has a codec and a link of its own.

Its points are those of points.py; what it answers is in README.md. A direct command gets ACT_CON, the
feedback as return information (COT 11) and ACT_TERM; a selection binds the connection, value and
qualifier for --select-window seconds; T=1 is confirmed and not carried out. These points more have a
fault each (single commands, type 45; feedback, a single point, at 10000 + the address as always):

     9001 +  n    direct command that has fault n
     9101 +  n    selected first; the selection is well answered and the execution has fault n
     9201 +  n    selected first; the selection has fault n (what is about the operation itself, 3, 5, 6
                  and 11 to 13, does nothing to a selection)

    n  --fault           what it does
    0  refuse            ACT_CON with P/N=1, nothing is operated
    1  late              answers all after --late seconds
    2  never             answers nothing and operates nothing
    3  no-term           no ACT_TERM
    4  close             ACT_CON, then closes TCP; nothing is operated
    5  negative-term     ACT_CON, then ACT_TERM with P/N=1; nothing is operated
    6  stuck             ACT_CON and ACT_TERM, but the feedback never moves
    7  doubled           each reply twice
    8  early             return information and ACT_TERM come before ACT_CON
    9  wrong-echo        ACT_CON and ACT_TERM carry another value; nothing is operated
   10  wrong-originator  all replies carry the originator address plus one
   11  late-term         ACT_CON at once, return information and ACT_TERM after --late seconds
   12  silent-operate    answers nothing, yet operates: the feedback moves (COT 3)
   13  invalid-feedback  all well, but the feedback is marked IV
"""

import asyncio
import pathlib
import sys
import time

from hat.drivers import iec104, net, ssl
from hat.drivers.iec60870 import apci

import points
from replies import Replies

FAULTS = ("refuse", "late", "never", "no-term", "close", "negative-term", "stuck", "doubled", "early",
          "wrong-echo", "wrong-originator", "late-term", "silent-operate", "invalid-feedback")
OPERATION_ONLY = ("no-term", "negative-term", "stuck", "late-term", "silent-operate", "invalid-feedback")
ACT, CON, DEACT, DEACT_CON, TERM = 6, 7, 8, 9, 10
REQUEST, SPONTANEOUS, RETURN = 5, 3, 11
BROADCAST = 65535
NO_TYPE, NO_CAUSE, NO_CA, NO_IOA = 44, 45, 46, 47
GOOD = iec104.MeasurementQuality(False, False, False, False, False)
BAD = iec104.MeasurementQuality(True, False, False, False, False)
FIRST = {
    "single": iec104.SingleValue.OFF, "double": iec104.DoubleValue.OFF,
    "step": iec104.StepPositionValue(0, False), "normalized": iec104.NormalizedValue(0.0),
    "scaled": iec104.ScaledValue(0), "float": iec104.FloatingValue(0.0),
    "bits": iec104.BitstringValue(bytes(4)),
}
DATA = {
    "single": iec104.SingleData, "double": iec104.DoubleData, "step": iec104.StepPositionData,
    "normalized": iec104.NormalizedData, "scaled": iec104.ScaledData, "float": iec104.FloatingData,
    "bits": iec104.BitstringData,
}


class CommandPoint:
    """One command point, and who has selected it."""

    def __init__(self, type_id, selectable, fault=None, select_fault=None):
        self.type_id, self.kind, self.selectable = type_id, points.KINDS[type_id], selectable
        self.fault, self.select_fault = fault, select_fault
        self.selected = None  # (connection, what was selected, until when)


class Station:
    """The values of the outstation, shared by all its connections."""

    def __init__(self, options):
        self.options, self.connections = options, set()
        self.commands = {
            ioa: CommandPoint(type_id, selectable, options.fault)
            for ioa, type_id, selectable in points.commands()
        }
        for n, fault in enumerate(FAULTS):
            early = None if fault in OPERATION_ONLY else fault
            self.commands[9001 + n] = CommandPoint(45, False, fault)
            self.commands[9101 + n] = CommandPoint(45, True, fault)
            self.commands[9201 + n] = CommandPoint(45, True, None, early)
        self.reset()

    def reset(self):
        self.values = {points.FEEDBACK + ioa: (p.kind, FIRST[p.kind]) for ioa, p in self.commands.items()}
        self.values[points.SPONTANEOUS] = ("float", iec104.FloatingValue(0.0))
        for i in range(1, self.options.points + 1):
            self.values[points.MEASUREMENTS + i] = ("float", iec104.FloatingValue(i / 2))
        self.invalid = set()
        for point in self.commands.values():
            point.selected = None

    def data(self, ioa):
        """The value at an address as hat's data of its kind, with its quality."""
        kind, value = self.values[ioa]
        quality = BAD if ioa in self.invalid else GOOD
        if kind in ("single", "double"):
            quality = iec104.IndicationQuality(*quality[:4])
        return DATA[kind](value, quality)

    def counter(self, ioa, value):
        quality = iec104.CounterQuality(False, False, False, 0)
        return iec104.BinaryCounterData(iec104.BinaryCounterValue(value), quality)

    def operate(self, ioa, command):
        """Carries a command out on its feedback point."""
        feedback = points.FEEDBACK + ioa
        kind, value = self.values[feedback]
        if kind == "step":
            by = 1 if command.value == iec104.RegulatingValue.HIGHER else -1
            value = iec104.StepPositionValue(max(-64, min(63, value.value + by)), False)
        else:
            value = command.value
        self.values[feedback] = (kind, value)
        if self.options.journal:
            points.say(f"operated {ioa} {shown(command.value)}")


def shown(value):
    value = getattr(value, "name", None) or value.value
    return bytes(value).hex() if isinstance(value, (bytes, bytearray, memoryview)) else value


class Session:
    """One connection of a controlling station."""

    def __init__(self, station, link):
        self.station, self.link, self.replies = station, link, Replies(link)

    async def run(self):
        self.station.connections.add(self)
        try:
            while True:
                raw = bytes(await self.link.receive())
                # An unknown type is told. What hat cannot read ends the link, as its own outstation does,
                # and so does type 104, which 104 does not have.
                if raw[0] != 104 and not self.replies.known(raw):
                    await self.replies.mirror(raw, NO_TYPE, negative=True)
                    continue
                for message, part in self.replies.decode(raw):
                    await self.answer(message, part)
        except ConnectionError:
            pass
        except (ValueError, IndexError) as error:
            print(f"closes the link, which sent what hat cannot read: {error}", file=sys.stderr, flush=True)
        finally:
            self.station.connections.discard(self)
            for point in self.station.commands.values():
                if point.selected and point.selected[0] is self:
                    point.selected = None
            self.link.close()

    async def answer(self, message, raw):
        own, cause = self.station.options.ca, raw[2] & 0x3F
        general = isinstance(message, (iec104.InterrogationMsg, iec104.CounterInterrogationMsg,
                                       iec104.ClockSyncMsg, iec104.ResetMsg))
        ca = message.asdu_address
        if ca == BROADCAST and general:
            raw = raw[:4] + own.to_bytes(2, "little") + raw[6:]
        elif ca != own:
            return await self.replies.mirror(raw, NO_CA, negative=True)
        if isinstance(message, iec104.CommandMsg):
            return await self.command(message, raw, cause)
        if isinstance(message, iec104.ReadMsg):
            return await self.read(message, raw, cause)
        if not general and not isinstance(message, iec104.TestMsg):
            return await self.replies.mirror(raw, NO_TYPE, negative=True)
        if cause != ACT:
            return await self.replies.mirror(raw, NO_CAUSE, negative=True)
        if isinstance(message, iec104.InterrogationMsg):
            values = [(ioa, self.station.data(ioa)) for ioa in self.station.values]
            return await self.interrogation(raw, message.request == 20, values, 20)
        if isinstance(message, iec104.CounterInterrogationMsg):
            values = [(ioa, self.station.counter(ioa, value)) for ioa, value in points.COUNTERS.items()]
            return await self.interrogation(raw, message.request == 5, values, 37)
        await self.replies.mirror(raw, CON)
        if isinstance(message, iec104.ResetMsg):
            self.station.reset()
            await self.replies.initialized(own, iec104.InitializationResCause.REMOTE_RESET)

    async def interrogation(self, raw, known, values, cause):
        await self.replies.mirror(raw, CON, negative=not known)

        async def rest():
            for ioa, data in values:
                await self.replies.data(self.station.options.ca, ioa, data, cause, raw[3])
            await self.replies.mirror(raw, TERM)

        if known:
            self.meanwhile(rest())

    def meanwhile(self, work):
        """Goes on with the link while this is being done: commands are answered amid an interrogation."""

        async def until_closed():
            try:
                await work
            except ConnectionError:
                pass

        self.link.async_group.spawn(until_closed)

    async def read(self, message, raw, cause):
        if cause != REQUEST:
            return await self.replies.mirror(raw, NO_CAUSE, negative=True)
        if message.io_address not in self.station.values:
            return await self.replies.mirror(raw, NO_IOA, negative=True)
        data = self.station.data(message.io_address)
        await self.replies.data(self.station.options.ca, message.io_address, data, REQUEST, raw[3])

    async def command(self, message, raw, cause):
        point = self.station.commands.get(message.io_address)
        if point is None:
            return await self.replies.mirror(raw, NO_IOA, negative=True)
        if point.type_id != raw[0]:
            return await self.replies.mirror(raw, NO_TYPE, negative=True)
        if cause == DEACT:
            held = point.selected and point.selected[0] is self
            if held:
                point.selected = None
            return await self.replies.mirror(raw, DEACT_CON, negative=not held)
        if cause != ACT:
            return await self.replies.mirror(raw, NO_CAUSE, negative=True)
        select = getattr(message.command, "select", False)
        wanted, now = self.replies.without_select(raw), time.monotonic()
        valid = isinstance(message.command.value, tuple) or message.command.value.value in (
            (0, 1) if point.kind == "single" else (1, 2))
        held = point.selected if point.selected and point.selected[2] >= now else None
        if select:
            allowed = valid and point.selectable and (held is None or held[0] is self)
            if allowed and point.select_fault not in ("refuse", "never"):
                point.selected = (self, wanted, now + self.station.options.select_window)
            return await self.perform(point, message, raw, point.select_fault, allowed, select=True)
        if point.selectable:
            allowed = held is not None and held[:2] == (self, wanted)
            if held is None or held[0] is self:
                point.selected = None
        else:
            allowed = valid
        await self.perform(point, message, raw, point.fault, allowed)

    async def perform(self, point, message, raw, fault, allowed, select=False):
        """Answers a selection or an execution as the point's fault says."""
        if not allowed or fault == "refuse":
            return await self.replies.mirror(raw, CON, negative=True)
        if fault == "never":
            return
        if fault in ("late", "late-term"):
            if fault == "late-term":
                await self.replies.mirror(raw, CON)
            return self.meanwhile(self.later(message, raw, fault, select))
        await self.sequence(message, raw, fault, select)

    async def later(self, message, raw, fault, select):
        await asyncio.sleep(self.station.options.late)
        await self.sequence(message, raw, fault, select)

    async def sequence(self, message, raw, fault, select):
        """The replies to one accepted command, and its operation."""
        station, ioa = self.station, message.io_address
        feedback = points.FEEDBACK + ioa
        reply = self.replies.altered(raw, fault)
        confirm = [] if fault in ("silent-operate", "late-term") else [(reply, CON, False)]
        if fault == "close":
            await self.replies.send(confirm)
            await self.link.drain()
            return self.link.close()
        operates = not select and not message.is_test
        if operates and fault not in ("negative-term", "stuck", "wrong-echo"):
            station.operate(ioa, message.command)
            if fault == "invalid-feedback":
                station.invalid.add(feedback)
            cause = SPONTANEOUS if fault == "silent-operate" else RETURN
            returned = [self.replies.encoded(station.options.ca, feedback, station.data(feedback), cause, reply[3])]
        else:
            returned = []
        term = [] if select or fault in ("no-term", "silent-operate") else [(reply, TERM, fault == "negative-term")]
        order = returned + term + confirm if fault == "early" else confirm + returned + term
        await self.replies.send([r for r in order for _ in range(2 if fault == "doubled" else 1)])


async def count_up(station):
    """Sends the spontaneous point to every started connection, each value once and in order."""
    start, sent = time.monotonic(), 0
    while True:
        await asyncio.sleep(max(0.0, start + sent / station.options.spontaneous - time.monotonic()))
        sent += 1
        station.values[points.SPONTANEOUS] = ("float", iec104.FloatingValue(float(sent)))
        for session in list(station.connections):
            if session.link.is_enabled:
                try:
                    await session.replies.data(station.options.ca, points.SPONTANEOUS,
                                               station.data(points.SPONTANEOUS), SPONTANEOUS, 0, timed=True)
                except ConnectionError:
                    pass


async def serve(options):
    station = Station(options)
    extra = {}
    if options.tls:
        files = pathlib.Path(options.tls)
        extra["ssl"] = ssl.create_ssl_ctx(
            ssl.SslProtocol.TLS_SERVER, verify_cert=True, load_default_certs=False,
            cert_path=files / "outstation.pem", key_path=files / "outstation.key", ca_path=files / "ca.pem")
        extra["ssl"].minimum_version = ssl.TLSVersion.TLSv1_2
    server = await apci.listen(
        lambda link: Session(station, link).run(), net.TcpAddress("127.0.0.1", options.port),
        response_timeout=options.t1, supervisory_timeout=options.t2, test_timeout=options.t3,
        send_window_size=options.k, receive_window_size=options.w, send_queue_size=8, **extra)
    points.say(f"listening 127.0.0.1:{server.info.addresses[0].port}")
    if options.spontaneous:
        server.async_group.spawn(count_up, station)
    await server.wait_closed()


def main():
    parser = points.arguments(__doc__.splitlines()[0], FAULTS)
    parser.add_argument("--late", type=float, default=2, metavar="SECONDS", help="what `late` and `late-term` wait")
    points.end_with_stdin()
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
