#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What many plugs cost, with a device process each and with one that they share. Prints a table.

    THERAPY_BUILD_DIR=build/release tests/bench/shared.py [PLUGS]

The plugs are played by one process (tests/e2e/plugs.py) behind a private mosquitto. `floor` is tests/bench/bare_paho.c: as many
connections with a last will and a subscription, in one program and in one each, which do nothing else. PSS shares out what
several processes map, RSS does not, `own` is what would be free if they were not there. `ready` is from the start of the
gateway until every plug is shown as there and at rest; `cpu` is of one core, while every plug is asked as its model says.
`killed`: every plug is on, the process of each is ended by SIGKILL, and the last plug is off after that."""
import os
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))
from harness import Home, build_dir, now_us, wait_until  # noqa: E402
from plugs import Plugs  # noqa: E402

IDLE_S = 30
TICK = os.sysconf("SC_CLK_TCK")


def names(n):
    return [f"plug{i}" for i in range(n)]


def config(n, shared):
    process = 'process = "plugs"; ' if shared else ""
    devices = ",\n".join(f'  {{ id = "{name}"; plugin = "heat_pad"; model = "tasmota"; {process}link = "mqtt:{name}"; }}'
                         for name in names(n))
    return f'''
gateway = {{ id = "demo"; }};
mqtt = {{ url = "${{MQTT_URL}}"; }};
devices = (
{devices} );
rules = ( {{ id = "no-heat-during-inversion"; permits = [ "kind:heat" ]; only_while = "all inversion.tilt <= 10 deg"; }} );
'''


class Sum:
    """Of some processes."""

    def __init__(self, pids):
        self.n = len(pids)
        self.pss = self.rss = self.own = self.threads = self.descriptors = 0
        self.pids = pids
        for pid in pids:
            with open(f"/proc/{pid}/smaps_rollup") as f:
                text = f.read()
            self.pss += int(re.search(r"^Pss: +(\d+)", text, re.M).group(1))
            self.rss += int(re.search(r"^Rss: +(\d+)", text, re.M).group(1))
            self.own += sum(int(kb) for kb in re.findall(r"^Private_\w+: +(\d+) kB", text, re.M))
            self.threads += len(os.listdir(f"/proc/{pid}/task"))
            self.descriptors += len(os.listdir(f"/proc/{pid}/fd"))
        self.cpu = None

    def ticks(self):
        total = 0
        for pid in self.pids:
            with open(f"/proc/{pid}/stat") as f:
                words = f.read().rsplit(")", 1)[1].split()
            total += int(words[11]) + int(words[12])
        return total

    def row(self, name, ready="", killed=""):
        cpu = "" if self.cpu is None else f"{self.cpu:.1f} %"
        print(f"| {name} | {self.n} | {self.pss / 1024:.1f} | {self.rss / 1024:.1f} | {self.own / 1024:.1f} | {self.threads} "
              f"| {self.descriptors} | {cpu} | {ready} | {killed} |", flush=True)


def idle(*sums):
    before = [s.ticks() for s in sums]
    time.sleep(IDLE_S)
    for s, ticks in zip(sums, before):
        s.cpu = 100 * (s.ticks() - ticks) / TICK / IDLE_S


class Many(Home):
    def __init__(self, n, shared):
        super().__init__(config_text=config(n, shared), sim=None)
        self.n = n
        self.plugs = None

    def before_sim(self):
        self.plugs = Plugs(self.broker.port, names(self.n))

    def __exit__(self, *what):
        if self.plugs:
            self.plugs.close()
        return super().__exit__(*what)

    def all_at_rest(self):
        m = self.client.latest.get(f"{self.base}/safety")
        devices = m.json["devices"] if m else {}
        return len(devices) >= self.n and all(devices[name]["heat"]["phase"] == "at_rest" for name in names(self.n))


def measure(n, shared):
    with Many(n, shared) as home:
        wait_until(home.all_at_rest, "every plug at rest", 120, 0.02)
        ready_ms = (now_us() - home.gateway.started_us) / 1000
        time.sleep(5)
        gateway, devices = Sum([home.gateway.child.pid]), Sum(home.gateway.child.descendants())
        idle(gateway, devices)
        for name in names(n):
            result = home.request(name, "heat", 1)
            assert result["outcome"] == "accepted", result
        home.plugs.wait_on(20)
        since = now_us()
        for pid in home.gateway.child.descendants():
            os.kill(pid, signal.SIGKILL)
        killed_ms = home.plugs.off_after(since, 60) / 1000
        what = "one process for all" if shared else "a process each"
        gateway.row(f"gateway, {what}", f"{ready_ms:.0f} ms")
        devices.row(f"device processes, {what}", "", f"{killed_ms:.0f} ms")


def floor(n, processes):
    with Home(gateway=False, sim=None) as home:
        program = os.path.join(build_dir(), "tests", "bench", "therapy-bare-paho")
        each = n // processes
        began = now_us()
        running = [subprocess.Popen([program, f"tcp://127.0.0.1:{home.broker.port}", f"floor{i}", str(each)],
                                    stdout=subprocess.PIPE, text=True) for i in range(processes)]
        for child in running:
            child.stdout.readline()
        ready_ms = (now_us() - began) / 1000
        time.sleep(2)
        s = Sum([child.pid for child in running])
        idle(s)
        s.row("floor, " + ("one program" if processes == 1 else "a program each"), f"{ready_ms:.0f} ms")
        for child in running:
            child.kill()
            child.wait()


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    print(f"{n} plugs, {IDLE_S} s of idling\n")
    print("| | processes | PSS, MB | RSS, MB | own, MB | threads | descriptors | cpu | ready | killed |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for shared in (False, True):
        measure(n, shared)
    for processes in (n, 1):
        floor(n, processes)


if __name__ == "__main__":
    main()
