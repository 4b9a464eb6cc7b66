"""A lenient test outstation on c104 (lib60870; GPL, so it is only ever run as a process of its own).

Its points are those of points.py, and what it answers is what c104 does by nature, at fault or not: it
never ends a direct command, does not keep a selection to its value, operates on T=1 and on a wrong
cause, answers twice where it does not know a point. README.md has what was measured. It lacks the fault
points of strict.py; --fault has the two that c104 itself offers, for every command point.

Counters are read as they are: c104 freezes nothing. --points over about 3,200 makes c104 cut a station
interrogation short, by its queue of 100 messages: that too is a case to test.
"""

import pathlib
import threading

import c104

import points

FAULTS = {"refuse": c104.ResponseState.FAILURE, "never": c104.ResponseState.NONE}
TYPES = {int(kind.value): kind for kind in c104.Type.__members__.values()}
FEEDBACK_TYPE = {
    "single": c104.Type.M_SP_NA_1, "double": c104.Type.M_DP_NA_1, "step": c104.Type.M_ST_NA_1,
    "normalized": c104.Type.M_ME_NA_1, "scaled": c104.Type.M_ME_NB_1, "float": c104.Type.M_ME_NC_1,
    "bits": c104.Type.M_BO_NA_1,
}
FIRST = {
    "single": False, "double": c104.Double.OFF, "step": c104.Int7(0), "normalized": c104.NormalizedFloat(0.0),
    "scaled": c104.Int16(0), "float": 0.0, "bits": c104.Byte32(0),
}
OPTIONS = None


def moved(feedback, kind, value):
    """What the feedback is after a command."""
    if kind != "step":
        return value
    by = 1 if value == c104.Step.HIGHER else -1
    return c104.Int7(max(-64, min(63, int(feedback.value) + by)))


def shown(value):
    if isinstance(value, bool):
        return "ON" if value else "OFF"
    if isinstance(value, c104.Byte32):
        return bytes(value).hex()
    name = getattr(value, "name", None)
    if name:
        return name
    return int(value) if isinstance(value, c104.Int16) else float(value)


def operate(point: c104.Point, previous_info: c104.Information, message: c104.IncomingMessage) -> c104.ResponseState:
    """c104 calls this for every activation that it lets through, a selection too."""
    if message.is_select_command:
        return FAULTS.get(OPTIONS.fault, c104.ResponseState.SUCCESS)
    if OPTIONS.fault:
        return FAULTS[OPTIONS.fault]
    feedback = point.station.get_point(points.FEEDBACK + point.io_address)
    feedback.value = moved(feedback, points.KINDS[point.type.value], point.value)
    if OPTIONS.journal:
        points.say(f"operated {point.io_address} {shown(point.value)}")
    return c104.ResponseState.SUCCESS


def add_points(station):
    """Adds every point; returns the spontaneous one."""
    for ioa, type_id, selectable in points.commands():
        kind, feedback = points.KINDS[type_id], points.FEEDBACK + ioa
        station.add_point(io_address=feedback, type=FEEDBACK_TYPE[kind]).value = FIRST[kind]
        mode = c104.CommandMode.SELECT_AND_EXECUTE if selectable else c104.CommandMode.DIRECT
        command = station.add_point(io_address=ioa, type=TYPES[type_id], related_io_address=feedback,
                                    related_io_autoreturn=True, command_mode=mode)
        command.on_receive(callable=operate)
    for ioa, value in points.COUNTERS.items():
        station.add_point(io_address=ioa, type=c104.Type.M_IT_NA_1).value = value
    for i in range(1, OPTIONS.points + 1):
        station.add_point(io_address=points.MEASUREMENTS + i, type=c104.Type.M_ME_NC_1).value = i / 2
    spontaneous = station.add_point(io_address=points.SPONTANEOUS, type=c104.Type.M_ME_TF_1)
    spontaneous.value = 0.0
    return spontaneous


def security(directory):
    files = pathlib.Path(directory)
    tls = c104.TransportSecurity(validate=True, only_known=False)
    tls.set_certificate(cert=str(files / "outstation.pem"), key=str(files / "outstation.key"))
    tls.set_ca_certificate(cert=str(files / "ca.pem"))
    tls.set_version(min=c104.TlsVersion.TLS_1_2, max=c104.TlsVersion.TLS_1_2)
    return tls


def main():
    global OPTIONS
    OPTIONS = points.arguments(__doc__.splitlines()[0], FAULTS).parse_args()
    points.end_with_stdin()
    port = OPTIONS.port or points.free_port()
    server = c104.Server(ip="127.0.0.1", port=port, tick_rate_ms=50,
                         select_timeout_ms=int(OPTIONS.select_window * 1000),
                         transport_security=security(OPTIONS.tls) if OPTIONS.tls else None)
    timers = server.protocol_parameters
    timers.message_timeout, timers.confirm_interval = OPTIONS.t1, OPTIONS.t2
    timers.keep_alive_interval = OPTIONS.t3
    timers.send_window_size, timers.receive_window_size = OPTIONS.k, OPTIONS.w
    spontaneous = add_points(server.add_station(common_address=OPTIONS.ca))
    server.start()
    points.say(f"listening 127.0.0.1:{port}")
    stop, value = threading.Event(), 0
    while not stop.wait(1 / OPTIONS.spontaneous if OPTIONS.spontaneous else None):
        if server.has_active_connections:
            value += 1
            spontaneous.value = float(value)
            spontaneous.transmit(cause=c104.Cot.SPONTANEOUS)


if __name__ == "__main__":
    main()
