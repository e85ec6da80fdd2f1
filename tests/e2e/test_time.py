#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Time: rules count CLOCK_BOOTTIME, a pause of the gateway counts as elapsed, and a step of the wall clock changes
nothing but stamps."""
import os
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Failure, Home, Schema, build_dir, now_us  # noqa: E402
from test_memory import CONFIG, GAP_S, HEAT_S, PAUSE, SLACK_S, Remembers  # noqa: E402,F401

TEN_YEARS_S = 3652 * 86400
PRELOAD = os.path.join(os.path.abspath(build_dir()), "tests", "e2e", "wall_clock.so")


class WallClockTest(unittest.TestCase):
    def setUp(self):
        self.home = Home(config_text=PAUSE.replace(f"<= {HEAT_S} s", "<= 20 min"), sim=("--only", "pad"), gateway=False)
        self.enterContext(self.home)
        self.step_file = os.path.join(self.home.directory, "step")
        self.step(0)
        # asan's own library wants to be the first of those that are loaded
        self.home.environ = {"LD_PRELOAD": PRELOAD, "WALL_CLOCK": self.step_file,
                             "ASAN_OPTIONS": "verify_asan_link_order=0"}
        self.home.start_gateway()
        self.sim, self.client = self.home.sim, self.home.client
        self.schema = Schema(self.client.wait(f"{self.home.base}/schema", since=None).payload)

    def step(self, seconds):
        with open(self.step_file + ".new", "w") as f:
            f.write(str(seconds))
        os.rename(self.step_file + ".new", self.step_file)

    def stamps(self):
        """Wall and boot clock of the next telemetry."""
        mark = self.client.mark()
        batch = self.schema.batch(self.client.wait(f"{self.home.base}/pad/telemetry", since=mark).payload)
        return batch.wall_unix_ms, batch.monotonic_ms

    def test_steps_of_ten_years_change_nothing_but_stamps(self):
        self.home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "heat to be permitted", 20)
        mark = self.sim.mark()
        self.assertEqual(self.home.request("pad", "heat", 1)["outcome"], "accepted")
        self.sim.wait_event("relay", lambda e: e["on"], mark)
        mark, seen = self.sim.mark(), self.client.mark()
        wall, boot = self.stamps()
        for seconds in (TEN_YEARS_S, -TEN_YEARS_S, 0):
            self.step(seconds)
            for _ in range(3):
                stepped_wall, stepped_boot = self.stamps()
            moved = (stepped_wall - wall) - (stepped_boot - boot)
            self.assertAlmostEqual(moved, seconds * 1000, delta=200, msg="the stamp shows the step")
            self.assertLess(stepped_boot - boot, 120_000, "and the boot clock does not")
        self.assertEqual([e for e in self.sim.events[mark:] if e["event"] == "relay"], [], "heat goes on")
        self.assertEqual([m for m in self.client.messages[seen:] if m.topic == f"{self.home.base}/safety/event"], [])
        # a pause of some seconds is neither over at once nor ten years long, whichever way the clock steps within it
        for seconds in (TEN_YEARS_S, -TEN_YEARS_S):
            mark = self.sim.mark()
            self.assertEqual(self.home.request("pad", "heat", 0)["outcome"], "accepted")
            off = self.sim.wait_event("relay", lambda e: not e["on"], mark)["us"]
            self.home.wait_device("pad", lambda s: s.get("heat_permitted") == "OFF", "the pause to begin")
            self.step(seconds)
            self.home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "the pause to end", GAP_S + SLACK_S)
            gap = (now_us() - off) / 1e6
            print(f"a pause of {GAP_S} s through a step of {seconds / TEN_YEARS_S * 10:+.0f} years: {gap:.1f} s")
            self.assertGreaterEqual(gap, GAP_S - 0.1)
            self.step(0)
            mark = self.sim.mark()
            self.assertEqual(self.home.request("pad", "heat", 1)["outcome"], "accepted")
            self.sim.wait_event("relay", lambda e: e["on"], mark)


class BootClockTest(unittest.TestCase):
    def test_the_rules_clock_goes_on_in_suspend(self):
        """In a time namespace CLOCK_BOOTTIME alone is moved, as a suspended machine's is against CLOCK_MONOTONIC."""
        ahead_s = 1_000_000
        prefix = ("unshare", "-T", *([] if os.geteuid() == 0 else ["-r"]), "--boottime", str(ahead_s))
        if subprocess.run([*prefix, "true"], capture_output=True).returncode != 0:
            self.skipTest("no time namespaces here")
        home = Home(config_text=CONFIG, sim=("--only", "pad"), gateway=False)
        home.prefix = prefix
        with home:
            home.start_gateway()
            schema = Schema(home.client.wait(f"{home.base}/schema", since=None).payload)
            batch = schema.batch(home.client.wait(f"{home.base}/pad/telemetry", since=None, timeout=15).payload)
            self.assertAlmostEqual(batch.monotonic_ms / 1e3 - now_us() / 1e6, ahead_s, delta=20)
            self.assertAlmostEqual(batch.readings[0].monotonic_ms / 1e3 - now_us() / 1e6, ahead_s, delta=20)


class GapTest(Remembers):
    def test_a_stopped_gateway_counts_the_time_as_elapsed(self):
        """Stopped for less than its watchdog allows, it wakes to a session that is over."""
        self.begin()
        on = self.heat()
        self.client.wait_for(lambda: now_us() - on > (HEAT_S - 1) * 1_000_000, "all but a second of the session")
        mark = self.sim.mark()
        self.home.gateway.child.signal(signal.SIGSTOP)
        self.relay_off(mark)  # its lease ran out, and nobody is there to renew it
        self.client.wait_for(lambda: now_us() - on > (HEAT_S + 1) * 1_000_000, "the session to be over")
        self.home.gateway.child.signal(signal.SIGCONT)
        try:
            self.refused("pad.session_time|lease ran out|coming to rest|slow-burn")
        except Failure:  # on a busy machine it was stopped for longer, and its watchdog ends it as it wakes
            if self.home.gateway.child.alive():
                raise
        self.assertEqual([e for e in self.sim.events[mark:] if e["event"] == "relay" and e["on"]], [])


del Remembers  # not a test of its own

if __name__ == "__main__":
    unittest.main()
