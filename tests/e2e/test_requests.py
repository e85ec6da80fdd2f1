#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Bad requests are refused with a reason, and the actuator is untouched."""
import json
import time
import unittest

from harness import Client, Home, now_us, wait_until


class Requests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = Home()
        cls.home.__enter__()
        cls.home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "heat to be permitted", 15)

    @classmethod
    def tearDownClass(cls):
        cls.home.__exit__(None, None, None)

    def ask_raw(self, topic, payload, retain=False, predicate=lambda r: True):
        """Publishes as it is and returns the result that follows."""
        mark = self.home.client.mark()
        self.home.client.publish(f"therapy/demo/{topic}", payload, retain=retain)
        device = topic.split("/")[0]
        return self.home.client.wait(f"therapy/demo/{device}/result", lambda m: predicate(m.json), mark,
                                     what=f"a result for {payload[:40]!r} on {topic}").json

    def refused(self, outcome, topic, payload, words=(), **kw):
        before = self.home.sim.mark()
        result = self.ask_raw(topic, payload, **kw)
        self.assertEqual(result["outcome"], outcome, result)
        self.assertGreater(len(result["reason"]), 10, result)
        for word in words:
            self.assertIn(word, result["reason"])
        self.assertEqual([e for e in self.home.sim.events[before:] if e["event"] == "relay"], [])
        self.assertFalse(self.home.sim.state()["pad"]["relay"])
        return result

    def test_retained(self):
        self.refused("retained", "pad/set/heat", "ON", retain=True)
        self.home.client.publish("therapy/demo/pad/set/heat", "", retain=True)

    def test_late_by_its_own_time_stamp(self):
        self.refused("late", "pad/set/heat", json.dumps({"value": 1, "id": "late", "time": time.time() - 6}))

    def test_malformed(self):
        for payload in ("", "ONN", "{", '{"value":"ON","id":7,"x":', '{"id":"novalue"}', '{"value":{"a":1}}', "\xff\xfe",
                        b"\xff\xfe\xfd", "nan", "inf", "[1]", "null", '{"value":null}', "[" * 3000,
                        "on", "On", " ON", "ON\n", "ON\0", "12,5", "0x1", "+", "\u0661", "true", '{"value":"on"}', '{"value":1}{"value":1}'):
            with self.subTest(payload=payload[:30]):
                self.refused("malformed", "pad/set/heat", payload)

    def test_out_of_range(self):
        for value in (2, -1, 0.5, 1e300):
            with self.subTest(value=value):
                self.refused("out_of_range", "pad/set/heat", json.dumps({"value": value, "id": f"range{value}"}))
        for value in (1e6, -20, 1):
            with self.subTest(value=value):
                self.refused("out_of_range", "belt/set/tension", json.dumps({"value": value, "id": f"belt{value}"}))

    def test_unknown_control(self):
        self.refused("unknown_control", "pad/set/cold", "ON")
        self.refused("unknown_control", "table/set/tilt", "10")

    def test_what_is_no_request_of_ours_is_nobodys(self):
        """Other gateways' topics, and topics that only look like ours: no answer, no change, nobody falls."""
        mark, before = self.home.client.mark(), self.home.sim.mark()
        for topic in ("therapy/other/pad/set/heat", "therapy/demo/pad/set", "therapy/demo/pad/set/", "therapy/demo/pad/set/heat/x",
                      "therapy/demo//set/heat", "therapy/demo/set/heat", "therapy/demo2/pad/set/heat", "therapy/demo/pad/SET/heat"):
            self.home.client.publish(topic, "ON")
        for payload in ("rubbish", b"\xff\x00", '{"instance":"0123456789abcdef","host":"x","uptime_ms":1e400}', "[" * 3000):
            self.home.client.publish("therapy/demo/who", payload)
            self.home.client.publish("therapy/demo/ping/ffff", payload)
            self.home.client.publish("homeassistant/status", payload)
        self.assertEqual(self.home.request("pad", "heat", 0)["outcome"], "accepted")  # it came after them
        told = list(self.home.client.messages)[mark - self.home.client.dropped:]
        self.assertEqual(len([m for m in told if m.topic.endswith("/result")]), 1)
        self.assertEqual([e for e in self.home.sim.events[before:] if e["event"] == "relay"], [])

    def test_over_4_kb(self):
        self.refused("too_large", "pad/set/heat", json.dumps({"value": 1, "id": "x" * 4100}))

    def test_duplicate(self):
        request_id = f"twice-{now_us()}"
        payload = json.dumps({"value": 1, "id": request_id})
        first = self.ask_raw("pad/set/heat", payload)
        self.assertEqual(first["outcome"], "accepted", first)
        self.home.sim.wait_event("relay", lambda e: e["on"])
        self.home.wait_device("pad", lambda s: s.get("heat") == "ON", "heat to be shown as on")
        off = self.home.sim.mark()
        self.assertEqual(self.home.request("pad", "heat", 0)["outcome"], "accepted")
        self.home.sim.wait_event("relay", lambda e: not e["on"], off)
        self.home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "the pad to be at rest again")
        self.refused("duplicate", "pad/set/heat", payload)

    def test_state_is_echoed_after_a_refusal(self):
        mark = self.home.client.mark()
        self.refused("out_of_range", "pad/set/heat", json.dumps({"value": 3, "id": f"echo{now_us()}"}))
        state = self.home.client.wait("therapy/demo/pad/state", since=mark).json
        self.assertEqual(state["heat"], "OFF")


class Flood(unittest.TestCase):
    """In a home of its own: answers to rubbish are rationed by the second, so a flood outlasts its test."""

    def test_a_flood_changes_nothing_for_others(self):
        with Home() as home:
            home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "heat to be permitted", 15)
            flood = Client(home.broker.port, subscriptions=("therapy/demo/availability",))
            for i in range(3000):
                flood.publish("therapy/demo/pad/set/heat", f"rubbish {i}", qos=0)
            result = home.request("pad", "heat", 0, timeout=10)
            self.assertEqual(result["outcome"], "accepted", result)
            flood.close()
            self.assertFalse(home.sim.state()["pad"]["relay"])
            mark = home.client.mark()

            def answered():
                home.client.publish("therapy/demo/pad/set/heat", "afterwards", qos=0)
                messages = home.client.messages[mark - home.client.dropped:]
                return any(m.topic.endswith("/result") and "afterwards" in m.json["reason"] for m in messages)
            wait_until(answered, "an answer to rubbish after the flood", 3, 0.1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
