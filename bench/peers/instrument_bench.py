"""Measures pyvisa-py over the simulator of bench/run's part "instruments".

Prints how many round trips of `*IDN?` it makes a second, its imports and connecting not counted.
"""

import argparse
import time


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resource", required=True)
    parser.add_argument("--seconds", type=float, required=True)
    args = parser.parse_args()

    import pyvisa

    instrument = pyvisa.ResourceManager("@py").open_resource(
        args.resource, read_termination="\n", write_termination="\n", timeout=5000
    )
    identity = instrument.query("*IDN?")
    assert identity.count(",") == 3, identity
    count, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < args.seconds:
        for _ in range(50):
            assert instrument.query("*IDN?") == identity
        count += 50
    print(count / (time.perf_counter() - begun))
    instrument.close()


if __name__ == "__main__":
    main()
