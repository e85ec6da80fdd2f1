#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""therapy-plugin replay, try and bench: a recording and a device become the readings that a gateway would have.

Usage: test_device.py PROGRAM FIXTURES PLUGINS VECTORS
"""
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading

PROGRAM, FIXTURES, PLUGINS, VECTORS = sys.argv[1:5]
GOOD = f"{FIXTURES}/bad_none.so"
failures = []


def tool(*words):
    return subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, timeout=50)


def expect(name, condition, run):
    if not condition:
        failures.append(f"{name}\n  exit {run.returncode}\n  {run.stdout}\n  {run.stderr}")


def report(value):
    return bytes([0xA5, value, (0xA5 + value) & 0xFF])


def a_recording_becomes_readings_in_its_own_time(folder):
    path = folder / "one.rec"
    path.write_text("# off, then on; one torn, one wrong, a byte that is none\n0 < A5 05 AA\n1000 < A5 69\n1004 < 0E\n"
                    "2000 < A5 05 AB\n3000 < 00 A5 05 AA\n3000 > 5A 00 5A\n")
    run = tool("replay", GOOD, path)
    expect("replay", run.returncode == 0 and run.stdout.splitlines() == [
        "       0.000 s  power            5 W", "       0.000 s  relay            0",
        "       1.004 s  power            105 W", "       1.004 s  relay            1",
        "       3.000 s  power            5 W", "       3.000 s  relay            0",
        "3 frames, 6 readings, 4 bytes were no frame"], run)
    expect("replay, again", tool("replay", GOOD, path).stdout == run.stdout, run)
    sent = tool("replay", GOOD, path, "--sent")
    expect("replay --sent: somebody else's on is told to rest", "       0.000 s  > 5A 00 5A" in sent.stdout and
           "       1.504 s  > 5A 00 5A" in sent.stdout and "5A 01" not in sent.stdout, sent)


def messages_are_played_from_their_address(folder):
    path = folder / "plug.rec"
    path.write_text("0 < @stat/{name}/POWER 4F 4E\n500 < @stat/{name}/POWER 4F 46 46\n")
    run = tool("replay", f"{PLUGINS}/heat_pad.so", path, "--model", "tasmota")
    expect("messages", run.returncode == 0 and re.search(r"0\.000 s  relay +(on|1)\n.*0\.500 s  relay +(off|0)\n2 frames, 2 readings",
                                                         run.stdout, re.S), run)


def a_devices_own_name_may_stand_in_the_address(folder):
    path = folder / "named.rec"
    path.write_text("0 < @stat/pad_plug/POWER 4F 4E\n100 < @tele/a/b/LWT 4F 6E 6C 69 6E 65\n")
    run = tool("replay", f"{PLUGINS}/heat_pad.so", path, "--model", "tasmota")
    expect("a name", run.returncode == 0 and re.search(r"0\.000 s  relay +(on|1)\n2 frames, 1 readings", run.stdout), run)
    path.write_text("0 < @stat//POWER 4F 4E\n")
    expect("no name", "expected @ and an address of its channels" in
           tool("replay", f"{PLUGINS}/heat_pad.so", path, "--model", "tasmota").stderr, run)


def what_is_no_recording_is_refused_with_its_line(folder):
    path = folder / "bad.rec"
    for text, why in (("0 < A5 05 AA\nnext\n", ":2: expected the time in ms"), ("5 < 00\n4 < 00\n", ":2: expected a time that is")):
        path.write_text(text)
        run = tool("replay", GOOD, path)
        expect(f"recording {text!r}", run.returncode == 1 and f"{path}{why}" in run.stderr, run)
    run = tool("replay", GOOD, folder / "none.rec")
    expect("no recording", run.returncode == 2 and "No such file" in run.stderr, run)
    path.write_text("0 < A5\n")
    run = tool("replay", f"{PLUGINS}/heat_pad.so", path, "--model", "tasmota")
    expect("messages", run.returncode == 1 and f"{path}:1: model tasmota is reached by messages" in run.stderr, run)
    path.write_text("0 < @stat/{name}/NONE A5\n")
    run = tool("replay", f"{PLUGINS}/heat_pad.so", path, "--model", "tasmota")
    expect("no such address", run.returncode == 1 and f"{path}:1: model tasmota is reached by messages" in run.stderr, run)
    path.write_text("0 < @stat A5\n")
    run = tool("replay", GOOD, path)
    expect("an address on a byte link", run.returncode == 1 and "expected them without an address" in run.stderr, run)
    path.write_text("0 < A5 05 AA\n")
    run = tool("replay", f"{PLUGINS}/inversion_table.so", path)
    expect("which model", run.returncode == 1 and "'model' is needed: one of 'wt901', 'firmware'" in run.stderr, run)


def a_plugin_that_crashes_over_a_recording_is_named_with_its_line(folder):
    path = folder / "crash.rec"
    path.write_text("0 < A5 05 AA\n\n10 < A5 45 EA\n")
    run = tool("replay", f"{FIXTURES}/bad_crash_decode.so", path)
    expect("crash", run.returncode == 1 and "it crashed (Segmentation fault) as a device at work (line 3 of the recording)"
           in run.stderr and "power            5 W" in run.stdout, run)


class Pad(threading.Thread):
    """The device of bad.c over TCP: on until it is told to rest. Says how it is ten times a second."""

    def __init__(self):
        super().__init__(daemon=True)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.told = bytearray()
        self.start()

    def run(self):
        connection, _ = self.server.accept()
        connection.settimeout(0.1)
        try:
            while True:
                connection.sendall(report(5 if b"\x5A\x00\x5A" in self.told else 105))
                try:
                    heard = connection.recv(100)
                    if not heard:
                        return
                    self.told += heard
                except TimeoutError:
                    pass
        except OSError:
            return


def a_device_is_read_live_and_only_ever_told_to_rest(_):
    pad = Pad()
    process = subprocess.Popen([PROGRAM, "try", GOOD, f"tcp://127.0.0.1:{pad.port}"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    guard = threading.Timer(40, process.kill)
    guard.start()
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "at rest" in line:
            process.send_signal(signal.SIGINT)
    process.wait()
    guard.cancel()
    run = subprocess.CompletedProcess([], process.returncode, "".join(lines), process.stderr.read())
    text = run.stdout
    expect("try", run.returncode == 0 and text.startswith("bad 1, model pad (Nobody, Pad), on tcp://127.0.0.1") and
           "the link is up" in text and "power            105 W" in text and "relay            1" in text, run)
    expect("try: its end", lines[-1].endswith(" readings\n") and not lines[-1].startswith("0"), run)
    expect(f"try: told {pad.told.hex(' ')}, expected nothing but off", set(pad.told) <= {0x5A, 0x00} and pad.told, run)


def a_trial_that_cannot_begin_says_why(_):
    for words, status, why in (
            ((GOOD,), 2, "try: expected FILE.so LINK"), ((GOOD, "tcp:x"), 2, "expected serial:/dev/ttyUSB0?baud=9600"),
            ((GOOD, "mqtt:plug", "--seconds", "1"), 1, "model pad cannot be reached by the link mqtt:plug"),
            ((GOOD, "tcp://127.0.0.1:1", "--option", "a=1"), 1, "option 'a' is not known to model pad"),
            ((f"{FIXTURES}/bad_no_rest.so", "tcp://127.0.0.1:1"), 1, "has no rest sequence"),
            ((f"{FIXTURES}/bad_crash_loading.so", "tcp://127.0.0.1:1"), 1, "while loading plugin")):
        run = tool("try", *words)
        expect(f"try {words}", run.returncode == status and why in run.stderr, run)


def figures_stand_beside_their_floor(_):
    run = tool("bench", GOOD, f"{VECTORS}/bad.vec", "--rounds", 3)
    found = re.search(r"model pad: 3 frames of 3.0 bytes\n +decode +([\d.]+) ns a frame \(([\d.]+) to ([\d.]+) in 3 rounds\)\n"
                      r" +floor +([\d.]+) ns for a call that does nothing, ([\d.]+) ns to copy", run.stdout)
    expect("bench", run.returncode == 0 and found and re.search(r"memory +64 bytes of state", run.stdout), run)
    if found:
        decode, least, most, nothing, _copy = map(float, found.groups())
        expect("bench: a median among its rounds", 0 < least <= decode <= most and nothing > 0, run)
    run = tool("bench", GOOD)
    expect("bench without vectors", run.returncode == 2 and "expected vector files" in run.stderr, run)
    run = tool("bench", f"{FIXTURES}/bad_crash_init.so", f"{VECTORS}/bad.vec")
    expect("bench of one that crashes", run.returncode == 1 and "it crashed (Segmentation fault) in init()" in run.stderr, run)


def main():
    promises = (a_recording_becomes_readings_in_its_own_time, messages_are_played_from_their_address,
                a_devices_own_name_may_stand_in_the_address, what_is_no_recording_is_refused_with_its_line,
                a_plugin_that_crashes_over_a_recording_is_named_with_its_line,
                a_device_is_read_live_and_only_ever_told_to_rest, a_trial_that_cannot_begin_says_why,
                figures_stand_beside_their_floor)
    with tempfile.TemporaryDirectory() as folder:
        for promise in promises:
            promise(pathlib.Path(folder))
    print("\n".join(failures) if failures else f"{len(promises)} promises kept")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
