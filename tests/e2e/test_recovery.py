#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""After something broke: who is told to rest, what comes back, and that nothing comes on by itself."""
import json
import os
import re
import signal
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Home, Schema, now_us  # noqa: E402

OFF_AFTER_KILL_MS = 100  # the last will, from SIGKILL to the open relay


class AtHome(unittest.TestCase):
    sim = ()

    def setUp(self):
        self.home = Home(sim=self.sim)
        self.enterContext(self.home)
        self.simulator, self.client, self.base = self.home.sim, self.home.client, self.home.base

    def outcome(self, device, control, value, **more):
        result = self.home.request(device, control, value, **more)
        return str(result["outcome"]).lower().replace("command_outcome_", ""), result

    def permitted(self, device="pad", control="heat", timeout=20):
        self.home.wait_device(device, lambda s: s.get(f"{control}_permitted") == "ON",
                              f"{device}.{control} to be permitted", timeout)

    def heat(self):
        """Heat is on, and the relay closed."""
        self.permitted()
        mark = self.simulator.mark()
        outcome, result = self.outcome("pad", "heat", 1)
        self.assertEqual(outcome, "accepted", result)
        self.simulator.wait_event("relay", lambda e: e["on"], mark)
        self.home.wait_device("pad", lambda s: s.get("heat") == "ON", "the state to say ON")

    def relay_off(self, mark, timeout=8):
        return self.simulator.wait_event("relay", lambda e: not e["on"], mark, timeout, "the relay to open")

    def commands(self, mark):
        """What the plug was told since `mark`, as one text a command."""
        return [f"{e['command']} {e['payload']}" for e in self.simulator.events[mark:] if e["event"] == "command"]

    def switched_on(self, mark):
        return [c for c in self.commands(mark) if re.search(r"\bPOWER1?\s+(ON|1|2|TOGGLE)\b", c, re.IGNORECASE)]

    def process_of(self, device):
        """The device's process, by the name it shows in /proc."""
        for pid in self.home.gateway.child.descendants():
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                if device.encode() in f.read().split(b"\0"):
                    return pid
        raise AssertionError(f"no process of {device} among {self.home.gateway.child.descendants()}")


class PlugTest(AtHome):

    def test_off_at_the_plug_stays_off(self):
        self.heat()
        mark = self.simulator.mark()
        self.simulator.command("pad press off")
        self.relay_off(mark)
        self.home.wait_device("pad", lambda s: s.get("heat") == "OFF", "the state to say OFF")
        seen = self.client.mark()
        self.client.wait(f"{self.base}/table/telemetry", since=seen)
        self.assertEqual(self.switched_on(mark), [])


class RestartTest(AtHome):
    def test_a_retained_request_is_refused_when_the_gateway_comes(self):
        self.assertEqual(self.home.gateway.stop(), 0)
        self.client.publish(f"{self.base}/pad/set/heat", json.dumps({"value": 1, "id": "old"}), retain=True)
        self.client.wait(f"{self.base}/pad/set/heat")
        seen, mark = self.client.mark(), self.simulator.mark()
        self.home.start_gateway()
        result = self.client.wait(f"{self.base}/pad/result", since=seen).json
        self.assertEqual(str(result["outcome"]).lower().replace("command_outcome_", ""), "retained")
        self.permitted()
        self.assertEqual(self.switched_on(mark), [])


