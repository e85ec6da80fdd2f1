#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Calibrating and taring as a person does it, on a terminal: what was found holds over a restart, and nothing else does."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import termios
import time
import unittest

from harness import SOURCE, Failure, Home, build_dir, wait_until

THERAPYCTL = os.path.join(build_dir(), "gateway", "therapyctl", "therapyctl")


class Terminal:
    """therapyctl on a pseudo-terminal of its own, so that Enter and Ctrl-C are keys."""

    def __init__(self, environment, *words):
        self.master, slave = pty.openpty()

        def take_terminal():
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        self.process = subprocess.Popen([THERAPYCTL, *words], stdin=slave, stdout=slave, stderr=slave, env=environment,
                                        preexec_fn=take_terminal)
        os.close(slave)
        self.seen = ""
        self.at = 0

    def expect(self, pattern, timeout=30):
        """The first match behind what was expected before."""
        end = time.monotonic() + timeout
        while True:
            match = re.compile(pattern).search(self.seen, self.at)
            if match:
                self.at = match.end()
                return match
            left = end - time.monotonic()
            if left <= 0 or not self.read(left):
                raise Failure(f"expected {pattern!r} on the terminal, which shows:\n{self.seen[self.at:]}")

    def read(self, timeout):
        if not select.select([self.master], [], [], timeout)[0]:
            return False
        try:
            data = os.read(self.master, 4096)
        except OSError:  # its other end is closed
            return False
        self.seen += data.decode("utf-8", "replace")
        return bool(data)

    def press(self, keys):
        os.write(self.master, keys.encode())

    def end(self, timeout=20):
        """Its exit status, once it has said all."""
        while self.read(timeout):
            pass
        status = self.process.wait(timeout)
        os.close(self.master)
        self.master = -1
        return status

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        if self.master >= 0:
            os.close(self.master)


