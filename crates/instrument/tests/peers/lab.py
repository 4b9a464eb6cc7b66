"""Instruments for the sinstruments framework, independent of Stationmaster's own simulator.

A power supply, an electronic load, a multimeter and an oscilloscope that understand the part of
SCPI-1999 (and, for waveforms, of Rigol's dialect) that generic drivers use. Run them with

    PYTHONPATH=crates/instrument/tests/peers sinstruments-server -c crates/instrument/tests/peers/lab.yml
"""

import math
import random
import re
import time

from sinstruments.simulator import BaseDevice


class Trouble(Exception):
    """What goes into the error queue."""


UNDEFINED = Trouble(-113, "Undefined header")
MISSING = Trouble(-109, "Missing parameter")
NOT_ALLOWED = Trouble(-108, "Parameter not allowed")
TYPE = Trouble(-104, "Data type error")
RANGE = Trouble(-222, "Data out of range")
ILLEGAL = Trouble(-224, "Illegal parameter value")
CONFLICT = Trouble(-221, "Settings conflict")


def header(pattern):
    """A regular expression for a header such as `[SOURce#:]VOLTage[:LEVel]`."""

    def word(match):
        text, number = match.group(1), match.group(2)
        short = "".join(c for c in text if not c.islower())
        either = short if short == text.upper() else f"(?:{text.upper()}|{short})"
        return either + (r"(\d*)" if number else "")

    text = pattern.replace("[", "(?:").replace("]", ")?")
    text = re.sub(r"([A-Z][A-Za-z]*)(#?)", word, text)
    return re.compile(text + r"\Z")


def command(pattern, access="both"):
    """Marks a method as the one for a header; `access` is both, query or set."""

    def mark(method):
        method.headers = getattr(method, "headers", []) + [(header(pattern), access)]
        return method

    return mark


