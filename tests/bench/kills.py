#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How long until it is off: random kills of everything that can die, all layers in force. Prints one JSON object.

    THERAPY_BUILD_DIR=build/release tests/bench/kills.py [--each N] [--homes N] [--only KIND,KIND] [--seed N]

Each kill comes at a random moment between two renewals of the plug's timer (5 s) and so of the lease (0.25 s), with heat
and traction on. The time is that of the simulated relay, or of the board that begins to rest, on CLOCK_BOOTTIME. Exits
with 1 if one took longer than the bound that the gateway published for it.

Who acted: `lease`, the device process without its gateway; `stale`, the core without its sensor; `will`, the broker;
`timer`, the device; `restart`, the device process that the gateway started in the place of the dead one. Told apart by
the broker's log and by what the board says; `restart` is in no bound.
"""
import argparse
import collections
import contextlib
import json
import multiprocessing
import os
import random
import signal
import sys
import threading
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))
from harness import Failure, now_us  # noqa: E402
from test_matrix import OFF, Place, demo_config, told_off  # noqa: E402

KILL, STOP = signal.SIGKILL, signal.SIGSTOP
LONGEST_S = 45
RENEWAL_S = 5.0  # of the plug's timer
SECONDS = {"broker SIGKILL": 38, "link cut": 42}  # one kill with what comes before it, roughly; the others 8
# kind: (fault whose bound holds, who is signalled, the signal, what goes off)
KINDS = {
    "gateway SIGKILL": ("gateway_killed", ("gateway",), KILL, ("pad", "belt")),
    "gateway SIGSTOP": ("gateway_hung", ("gateway",), STOP, ("pad", "belt")),
    "pad SIGKILL": ("device_killed", ("pad",), KILL, ("pad",)),
    "pad SIGSTOP": ("device_hung", ("pad",), STOP, ("pad",)),
    "belt SIGKILL": ("device_killed", ("belt",), KILL, ("belt",)),
    "belt SIGSTOP": ("device_hung", ("belt",), STOP, ("belt",)),
    "table SIGKILL": ("sensor_killed", ("table",), KILL, ("pad", "belt")),
    "table SIGSTOP": ("sensor_hung", ("table",), STOP, ("pad", "belt")),
    "both SIGKILL": ("both_killed", ("pad", "belt", "gateway"), KILL, ("pad", "belt")),
    "both SIGSTOP": ("both_hung", ("pad", "belt", "gateway"), STOP, ("pad", "belt")),
    "broker SIGKILL": ("broker_dead", (), None, ("pad",)),
    "link cut": ("link_cut", (), None, ("pad", "belt")),
}


def born(pid):
    """When a process began, in ticks since boot; None if there is none."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[19]
    except OSError:
        return None


class Bench(Place):
    def __init__(self, link):
        super().__init__(sim_proxy=link, broker_options="log_type all", sim=("--table-rate", "5"))
        self.config_text = demo_config().replace("4 s since", "1 s since")

    def end_gateway(self):
        """Whatever is left of it, at once: the next one begins anew."""
        left = self.children | self.living_children()
        self.gateway.child.kill()
        for pid, began in left:
            if born(pid) == began:  # a number may have been given to somebody else since
                with contextlib.suppress(ProcessLookupError):  # it may end by itself in this very moment
                    os.kill(pid, signal.SIGKILL)

    def living_children(self):
        pids = self.gateway.child.descendants() if self.gateway.child.alive() else []
        return {(pid, born(pid)) for pid in pids}

    def pad_was_told(self, log_at):
        """Did the device process publish an OFF since? Else it was the broker's will."""
        with open(self.broker.child.log_path, "rb") as log:
            log.seek(log_at)
            return any(b"Received PUBLISH from therapy.demo.pad" in line and b"/POWER'" in line for line in log)

    def layer(self, device, fault, off, mark, log_at):
        by_process = "stale" if fault.startswith("sensor") else "lease" if "device" not in fault else "restart"
        if device == "pad":
            return "timer" if not told_off(self, mark, off) else by_process if self.pad_was_told(log_at) else "will"
        try:  # the board says so in the same breath
            self.sim.wait_event("belt", lambda e: e["what"] == "timeout" and e["us"] - off["us"] < 2000, mark, 0.2)
            return "timer"
        except Failure:
            return by_process

    def sample(self, kind, wait_s, link):
        fault, who, number, devices = KINDS[kind]
        if link:
            self.lines()
        self.children = set()
        self.client.latest.clear()  # what the gateway before this one left at the broker
        self.start_gateway()
        self.switch_on("belt")
        self.switch_on("pad")
        self.children = self.living_children()
        bounds = {device: self.bounds(device)[fault]["begins_ms"] for device in devices}
        time.sleep(wait_s)  # the random moment, which is what this is about
        log_at = os.path.getsize(self.broker.child.log_path)
        mark, start = self.sim.mark(), now_us()
        if kind == "broker SIGKILL":
            self.broker.child.kill()
        elif link:
            self.plug_line.hold()
            self.belt_line.hold()
        else:
            self.signal(number, *who)
        rows = []
        for device in devices:
            event, is_off = OFF[device]
            off = self.sim.wait_event(event, is_off, mark, LONGEST_S, f"{device} off after {kind}")
            rows.append((kind, device, (off["us"] - start) / 1000, bounds[device],
                         self.layer(device, fault, off, mark, log_at)))
        self.end_gateway()
        return rows