class AtHome(unittest.TestCase):
    table_options = ""

    def setUp(self):
        with open(os.path.join(SOURCE, "etc", "demo.cfg")) as f:
            text = f.read().replace('    options = { axis = "roll"; sign = "normal"; };\n', self.table_options)
        self.home = Home(config_text=text)
        self.enterContext(self.home)
        self.sim, self.client = self.home.sim, self.home.client
        self.wait_rest()

    def wait_rest(self):
        """A gateway that has just started has to see first that everything is at rest."""
        def rests(m):
            return all(c["phase"] == "at_rest" for d in ("belt", "pad") for c in m.json["devices"][d].values())
        self.client.wait("therapy/demo/safety", rests, None, 20, "everything at rest")

    def environment(self):
        return dict(os.environ, THERAPY_SOCKET=os.path.join(self.home.directory, "control.sock"), COLUMNS="80",
                    NO_COLOR="1", TERM="dumb")

    def terminal(self, *words):
        terminal = Terminal(self.environment(), *words)
        self.addCleanup(terminal.close)
        return terminal

    def ctl(self, *words, expect=0):
        done = subprocess.run([THERAPYCTL, *words], capture_output=True, text=True, timeout=30, env=self.environment())
        self.assertEqual(done.returncode, expect, f"therapyctl {words}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def device(self, name):
        devices = json.loads(self.ctl("--json", "devices"))["devices"]
        return next(d for d in devices if d["device"] == name)

    def value(self, device, metric):
        return next(m["value"] for m in self.device(device)["metrics"] if m["metric"] == metric)

    def wait_value(self, device, metric, check, what, timeout=15):
        def good():
            value = self.value(device, metric)
            return value is not None and check(value)
        wait_until(good, what, timeout, 0.1)

    def restart(self, signal_number=signal.SIGTERM):
        self.home.gateway.child.signal(signal_number)
        self.home.gateway.child.wait(20)
        self.home.gateway.child.log.close()
        mark = self.client.mark()
        self.home.start_gateway()
        self.client.wait("therapy/demo/safety", since=mark)
        self.wait_rest()

    def bring(self, degrees):
        """The table's bed as the sensor on it sees it."""
        self.sim.command(f"table tilt {degrees} now")
        self.sim.wait_state(lambda s: abs(s["table"]["tilt"] - degrees) < 0.01, "the table where it was brought")

    def kept(self):
        return os.path.join(self.home.directory, "memory", "demo", "adjusted")


class Calibrate(AtHome):
    def through(self, upright=70.0, level=-1.5, down=-16.5):
        """A sensor that is mounted the wrong way round: it counts up as the head goes up."""
        t = self.terminal("calibrate", "table")
        t.expect("1 of 3")
        for degrees, name in ((upright, "2 of 3"), (level, "3 of 3"), (down, r"\[y/N\]")):
            t.expect("Press Enter when it is so: ")
            self.bring(degrees)
            t.press("\n")
            t.expect(name)
        return t

    def test_a_sensor_mounted_the_wrong_way_round_is_calibrated_and_stays_so(self):
        self.bring(70)
        self.wait_value("table", "tilt", lambda v: abs(v - 70) < 0.1, "the absolute angle of an uncalibrated table")
        self.assertIn("not calibrated: tilt is the absolute angle; therapyctl calibrate table",
                      " ".join(self.ctl("devices").split()))
        mark = self.client.mark()
        t = self.through()
        self.assertIn("The sensor counts down as the head goes down, and says -1.50 deg", t.seen)
        self.assertIn('axis = "roll"; sign = "reversed"; zero_deg = -1.5;', t.seen)
        t.press("y\n")
        self.assertEqual(t.end(), 0, t.seen)
        self.assertIn("Done. ", t.seen)
        told = self.home.wait_safety_event("calibrated", mark)
        self.assertEqual((told.device_id, told.text), (
            "table", 'table was calibrated by therapyctl: axis = "roll"; sign = "reversed"; zero_deg = -1.5; Before: -'))
        self.wait_value("table", "tilt", lambda v: abs(v - 15) < 0.1, "tilt 15 deg, head down")
        self.assertEqual(self.device("table")["remembered"]["options"],
                         {"axis": "roll", "sign": "reversed", "zero_deg": -1.5})
        for number in (signal.SIGTERM, signal.SIGKILL):
            self.restart(number)
            self.bring(70)  # as one steps on it: 71.5 deg head up
            self.wait_value("table", "tilt", lambda v: abs(v + 71.5) < 0.1, "the sign after a restart")
        self.home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "heat to be permitted head up", 20)
        # What is forgotten is gone.
        self.assertIn("Forgotten.", self.ctl("calibrate", "table", "--forget"))
        self.wait_value("table", "tilt", lambda v: abs(v - 70) < 0.1, "the absolute angle again")
        self.assertIsNone(self.device("table")["remembered"])
        self.assertIn("nothing is remembered of table", self.ctl("calibrate", "table", "--forget", expect=1))

    def test_a_damaged_file_is_told_and_calibrates_nothing(self):
        t = self.through()
        t.press("y\n")
        self.assertEqual(t.end(), 0, t.seen)
        self.home.gateway.stop()
        with open(self.kept(), "r+b") as f:
            f.seek(30)
            f.write(b"\xff")
        self.home.start_gateway()
        self.bring(70)
        self.wait_value("table", "tilt", lambda v: abs(v - 70) < 0.1, "the absolute angle")
        self.assertIn("is damaged: none is in use", " ".join(self.ctl("status").split()))
        self.assertIn("is damaged, or not of this gateway", self.home.gateway.child.tail(200))

    def test_whoever_interrupts_leaves_what_was(self):
        for step in range(4):
            t = self.terminal("calibrate", "table")
            for degrees in (70, 0, -15)[:step]:
                t.expect("Press Enter when it is so: ")
                self.bring(degrees)
                t.press("\n")
            t.expect(r"Press Enter when it is so: " if step < 3 else r"\[y/N\] ")
            t.press("\x03")
            self.assertEqual(t.end(), 1, t.seen)
            self.assertIn("Nothing was changed.", t.seen)
        self.assertFalse(os.path.exists(self.kept()))
        self.assertIsNone(self.device("table")["remembered"])

    def test_what_moves_or_contradicts_is_refused(self):
        t = self.terminal("calibrate", "table")
        t.expect("Press Enter when it is so: ")
        self.bring(60)
        self.sim.command("table tilt 80 4")
        t.press("\n")
        t.expect("Not taken: it moved")
        t.expect("Press Enter when it is so: ")
        self.bring(70)
        t.press("\n")
        t.expect("2 of 3")
        t.press("\n")  # it still stands upright
        t.expect(r"Not taken: roll: between upright and level the sensor turned by 0\.0 deg")
        t.press("\x03")
        self.assertEqual(t.end(), 1)

    def test_nothing_is_calibrated_while_something_is_energised(self):
        self.home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "heat to be permitted", 20)
        t = self.terminal("calibrate", "table")
        t.expect("Press Enter when it is so: ")
        self.assertEqual(self.home.request("pad", "heat", 1)["outcome"], "accepted")
        t.press("\n")
        t.expect("pad.heat is granted: what sensors mean changes only while everything is at rest")
        self.assertEqual(t.end(), 1)
        self.assertIn("pad.heat is", self.ctl("calibrate", "table", expect=1))
        self.assertIn("pad.heat is", self.ctl("tare", "belt", expect=1))

    def test_a_program_that_asks_late_or_with_another_session_changes_nothing(self):
        s = socket.socket(socket.AF_UNIX)
        s.connect(os.path.join(self.home.directory, "control.sock"))
        lines = s.makefile("r")

        def ask(step, late_ms=0, **more):
            now_ms = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000000
            s.sendall(json.dumps({"do": "calibrate", "device": "table", "step": step, "at_ms": now_ms - late_ms,
                                  **more}).encode() + b"\n")
            return json.loads(lines.readline())
        self.assertIn("it was asked 6.0 s ago", ask("begin", 6000)["error"])
        first = ask("begin")
        self.assertEqual((first["state"], first["step"]), ("waits", "upright"))
        second = ask("begin")
        self.assertIn("that session is over", ask("upright", session=first["session"])["error"])
        self.assertIn("expected upright", ask("level", session=second["session"])["error"])
        self.assertIn("nothing was found yet", ask("store", session=second["session"])["error"])
        self.assertIn("expected begin, upright", ask("dance", session=second["session"])["error"])
        self.assertTrue(ask("cancel", session=second["session"])["ok"])
        self.assertIsNone(ask("look")["session"])
        lines.close()
        s.close()


