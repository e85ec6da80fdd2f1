#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The real gateway, a real mosquitto, simulated devices: what must hold when things break."""
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
LEASE_MS = 1000
LEASE_MARGIN_MS = 300


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
        self.home.wait_device(device, lambda s: s.get(f"{control}_permitted") is True,
                              f"{device}.{control} to be permitted", timeout)

    def heat(self):
        """Heat is on, and the relay closed."""
        self.permitted()
        mark = self.simulator.mark()
        outcome, result = self.outcome("pad", "heat", 1)
        self.assertEqual(outcome, "accepted", result)
        self.simulator.wait_event("relay", lambda e: e["on"], mark)

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


class ReadingsTest(AtHome):
    def test_telemetry_decodes_with_the_published_schema_and_has_no_gap(self):
        schema = Schema(self.client.wait(f"{self.base}/schema", since=None).payload)
        self.client.wait_for(lambda: sum(m.topic == f"{self.base}/table/telemetry" for m in self.client.messages) > 20,
                             "20 batches of the table", 20)
        batches = [schema.batch(m.payload) for m in list(self.client.messages) if m.topic == f"{self.base}/table/telemetry"]
        expected = batches[0].first_sequence
        for batch in batches:
            self.assertEqual(batch.first_sequence, expected)
            self.assertEqual((batch.gateway_id, batch.device_id), ("demo", "table"))
            self.assertTrue(batch.boot_id)
            expected += len(batch.readings)

    def test_one_per_cent_of_lost_frames_and_a_gap_of_3_s_interrupt_nothing(self):
        self.heat()
        mark = self.simulator.mark()
        self.simulator.command("table drop 1%")
        self.simulator.command("table corrupt 1%")
        self.simulator.command("table gap 3s")
        before = self.simulator.state()["table"]["sent"]
        self.simulator.wait_state(lambda s: s["table"]["sent"] > before + 60, "two seconds after the gap", 15)
        self.assertEqual([e for e in self.simulator.events[mark:] if e["event"] == "relay"], [])
        self.permitted()

    def test_a_gap_longer_than_the_rule_allows_pauses_and_heat_goes_on_after_it(self):
        self.heat()
        mark = self.simulator.mark()
        start = now_us()
        self.simulator.command("table gap 7s")
        off = self.relay_off(mark)
        self.assertLess((off["us"] - start) / 1e6, 5.5)  # max_age of the rule is 5 s
        self.simulator.wait_event("relay", lambda e: e["on"], mark, 8, "heat to go on by itself")


class RulesTest(AtHome):
    def test_inverting_ends_heat_and_a_returning_permit_energises_nothing(self):
        self.heat()
        mark = self.simulator.mark()
        self.simulator.command("table tilt 60 now")
        self.relay_off(mark, 2)
        self.simulator.command("table tilt 0 now")
        off = self.simulator.mark()
        self.permitted()
        self.assertEqual(self.switched_on(off), [])
        self.assertFalse(self.simulator.state()["pad"]["relay"])

    def test_a_pulled_sensor_ends_heat_at_once(self):
        self.heat()
        mark = self.simulator.mark()
        pulled = self.simulator.command("table unplug")["us"]
        self.assertLess((self.relay_off(mark)["us"] - pulled) / 1000, 500)

    def test_off_at_the_plug_stays_off(self):
        self.heat()
        mark = self.simulator.mark()
        self.simulator.command("pad press off")
        self.relay_off(mark)
        self.home.wait_device("pad", lambda s: s.get("heat") == "OFF", "the state to say OFF")
        seen = self.client.mark()
        self.client.wait(f"{self.base}/table/telemetry", since=seen)
        self.assertEqual(self.switched_on(mark), [])


class RequestsTest(AtHome):
    def refused(self, topic, payload, outcome):
        seen, mark = self.client.mark(), self.simulator.mark()
        self.client.publish(f"{self.base}/{topic}", payload)
        device = topic.split("/")[0]
        result = self.client.wait(f"{self.base}/{device}/result", since=seen, what=f"the result of {payload[:60]}").json
        self.assertEqual(str(result["outcome"]).lower().replace("command_outcome_", ""), outcome, result)
        self.assertTrue(result["reason"])
        self.assertEqual(self.switched_on(mark), [])

    def test_what_makes_no_sense_is_refused_with_a_reason_and_reaches_no_device(self):
        self.permitted()
        for topic, payload, outcome in (
                ("pad/set/heat", "maybe", "malformed"), ("pad/set/heat", "{\"value\":", "malformed"),
                ("pad/set/heat", "{\"value\":\"NaN\",\"id\":\"n\"}", "malformed"), ("pad/set/heat", "", "malformed"),
                ("pad/set/heat", "2", "out_of_range"), ("pad/set/heat", "-1", "out_of_range"),
                ("belt/set/tension", "100000", "out_of_range"), ("pad/set/fan", "1", "unknown_control"),
                ("pad/set/heat", "{\"value\":1,\"id\":\"" + "x" * 5000 + "\"}", "too_large")):
            with self.subTest(payload=payload[:40]):
                self.refused(topic, payload, outcome)
        self.assertFalse(self.simulator.state()["pad"]["relay"])

    def test_the_same_id_twice_is_a_duplicate(self):
        self.permitted()
        self.assertEqual(self.outcome("pad", "heat", 1, request_id="once")[0], "accepted")
        self.assertEqual(self.outcome("pad", "heat", 0, request_id="other")[0], "accepted")
        mark = self.simulator.mark()
        self.assertEqual(self.outcome("pad", "heat", 1, request_id="once")[0], "duplicate")
        self.assertEqual(self.switched_on(mark), [])

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
    def test_kill_of_the_gateway_switches_heat_off_within_100_ms(self):
        self.heat()
        mark, killed = self.simulator.mark(), now_us()
        self.home.gateway.kill()
        took = (self.relay_off(mark)["us"] - killed) / 1000
        print(f"SIGKILL of the gateway to open relay: {took:.2f} ms")
        self.assertLess(took, OFF_AFTER_KILL_MS)

    def test_a_stopped_gateway_loses_its_lease(self):
        self.heat()
        mark, stopped = self.simulator.mark(), now_us()
        self.home.gateway.child.signal(signal.SIGSTOP)
        took = (self.relay_off(mark)["us"] - stopped) / 1000
        self.home.gateway.child.signal(signal.SIGCONT)
        print(f"SIGSTOP of the gateway to open relay: {took:.0f} ms")
        self.assertLess(took, LEASE_MS + LEASE_MARGIN_MS)

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

    def test_a_hung_process_of_the_pad_is_killed_and_its_relay_opens(self):
        self.heat()
        pid, mark, stopped = self.process_of("pad"), self.simulator.mark(), now_us()
        os.kill(pid, signal.SIGSTOP)
        took = (self.relay_off(mark)["us"] - stopped) / 1000
        print(f"SIGSTOP of the pad's process to open relay: {took:.0f} ms")
        self.assertLess(took, 3000)  # ping, deadline, kill, last will
        self.permitted()
        self.assertNotEqual(self.process_of("pad"), pid)

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

    def test_started_before_its_broker_it_comes_up_when_the_broker_does(self):
        self.assertEqual(self.home.gateway.stop(), 0)
        self.home.broker.stop()
        self.home.start_gateway(wait=False)
        self.home.broker.start()
        self.client.wait_for(lambda: self.client.connected, "our own connection", 15)
        self.client.wait(f"{self.base}/availability", lambda m: m.text == "online", None, 20)
        self.permitted(timeout=30)


if __name__ == "__main__":
    unittest.main()
