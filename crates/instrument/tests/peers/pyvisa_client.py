"""Speaks to the simulator through PyVISA-py; each function is a case."""

import sys

import pyvisa
from pyvisa import errors


def near(read, wanted, within):
    assert abs(float(read) - wanted) <= within, (read, wanted)


def quiet(instrument):
    """No error waits."""
    reply = instrument.query("SYST:ERR?")
    assert reply == '0,"No error"', reply


def supply(instrument, _connect):
    assert instrument.query("*IDN?").split(",")[:2] == ["Stationmaster", "SIM-PSU3"]
    instrument.write("VOLT 5;CURR 1")
    instrument.write("OUTP ON")
    near(instrument.query("MEAS:VOLT?"), 5, 0.002)
    near(instrument.query("MEAS:CURR?"), 0.5, 0.002)
    values = instrument.query_ascii_values("VOLT? (@1:3)")
    assert values == [5.0, 0.0, 0.0], values
    quiet(instrument)
    instrument.write("VOLT 99")
    assert instrument.query("SYST:ERR?") == '-222,"Data out of range"'


def load(instrument, _connect):
    instrument.write("FUNC CURR;:CURR 2.5")
    instrument.write("INP ON")
    near(instrument.query("MEAS:CURR?"), 2.5, 0.01)
    near(instrument.query("MEAS:VOLT?"), 11.75, 0.01)
    near(instrument.query("MEAS:POW?"), 29.375, 0.1)
    quiet(instrument)


def multimeter(instrument, _connect):
    assert float(instrument.query("FETC?")) == 9.91e37
    near(instrument.query("MEAS:VOLT:DC?"), 5, 0.01)
    near(instrument.query("MEAS:RES?"), 1000, 1)
    instrument.write("CONF:VOLT;:SAMP:COUN 100")
    values = instrument.query_ascii_values("READ?")
    assert len(values) == 100
    quiet(instrument)


def oscilloscope(instrument, _connect):
    instrument.write("ACQ:MDEP 1000000;:STOP;:WAV:SOUR CHAN1;MODE RAW;FORM BYTE")
    instrument.write("WAV:STAR 1;STOP 1000000")
    fields = [float(field) for field in instrument.query("WAV:PRE?").split(",")]
    data = instrument.query_binary_values("WAV:DATA?", datatype="B", container=bytes)
    assert len(data) == 1_000_000 == fields[2], (len(data), fields)
    volts = [(byte - fields[8] - fields[9]) * fields[7] for byte in data[::1000]]
    near(max(volts), 1.0, 0.1)
    near(min(volts), -1.0, 0.1)
    near(instrument.query("MEAS:ITEM? VPP,CHAN1"), 2.0, 0.01)
    quiet(instrument)


def generator(instrument, _connect):
    instrument.write("SOUR1:APPL:SIN 1000,2,0.5")
    instrument.write("OUTP1 ON")
    near(instrument.query("SOUR1:FREQ?"), 1000, 0)
    near(instrument.query("SOUR1:VOLT:OFFS?"), 0.5, 0)
    assert instrument.query("OUTP1?") == "1"
    quiet(instrument)


def fails(act, *codes):
    """The act fails with one of PyVISA's errors."""
    try:
        reply = act()
    except errors.VisaIOError as error:
        assert error.error_code in codes, error
        return
    except (ConnectionError, OSError):
        return
    raise AssertionError(f"no error but {reply!r}")


def faults(instrument, connect):
    # Faults are set through the same connection: what comes next finds them in force.
    timeout = errors.StatusCode.error_timeout
    lost = (timeout, errors.StatusCode.error_connection_lost, errors.StatusCode.error_io)
    identity = instrument.query("*IDN?")

    instrument.timeout = 300
    instrument.write("SIM:FAULT silent")
    fails(lambda: instrument.query("*IDN?"), timeout)
    instrument.write("SIM:FAULT NONE")
    assert instrument.query("*IDN?") == identity

    instrument.write("SIM:FAULT late,500,1")
    fails(lambda: instrument.query("*OPC?"), timeout)
    instrument.timeout = 5000
    # The late reply is taken for the next one.
    assert instrument.query("SYST:VERS?") == "1"
    assert instrument.read() == "1999.0"

    instrument.write("STOP")
    instrument.write("SIM:FAULT half-block,ON,1")
    instrument.timeout = 300
    fails(lambda: instrument.query_binary_values("WAV:DATA?", datatype="B"), timeout)
    instrument.close()
    instrument = connect()

    instrument.write("SIM:FAULT drop,ON,1")
    instrument.timeout = 1000
    fails(lambda: instrument.query("*IDN?"), *lost)
    instrument.close()

    instrument = connect()
    # Asked for, so that it is in force before the next connection.
    assert instrument.query("SIM:FAULT wrong-identity;FAULT?") == "wrong-identity"
    instrument.close()
    instrument = connect()
    assert instrument.query("*IDN?") == identity.replace("SIM0001", "SIM0001-OTHER")
    instrument.write("SIM:FAULT NONE")
    assert instrument.query("*IDN?") == identity

    instrument.query("*ESR?")
    instrument.write("CHAN1:SCAL 0.2")
    instrument.write("SIM:FAULT power-cycle")
    assert int(instrument.query("*ESR?")) & 128
    assert float(instrument.query("CHAN1:SCAL?")) == 1.0

    instrument.write("SIM:FAULT error-flood")
    instrument.write("CHAN1:SCAL 0.2")
    assert instrument.query("SYST:ERR:COUN?") == "16"
    assert instrument.query("SYST:ERR:ALL?").endswith('-350,"Queue overflow"')

    instrument.write("SIM:FAULT NONE;FAULT echo-header")
    assert instrument.query("*IDN?") == f"*IDN? {identity}"
    instrument.write("SIM:FAULT NONE;FAULT no-opc")
    assert instrument.query("*OPC?") == "NACK"
    instrument.write("SIM:FAULT NONE;FAULT crlf")
    assert instrument.query("*OPC?") == "1\r"
    instrument.write("SIM:FAULT NONE;FAULT chunked")
    assert instrument.query("*IDN?") == identity
    data = instrument.query_binary_values("WAV:DATA?", datatype="B")
    assert len(data) == 1200
    instrument.write("SIM:FAULT NONE;FAULT unasked,ON,2")
    assert instrument.read().startswith("+9.999")
    assert instrument.query("*OPC?") == "1"
    assert instrument.read().startswith("+9.999")
    assert instrument.query("*OPC?") == "1"
    quiet(instrument)

    assert instrument.query("SIM:FAULT busy;FAULT?") == "busy=second"
    fails(lambda: connect().query("*IDN?"), *lost)
    assert instrument.query("*IDN?") == identity


def busy(instrument, _connect):
    instrument.timeout = 1000
    fails(
        lambda: instrument.query("*IDN?"),
        errors.StatusCode.error_timeout,
        errors.StatusCode.error_connection_lost,
        errors.StatusCode.error_io,
    )


def main():
    case, resource = sys.argv[1:3]
    manager = pyvisa.ResourceManager("@py")

    def connect():
        instrument = manager.open_resource(resource)
        instrument.read_termination = "\n"
        instrument.write_termination = "\n"
        instrument.timeout = 10000
        return instrument

    globals()[case](connect(), connect)
    print(f"{case} passed")


if __name__ == "__main__":
    main()
