"""A test outstation of plain sockets that breaks the protocol, one fault per process.

Without --fault it is a small correct outstation: it confirms STARTDT, STOPDT and TESTFR, acknowledges,
answers an interrogation (type 100) with one single point (IOA 14501, OFF) and every command (45 to 64)
with ACT_CON and ACT_TERM. It takes any number of connections, one after another or at once.

A fault of the first group shows when --on says: `start` (the default) right after STARTDT con, or
`command`: instead of the answer to the first command (45 to 64). It shows once per connection; the link
is then left open, so that whoever closes it is the other side.

    wrong-ns         an I-frame whose N(S) is 5 too high
    repeated-ns      the same I-frame twice
    wrong-nr         an S-frame that acknowledges 100 frames never sent
    bad-start        an octet 0x69 where 0x68 is due
    short-length     an APDU of LEN 3
    oversized        an APDU of LEN 254 with its 254 octets
    bad-control      a U-frame with two functions at once (STARTDT act and con)
    truncated        the first half of an I-frame, then nothing more
    truncated-close  the first half of an I-frame, then TCP close
    short-asdu       an I-frame whose VSQ says two objects and which has one
    long-asdu        an I-frame with an octet after its last object
    no-asdu          an I-frame of LEN 4
    no-objects       an I-frame whose VSQ says no objects
    unknown-type     an I-frame of type 200
    unknown-cause    a single point with the reserved cause 63
    foreign-ca       a single point of another common address (CA + 1)
    bad-time         a time-tagged single point of month 15, minute 63, 65535 ms
    close            TCP close
    reset            TCP reset

The others hold for the whole connection:

    silent           accepts, reads nothing and says nothing
    close-on-connect closes at once
    no-startdt-con   never confirms STARTDT, but answers TESTFR
    early-i          sends an I-frame before STARTDT con
    no-testfr-con    never confirms TESTFR
    no-ack           takes I-frames and never acknowledges or answers them
    no-stopdt-con    never confirms STOPDT
    late-i           sends an I-frame between STOPDT act and con (correct: it must be taken)
    starts-at-one    counts its own N(S) from 1 (a known quirk of real outstations)
    octets           correct, but each octet in a segment of its own
    glued            correct, but the answers to one frame in one segment with a TESTFR act
"""

import argparse
import socket
import struct
import threading

import points

ONCE = ("wrong-ns", "repeated-ns", "wrong-nr", "bad-start", "short-length", "oversized", "bad-control",
        "truncated", "truncated-close", "short-asdu", "long-asdu", "no-asdu", "no-objects", "unknown-type",
        "unknown-cause", "foreign-ca", "bad-time", "close", "reset")
ALWAYS = ("silent", "close-on-connect", "no-startdt-con", "early-i", "no-testfr-con", "no-ack",
          "no-stopdt-con", "late-i", "starts-at-one", "octets", "glued")
STARTDT, STOPDT, TESTFR = 0x07, 0x13, 0x43
CONFIRMED = {STARTDT: 0x0B, STOPDT: 0x23, TESTFR: 0x83}


def apdu(control, asdu=b""):
    return bytes([0x68, len(control + asdu)]) + control + asdu


def function(octet):
    return apdu(bytes([octet, 0, 0, 0]))


