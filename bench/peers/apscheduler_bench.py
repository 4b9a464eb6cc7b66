"""Measures APScheduler 3.x with its SQLAlchemy store on SQLite, as bench/run compares it.

usage: apscheduler_bench.py PART BASE_DIR STAMP_PROGRAM [RESULTS_FILE]
parts: submit, due, due_seen, drop, steady, steady_noop, steady_seen, ticks_100, ticks_200, ticks_500,
ticks_seen
"""

import datetime
import logging
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time

from apscheduler.events import EVENT_JOB_EXECUTED, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import create_engine, event

UTC = datetime.timezone.utc
LOCK = threading.Lock()
LATE = []


def noop():
    """A job that does nothing."""


def enter(due):
    """Notes when it was entered, and is done."""
    late = time.time() - due
    with LOCK:
        LATE.append(late)


def true(due):
    """Notes when it was entered, then runs `true` as the other schedulers do."""
    enter(due)
    subprocess.run(["/bin/true"], check=True, stdin=subprocess.DEVNULL)


def tick(first):
    """Notes how long after the last full second since `first` it was entered, and runs `true`."""
    late = (time.time() - first) % 1.0
    with LOCK:
        LATE.append(late)
    subprocess.run(["/bin/true"], check=True, stdin=subprocess.DEVNULL)


def stamp(program, file):
    """Runs the program that notes its own start."""
    subprocess.run([program, "stamp", file], check=True, stdin=subprocess.DEVNULL)


