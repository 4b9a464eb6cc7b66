"""Measures c104's client over the bare outstation of bench/run's part "outstations".

Prints what each command (microseconds) or interrogation (milliseconds) took, a line each; imports,
connecting and the first ones are not counted.
"""

import argparse
import threading
import time

CA = 47


def connect(c104, port, limit):
    client = c104.Client(tick_rate_ms=50, command_timeout_ms=limit)
    connection = client.add_connection(ip="127.0.0.1", port=port, init=c104.Init.NONE)
    station = connection.add_station(common_address=CA)
    return client, connection, station


def wait_open(connection):
    until = time.monotonic() + 10
    while not connection.is_connected:
        assert time.monotonic() < until, "there is no connection"
        time.sleep(0.005)
    time.sleep(0.1)


def commands(c104, port, count):
    client, connection, station = connect(c104, port, 100)
    point = station.add_point(io_address=1, type=c104.Type.C_SC_NA_1)
    client.start()
    wait_open(connection)
    point.value = True
    # A confirmation that comes very soon it misses now and then, and waits for it until the time is up.
    # Those commands are left out, in its favour.
    took, missed = [], 0
    for n in range(count + count // 10):
        begun = time.perf_counter_ns()
        accepted = point.transmit(cause=c104.Cot.ACTIVATION)
        ended = time.perf_counter_ns()
        if not accepted:
            missed += 1
        elif n >= count // 10:
            took.append((ended - begun) / 1e3)
    assert missed <= count // 2, f"{missed} of {count} commands were not confirmed"
    client.stop()
    return took


def interrogations(c104, port, points, count):
    client, connection, station = connect(c104, port, 10000)
    all_points = [station.add_point(io_address=n, type=c104.Type.M_ME_NC_1) for n in range(1, points + 1)]
    whole = threading.Event()

    # It is over with the value that comes last; the answer that ends it comes in the same read.
    def received(point: c104.Point, previous_info: c104.Information, message: c104.IncomingMessage) -> c104.ResponseState:
        whole.set()
        return c104.ResponseState.SUCCESS

    all_points[-1].on_receive(callable=received)
    client.start()
    wait_open(connection)
    took = []
    for n in range(count + 1):
        whole.clear()
        begun = time.perf_counter_ns()
        assert connection.interrogation(common_address=CA, wait_for_response=True)
        assert whole.wait(10), "the values did not come"
        ended = time.perf_counter_ns()
        if n > 0:
            took.append((ended - begun) / 1e6)
        time.sleep(0.02)
    assert all(point.value == float(n) for n, point in enumerate(all_points, 1))
    client.stop()
    return took


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--work", choices=("command", "interrogation"), required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--points", type=int, default=0)
    args = parser.parse_args()

    import c104

    if args.work == "command":
        took = commands(c104, args.port, args.count)
    else:
        took = interrogations(c104, args.port, args.points, args.count)
    print("\n".join(str(value) for value in took))


if __name__ == "__main__":
    main()
