#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""therapyctl probe: what is at the other end of a port, found by listening and then by asking, without a gateway; and that it
says so when a gateway has the port."""
import os
import pty
import subprocess
import sys
import threading
import tty
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Home, build_dir  # noqa: E402
from test_gauges import Transmitter  # noqa: E402

CTL = os.path.join(build_dir(), "gateway", "therapyctl", "therapyctl")
CONFIG = """gateway = { id = "demo"; };
mqtt = { url = "${MQTT_URL}"; };
devices = ( { id = "table"; plugin = "inversion_table"; model = "wt901"; link = "serial:${THERAPY_SIM}/table"; } );
"""


def probe(*words, status=0):
    run = subprocess.run([CTL, "probe", *words], capture_output=True, text=True, timeout=60)
    assert run.returncode == status, (run.returncode, run.stdout, run.stderr)
    return run.stdout + run.stderr


class Talker:
    """A pseudo-terminal that says the same all the time, and counts what it is told."""

    def __init__(self, text, every=0.02):
        self.side, self.other = pty.openpty()
        tty.setraw(self.side)
        self.port, self.over = os.ttyname(self.other), threading.Event()
        os.set_blocking(self.side, False)
        self.told = b""
        self.thread = threading.Thread(target=self.run, args=(text, every), daemon=True)
        self.thread.start()

    def run(self, text, every):
        while not self.over.wait(every):
            try:
                os.write(self.side, text)
            except BlockingIOError:
                pass
            try:
                self.told += os.read(self.side, 4096)
            except BlockingIOError:
                pass

    def close(self):
        self.over.set()
        self.thread.join(5)
        os.close(self.side)
        os.close(self.other)


class Asking(unittest.TestCase):
    def test_what_speaks_by_itself_is_recognised_and_what_only_answers_is_asked(self):
        with Home(gateway=False) as home:
            home.sim.command("table tilt 60 now")
            port = f"serial:{home.sim.directory}/table"
            said = probe(port)
            self.assertRegex(said, r"9600 baud: inversion_table, model wt901 \((\d+) of \1 frames\): tilt 60\.\d °")
            self.assertIn(f'plugin = "inversion_table"; model = "wt901";\n    link = "{port}?baud=9600"; }}', said)
            self.assertNotIn("asked as", said)
            said = probe(f"tcp://127.0.0.1:{home.sim.ready['belt_port']}", "--for", "1s")
            self.assertRegex(said, r"\ntraction_belt, model firmware \(\d+ of \d+ frames\): force -?\d")
            home.gateway = None
            home.config_text = CONFIG
            home.start_gateway()
            home.wait_device("table", lambda s: s.get("tilt") is not None, "the gateway to hear the table")
            said = probe(port, status=2)
            self.assertRegex(said, r"another program has it open.* It is the gateway \(process \d+\): `therapyctl devices`")

    def test_a_transmitter_that_only_answers_is_asked_and_never_told(self):
        transmitter = Transmitter()
        try:
            said = probe(f"serial:{transmitter.port}?baud=9600", "--for", "1s")
            self.assertRegex(said, r"9600 baud: traction_belt, model sct \(\d+ of \d+ frames\): force")
            self.assertRegex(said, "it must be told some of the options .*shows")
            self.assertEqual(transmitter.crowded, 0)
        finally:
            transmitter.close()


class Listening(unittest.TestCase):
    def test_lines_without_a_checksum_are_recognised_with_less_trust(self):
        talker = Talker(b"ST,GS,+  12.50kg\r\n")
        try:
            said = probe(f"serial:{talker.port}?baud=9600", "--listen-only")
            self.assertRegex(said, r"generic, definition line_force \(.*without a checksum.*\): force 12[23]\.\d")
            self.assertIn('plugin = "generic"; definition = "line_force";', said)
            self.assertEqual(talker.told, b"")
        finally:
            talker.close()

    def test_what_nobody_knows_is_shown(self):
        talker = Talker(b"\x1b[2JHELLO %s\r\n")
        try:
            said = probe(f"serial:{talker.port}?baud=19200", "--listen-only", status=1)
            self.assertRegex(said, r"most likely 19200 baud, they begin:\n [ 0-9A-F]+\n +\S*.*HELLO")
            self.assertNotIn("\x1b", said)
        finally:
            talker.close()

    def test_wrong_usage_is_said(self):
        self.assertIn("expected serial:PORT or tcp://HOST:PORT", probe("mqtt:pad", status=2))
        self.assertIn("no such port", probe("serial:/dev/nowhere", status=2))
        self.assertIn("expected LINK", probe(status=2))


if __name__ == "__main__":
    unittest.main(verbosity=2)