class DeathTest(AtHome):

    def test_kill_of_the_pads_process_switches_off_and_the_table_misses_nothing(self):
        self.heat()
        schema = Schema(self.client.wait(f"{self.base}/schema", since=None).payload)
        seen, mark, killed = self.client.mark(), self.simulator.mark(), now_us()
        os.kill(self.process_of("pad"), signal.SIGKILL)
        took = (self.relay_off(mark)["us"] - killed) / 1000
        print(f"SIGKILL of the pad's process to open relay: {took:.2f} ms")
        self.assertLess(took, OFF_AFTER_KILL_MS)
        off = self.simulator.mark()
        self.client.wait(f"{self.base}/pad/availability", lambda m: m.text == "online", seen, 15,
                         "the pad's process to be back")
        self.permitted()
        self.assertEqual(self.switched_on(off), [], "nothing goes on by itself after a process died")
        batches = [schema.batch(m.payload) for m in list(self.client.messages)[seen - self.client.dropped:]
                   if m.topic == f"{self.base}/table/telemetry"]
        for one, next_one in zip(batches, batches[1:]):
            self.assertEqual(next_one.first_sequence, one.first_sequence + len(one.readings))
            self.assertEqual(next_one.process_generation, one.process_generation)

    def test_traction_ramps_down_when_the_gateway_is_killed(self):
        self.simulator.command("belt ramp 100")
        self.permitted("belt", "tension", 40)
        self.assertEqual(self.outcome("belt", "tension", 80)[0], "accepted")
        self.simulator.wait_state(lambda s: s["belt"]["force"] > 75, "a force of 75 N")
        self.home.gateway.kill()
        forces = []

        def rests(state):
            forces.append(state["belt"]["force"])
            return state["belt"]["setpoint"] == 0 and forces[-1] < 1
        self.simulator.wait_state(rests, "the belt at rest", 10)
        self.assertTrue(any(10 < f < 70 for f in forces), f"a ramp, not a drop: {forces}")

    def test_terminated_it_answers_and_obeys_a_stop_until_all_is_at_rest(self):
        self.permitted("belt", "tension", 40)
        self.assertEqual(self.outcome("belt", "tension", 80)[0], "accepted")
        self.simulator.wait_state(lambda s: s["belt"]["force"] > 75, "a force of 75 N", 20)
        seen, mark, ended = self.client.mark(), self.simulator.mark(), now_us()
        self.home.gateway.child.signal(signal.SIGTERM)
        self.simulator.wait_event("belt", lambda e: e["what"] == "resting", mark, 2, "the ramp of 4 s to begin")
        outcome, result = self.outcome("belt", "tension", 80)
        self.assertEqual(outcome, "not_permitted")
        self.assertIn("about to end", result["reason"])
        self.assertEqual(self.home.order("stop")["outcome"], "accepted")
        released = self.simulator.wait_event("belt", lambda e: e["what"] == "released", mark, 1, "the belt to be released")
        self.assertLess(released["us"] - ended, 2_500_000)
        self.assertEqual(self.home.gateway.child.wait(10), 0)
        self.client.wait(f"{self.base}/availability", lambda m: m.text == "offline", seen)

    def test_terminated_it_waits_for_a_long_ramp_as_long_as_that_takes_and_a_stop_still_reaches(self):
        self.simulator.command("belt ramp 100")
        self.permitted("belt", "tension", 40)
        self.assertEqual(self.outcome("belt", "tension", 200)[0], "accepted")
        self.simulator.wait_state(lambda s: s["belt"]["force"] > 190, "a force of 190 N", 20)
        self.simulator.command("belt ramp 20")
        mark, ended = self.simulator.mark(), now_us()
        self.home.gateway.child.signal(signal.SIGTERM)
        self.simulator.wait_state(lambda s: s["belt"]["force"] < 85, "the ramp of 10 s to go on beyond 5 s", 10)
        self.assertGreater(now_us() - ended, 5_000_000)
        asked = now_us()
        self.assertEqual(self.home.order("stop")["outcome"], "accepted")
        released = self.simulator.wait_event("belt", lambda e: e["what"] == "released", mark, 1, "the belt to be released")
        print(f"stop while ending to released belt: {(released['us'] - asked) / 1000:.1f} ms")
        self.assertEqual(self.home.gateway.child.wait(10), 0)
        self.home.start_gateway()
        safety = self.client.wait(f"{self.base}/safety", lambda m: m.json["latches"], None).json
        self.assertEqual(safety["latches"][0]["latch"], "stop", "it was written before the end")

    def test_terminated_it_switches_off_says_offline_and_exits_0(self):
        self.heat()
        seen, mark = self.client.mark(), self.simulator.mark()
        self.assertEqual(self.home.gateway.stop(), 0)
        self.relay_off(mark)
        self.client.wait(f"{self.base}/availability", lambda m: m.text == "offline", seen)

    def test_no_process_is_left_behind_by_a_killed_gateway(self):
        children = self.home.gateway.child.descendants()
        self.assertGreaterEqual(len(children), 3)
        self.home.gateway.kill()
        end = time.monotonic() + 5
        while time.monotonic() < end and any(os.path.exists(f"/proc/{pid}") for pid in children):
            time.sleep(0.02)
        self.assertEqual([pid for pid in children if os.path.exists(f"/proc/{pid}")], [])


class BrokerTest(AtHome):
    def test_a_broker_that_comes_back_finds_the_plug_told_to_rest(self):
        self.heat()
        mark = self.simulator.mark()
        self.home.broker.stop()
        self.simulator.wait_event("pad", lambda e: not e["online"], mark)
        self.home.broker.start()
        online = self.simulator.wait_event("pad", lambda e: e["online"], mark, 15)
        off = self.relay_off(mark, 15)
        print(f"plug back at the broker to open relay: {(off['us'] - online['us']) / 1000:.0f} ms")
        self.home.client.wait_for(lambda: self.client.connected, "our own connection", 15)
        self.permitted(timeout=30)

    def test_while_heating_the_plugs_own_timer_runs_and_is_renewed(self):
        self.heat()
        left = self.simulator.state()["pad"]["pulse_left_ms"]
        self.assertTrue(0 < left <= 30000, left)
        self.simulator.wait_event("command", lambda e: e["command"].lower().startswith("pulsetime"),
                                  self.simulator.mark(), 8, "a renewal of the plug's own timer")
        self.assertTrue(29000 < self.simulator.state()["pad"]["pulse_left_ms"] <= 30000)


if __name__ == "__main__":
    unittest.main()
