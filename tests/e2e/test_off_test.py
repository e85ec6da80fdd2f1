#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The off-test, which proves what is left when everything here has died: asked for, and before a session."""
import unittest

import test_hands


class OffTest(test_hands.AtHome):
    proofs = True

    def test_heat_is_refused_until_its_timer_has_switched_it_off_by_itself(self):
        self.forbidden("off-test", timeout=20)
        refused = self.home.request("pad", "heat", 1)
        self.assertEqual(refused["outcome"], "not_permitted", refused)
        mark = self.sim.mark()
        self.home.prove("pad", "heat")
        on = self.sim.wait_event("relay", lambda e: e["on"], mark)
        off = self.relay_off(mark)
        print(f"off-test: on for {(off['us'] - on['us']) / 1e6:.2f} s")
        self.assertTrue(4.9 <= (off["us"] - on["us"]) / 1e6 <= 5.6)
        before = [e for e in self.sim.events[mark:] if e["event"] == "command" and on["us"] < e["us"] < off["us"]]
        self.assertEqual([e for e in before if e["command"] in ("POWER", "PulseTime1") and e["payload"]], [],
                         "nothing of ours switched it off or prolonged it")
        self.sim.wait_state(lambda s: s["pad"]["pulse_set"] == 130, "the timer to be the long one again")
        self.heat()

    def test_a_timer_that_does_nothing_fails_and_heat_stays_refused(self):
        self.sim.command("pad timer off")
        self.forbidden("off-test", timeout=20)
        mark = self.sim.mark()
        self.assertEqual(self.home.off_test("pad", "heat"), "timer failed")
        self.relay_off(mark)
        self.sim.wait_event("command", lambda e: (e["command"], e["payload"]) == ("POWER", "OFF"), mark)
        self.home.wait_at_rest("pad", "heat", None)  # until then the reason is another: not ready
        self.assertEqual(self.home.request("pad", "heat", 1)["outcome"], "not_permitted")

    def away_and_back(self):
        seen = self.client.mark()
        self.sim.command("pad unplug")
        self.home.wait_safety_event("device lost", seen, lambda e: e.device_id == "pad")
        seen = self.client.mark()  # a rest that was told of before it went away is none of afterwards
        self.sim.command("pad plug")
        self.home.wait_safety_event("device back", seen, lambda e: e.device_id == "pad")
        self.home.wait_at_rest("pad", "heat", seen)

    def test_a_plug_that_was_away_is_tested_before_a_session(self):
        self.forbidden("off-test", timeout=20)
        self.home.prove("pad", "heat")
        self.away_and_back()
        self.permitted()
        explained = self.client.wait(f"{self.home.base}/pad/explain/heat", lambda m: m.json["test_first"],
                                     None, 10)
        self.assertTrue(explained.json["timer_proved"])
        seen, mark = self.client.mark(), self.sim.mark()
        result = self.home.request("pad", "heat", 1)
        self.assertEqual(result["outcome"], "accepted", result)
        self.assertIn("tested first, because it was out of sight", result["reason"])
        on = self.sim.wait_event("relay", lambda e: e["on"], mark)
        mark = self.sim.mark()
        off = self.relay_off(mark)
        self.assertTrue(4.9 <= (off["us"] - on["us"]) / 1e6 <= 5.6)
        self.assertEqual([e for e in self.sim.events[mark:] if e["event"] == "command" and e["us"] < off["us"]
                          and e["command"] == "POWER" and e["payload"] == "OFF"], [], "nobody switched it off")
        again = self.sim.wait_event("relay", lambda e: e["on"], self.sim.events.index(off))
        print(f"session: the off-test took {(again['us'] - on['us']) / 1e6:.2f} s")
        self.sim.wait_state(lambda s: s["pad"]["pulse_set"] == 130, "the timer to be the long one")
        mark = self.sim.mark()
        self.polls(3)  # longer than the short timer
        self.assertEqual([e for e in self.sim.events[mark:] if e["event"] == "relay"], [], "it stays on")
        self.assertEqual(self.alarms(seen), [])

        self.assertEqual(self.home.request("pad", "heat", 0)["outcome"], "accepted")
        self.away_and_back()
        self.sim.command("pad timer off")
        seen, mark = self.client.mark(), self.sim.mark()
        self.assertEqual(self.home.request("pad", "heat", 1)["outcome"], "accepted")
        on = self.sim.wait_event("relay", lambda e: e["on"], mark)
        failed = self.home.wait_safety_event("timer failed", seen, lambda e: e.device_id == "pad", 15)
        self.assertIn("is refused until an off-test passes", failed.text)
        self.relay_off(mark)
        self.forbidden("off-test")
        self.polls(1)
        self.assertEqual([e for e in self.sim.events[mark:] if e["event"] == "relay" and e["on"]], [on],
                         "the session did not begin")

    def test_a_rule_ends_it_at_once(self):
        self.forbidden("off-test", timeout=20)
        mark = self.sim.mark()
        self.home.order("pad/off_test/heat")
        on = self.sim.wait_event("relay", lambda e: e["on"], mark)
        self.sim.command("table tilt 30 now")
        off = self.relay_off(mark, 3)
        self.assertLess((off["us"] - on["us"]) / 1e6, 2)
        self.forbidden("tilt")


if __name__ == "__main__":
    unittest.main(verbosity=2)