def number(text, low, high):
    """A number within limits, which MIN and MAX stand for."""
    word = text.upper()
    if word in ("MIN", "MINIMUM"):
        return low
    if word in ("MAX", "MAXIMUM"):
        return high
    match = re.fullmatch(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(?:[a-zA-Z]*)", text)
    if not match:
        raise TYPE
    value = float(match.group(1))
    if not low <= value <= high:
        raise RANGE
    return value


def boolean(text):
    word = text.upper()
    if word in ("ON", "1"):
        return True
    if word in ("OFF", "0"):
        return False
    raise ILLEGAL


def one_of(text, *words):
    """The short form of the word that is meant."""
    for word in words:
        short = "".join(c for c in word if not c.islower())
        if text.upper() in (word.upper(), short):
            return short
    raise ILLEGAL


def shown(value):
    return "1" if value is True else "0" if value is False else f"{value:.6E}"


class Instrument(BaseDevice):
    """IEEE 488.2 common commands, the error queue and compound messages."""

    model = "NONE"

    def __init__(self, name, **options):
        self.serial = options.pop("serial_number", "LAB0001")
        self.firmware = options.pop("firmware", "0.1")
        super().__init__(name, **options)
        self.errors = []
        self.events = 128
        self.enable = 0
        self.saved = {}
        self.noise = random.Random(name)
        methods = [getattr(self, key) for key in dir(type(self)) if not key.startswith("__")]
        self.table = [
            (pattern, access, method)
            for method in methods
            for pattern, access in getattr(method, "headers", [])
        ]
        self.reset()

    def reset(self):
        raise NotImplementedError

    def handle_message(self, message):
        replies, path = [], ""
        for unit in message.decode("latin-1").strip().split(";"):
            if not unit.strip():
                continue
            try:
                reply, path = self.unit(unit.strip(), path)
                if reply is not None:
                    replies.append(reply if isinstance(reply, bytes) else reply.encode())
            except Trouble as trouble:
                self.complain(trouble)
                if -199 <= trouble.args[0] <= -100:
                    break
        return b";".join(replies) + b"\n" if replies else None

    def complain(self, trouble):
        code = trouble.args[0]
        self.events |= 32 if code > -200 else 16 if code > -300 else 8
        self.errors.append(trouble.args)
        if len(self.errors) > 20:
            self.errors[19:] = [(-350, "Queue overflow")]

    def unit(self, unit, path):
        name, _, rest = unit.partition(" ")
        query = name.endswith("?")
        name = name.rstrip("?").upper()
        arguments = [part.strip() for part in rest.split(",")] if rest.strip() else []
        if name.startswith("*"):
            return self.common(name, query, arguments), path
        full = name[1:] if name.startswith(":") else f"{path}{name}"
        for pattern, access, method in self.table:
            match = pattern.match(full)
            if match and (access == "both" or (access == "query") == query):
                suffixes = [int(text) for text in match.groups() if text]
                reply = method(query, arguments, *suffixes)
                return reply, full[: full.rfind(":") + 1]
        raise UNDEFINED

    def common(self, name, query, arguments):
        if query:
            if name == "*ESR":
                events, self.events = self.events, 0
                return str(events)
            fixed = {
                "*IDN": f"Lab Peer,{self.model},{self.serial},{self.firmware}",
                "*OPC": "1",
                "*TST": "0",
                "*ESE": str(self.enable),
                "*STB": str(4 if self.errors else 0),
            }
            if name in fixed:
                return fixed[name]
            raise UNDEFINED
        if name == "*RST":
            self.reset()
        elif name == "*CLS":
            self.errors, self.events = [], 0
        elif name == "*OPC":
            self.events |= 1
        elif name in ("*WAI", "*PSC", "*SRE"):
            pass
        elif name == "*ESE":
            self.enable = int(number(self.only(arguments), 0, 255))
        elif name == "*SAV":
            self.saved[self.only(arguments)] = self.snapshot()
        elif name == "*RCL":
            saved = self.saved.get(self.only(arguments))
            if saved is None:
                raise RANGE
            self.__dict__.update(saved)
        else:
            raise UNDEFINED
        return None

    def snapshot(self):
        """The settings: what is kept in plain values and dictionaries of them."""
        return {
            key: {k: dict(v) for k, v in value.items()} if key == "channels" else value
            for key, value in self.__dict__.items()
            if key in getattr(self, "settings", ())
        }

    @staticmethod
    def only(arguments):
        if not arguments:
            raise MISSING
        if len(arguments) > 1:
            raise NOT_ALLOWED
        return arguments[0]

    def setting(self, place, key, query, arguments, read):
        """Answers or changes one value of a dictionary."""
        if query:
            if arguments:
                raise NOT_ALLOWED
            value = place[key]
            return value if isinstance(value, str) else shown(value)
        place[key] = read(self.only(arguments))
        return None

    @command("SYSTem:ERRor[:NEXT]", "query")
    def next_error(self, _query, _arguments):
        code, text = self.errors.pop(0) if self.errors else (0, "No error")
        return f'{code},"{text}"'

    @command("SYSTem:VERSion", "query")
    def version(self, _query, _arguments):
        return "1999.0"


class PowerSupply(Instrument):
    """Two channels, each with 10 ohms across it."""

    model = "LP-2"
    settings = ("channels", "selected")

    def reset(self):
        self.selected = {"n": 1}
        self.channels = {
            n: {"voltage": 0.0, "current": 1.0, "on": False, "protection": 33.0} for n in (1, 2)
        }

    def at(self, number=None):
        channel = self.channels.get(number or self.selected["n"])
        if channel is None:
            raise Trouble(-114, "Header suffix out of range")
        return channel

    @command("INSTrument:NSELect")
    def select(self, query, arguments):
        if query:
            return str(self.selected["n"])
        self.selected = {"n": int(number(self.only(arguments), 1, 2))}

    @command("[SOURce#:]VOLTage[:LEVel][:IMMediate][:AMPLitude]")
    def voltage(self, query, arguments, n=None):
        return self.setting(self.at(n), "voltage", query, arguments, lambda t: number(t, 0, 30))

    @command("[SOURce#:]CURRent[:LEVel][:IMMediate][:AMPLitude]")
    def current(self, query, arguments, n=None):
        return self.setting(self.at(n), "current", query, arguments, lambda t: number(t, 0, 5))

    @command("[SOURce#:]VOLTage:PROTection[:LEVel]")
    def protection(self, query, arguments, n=None):
        return self.setting(self.at(n), "protection", query, arguments, lambda t: number(t, 0, 33))

    @command("OUTPut#[:STATe]")
    def output(self, query, arguments, n=None):
        return self.setting(self.at(n), "on", query, arguments, boolean)

    def terminals(self, n):
        channel = self.at(n)
        if not channel["on"]:
            return 0.0, 0.0
        current = min(channel["voltage"] / 10, channel["current"])
        return current * 10, current

    @command("MEASure[:SCALar]:VOLTage[:DC]", "query")
    def measure_voltage(self, _query, _arguments):
        return shown(self.terminals(None)[0] + self.noise.gauss(0, 1e-4))

    @command("MEASure[:SCALar]:CURRent[:DC]", "query")
    def measure_current(self, _query, _arguments):
        return shown(self.terminals(None)[1] + self.noise.gauss(0, 1e-5))

    @command("MEASure[:SCALar]:POWer[:DC]", "query")
    def measure_power(self, _query, _arguments):
        voltage, current = self.terminals(None)
        return shown(voltage * current)


class Load(Instrument):
    """A load on 24 V behind 0.2 ohms."""

    model = "LL-1"
    settings = ("state",)

    def reset(self):
        self.state = {"mode": "CURR", "on": False}
        self.state.update(CURR=0.0, VOLT=120.0, RES=1000.0, POW=0.0)

    def snapshot(self):
        return {"state": dict(self.state)}

    @command("[SOURce:]FUNCtion[:MODE]")
    @command("[SOURce:]MODE")
    def mode(self, query, arguments):
        words = ("CURRent", "VOLTage", "RESistance", "POWer")
        return self.setting(self.state, "mode", query, arguments, lambda t: one_of(t, *words))

    @command("[SOURce:]INPut[:STATe]")
    def input(self, query, arguments):
        return self.setting(self.state, "on", query, arguments, boolean)

    @command("[SOURce:]CURRent[:LEVel][:IMMediate][:AMPLitude]")
    def current(self, query, arguments):
        return self.setting(self.state, "CURR", query, arguments, lambda t: number(t, 0, 40))

    @command("[SOURce:]VOLTage[:LEVel][:IMMediate][:AMPLitude]")
    def voltage(self, query, arguments):
        return self.setting(self.state, "VOLT", query, arguments, lambda t: number(t, 0, 120))

    @command("[SOURce:]RESistance[:LEVel][:IMMediate][:AMPLitude]")
    def resistance(self, query, arguments):
        return self.setting(self.state, "RES", query, arguments, lambda t: number(t, 0.1, 1e4))

    @command("[SOURce:]POWer[:LEVel][:IMMediate][:AMPLitude]")
    def power(self, query, arguments):
        return self.setting(self.state, "POW", query, arguments, lambda t: number(t, 0, 250))

    def drawn(self):
        state, source, inner = self.state, 24.0, 0.2
        if not state["on"]:
            return 0.0
        if state["mode"] == "CURR":
            current = state["CURR"]
        elif state["mode"] == "VOLT":
            current = max(0.0, (source - state["VOLT"]) / inner)
        elif state["mode"] == "RES":
            current = source / (inner + state["RES"])
        else:
            root = max(0.0, source**2 - 4 * inner * state["POW"])
            current = (source - math.sqrt(root)) / (2 * inner)
        return min(current, 40.0)

    @command("MEASure[:SCALar]:VOLTage[:DC]", "query")
    def measure_voltage(self, _query, _arguments):
        return shown(24.0 - 0.2 * self.drawn() + self.noise.gauss(0, 1e-4))

    @command("MEASure[:SCALar]:CURRent[:DC]", "query")
    def measure_current(self, _query, _arguments):
        return shown(self.drawn() + self.noise.gauss(0, 1e-5))

    @command("MEASure[:SCALar]:POWer[:DC]", "query")
    def measure_power(self, _query, _arguments):
        current = self.drawn()
        return shown(current * (24.0 - 0.2 * current))


class Multimeter(Instrument):
    """Reads one value per function, with a little noise."""

    model = "LM-6"
    settings = ("function",)
    inputs = {
        "VOLT": 3.3,
        "VOLT:AC": 0.7,
        "CURR": 0.02,
        "CURR:AC": 0.003,
        "RES": 470.0,
        "FRES": 469.9,
        "FREQ": 50.0,
        "TEMP": 21.5,
    }

    def reset(self):
        self.function = "VOLT"
        self.latest = None

    def function_of(self, text):
        for name in self.inputs:
            base, _, kind = name.partition(":")
            long = {"VOLT": "VOLTage", "CURR": "CURRent", "RES": "RESistance"}.get(base)
            long = long or {"FRES": "FRESistance", "FREQ": "FREQuency"}.get(base, "TEMPerature")
            tail = ":AC" if kind else "[:DC]" if base in ("VOLT", "CURR") else ""
            if header(long + tail).match(text.upper()):
                return name
        raise UNDEFINED

    def unit(self, unit, path):
        # `MEAS:` and `CONF:` go with any function.
        match = re.match(r":?(MEAS(?:URE)?(?::SCAL(?:AR)?)?|CONF(?:IGURE)?):([A-Z:]+)(\??)", unit, re.I)
        if not match:
            return super().unit(unit, path)
        self.function = self.function_of(match.group(2))
        self.latest = None
        if match.group(3):
            return self.read(True, []), ""
        return None, ""

    @command("[SENSe:]FUNCtion[:ON]")
    def sense(self, query, arguments):
        if query:
            return f'"{self.function}"'
        self.function = self.function_of(self.only(arguments).strip("\"'"))
        self.latest = None

    @command("READ", "query")
    def read(self, _query, _arguments):
        exact = self.inputs[self.function]
        self.latest = exact * (1 + self.noise.gauss(0, 1e-5))
        return shown(self.latest)

    @command("FETCh", "query")
    def fetch(self, _query, _arguments):
        return shown(9.91e37 if self.latest is None else self.latest)

    @command("INITiate[:IMMediate]", "set")
    def initiate(self, _query, _arguments):
        self.read(True, [])


class Oscilloscope(Instrument):
    """Four channels with sines of 1 to 4 kHz; the waveform subsystem is Rigol's."""

    model = "LO-4"
    settings = ("channels", "state")

    def reset(self):
        self.channels = {
            n: {"on": n == 1, "scale": 1.0, "offset": 0.0, "coupling": "DC"} for n in (1, 2, 3, 4)
        }
        self.state = {"time": 1e-3, "delay": 0.0, "source": "CHAN1", "mode": "NORM"}
        self.state.update(format="BYTE", depth=12000, run="RUN", start=1, stop=1200)
        self.since = None

    def at(self, n):
        if n not in self.channels:
            raise Trouble(-114, "Header suffix out of range")
        return self.channels[n]

    @command("CHANnel#:DISPlay")
    def display(self, query, arguments, n=1):
        return self.setting(self.at(n), "on", query, arguments, boolean)

    @command("CHANnel#:SCALe")
    def scale(self, query, arguments, n=1):
        return self.setting(self.at(n), "scale", query, arguments, lambda t: number(t, 1e-3, 10))

    @command("CHANnel#:OFFSet")
    def offset(self, query, arguments, n=1):
        return self.setting(self.at(n), "offset", query, arguments, lambda t: number(t, -50, 50))

    @command("CHANnel#:COUPling")
    def coupling(self, query, arguments, n=1):
        read = lambda text: one_of(text, "DC", "AC", "GND")
        return self.setting(self.at(n), "coupling", query, arguments, read)

    @command("TIMebase[:MAIN]:SCALe")
    def timebase(self, query, arguments):
        return self.setting(self.state, "time", query, arguments, lambda t: number(t, 5e-9, 50))

    @command("TIMebase[:MAIN]:OFFSet")
    def delay(self, query, arguments):
        return self.setting(self.state, "delay", query, arguments, lambda t: number(t, -50, 50))

    @command("ACQuire:SRATe", "query")
    def rate(self, _query, _arguments):
        return shown(self.state["depth"] / (12 * self.state["time"]))

    @command("ACQuire:MDEPth")
    def depth(self, query, arguments):
        if query:
            return str(self.state["depth"])
        self.state["depth"] = int(number(self.only(arguments), 1000, 12_000_000))

    @command("RUN", "set")
    def run(self, _query, _arguments):
        self.state["run"] = "RUN"

    @command("STOP", "set")
    def stop(self, _query, _arguments):
        self.state["run"] = "STOP"

    @command("SINGle", "set")
    def single(self, _query, _arguments):
        self.state["run"], self.since = "SING", time.monotonic()

    @command("TFORce", "set")
    def force(self, _query, _arguments):
        if self.state["run"] == "SING":
            self.state["run"] = "STOP"

    @command("AUToscale", "set")
    def autoscale(self, _query, _arguments):
        self.state.update(time=5e-4, delay=0.0, run="RUN")
        for channel in self.channels.values():
            channel.update(on=True, scale=0.5, offset=0.0)

    @command("TRIGger:STATus", "query")
    def status(self, _query, _arguments):
        late = self.since is not None and time.monotonic() - self.since > 12 * self.state["time"]
        if self.state["run"] == "SING" and late:
            self.state["run"] = "STOP"
        return {"RUN": "TD", "STOP": "STOP", "SING": "WAIT"}[self.state["run"]]

    @command("MEASure:ITEM", "query")
    def measure(self, _query, arguments):
        if not arguments:
            raise MISSING
        n = self.source_number(arguments[1]) if len(arguments) > 1 else 1
        values = {"VPP": 2.0, "VMAX": 1.0, "VMIN": -1.0, "VAVG": 0.0, "VRMS": math.sqrt(0.5)}
        values.update(FREQ=1000.0 * n, PER=1e-3 / n)
        words = ("VPP", "VMAX", "VMIN", "VAVG", "VRMS", "FREQuency", "PERiod")
        value = values[one_of(arguments[0], *words)]
        return shown(value if self.at(n)["on"] else 9.9e37)

    @staticmethod
    def source_number(text):
        match = re.fullmatch(r"CHAN(?:NEL)?([1-4])", text.upper())
        if not match:
            raise ILLEGAL
        return int(match.group(1))

    @command("WAVeform:SOURce")
    def source(self, query, arguments):
        read = lambda text: f"CHAN{self.source_number(text)}"
        return self.setting(self.state, "source", query, arguments, read)

    @command("WAVeform:MODE")
    def wave_mode(self, query, arguments):
        read = lambda text: one_of(text, "NORMal", "MAXimum", "RAW")
        return self.setting(self.state, "mode", query, arguments, read)

    @command("WAVeform:FORMat")
    def wave_format(self, query, arguments):
        return self.setting(self.state, "format", query, arguments, lambda t: one_of(t, "BYTE"))

    @command("WAVeform:STARt")
    def wave_start(self, query, arguments):
        if query:
            return str(self.state["start"])
        self.state["start"] = int(number(self.only(arguments), 1, 12_000_000))

    @command("WAVeform:STOP")
    def wave_stop(self, query, arguments):
        if query:
            return str(self.state["stop"])
        self.state["stop"] = int(number(self.only(arguments), 1, 12_000_000))

    def axes(self):
        """Samples there are, and seconds from one to the next."""
        screen = self.state["mode"] == "NORM" or (
            self.state["mode"] == "MAX" and self.state["run"] != "STOP"
        )
        points = 1200 if screen else self.state["depth"]
        return points, 12 * self.state["time"] / points

    @command("WAVeform:PREamble", "query")
    def preamble(self, _query, _arguments):
        points, step = self.axes()
        channel = self.at(self.source_number(self.state["source"]))
        volts = channel["scale"] / 25
        begin = self.state["delay"] - points * step / 2
        fields = (0, 0 if points == 1200 else 2, points, 1, shown(step), shown(begin), 0)
        return ",".join(map(str, fields + (shown(volts), round(channel["offset"] / volts), 127)))

    @command("WAVeform:DATA", "query")
    def data(self, _query, _arguments):
        n = self.source_number(self.state["source"])
        channel = self.at(n)
        if not channel["on"] or (self.state["mode"] == "RAW" and self.state["run"] != "STOP"):
            raise CONFLICT
        points, step = self.axes()
        volts = channel["scale"] / 25
        middle = 127 + round(channel["offset"] / volts)
        begin = self.state["delay"] - points * step / 2
        first, last = self.state["start"] - 1, min(self.state["stop"], points)
        samples = bytes(
            max(0, min(255, round(middle + math.sin(math.tau * 1e3 * n * (begin + i * step)) / volts)))
            for i in range(first, last)
        )
        return b"#9%09d" % len(samples) + samples
