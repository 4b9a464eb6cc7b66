"""The points that both test outstations serve, and how all the peers here start and end.

Addresses (the same in strict.py and lenient.py; T is the command's type id):

    T*100 + 1           command, direct                 T in 45..51, 58..64 (4501, 5801, ...)
    T*100 + 2           command, select before operate  the same without 51 and 64, which have no S/E bit
    10000 + command     its feedback                    14501, 14502, ...; time-tagged commands have the
                                                        same untimed feedback types as the others
    17001 17002 17003   counters (M_IT_NA_1)            values 1000, 2000, 3000
    18001               spontaneous point               a float that --spontaneous counts up by 1.0
    20000 + i           --points: floats (M_ME_NC_1)    i in 1..N, value i/2

Feedback of command type        monitor type        value before any command
    45 58  single command       1  M_SP_NA_1        OFF
    46 59  double command       3  M_DP_NA_1        OFF (1)
    47 60  regulating step      5  M_ST_NA_1        0; a step moves it by 1 within -64..63
    48 61  set point normalized 9  M_ME_NA_1        0.0
    49 62  set point scaled     11 M_ME_NB_1        0
    50 63  set point float      13 M_ME_NC_1        0.0
    51 64  bitstring            7  M_BO_NA_1        00 00 00 00

A peer prints `listening 127.0.0.1:PORT` once it listens and ends when its standard input does, so none
outlives its test. With --journal it prints `operated IOA VALUE` for each command that it carried out,
by which a test counts what really happened; who asks for it must read it, or the pipe fills.
"""

import argparse
import os
import socket
import sys
import threading

KINDS = {
    45: "single", 46: "double", 47: "step", 48: "normalized", 49: "scaled", 50: "float", 51: "bits",
    58: "single", 59: "double", 60: "step", 61: "normalized", 62: "scaled", 63: "float", 64: "bits",
}
UNSELECTABLE = (51, 64)
FEEDBACK = 10000
COUNTERS = {17001: 1000, 17002: 2000, 17003: 3000}
SPONTANEOUS = 18001
MEASUREMENTS = 20000


def commands():
    """Every command point: its address, type id and whether it must be selected first."""
    for type_id in KINDS:
        yield type_id * 100 + 1, type_id, False
        if type_id not in UNSELECTABLE:
            yield type_id * 100 + 2, type_id, True


def arguments(description, faults):
    """The options that both outstations have."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes a free one")
    parser.add_argument("--ca", type=int, default=47, help="common address of the station")
    parser.add_argument("--fault", choices=sorted(faults), help="the fault that every command point has")
    parser.add_argument("--tls", metavar="DIR", help="serve TLS with DIR/outstation.pem and outstation.key, "
                        "and demand a client certificate that DIR/ca.pem signed")
    parser.add_argument("--points", type=int, default=0, metavar="N", help="N more float measurements")
    parser.add_argument("--spontaneous", type=float, default=0, metavar="RATE", help="values a second")
    parser.add_argument("--select-window", type=float, default=10, metavar="SECONDS")
    parser.add_argument("--journal", action="store_true", help="print what is operated")
    for timer, seconds in (("t1", 15), ("t2", 10), ("t3", 20)):
        parser.add_argument(f"--{timer}", type=int, default=seconds, metavar="SECONDS")
    parser.add_argument("-k", type=int, default=12, help="most unacknowledged I-frames sent")
    parser.add_argument("-w", type=int, default=8, help="I-frames received before an acknowledgement")
    return parser


def free_port():
    """A port that nothing listens on just now, for a server that cannot choose one itself."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def say(line):
    """Prints one line at once, in one write, whichever thread it comes from."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def end_with_stdin():
    """Ends the process when its standard input closes: when whoever started it ends, however."""

    def watch():
        while os.read(0, 4096):
            pass
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
