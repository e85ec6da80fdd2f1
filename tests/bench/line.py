#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a serial line costs that is never silent: 11,520 bytes a second, all that 115,200 baud can carry, of WT901 frames
(a thousand a second, and each says something new), through a real gateway with a real mosquitto. Processor time of the
device process and of the gateway, beside its floor in the same run: cat, reading the same bytes. Prints, judges nothing.

    THERAPY_BUILD_DIR=build/release tests/bench/line.py [SECONDS]
"""
import os
import pathlib
import pty
import struct
import subprocess
import sys
import threading
import time
import tty

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from harness import Home  # noqa: E402

BYTES_PER_SECOND, TURN = 11520, 0.01
CONFIG = """gateway = {{ id = "demo"; }};
mqtt = {{ url = "${{MQTT_URL}}"; }};
devices = ( {{ id = "table"; plugin = "inversion_table"; model = "wt901"; link = "serial:{port}?baud=115200";
               options = {{ sign = "normal"; zero_deg = 0.0; }}; }} );
"""


def frame(kind, *words):
    head = struct.pack("<BB4h", 0x55, kind, *words)
    return head + bytes([sum(head) & 0xFF])


class Line:
    """The far end of a pseudo-terminal: keeps to the line's rate, whatever the scheduler does to it."""

    def __init__(self):
        self.side, self.other = pty.openpty()
        tty.setraw(self.side)
        tty.setraw(self.other)
        self.port = os.ttyname(self.other)
        self.sent, self.over = 0, threading.Event()
        self.thread = threading.Thread(target=self.speak, daemon=True)

    def frames(self):
        n = 0
        while True:
            n += 1
            swing = n % 2000 - 1000  # some 5 deg and back
            yield frame(0x51, swing, 0, 2048, 2500) + frame(0x52, swing, 0, 0, 0) + frame(0x53, swing, 0, 0, 0)

    def speak(self):
        pending, source = b"", self.frames()
        began = time.monotonic()
        while not self.over.wait(TURN):
            due = int((time.monotonic() - began) * BYTES_PER_SECOND) - self.sent
            while len(pending) < due:
                pending += next(source)
            piece, pending = pending[:due], pending[due:]
            self.sent += os.write(self.side, piece)

    def close(self):
        self.over.set()
        self.thread.join(5)
        os.close(self.side)
        os.close(self.other)


def cpu_s(pids):
    """Of all their threads."""
    total = 0
    for pid in pids:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat") as f:
                total += int(f.read().split()[0])
    return total / 1e9


def measure(what, line, pids, seconds, during):
    before, sent, began = cpu_s(pids), line.sent, time.monotonic()
    during(seconds)
    took = time.monotonic() - began
    print(f"  {what:34} {100 * (cpu_s(pids) - before) / took:6.2f} % of a core, {(line.sent - sent) / took:8.0f} bytes a second")


def counters(home):
    """Of the next status message: they come every 10 s."""
    said = home.client.wait("therapy/demo/status", since=home.client.mark(), timeout=20)
    return next(d for d in home.schema().decode("GatewayStatus", said.payload).devices if d.device_id == "table")


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    line = Line()
    print(f"a serial line at full rate, {seconds:g} s each")
    with subprocess.Popen(["cat", line.port], stdout=subprocess.DEVNULL) as cat:
        line.thread.start()
        measure("floor: cat", line, [cat.pid], seconds, time.sleep)
        cat.terminate()
    with Home(config_text=CONFIG.format(port=line.port), sim=None) as home:
        home.wait_device("table", lambda s: s.get("tilt") is not None, "a tilt")
        gateway, children = home.gateway.child.pid, home.gateway.child.descendants()
        first = counters(home)
        measure("device process", line, children, seconds, time.sleep)
        measure("gateway process, with publishing", line, [gateway], seconds, time.sleep)
        last = counters(home)
        print(f"  frames in between {last.frames - first.frames}, refused or skipped {last.refused_checksum + last.skipped_bytes}")
    line.close()


if __name__ == "__main__":
    main()
