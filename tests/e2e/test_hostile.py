#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A plugin can do its worst (hostile.c): it is contained, the log or the fault names it and what it did, and another device
that says a number every 20 ms misses at most one. THERAPY_QUICK=1: three of them; else all."""
import os
import re
import select
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from harness import build_dir, free_port, Home, wait_until

QUICK = os.environ.get("THERAPY_QUICK")
BUILT = os.path.join(build_dir(), "tests", "e2e")
EVERY_S = 0.02
HEAD = """gateway = {{ id = "demo"; deadline = "{deadline}"; }};
{mqtt}devices = ({devices});
rules = ( {{ id = "r"; permits = [ "kind:heat" ]; only_while = "all heat.power <= 60 W"; hazard = 8; }} );
"""
ENDED = r"device process was ended by signal {} \({}\)"
SEGV, SYS = ENDED.format(11, "Segmentation fault"), ENDED.format(31, "Bad system call")
CALLED = SYS + r".*its last words: sandbox: the plugin called {}\(\), which a device process may not"
# by the gateway, or by its own watchdog if that is sooner
KILLED = r"device process (has not answered for|was ended by signal 9 \(Killed\))"
ASAN = "device process exited with status 1.*its last words: .*ERROR: AddressSanitizer: "


def sanitized():
    with open(os.path.join(build_dir(), "CMakeCache.txt")) as cache:
        return re.search(r"^THERAPY_SANITIZE:\w+=.*address", cache.read(), re.M)


CRASH = ASAN + "SEGV" if sanitized() else SEGV
# What runs (where, what): what is said of it.
RUNNING = {
    ("decode", "socket"): CALLED.format("socket"),
    ("decode", "segv"): CRASH,
    ("frame", "segv"): CRASH,
    ("encode", "segv"): CRASH,
    ("decode", "loop"): KILLED,
    ("decode", "stop"): KILLED,
    ("decode", "memory"): r".*AddressSanitizer: allocator is out of memory" if sanitized() else ENDED.format(6, "Aborted") +
                          r".*no memory after \d\d MB",
    ("decode", "exit"): "device process exited with status 0",
    ("decode", "exec"): CALLED.format("execve"),
    ("decode", "fork"): CALLED.format("fork"),
    ("decode", "kill"): CALLED.format("kill"),
    ("decode", "ptrace"): CALLED.format("ptrace"),
    ("decode", "open"): r"its process says: writing: Operation not permitted",
    ("decode", "flood"): r"its process prints more than 200 lines in 10 s",
    # too much of everything is left out; it goes on, and the next reading arrives
    ("decode", "many"): None,
    ("decode", "claim"): None,
    ("decode", "metric"): None,
    ("frame", "longer"): None,
}
if sanitized():
    RUNNING["decode", "past"] = ASAN + "heap-buffer-overflow"
# What is loaded: the fault that `check` tells.
LOADING = {
    ("constructor", "socket"): CALLED.format("socket"),
    ("constructor", "exec"): CALLED.format("execve"),
    ("constructor", "fork"): CALLED.format("fork"),
    ("constructor", "kill"): CALLED.format("kill"),
    ("constructor", "ptrace"): CALLED.format("ptrace"),
    ("constructor", "segv"): CRASH,
    ("init", "segv"): CRASH,
    ("constructor", "loop"): "device process was ended by signal 9",
    ("constructor", "exit"): "device process exited with status 0",
}
for at, said in LOADING.items():
    LOADING[at] = said.replace("; its last", " while loading plugin [^;]*; its last").replace(".*its last", ".*its last")
VARIANTS = {
    "symbol": "has no symbol therapy_plugin",
    "abi": "it was built for plugin abi 2, expected 1",
    "sizes": "its plugin row has 8 bytes, expected at least",
}


class Device:
    """A device on TCP that says a number at a known rate, and "go" once when it is told to."""

    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", free_port()))
        self.port = self.server.getsockname()[1]
        self.go = threading.Event()
        self.closing = False
        self.sent = self.accepted = 0
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while not self.closing:
            try:
                line, _ = self.server.accept()
            except OSError:
                return
            self.accepted += 1
            with line:
                self.talk(line)

    def talk(self, line):
        due = time.monotonic()
        try:
            while not self.closing:
                if self.go.is_set():
                    self.go.clear()
                    line.sendall(b"go\n")
                line.sendall(b"n %d\n" % self.sent)
                self.sent += 1
                due += EVERY_S
                while (left := due - time.monotonic()) > 0:
                    if select.select([line], [], [], left)[0] and not line.recv(4096):
                        return
        except OSError:
            return

    def close(self):
        self.closing = True
        self.server.close()


def copied(directory, place, deed):
    name = f"hostile_{place}_{deed}"
    shutil.copy(os.path.join(BUILT, "hostile.so"), os.path.join(directory, name + ".so"))
    return name


class Hostile(Home):
    """A neighbour, and one device for each (place, deed)."""

    def __init__(self, deeds, **options):
        self.folder = tempfile.TemporaryDirectory(prefix="therapy-hostile-")
        self.devices = {"good": Device()}
        shutil.copy(os.path.join(BUILT, "hostile.so"), self.folder.name)
        lines = [self.line("good", "hostile")]
        for place, deed in deeds:
            self.devices[f"{place}-{deed}"] = Device()
            lines.append(self.line(f"{place}-{deed}", copied(self.folder.name, place, deed)))
        super().__init__(sim=None, config_text=HEAD.format(deadline="1 s", mqtt='mqtt = { url = "${MQTT_URL}"; };\n',
                                                           devices=",\n  ".join(lines)), **options)
        self.hostile = True

    def line(self, device, plugin):
        return (f'{{ id = "{device}"; plugin = "{self.folder.name}/{plugin}.so"; '
                f'link = "tcp://127.0.0.1:{self.devices[device].port}"; }}')

    def wait_log(self, pattern, timeout=10):
        return wait_until(lambda: re.search(pattern, self.gateway.child.tail(100000)), f"the log to say {pattern}", timeout)

    def numbers(self, device, mark):
        """Of the readings that were published since."""
        schema = self.schema()
        return [int(reading.value) for m in self.client.messages[mark:] if m.topic == f"{self.base}/{device}/telemetry"
                for reading in schema.batch(m.payload).readings]

    def wait_number(self, device, at_least, mark, timeout=10):
        self.client.wait_for(lambda: max(self.numbers(device, mark), default=-1) >= at_least,
                             f"a number of {device} from {at_least} on", timeout)

    def __exit__(self, *problem):
        for device in self.devices.values():
            device.close()
        try:
            return super().__exit__(*problem)
        finally:
            self.folder.cleanup()


class Running(unittest.TestCase):
    def test_each_is_contained_and_named_and_the_neighbour_misses_nothing(self):
        deeds = dict(list(RUNNING.items())[:2]) if QUICK else RUNNING
        missed = {}
        with Hostile(deeds) as home:
            home.wait_number("good", 0, 0, 20)
            for (place, deed), says in deeds.items():
                with self.subTest(place=place, deed=deed):
                    missed[f"{place} {deed}"] = self.does(home, f"{place}-{deed}", says)
        print("of the neighbour's numbers missed:", missed)

    def does(self, home, device, says):
        it, good = home.devices[device], home.devices["good"]
        mark, first = home.client.mark(), good.sent
        it.go.set()
        if says:
            home.wait_log(f"{device}: .*{says}")
        else:
            wait_until(lambda: not it.go.is_set(), f"{device} to be told")
            home.wait_number(device, it.sent + 5, mark)
        home.wait_number("good", good.sent + 10, mark)
        numbers = home.numbers("good", mark)
        self.assertEqual(numbers, sorted(set(numbers)), "each once, and in their order")
        self.assertTrue(home.gateway.child.alive())
        gone = set(range(max(first, numbers[0]), numbers[-1])) - set(numbers)
        self.assertLessEqual(len(gone), 1, f"missed while {device} did it: {sorted(gone)}")
        self.assertLessEqual(numbers[0] - first, 25, "the mark is a batch and a look at the clock before the first")
        return len(gone)

    @unittest.skipIf(QUICK, "quick")
    def test_who_unloads_badly_does_not_stay(self):
        for place, deed in (("destructor", "loop"), ("destructor", "segv"), ("atexit", "loop"), ("atexit", "socket")):
            with self.subTest(place=place, deed=deed), Hostile([(place, deed)]) as home:
                home.wait_number(f"{place}-{deed}", 3, 0, 20)
                left = home.gateway.child.descendants()
                self.assertEqual(len(left), 2)
                self.assertEqual(home.gateway.stop(), 0)
                wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in left), "all of them to be gone", 10)


class Loading(unittest.TestCase):
    def faults(self, deeds, variants=()):
        """What `check` says of a home with each of them."""
        with tempfile.TemporaryDirectory(prefix="therapy-hostile-") as folder:
            names = {f"{place}-{deed}": copied(folder, place, deed) for place, deed in deeds}
            for variant in variants:
                shutil.copy(os.path.join(BUILT, f"hostile_{variant}.so"), folder)
                names[variant] = f"hostile_{variant}"
            devices = [f'{{ id = "{device}"; plugin = "./{name}.so"; link = "tcp://127.0.0.1:{9000 + n}"; }}'
                       for n, (device, name) in enumerate(names.items())]
            config = os.path.join(folder, "home.cfg")
            with open(config, "w") as f:
                f.write(HEAD.format(deadline="300 ms", mqtt="", devices=",\n  ".join(devices)))
            done = subprocess.run([os.path.join(build_dir(), "gateway", "therapy-gateway"), "check", "-c", config],
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 1, done.stderr)
            return done.stderr + done.stdout

    def test_each_is_named_before_anything_runs(self):
        deeds = dict(list(LOADING.items())[:1]) if QUICK else LOADING
        variants = dict(list(VARIANTS.items())[:1]) if QUICK else VARIANTS
        said = self.faults(deeds, variants)
        for (place, deed), says in deeds.items():
            with self.subTest(place=place, deed=deed):
                self.assertRegex(said, rf"home\.cfg:\d+: device '{place}-{deed}': .*{says}")
        for variant, says in variants.items():
            with self.subTest(variant=variant):
                self.assertRegex(said, rf"home\.cfg:\d+: device '{variant}': .*{says}")


if __name__ == "__main__":
    unittest.main()
