"""Measures asyncssh and parallel-ssh over the sshd of bench/run's part "remote".

Prints what it measured as `name value` lines: seconds, own_cpu and below_cpu (ms), lines, bytes.
"""

import argparse
import asyncio
import os
import time

SESSIONS = 5  # how many commands share a connection, as those of the bare client


class Stretch:
    def __init__(self):
        self.cpu, self.begun = time.process_time(), time.perf_counter()

    def end(self):
        seconds = time.perf_counter() - self.begun
        own = (time.process_time() - self.cpu) * 1000
        print(f"seconds {seconds}\nown_cpu {own}\nbelow_cpu 0", flush=True)


def addresses(count):
    return [f"127.1.{n // 250}.{n % 250 + 1}" for n in range(count)]


class Asyncssh:
    """As its documentation shows it: connect once, run; some commands share a connection."""

    def __init__(self, args):
        import asyncssh

        self.args, self.asyncssh = args, asyncssh

    def connect(self, host):
        return self.asyncssh.connect(
            host,
            self.args.port,
            username=self.args.user,
            client_keys=[os.path.join(self.args.lab, "user")],
            known_hosts=os.path.join(self.args.lab, "known_hosts"),
            host_key_alias="station-bench",
            kex_algs=["curve25519-sha256"],
            agent_path=None,
            config=None,
        )

    def commands(self):
        asyncio.run(self._commands())

    async def _commands(self):
        args = self.args
        wanted = -(-args.at_once // SESSIONS)
        connections = [await self.connect("127.1.0.1") for _ in range(wanted)]
        await self.each(connections, args.at_once)
        stretch = Stretch()
        await self.each(connections, args.count)
        stretch.end()
        for connection in connections:
            connection.close()

    async def each(self, connections, count):
        turns = iter(range(count))

        async def work(connection):
            for _ in turns:
                await connection.run(self.args.command, check=True)

        at_once = range(self.args.at_once)
        await asyncio.gather(*(work(connections[n % len(connections)]) for n in at_once))

    def cold(self):
        asyncio.run(self._cold())

    async def _cold(self):
        hosts = iter(addresses(self.args.count))

        async def work():
            for host in hosts:
                async with self.connect(host) as connection:
                    await connection.run(self.args.command, check=True)

        stretch = Stretch()
        await asyncio.gather(*(work() for _ in range(self.args.at_once)))
        stretch.end()

    def lines(self):
        asyncio.run(self._lines())

    async def _lines(self):
        lines = size = 0
        async with self.connect("127.1.0.1") as connection:
            await connection.run("true", check=True)
            stretch = Stretch()
            async with connection.create_process(self.args.command, encoding=None) as process:
                async for line in process.stdout:
                    lines += 1
                    size += len(line)
                end = await process.wait(check=True)
            stretch.end()
        assert end.exit_status == 0, end
        print(f"lines {lines}\nbytes {size}")


class Pssh:
    """parallel-ssh: a connection to each host, which it keeps."""

    def __init__(self, args):
        self.args = args
        self.how = {
            "user": args.user,
            "port": args.port,
            "pkey": os.path.join(args.lab, "user"),
            "allow_agent": False,
        }

    def commands(self):
        if self.args.at_once == 1:
            return self.sequential()
        client = self.client(self.args.at_once)
        self.all(client)
        stretch = Stretch()
        for _ in range(self.args.count // self.args.at_once):
            self.all(client)
        stretch.end()

    def sequential(self):
        from pssh.clients import SSHClient

        client = SSHClient("127.1.0.1", **self.how)

        def one():
            output = client.run_command(self.args.command)
            client.wait_finished(output)
            assert output.exit_code == 0, output.exit_code

        one()
        stretch = Stretch()
        for _ in range(self.args.count):
            one()
        stretch.end()

    def client(self, hosts):
        from pssh.clients import ParallelSSHClient

        return ParallelSSHClient(addresses(hosts), pool_size=self.args.at_once, **self.how)

    def all(self, client):
        output = client.run_command(self.args.command)
        client.join(output)
        for one in output:
            assert one.exit_code == 0, (one.host, one.exit_code, one.exception)

    def cold(self):
        client = self.client(self.args.count)
        stretch = Stretch()
        self.all(client)
        stretch.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", choices=["asyncssh", "pssh"], required=True)
    parser.add_argument("--work", choices=["commands", "cold", "lines"], required=True)
    parser.add_argument("--lab", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--user", required=True)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--command", default="true")
    args = parser.parse_args()
    library = Asyncssh(args) if args.library == "asyncssh" else Pssh(args)
    getattr(library, args.work)()


if __name__ == "__main__":
    main()
