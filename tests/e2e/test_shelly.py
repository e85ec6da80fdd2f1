#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A heat pad behind a Shelly plug: its own timer comes with each ON and is renewed only while it is on; whoever presses OFF stays
off; whatever dies, it goes off; and what is changed on it is given back."""
import json
import os
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Home, build_dir  # noqa: E402
from shelly_plug import ShellyPlug  # noqa: E402

THERAPYCTL = os.path.join(build_dir(), "gateway", "therapyctl", "therapyctl")
TIMER_S = 30
CONFIG = """gateway = { id = "demo"; };
mqtt = { url = "${MQTT_URL}"; };
devices = ( { id = "pad"; plugin = "heat_pad"; model = "shelly"; link = "mqtt:shellyplugsg3-b0b21c10a8f4"; } );
rules = ( { id = "no-heat-under-load"; permits = [ "kind:heat" ]; only_while = "all traction.force <= 50 N"; hazard = 12; } );
"""


class Shelly(unittest.TestCase):
    proofs = False

    def setUp(self):
        self.home = Home(sim=None, gateway=False, config_text=CONFIG, proofs=self.proofs)
        self.enterContext(self.home)
        self.plug = ShellyPlug(self.home.broker.port)
        self.addCleanup(self.plug.close)
        mark = self.home.client.mark()
        self.home.start_gateway()
        self.home.wait_at_rest("pad", "heat", mark)

    def heat(self):
        self.assertEqual(self.home.request("pad", "heat", "ON")["outcome"], "accepted")
        self.plug.wait_on(True)

    def ctl(self, *words):
        return subprocess.run([THERAPYCTL, *words], capture_output=True, text=True, timeout=60, check=False,
                              env=dict(os.environ, THERAPY_SOCKET=os.path.join(self.home.directory, "control.sock")))

    def process(self):
        for pid in self.home.gateway.child.descendants():
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                if f.read().split(b"\0")[2:3] == [b"pad"]:
                    return pid
        raise AssertionError("no device process of pad")


class Story(Shelly):
    def test_it_is_switched_renewed_let_alone_and_given_back(self):
        self.plug.wait(lambda: self.plug.config == {"initial_state": "off", "auto_on": False}, "its settings")
        self.heat()
        state = self.home.wait_device("pad", lambda s: s.get("power") == 50 and s.get("relay") == "ON", "what it measures")
        self.assertEqual((state["fault"], state["plug_temperature"]), (0, 31))
        first = self.plug.mark()
        self.plug.wait(lambda: self.plug.sets(first, True), "a renewal", 12)
        self.assertTrue(all(p["toggle_after"] == TIMER_S for _, p in self.plug.sets(0, True)), "no ON without its timer")

        pressed = self.plug.mark()
        seen = self.home.client.mark()
        self.plug.press(False)
        self.home.wait_safety_event("ended", seen)
        self.plug.wait(lambda: self.plug.sets(pressed, False), "that it is made sure")
        self.home.wait_at_rest("pad", "heat", seen)
        self.assertEqual(self.plug.sets(pressed, True), [], "who presses OFF stays off")

        self.heat()
        since, seen = self.plug.mark(), self.home.client.mark()
        os.kill(self.process(), signal.SIGKILL)
        self.plug.wait_on(False, 2)
        self.assertEqual(len(self.plug.sets(since, False)) > 0, True, "the last will says OFF, with an id")

        self.home.wait_safety_event("device back", seen)
        self.home.wait_at_rest("pad", "heat", seen)
        done = self.ctl("device", "release", "pad")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(self.plug.config, {"initial_state": "restore_last", "auto_on": True})
        self.assertIn("initial_state is restore_last as it was", done.stdout)


class Timer(Shelly):
    """Longer: `ctest -L all`."""
    proofs = True

    def test_the_off_test_proves_its_timer_or_does_not(self):
        self.assertEqual(self.home.request("pad", "heat", "ON")["outcome"], "not_permitted")
        self.home.prove("pad", "heat")
        self.assertEqual([p["toggle_after"] for _, p in self.plug.sets(0, True)], [5])
        self.plug.timer_works = False
        outcome = None
        while outcome is None:  # it comes to rest, and nothing tells that a request would no longer be refused
            time.sleep(0.2)
            outcome = self.home.off_test("pad", "heat", 20)
        self.assertEqual(outcome, "timer failed")
        self.plug.wait_on(False)

    def test_its_own_timer_is_left_when_the_broker_is_dead(self):
        self.home.prove("pad", "heat")
        while self.home.request("pad", "heat", "ON")["outcome"] == "device_not_ready":
            time.sleep(0.2)  # it comes to rest
        self.plug.wait_on(True)
        self.home.broker.stop()
        self.plug.wait_on(False, TIMER_S + 2)
        self.assertLessEqual((self.plug.moves[-1][0] - self.plug.sets(0, True)[-1][0]) / 1e6, TIMER_S + 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
