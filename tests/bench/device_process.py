#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a device process costs, and what a hostile plugin costs the others. Prints one JSON object.

    THERAPY_BUILD_DIR=build/release tests/bench/device_process.py

`memory_kb`: private memory (smaps_rollup), of the demo's devices; the text of a program that only one process maps counts.
`wire_us`: Ping to Pong through a socket pair to a real device process, one at a time; `floor` is the same with a thread that
answers at once. `respawn_ms`: from a plugin's crash to the link of the process after it, as the device sees it. `lag_ms`: between
two batches of a neighbour's readings, which come every 20 ms and are published every 100 ms: how much later than usual the
next one is, while another device's plugin floods its output without a pause; `floor` without that.
"""
import json
import os
import re
import socket
import statistics
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))
from harness import Home, build_dir, now_us  # noqa: E402
from test_hostile import Hostile  # noqa: E402

PINGS = 5000


def memory():
    with Home() as home:
        home.wait_device("pad", lambda s: s.get("relay") is not None, "the pad's relay", 30)
        private = {}
        for pid in home.gateway.child.descendants():
            with open(f"/proc/{pid}/cmdline") as f:
                device = f.read().split("\0")[2]
            with open(f"/proc/{pid}/smaps_rollup") as f:
                text = f.read()
            private[device] = sum(int(n) for n in re.findall(r"^Private_\w+: +(\d+) kB", text, re.M))
        return private


def quantiles(values):
    values = sorted(values)
    return {"median": round(statistics.median(values), 1), "p99": round(values[len(values) * 99 // 100], 1)}


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def ping(nonce):
    body = b"\x08" + varint(nonce)  # Ping.nonce = 1
    message = b"\x2a" + varint(len(body)) + body  # ToDevice.ping = 5
    return struct.pack("<I", len(message)) + message


def round_trips(end):
    took = []
    for nonce in range(1, PINGS + 1):
        began = time.perf_counter_ns()
        end.sendall(ping(nonce))
        size, = struct.unpack("<I", end.recv(4, socket.MSG_WAITALL))
        answer = end.recv(size, socket.MSG_WAITALL)
        took.append((time.perf_counter_ns() - began) / 1000)
        assert answer.endswith(b"\x08" + varint(nonce)), answer  # Pong.nonce, or the ping itself
    return quantiles(took[100:])


def echo(end):
    while data := end.recv(4096):
        end.sendall(data)


def wire():
    ours, theirs = socket.socketpair()
    argv = [os.path.join(build_dir(), "gateway", "therapy-device"), "device-process", "bench"]

    def be_three():
        os.dup2(theirs.fileno(), 3)
        os.set_inheritable(3, True)
    process = subprocess.Popen(argv, preexec_fn=be_three, close_fds=False)
    theirs.close()
    device = round_trips(ours)
    ours.close()
    process.wait(10)
    ours, theirs = socket.socketpair()
    threading.Thread(target=echo, args=(theirs,), daemon=True).start()
    floor = round_trips(ours)
    ours.close()
    return {"device": device, "floor": floor}


def respawn():
    with Hostile([("decode", "segv")]) as home:
        device = home.devices["decode-segv"]
        home.wait_number("decode-segv", 5, 0, 20)
        began, seen = now_us(), device.accepted
        device.go.set()
        while device.accepted == seen and now_us() - began < 10_000_000:
            time.sleep(0.001)
        return round((now_us() - began) / 1000, 1)


def arrivals(home, seconds):
    """Of the neighbour's batches."""
    mark = home.client.mark()
    time.sleep(seconds)
    times = [m.us for m in home.client.messages[mark:] if m.topic == f"{home.base}/good/telemetry"]
    return [(b - a) / 1000 for a, b in zip(times, times[1:])]


def lag():
    with Hostile([("decode", "flood")]) as home:
        home.wait_number("good", 10, 0, 20)
        calm = arrivals(home, 10)
        usual = statistics.median(calm)
        stop = threading.Event()

        def again():
            while not stop.wait(0.05):
                home.devices["decode-flood"].go.set()
        threading.Thread(target=again, daemon=True).start()
        hostile = arrivals(home, 10)
        stop.set()
        over = lambda gaps: quantiles([max(0.0, gap - usual) for gap in gaps])
        return {"hostile": over(hostile), "floor": over(calm)}


def main():
    json.dump({"memory_kb": memory(), "wire_us": wire(), "respawn_ms": respawn(), "lag_ms": lag()}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