class Session(threading.Thread):
    """One connection."""

    def __init__(self, sock, options):
        super().__init__(daemon=True)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock, self.fault, self.on, self.ca = sock, options.fault, options.on, options.ca
        self.sent = 1 if self.fault == "starts-at-one" else 0
        self.received, self.shown = 0, False

    def write(self, octets):
        if self.fault != "octets":
            return self.sock.sendall(octets)
        for octet in octets:
            self.sock.sendall(bytes([octet]))

    def information(self, asdu, skip=0):
        """An I-frame with the next N(S)."""
        control = struct.pack("<HH", (self.sent + skip) % 32768 << 1, self.received << 1)
        self.sent = (self.sent + 1) % 32768
        return apdu(control, asdu)

    def point(self, cause, type_id=1, count=1, ca=0, rest=b"\x00"):
        """A monitoring ASDU of IOA 14501."""
        head = struct.pack("<BBBBH", type_id, count, cause, 0, self.ca + ca)
        return head + (14501).to_bytes(3, "little") + rest

    def show(self):
        """Does what a fault of the first group does, once."""
        self.shown, fault, good = True, self.fault, self.point(3)
        if fault in ("close", "reset"):
            return self.close(reset=fault == "reset")
        if fault.startswith("truncated"):
            self.sock.sendall(self.information(good)[:8])
            return self.close() if fault == "truncated-close" else None
        time = bytes([0xFF, 0xFF, 0x3F, 0x1F, 0x1F, 0x0F, 0x7F])
        make = {
            "wrong-ns": lambda: self.information(good, skip=5),
            "repeated-ns": lambda: self.information(good) * 2,
            "wrong-nr": lambda: apdu(struct.pack("<HH", 1, (self.sent + 100) % 32768 << 1)),
            "bad-start": lambda: b"\x69" + self.information(good)[1:],
            "short-length": lambda: bytes([0x68, 3, TESTFR, 0, 0]),
            "oversized": lambda: self.information(self.point(20, count=60, rest=b"\x00" + bytes(4) * 60)),
            "bad-control": lambda: function(0x0F),
            "short-asdu": lambda: self.information(self.point(3, count=2)),
            "long-asdu": lambda: self.information(good + b"\x00"),
            "no-asdu": lambda: self.information(b""),
            "no-objects": lambda: self.information(self.point(3, count=0)[:6]),
            "unknown-type": lambda: self.information(self.point(3, type_id=200)),
            "unknown-cause": lambda: self.information(self.point(63)),
            "foreign-ca": lambda: self.information(self.point(3, ca=1)),
            "bad-time": lambda: self.information(self.point(3, type_id=30, rest=b"\x00" + time)),
        }
        self.write(make[fault]())

    def close(self, reset=False):
        if reset:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        raise ConnectionError

    def exactly(self, count):
        octets = b""
        while len(octets) < count:
            more = self.sock.recv(count - len(octets))
            if not more:
                raise ConnectionError
            octets += more
        return octets

    def run(self):
        try:
            if self.fault == "close-on-connect":
                self.close()
            if self.fault == "silent":
                return threading.Event().wait()
            while True:
                head = self.exactly(2)
                if head[0] != 0x68:
                    self.close()
                frame = self.exactly(head[1])
                if frame[0] & 3 == 3:
                    self.control(frame[0])
                elif frame[0] & 1 == 0:
                    self.received = (self.received + 1) % 32768
                    self.answer(frame[4:])
        except OSError:
            pass

    def control(self, octet):
        name = {STARTDT: "startdt", STOPDT: "stopdt", TESTFR: "testfr"}.get(octet)
        if name is None or self.fault == f"no-{name}-con":
            return
        if (octet, self.fault) in ((STARTDT, "early-i"), (STOPDT, "late-i")):
            self.write(self.information(self.point(3)))
        self.write(function(CONFIRMED[octet]))
        if octet == STARTDT and self.on == "start" and self.fault in ONCE:
            self.show()

    def answer(self, asdu):
        if self.fault == "no-ack":
            return
        command = 45 <= asdu[0] <= 64
        if command and self.on == "command" and self.fault in ONCE and not self.shown:
            return self.show()

        def mirror(cause):
            return self.information(asdu[:2] + bytes([cause]) + asdu[3:])

        if asdu[0] == 100:
            replies = [mirror(7), self.information(self.point(20)), mirror(10)]
        elif command and asdu[2] & 0x3F == 6:
            replies = [mirror(7), mirror(10)]
        else:
            replies = [mirror(7)]
        if self.fault == "glued":
            return self.write(b"".join(replies) + function(TESTFR))
        for reply in replies:
            self.write(reply)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ca", type=int, default=47)
    parser.add_argument("--fault", choices=ONCE + ALWAYS)
    parser.add_argument("--on", choices=("start", "command"), default="start")
    options = parser.parse_args()
    points.end_with_stdin()
    server = socket.create_server(("127.0.0.1", options.port))
    points.say(f"listening 127.0.0.1:{server.getsockname()[1]}")
    while True:
        Session(server.accept()[0], options).start()


if __name__ == "__main__":
    main()
