#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An actuator that does not rest by itself is refused, unless its user accepts that in writing; and then everybody who
looks can see it."""
import json
import os
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Home, build_dir, now_us  # noqa: E402
from test_matrix import OFF, Place  # noqa: E402

PLUGIN = os.path.join(os.path.abspath(build_dir()), "tests", "e2e", "plain_plug.so")
CONFIG = """gateway = {{ id = "demo"; }};
mqtt = {{ url = "${{MQTT_URL}}"; }};
devices = (
  {{ id = "pad"; plugin = "{plugin}"; link = "mqtt:pad_plug"; {more} }}
);
rules = ( {{ id = "r"; permits = [ "kind:heat" ]; only_while = "all inversion.tilt <= 10 deg"; hazard = 11; }} );
"""


def config(more=""):
    return CONFIG.format(plugin=PLUGIN, more=more)


class NoTimer(unittest.TestCase):
    def program(self, home, *words):
        return subprocess.run([os.path.join(build_dir(), "gateway", "therapy-gateway"), *words], text=True,
                              env=dict(os.environ, **home.environment()), capture_output=True, timeout=20)

    def test_it_is_refused(self):
        with Home(config_text=config(), gateway=False, sim=("--only", "pad")) as home:
            path = os.path.join(home.directory, "refused.cfg")
            with open(path, "w") as f:
                f.write(config())
            for verb in ("check", "run"):
                done = self.program(home, verb, "-c", path)
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertRegex(done.stderr, r"refused\.cfg:4: device 'pad': .*does not switch 'heat' off by itself")
                self.assertIn("accept_no_device_timer = true", done.stderr)

    def test_accepted_it_works_and_says_what_is_missing(self):
        with Home(config_text=config("accept_no_device_timer = true;"), sim=("--only", "pad")) as home:
            checked = self.program(home, "check", "-c", home.config)
            self.assertEqual(checked.returncode, 0, checked.stderr)
            self.assertIn("pad.heat: does NOT rest by itself (accepted in the configuration)", checked.stdout)
            said = json.loads(self.program(home, "check", "-c", home.config, "--json").stdout)
            heat = home.client.wait("therapy/demo/pad/deadman", since=None).json["heat"]
            self.assertEqual(heat, said["deadman"]["pad"]["heat"])
            self.assertTrue(heat["accepted_without_timer"])
            self.assertIsNone(heat["device_timer_ms"])
            for fault in ("broker_dead", "link_cut", "machine_dead"):  # nobody is left to switch it off
                self.assertTrue(heat["faults"][fault]["affected"])
                self.assertIsNone(heat["faults"][fault]["begins_ms"])
            hazards = home.client.wait("therapy/demo/hazards", since=None).json
            self.assertEqual(hazards, said["hazards"])
            self.assertEqual(hazards[21]["hazard"], 22)
            self.assertEqual(hazards[21]["level"], "partly")
            self.assertIn("pad.heat; does not rest by itself", hazards[21]["by"][0]["text"])
            # the layers that are there hold
            Place.switch_on(home, "pad")
            mark, start = home.sim.mark(), now_us()
            home.gateway.child.signal(signal.SIGKILL)
            event, is_off = OFF["pad"]
            took = (home.sim.wait_event(event, is_off, mark)["us"] - start) / 1000
            self.assertLessEqual(took, heat["faults"]["gateway_killed"]["begins_ms"])


if __name__ == "__main__":
    unittest.main()
