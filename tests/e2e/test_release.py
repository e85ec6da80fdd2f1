#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the gateway changes on a plug is what it was again once somebody lets the plug go, whatever happened in between."""
import json
import os
import subprocess
import unittest

from harness import Home, build_dir

THERAPYCTL = os.path.join(build_dir(), "gateway", "therapyctl", "therapyctl")
AS_SHIPPED = {"power_on_state": 3, "set_option21": False, "pulse_set": 0}
OURS = {"power_on_state": 0, "set_option21": True, "pulse_set": 130}


class Story(unittest.TestCase):
    def setUp(self):
        self.home = self.enterContext(Home())
        self.sim, self.client = self.home.sim, self.home.client

    def plug(self):
        pad = self.sim.state()["pad"]
        return {key: pad[key] for key in AS_SHIPPED}

    def wait_plug(self, settings):
        self.sim.wait_state(lambda s: {key: s["pad"][key] for key in settings} == settings, f"the plug to have {settings}")

    def ctl(self, *words):
        return subprocess.run([THERAPYCTL, *words], capture_output=True, text=True, timeout=60, check=False,
                              env=dict(os.environ, THERAPY_SOCKET=os.path.join(self.home.directory, "control.sock")))

    def pad(self):
        return next(d for d in json.loads(self.ctl("--json", "devices").stdout)["devices"] if d["device"] == "pad")


class Release(Story):
    def test_settings_are_remembered_over_a_kill_and_given_back(self):
        self.wait_plug(OURS)
        told = [self.home.wait_safety_event("setting changed", 0, lambda e, n=name: e.text.startswith(n)).text
                for name in ("PowerOnState", "SetOption21", "PulseTime1")]
        self.assertIn("was 3 and is set to 0", told[0])
        self.assertIn("was off and is set to on", told[1])
        self.home.gateway.kill()
        mark = self.client.mark()
        self.home.start_gateway()
        self.home.wait_at_rest("pad", "heat", mark)
        shown = {s["setting"]: (s["was"], s["wanted"], s["state"]) for s in self.pad()["settings"]}
        self.assertIn("set on it: PowerOnState 0, was 3", self.ctl("devices").stdout)
        self.assertEqual(shown, {"power_on_state": ("3", "0", "held"), "set_option_21": ("off", "on", "held"),
                                 "pulse_time_1": ("0", "130", "held")})
        self.home.prove("pad", "heat")
        self.assertEqual(self.home.request("pad", "heat", "ON")["outcome"], "accepted")
        self.sim.wait_state(lambda s: s["pad"]["relay"], "the relay to close")

        before = self.sim.mark()
        done = self.ctl("device", "release", "pad")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("PowerOnState is 3 as it was", done.stdout)
        off = self.sim.wait_event("relay", lambda e: not e["on"], before)
        back = self.sim.wait_event("command", lambda e: e["command"] == "PowerOnState" and e["payload"] == "3", before)
        self.assertLess(off["us"], back["us"], "first to rest, then the settings")
        self.assertEqual(self.plug(), AS_SHIPPED)
        self.assertTrue(self.pad()["released"])
        shown = self.ctl("devices").stdout
        self.assertIn("to take it again: therapyctl device take pad", shown)
        self.assertNotIn("PowerOnState", shown, "nothing is set on it any more")
        refused = self.home.request("pad", "heat", "ON")
        self.assertEqual(refused["outcome"], "device_not_ready")
        self.assertIn("pad was let go: `therapyctl device take pad` takes it again", refused["reason"])
        self.assertEqual(self.ctl("device", "release", "pad").returncode, 1)

        self.home.gateway.stop()
        mark = self.client.mark()
        self.home.start_gateway()
        self.client.wait("therapy/demo/table/state", since=mark)
        self.assertTrue(self.pad()["released"], "a restart takes nothing")
        self.assertEqual(self.plug(), AS_SHIPPED)
        mark = self.client.mark()
        self.assertEqual(self.ctl("device", "take", "pad").returncode, 0)
        self.home.wait_at_rest("pad", "heat", mark)
        self.wait_plug(OURS)
        self.assertFalse(self.pad()["released"])


class Refused(Story):
    def test_a_plug_that_does_not_rest_is_not_let_go_and_stop_wins(self):
        self.wait_plug(OURS)
        self.home.prove("pad", "heat")
        self.assertEqual(self.home.request("pad", "heat", "ON")["outcome"], "accepted")
        self.sim.wait_state(lambda s: s["pad"]["relay"], "the relay to close")
        self.sim.command("pad ignore refuse")
        with subprocess.Popen([THERAPYCTL, "device", "release", "pad"], stdout=subprocess.PIPE, text=True,
                              env=dict(os.environ, THERAPY_SOCKET=os.path.join(self.home.directory, "control.sock"))) as ask:
            self.sim.wait_event("command", lambda e: e["command"] == "POWER" and e["payload"] == "OFF")
            self.assertEqual(self.ctl("stop").returncode, 0)
            self.assertEqual(self.plug(), OURS, "nothing is given back before it rests")
            self.sim.command("pad ignore off")
            self.assertEqual(ask.wait(30), 0)
        self.assertEqual(self.plug(), AS_SHIPPED)
        self.assertFalse(self.sim.state()["pad"]["relay"])
        status = json.loads(self.ctl("--json", "status").stdout)["status"]
        self.assertIn("stop", [latch["latch"] for latch in status["latches"]], "to let go is no reset")

    def test_a_plug_that_is_gone_is_not_let_go(self):
        self.wait_plug(OURS)
        self.home.wait_safety_event("setting changed", 0)
        mark = self.client.mark()
        self.sim.command("pad network off")
        self.home.wait_safety_event("device lost", mark, lambda e: e.device_id == "pad")
        done = self.ctl("device", "release", "pad")
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot be given back", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
