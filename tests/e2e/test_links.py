#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Bad links: ordinary gaps pause nothing for longer than they last, broken frames are counted and never believed."""
import unittest

from harness import Failure, Home, wait_until


def permitted(home, timeout=15):
    home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "heat to be permitted", timeout)


def start_heat(home):
    permitted(home)
    mark = home.sim.mark()
    result = home.request("pad", "heat", 1)
    assert result["outcome"] == "accepted", result
    home.sim.wait_event("relay", lambda e: e["on"], mark)


def status(home, since=0, predicate=lambda s: True, timeout=15):
    schema = home.schema()
    return schema.decode("GatewayStatus", home.client.wait(
        "therapy/demo/status", lambda m: predicate(schema.decode("GatewayStatus", m.payload)), since, timeout,
        "a status that shows it").payload)


class Links(unittest.TestCase):
    def test_ordinary_loss_and_gaps_pause_nothing(self):
        with Home() as home:
            start_heat(home)
            mark = home.sim.mark()
            home.sim.command("table drop 1%")
            home.sim.command("belt drop 1%")
            home.sim.command("table gap 3s")
            with self.assertRaises(Failure):  # a relay that opens would be a pause: there must be none in 6 s
                home.sim.wait_event("relay", lambda e: not e["on"], mark, 6)
            self.assertEqual(home.device_state("pad")["heat"], "ON")

    def test_a_gap_beyond_the_age_pauses_as_long_as_it_lasts(self):
        with Home() as home:
            start_heat(home)
            mark = home.sim.mark()
            home.sim.command("table gap 8s")
            off = home.sim.wait_event("relay", lambda e: not e["on"], mark, 8)
            on = home.sim.wait_event("relay", lambda e: e["on"], mark, 8, "heat to go on by itself after the gap")
            print(f"paused for {(on['us'] - off['us']) / 1e6:.2f} s of a gap of 8 s")
            self.assertLess(on["us"] - off["us"], 3_600_000)  # 8 s - 5 s, and the way back

    def test_a_belt_that_pulls_and_is_not_seen_any_more_is_released(self):
        with Home() as home:
            home.wait_device("belt", lambda s: s.get("tension_permitted") == "ON", "traction to be permitted", 20)
            self.assertEqual(home.request("belt", "tension", 80)["outcome"], "accepted")
            home.sim.wait_state(lambda s: s["belt"]["force"] > 60, "the belt to pull", 20)
            silent = home.sim.command("belt gap 20s")["us"]  # it hears, and says nothing
            state = home.sim.wait_state(lambda s: s["belt"]["force"] < 50, "the belt to let go", 10)
            print(f"silent belt: it lets go after {(state['us'] - silent) / 1e6:.1f} s")
            found = home.client.wait("therapy/demo/safety", lambda m: not m.json["devices"]["belt"]["tension"]["granted"],
                                     None)
            self.assertEqual(found.json["devices"]["belt"]["tension"]["phase"], "coming_to_rest")

    def test_corrupt_frames_are_counted_and_never_published(self):
        with Home() as home:
            permitted(home)
            home.sim.command("table corrupt 20%")
            found = status(home, home.client.mark(),
                           lambda s: any(d.device_id == "table" and d.refused_checksum + d.skipped_bytes > 0
                                         for d in s.devices), 30)
            schema = home.schema()
            for m in home.client.messages:
                if m.topic == "therapy/demo/table/telemetry":
                    for r in schema.batch(m.payload).readings:
                        if r.key == "tilt" and r.quality == 2:
                            self.assertAlmostEqual(r.value, 0, delta=0.5)
            print("table:", [d for d in found.devices if d.device_id == "table"][0])

    def test_an_unplugged_sensor_denies_its_dependants(self):
        with Home() as home:
            start_heat(home)
            mark, told = home.sim.mark(), home.client.mark()
            home.sim.command("table unplug")
            home.sim.wait_event("relay", lambda e: not e["on"], mark, 7)
            home.wait_at_rest("pad", "heat", told)
            result = home.request("pad", "heat", 1)
            self.assertEqual(result["outcome"], "not_permitted", result)
            self.assertIn("table.tilt", result["reason"])
            availability = home.client.wait("therapy/demo/table/availability", lambda m: m.text == "offline", None)
            self.assertEqual(availability.text, "offline")
            home.sim.command("table plug")
            permitted(home)

    def test_readings_are_accounted_for(self):
        """produced = delivered + queued + dropped, and what was delivered is what an independent client got."""
        with Home() as home:
            permitted(home)
            for device in ("table", "belt", "pad"):
                home.client.wait(f"therapy/demo/{device}/telemetry", since=0)
            found = status(home, home.client.mark(), timeout=25)
            self.assertEqual(found.readings_produced,
                             found.readings_delivered + found.readings_queued + found.readings_dropped_oldest)
            self.assertEqual(found.readings_lost_in_process, 0)
            schema = home.schema()
            for device in ("table", "belt", "pad"):
                expected = 1
                for m in home.client.messages:
                    if m.topic == f"therapy/demo/{device}/telemetry":
                        batch = schema.batch(m.payload)
                        self.assertEqual(batch.gateway_id, "demo")
                        self.assertEqual(batch.first_sequence, expected, f"a gap in {device}")
                        expected += len(batch.readings)
                self.assertGreater(expected, 1, device)

    def test_rules_hold_while_the_broker_is_away(self):
        with Home() as home:
            start_heat(home)
            produced = status(home, timeout=15).readings_produced
            home.broker.stop()
            # the plug lost its broker as the gateway did: nobody can tell it anything, its own timer ends the heat
            home.sim.command("table tilt 40 now")
            wait_until(lambda: not home.sim.state()["pad"]["relay"], "the plug's own timer to end the heat", 45, 0.1)
            self.assertTrue(home.gateway.child.alive())
            mark = home.client.mark()
            home.broker.start()
            home.client.wait("therapy/demo/availability", lambda m: m.text == "online", mark, 20)
            found = status(home, mark, lambda s: s.broker_connects >= 2 and s.readings_queued < 100, 30)
            self.assertGreater(found.readings_produced, produced)
            self.assertEqual(found.readings_produced, found.readings_delivered + found.readings_queued +
                             found.readings_dropped_oldest)
            self.assertEqual(home.request("pad", "heat", 1)["outcome"], "not_permitted")


class BrokerAbsent(unittest.TestCase):
    def test_the_gateway_starts_without_a_broker(self):
        with Home(gateway=False) as home:
            home.broker.stop()
            home.start_gateway(wait=False)
            wait_until(lambda: len(home.gateway.child.descendants()) == 3, "three device processes")
            mark = home.client.mark()
            home.broker.start()
            home.wait_gateway(mark, 20)
            permitted(home, 25)


if __name__ == "__main__":
    unittest.main(verbosity=2)