class Configured(AtHome):
    table_options = '    options = { axis = "roll"; sign = "normal"; zero_deg = 2; };\n'

    def test_the_configuration_wins_and_its_line_is_named(self):
        t = self.terminal("calibrate", "table")
        for degrees in (70, 0, -15):
            t.expect("Press Enter when it is so: ")
            self.bring(degrees)
            t.press("\n")
        t.expect(r"sign = \"reversed\"; zero_deg = 0;")
        t.expect(r"gateway\.cfg:\d+ gives another sign: change it there")
        t.expect(r"gateway\.cfg:\d+ gives another zero_deg: change it there")
        self.assertEqual(t.end(), 1)
        self.assertFalse(os.path.exists(self.kept()))


class Tare(AtHome):
    table_options = '    options = { axis = "roll"; sign = "normal"; };\n'

    def hang(self, newtons):
        """So much that nobody pulls hangs on the cell."""
        self.sim.command("belt freeze off")
        self.sim.command(f"belt drift {newtons * 2}")
        self.wait_value("belt", "force_raw", lambda v: v >= newtons, f"{newtons} N on the cell")
        self.sim.command("belt freeze on")

    def tare(self):
        t = self.terminal("tare", "belt")
        t.expect("nobody is in it")
        t.expect("Press Enter when it is so: ")
        t.press("\n")
        return t

    def test_what_hangs_without_a_load_becomes_zero_and_stays_so(self):
        self.hang(12)
        mark = self.client.mark()
        t = self.tare()
        t.expect(r"zero_n = \d+\.?\d*;")
        t.press("y\n")
        self.assertEqual(t.end(), 0, t.seen)
        self.assertRegex(self.home.wait_safety_event("tared", mark).text, r"^belt was tared by therapyctl: zero_n = 1\d")
        self.wait_value("belt", "force", lambda v: abs(v) < 0.5, "no force")
        self.assertGreater(self.value("belt", "force_raw"), 11)
        self.restart()
        self.wait_value("belt", "force", lambda v: abs(v) < 0.5, "no force after a restart")
        self.assertRegex(self.ctl("devices"), r"tared.*: zero_n = 1\d")

    def test_a_load_is_not_tared_away(self):
        self.hang(30)  # heat is refused because of it
        self.assertIn("rule no-heat-under-load forbids because of belt.force", self.ctl("tare", "belt", expect=1))
        self.assertFalse(os.path.exists(self.kept()))


if __name__ == "__main__":
    unittest.main(verbosity=2)