class Bench:
    def __init__(self, part, base, program, results):
        self.part, self.base, self.program, self.results = part, base, program, results
        self.ends = 0

    def result(self, key, value):
        print(f"    {key:<36} {value:>14.3f}", flush=True)
        if self.results:
            with open(self.results, "a", encoding="utf-8") as file:
                file.write(f"{self.part}\t{key}\t{value}\n")

    def scheduler(self, directory, careless=False):
        """A scheduler on the directory's store; a careless one does not wait for the disk."""
        engine = create_engine("sqlite:///" + os.path.join(directory, "jobs.sqlite"))
        if careless:
            event.listen(engine, "connect", lambda c, _: c.execute("PRAGMA synchronous = OFF"))
        scheduler = BackgroundScheduler(
            jobstores={"default": SQLAlchemyJobStore(engine=engine)},
            executors={"default": ThreadPoolExecutor(10)},
            timezone=UTC,
        )
        self.ends = 0
        scheduler.add_listener(
            self.ended, EVENT_JOB_EXECUTED | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES
        )
        return scheduler

    def ended(self, _event):
        with LOCK:
            self.ends += 1

    def wait(self, count, limit):
        """Until every job has run or was dropped, or nothing comes any more."""
        end = time.monotonic() + limit
        while time.monotonic() < end and self.ends < count:
            time.sleep(0.1)

    def submit(self, directory):
        scheduler = self.scheduler(directory)
        scheduler.start()
        due = datetime.datetime.now(UTC) + datetime.timedelta(days=365)
        count, begun = 0, time.monotonic()
        while time.monotonic() - begun < 3:
            scheduler.add_job(noop, "date", run_date=due)
            count += 1
        self.result("aps.submit", count / (time.monotonic() - begun))
        scheduler.shutdown()

    def fire(self, directory, count, step, grace, work):
        """Runs `count` jobs, the n-th due `step` × n after the first; their lateness in ms."""
        LATE.clear()
        stamps = os.path.join(directory, "stamps")
        for patience in (0.003, 0.01, 0.03):
            inside = tempfile.mkdtemp(dir=directory)
            first = time.time() + 1.5 + count * patience
            # Filling the store is not measured here, so it need not be durable.
            scheduler = self.scheduler(inside, careless=True)
            scheduler.start(paused=True)
            for n in range(count):
                due = first + n * step
                when = datetime.datetime.fromtimestamp(due, UTC)
                options = {"run_date": when, "misfire_grace_time": grace}
                given = [self.program, stamps] if work is stamp else [due]
                scheduler.add_job(work, "date", args=given, **options)
            scheduler.shutdown()
            if time.time() < first - 0.5:
                break
        else:
            sys.exit("apscheduler_bench: submitting took too long")
        scheduler = self.scheduler(inside)
        scheduler.start()
        time.sleep(max(0.0, first + step * count - time.time()))
        self.wait(count, 60)
        scheduler.shutdown()
        if work is not stamp:
            return sorted(late * 1000 for late in LATE)
        with open(stamps, "rb") as file:
            content = file.read()
        seen = sorted(stamp for (stamp,) in struct.iter_unpack("<q", content))
        return sorted((at / 1e6 - first - n * step) * 1000 for n, at in enumerate(seen))

    def late(self, key, late):
        for name, part in (("p50", 0.5), ("p99", 0.99)):
            self.result(f"{key}.{name}", late[round((len(late) - 1) * part)])

    def due(self, directory):
        self.late("aps.due.1000", self.fire(directory, 1000, 0, None, true))

    def due_seen(self, directory):
        self.late("aps.due.1000.seen", self.fire(directory, 1000, 0, None, stamp))

    def drop(self, directory):
        for count in (1000, 3000):
            inside = tempfile.mkdtemp(dir=directory)
            ran = self.fire(inside, count, 0, 1, true)
            self.result(f"aps.due.{count}.dropped", count - len(ran))

    def ticks(self, directory, jobs, seconds=20):
        """Jobs that recur every second: the share of ticks that ran, and how late."""
        LATE.clear()
        scheduler = self.scheduler(directory, careless=True)
        scheduler.start(paused=True)
        first = float(int(time.time()) + 3 + jobs // 100)
        start = datetime.datetime.fromtimestamp(first, UTC)
        end = datetime.datetime.fromtimestamp(first + seconds - 0.5, UTC)
        for _ in range(jobs):
            scheduler.add_job(
                tick, "interval", seconds=1, start_date=start, end_date=end, args=[first]
            )
        if time.time() > first - 0.2:
            sys.exit("apscheduler_bench: submitting took too long")
        scheduler.resume()
        time.sleep(first + seconds + 3 - time.time())
        scheduler.shutdown()
        late = sorted(late * 1000 for late in LATE)
        self.result(f"aps.ticks.{jobs}.ran_share", len(late) / (jobs * seconds))
        self.late(f"aps.ticks.{jobs}", late)

    def ticks_seen(self, directory, jobs=100, seconds=20):
        """The same, as the processes themselves see it."""
        stamps = os.path.join(directory, "stamps")
        scheduler = self.scheduler(directory, careless=True)
        scheduler.start(paused=True)
        first = float(int(time.time()) + 4)
        start = datetime.datetime.fromtimestamp(first, UTC)
        end = datetime.datetime.fromtimestamp(first + seconds - 0.5, UTC)
        for _ in range(jobs):
            scheduler.add_job(
                stamp, "interval", seconds=1, start_date=start, end_date=end,
                args=[self.program, stamps],
            )
        scheduler.resume()
        time.sleep(first + seconds + 3 - time.time())
        scheduler.shutdown()
        with open(stamps, "rb") as file:
            content = file.read()
        seen = sorted(at for (at,) in struct.iter_unpack("<q", content))
        late = sorted((at / 1e6 - first - n // jobs) * 1000 for n, at in enumerate(seen))
        self.late(f"aps.ticks.seen.{jobs}", late)

    def ticks_100(self, directory):
        self.ticks(directory, 100)

    def ticks_200(self, directory):
        self.ticks(directory, 200)

    def ticks_500(self, directory):
        self.ticks(directory, 500)

    def steady(self, directory):
        self.late("aps.steady", self.fire(directory, 2000, 0.01, None, true))

    def steady_noop(self, directory):
        self.late("aps.steady.noop", self.fire(directory, 2000, 0.01, None, enter))

    def steady_seen(self, directory):
        self.late("aps.steady.seen", self.fire(directory, 2000, 0.01, None, stamp))


def main():
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    part, base, program = sys.argv[1:4]
    results = sys.argv[4] if len(sys.argv) == 5 else None
    parts = (
        "submit", "due", "due_seen", "drop", "steady", "steady_noop", "steady_seen",
        "ticks_100", "ticks_200", "ticks_500", "ticks_seen",
    )
    if part not in parts:
        sys.exit(__doc__)
    bench = Bench(os.environ.get("BENCH_PART", part), base, program, results)
    directory = tempfile.mkdtemp(dir=base, prefix="apscheduler-")
    try:
        getattr(bench, part)(directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
