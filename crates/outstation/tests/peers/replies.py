"""Makes and sends the replies of strict.py: through hat's codec, and below it where the codec is too good.

hat decodes every command and encodes every value. A mirrored reply is made from the octets that came:
hat drops the QL of a set point, and has no messages for what the faults answer.
"""

import datetime

from hat.drivers import iec104
from hat.drivers.iec104.encoder import Encoder
from hat.drivers.iec60870.encodings.iec104 import AsduType

import points

# Octets of the value before the qualifier (or the whole element), by command type.
VALUE = {"single": 1, "double": 1, "step": 1, "normalized": 2, "scaled": 2, "float": 4, "bits": 4}
FIRST_OCTET = 9
NEGATIVE = 0x40


class Replies:
    """What one connection answers."""

    def __init__(self, link):
        self.link, self.encoder = link, Encoder()

    def known(self, raw):
        """Whether hat has this type id."""
        return raw[0] in (kind.value for kind in AsduType)

    def decode(self, raw):
        """The messages of an ASDU, each with octets that hold only its own object."""
        messages = list(self.encoder.decode(raw))
        if len(messages) == 1:
            return [(messages[0], raw)]
        return [(message, bytes(next(iter(self.encoder.encode([message]))))) for message in messages]

    def without_select(self, raw):
        """Type, addresses, value and qualifier of a command, without its S/E bit and its time tag."""
        kind = points.KINDS[raw[0]]
        end = FIRST_OCTET + VALUE[kind]
        octets = bytearray(raw[:1] + raw[4:end + (kind in ("normalized", "scaled", "float"))])
        octets[-1] &= 0xFF if kind == "bits" else 0x7F
        return bytes(octets)

    def altered(self, raw, fault):
        """The octets to mirror: another value or another originator where the fault says so."""
        octets = bytearray(raw)
        if fault == "wrong-echo":
            kind = points.KINDS[raw[0]]
            if kind == "float":
                octets[FIRST_OCTET + 2] ^= 0x20
            else:
                octets[FIRST_OCTET] ^= 3 if kind in ("double", "step") else 1
        if fault == "wrong-originator":
            octets[3] = (octets[3] + 1) % 256
        return bytes(octets)

    async def mirror(self, raw, cause, negative=False):
        """Sends what came back with another cause."""
        await self.send([(raw, cause, negative)])

    async def send(self, replies):
        """Sends replies in order: (octets to mirror, cause, P/N), or octets as they are."""
        for reply in replies:
            if isinstance(reply, tuple):
                raw, cause, negative = reply
                test = raw[2] & 0x80
                reply = raw[:2] + bytes([test | (NEGATIVE if negative else 0) | cause]) + raw[3:]
            await self.link.send(reply)

    def encoded(self, ca, ioa, data, cause, originator, timed=False):
        """A value in monitoring direction, by hat's encoder."""
        now = iec104.time_from_datetime(datetime.datetime.now(datetime.timezone.utc)) if timed else None
        known = {c.value: c for c in iec104.DataResCause}
        message = iec104.DataMsg(False, originator, ca, ioa, data, now, known[cause])
        return bytes(next(iter(self.encoder.encode([message]))))

    async def data(self, ca, ioa, data, cause, originator, timed=False):
        await self.link.send(self.encoded(ca, ioa, data, cause, originator, timed))

    async def initialized(self, ca, cause):
        """Sends M_EI_NA_1, which says that the outstation has started anew."""
        message = iec104.InitializationMsg(False, 0, ca, False, cause)
        await self.link.send(bytes(next(iter(self.encoder.encode([message])))))
