#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An ON that nobody heard: whoever asked for heat is told that there is none, instead of waiting for it."""
import unittest

from harness import Home


class NeverOn(unittest.TestCase):
    def test_a_lost_on_is_told_and_a_new_request_tries_again(self):
        with Home() as home:
            home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "heat to be permitted", 25)
            mark = home.client.mark()
            # Once as it should be: without a timer that the plug has confirmed no ON is sent that could get lost.
            self.assertEqual(home.request("pad", "heat", "ON")["outcome"], "accepted")
            home.client.wait(f"{home.base}/safety", lambda m: m.json["devices"]["pad"]["heat"]["phase"] == "confirmed_on", mark, 20)
            resting = home.client.mark()
            self.assertEqual(home.request("pad", "heat", "OFF")["outcome"], "accepted")
            home.wait_at_rest("pad", "heat", resting)
            mark, before = home.client.mark(), home.sim.mark()
            home.sim.command("pad ignore silent")
            self.assertEqual(home.request("pad", "heat", "ON")["outcome"], "accepted")
            home.sim.wait_event("command", lambda e: e["command"] == "POWER" and e["payload"] == "ON", before)
            home.sim.command("pad ignore off")
            ended = home.wait_safety_event("ended", mark, lambda e: e.device_id == "pad" and "ended by mqtt" not in e.text, timeout=20)
            self.assertIn("was told to go on and its readings go on saying that it is off", ended.text)
            self.assertEqual(home.sim.state()["pad"]["relay"], False)
            home.wait_device("pad", lambda s: s.get("heat") == "OFF", "heat to be shown as off")
            self.assertEqual(home.request("pad", "heat", "ON")["outcome"], "accepted")
            home.sim.wait_state(lambda s: s["pad"]["relay"], "the relay to close")


if __name__ == "__main__":
    unittest.main(verbosity=2)