def in_one_home(jobs, link, results):
    """Takes jobs until there are none; a home that failed is replaced, and says so."""
    while True:
        try:
            with Bench(link) as home:
                while True:
                    try:
                        kind, wait_s = jobs.get_nowait()
                    except Exception:  # queue.Empty, of the manager's process
                        return
                    results.put(home.sample(kind, wait_s, link))
                    if kind == "broker SIGKILL":
                        mark = home.sim.mark()
                        home.broker.start()
                        # one that comes after the gateway is told its timer before it hears anything
                        home.sim.wait_event("pad", lambda e: e["online"], mark, 20)
                        home.client.wait_for(lambda: home.client.connected, "our own connection", 20)
                    if link:
                        break
        except Exception:
            results.put(traceback.format_exc())


def worker(jobs, link_jobs, homes, link_homes, results):
    threads = [threading.Thread(target=in_one_home, args=(jobs, False, results)) for _ in range(homes)]
    threads += [threading.Thread(target=in_one_home, args=(link_jobs, True, results)) for _ in range(link_homes)]
    for thread in threads:
        thread.start()
        time.sleep(0.2)  # they need not all come up in the same moment
    for thread in threads:
        thread.join()


def quantile(ordered, q):
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--each", type=int, default=200)
    parser.add_argument("--homes", type=int, default=32)
    parser.add_argument("--only", default="")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    kinds = [k for k in KINDS if not options.only or k in options.only.split(",")]
    rng = random.Random(options.seed)
    order = [(kind, rng.uniform(0, RENEWAL_S)) for kind in kinds for _ in range(options.each)]
    rng.shuffle(order)
    manager = multiprocessing.Manager()
    jobs, link_jobs, results = manager.Queue(), manager.Queue(), manager.Queue()
    for job in order:
        (link_jobs if job[0] == "link cut" else jobs).put(job)
    workers = 4
    costs = {kind: SECONDS.get(kind, 8) for kind in kinds}
    link_homes = round(options.homes * costs.get("link cut", 0) / sum(costs.values()))  # so that both end together
    began = time.monotonic()
    processes = [multiprocessing.Process(target=worker, args=(
        jobs, link_jobs, (options.homes - link_homes + i) // workers, (link_homes + i) // workers, results))
        for i in range(workers)]
    for process in processes:
        process.start()
    samples, failures, expected = [], [], len(order)
    while len(samples) + len(failures) < expected and any(p.is_alive() for p in processes):
        try:
            got = results.get(timeout=5)
        except Exception:
            continue
        (failures if isinstance(got, str) else samples).append(got)
    for process in processes:
        process.join(120)
    report(samples, failures, time.monotonic() - began)


def report(samples, failures, seconds):
    by = collections.defaultdict(list)
    for rows in samples:
        for kind, device, ms, bound, layer in rows:
            by[kind, device].append((ms, bound, layer))
    late, table = 0, []
    for kind in KINDS:
        for device in ("pad", "belt"):
            rows = by.get((kind, device))
            if not rows:
                continue
            times = sorted(ms for ms, _, _ in rows)
            over = sum(ms > bound for ms, bound, _ in rows)
            late += over
            table.append({"kind": kind, "device": device, "n": len(rows), "min_ms": round(times[0], 1),
                          "median_ms": round(quantile(times, 0.5), 1), "p99_ms": round(quantile(times, 0.99), 1),
                          "max_ms": round(times[-1], 1), "bound_ms": rows[0][1], "over_bound": over,
                          "layers": dict(collections.Counter(layer for _, _, layer in rows))})
    lines = ",\n  ".join(json.dumps(row) for row in table)
    print(f'{{"kills": [\n  {lines}\n ],\n "over_bound": {late}, "failed": {len(failures)}, "seconds": {seconds:.0f}}}')
    for text in failures[:5]:
        print(text, file=sys.stderr)
    sys.exit(1 if late or failures else 0)


if __name__ == "__main__":
    main()
