#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What Home Assistant's people find: every device with its entities, in every order of restarts, and nothing in its log."""
import itertools
import os
import re
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import SOURCE, Home  # noqa: E402
from home_assistant import HomeAssistant  # noqa: E402

DEVICES = {"therapy-demo", "therapy-demo-table", "therapy-demo-belt", "therapy-demo-pad"}
WITHIN_S = 5  # of the last one up


class Consumed(unittest.TestCase):
    def setUp(self):
        self.home = self.make_home()
        self.enterContext(self.home)
        self.ha = self.open_home_assistant()

    def make_home(self):
        return Home()

    def open_home_assistant(self, prefix="homeassistant"):
        ha = HomeAssistant(self.home.broker.port, prefix)
        self.addCleanup(ha.close)
        return ha

    def all_there(self):
        """Each device came, and all their entities are available. Their ids."""
        self.ha.wait_for(lambda: {e.device for e in list(self.ha.entities.values())} == DEVICES, "all devices to come")
        self.ha.wait_all_available()
        return self.ids()

    def ids(self):
        return sorted(self.ha.entities)


class Entities(Consumed):
    def test_every_device_and_the_gateway_are_there_without_a_complaint(self):
        self.all_there()
        self.ha.wait_state("therapy-demo-pad-heat", "OFF")
        self.assertEqual(self.ha.complaints, [])


WATCHED = """
  { id = "over-angle"; hazard = 1; watches = [ "kind:inversion" ]; only_while = "all inversion.tilt <= 45 deg";
    priority = "medium"; because = "Come up a little."; },
  { id = "far-over-angle"; hazard = 1; watches = [ "kind:inversion" ]; only_while = "all inversion.tilt <= 60 deg";
    priority = "high"; because = "Come up."; },"""


class Use(Consumed):
    """What somebody does on their dashboard."""

    def make_home(self):
        with open(os.path.join(SOURCE, "etc", "demo.cfg")) as f:
            return Home(config_text=f.read().replace("rules = (", "rules = (" + WATCHED, 1))

    def happened(self, unique_id, kind):
        """The attributes of that event, once it happened."""
        e = self.ha.entity(unique_id)
        return self.ha.wait_for(lambda: next((a for k, a in e.events if k == kind), None), f"{kind} in {unique_id}")

    def test_stop_latches_everything_and_reset_frees_it(self):
        self.all_there()
        self.ha.wait_state("therapy-demo-pad-heat_permitted", "OFF")  # a safety sensor: on is unsafe
        self.ha.set("therapy-demo-pad-heat", "ON")
        self.ha.wait_state("therapy-demo-pad-heat", "ON")
        self.ha.wait_state("therapy-demo-pad-power", lambda watt: watt and watt > 30)
        self.ha.press("therapy-demo-stop")
        self.ha.wait_state("therapy-demo-latched", "ON")
        self.ha.wait_state("therapy-demo-pad-heat", "OFF")
        self.ha.wait_state("therapy-demo-pad-heat_permitted", "ON")
        self.ha.wait_state("therapy-demo-why", lambda text: text and "stopped by mqtt" in text)
        self.assertEqual(self.ha.entity("therapy-demo-latched").attributes["latches"][0]["latch"], "stop")
        self.assertEqual(self.happened("therapy-demo-happened", "stopped")["priority"], "high")
        granted = self.happened("therapy-demo-pad-happened", "granted")
        self.assertEqual((granted["device"], granted["control"]), ("pad", "heat"))
        permission = self.ha.entity("therapy-demo-pad-heat_why")
        self.ha.wait_for(lambda: permission.attributes.get("latches"), "the explanation to have the latch")
        latched = self.ha.entity("therapy-demo-latched")
        self.ha.wait_for(lambda: latched.attributes["latches"][0]["resettable"], "the stop to be resettable")
        self.ha.press("therapy-demo-reset")
        self.ha.wait_state("therapy-demo-latched", "OFF")
        self.ha.wait_state("therapy-demo-pad-heat_permitted", "OFF")
        self.ha.wait_state("therapy-demo-pad-heat", "OFF")  # a reset starts nothing
        self.assertEqual(self.ha.complaints, [])

    def test_silence_is_for_what_sounds_now_and_never_for_a_new_alarm(self):
        self.all_there()
        for tilt, alarm in ((50, "medium"), (70, "high")):
            self.home.sim.command(f"table tilt {tilt} now")
            self.ha.wait_state("therapy-demo-alarm", alarm)
            self.ha.wait_state("therapy-demo-sounding", "ON")
            self.ha.press("therapy-demo-silence")
            self.ha.wait_state("therapy-demo-sounding", "OFF")
            self.assertEqual(self.ha.entity("therapy-demo-alarm").state, alarm)  # it is quiet, not over
        self.assertIn("2 min", self.happened("therapy-demo-happened", "silenced")["text"])
        self.assertEqual(self.ha.complaints, [])

    def test_who_hangs_head_down_is_inverted_and_a_table_that_says_nothing_is_unknown(self):
        self.all_there()
        self.ha.wait_state("therapy-demo-table-inverted", "OFF")
        self.home.sim.command("table tilt 30 now")
        self.ha.wait_state("therapy-demo-table-inverted", "ON")
        self.home.sim.command("table gap 20s")
        self.ha.wait_state("therapy-demo-table-inverted", None)
        self.assertEqual(self.ha.complaints, [])

    def test_a_table_is_parked_and_back(self):
        self.all_there()
        for value in ("ON", "OFF"):
            self.ha.set("therapy-demo-table-parked", value)
            self.ha.wait_state("therapy-demo-table-parked", value)
            self.happened("therapy-demo-table-happened", "parked" if value == "ON" else "unparked")
        self.assertEqual(self.ha.complaints, [])


class Changes(Consumed):
    def test_a_device_that_is_taken_out_of_the_configuration_is_gone(self):
        self.all_there()
        self.assertEqual(self.home.gateway.stop(), 0)
        text = self.home.config_text
        belt = re.search(r"\n *\{ *id *= *\"belt\".*?\},?(?=\n)", text, re.DOTALL)
        self.home.config_text = text[:belt.start()] + text[belt.end():]
        self.home.start_gateway()
        self.ha.wait_for(lambda: {e.device for e in list(self.ha.entities.values())} == DEVICES - {"therapy-demo-belt"},
                         "the belt's entities to go, and the others to stay")
        self.ha.wait_all_available()
        self.assertEqual(self.ha.complaints, [])
        late = self.open_home_assistant()
        late.wait_for(lambda: late.entities, "what is retained")
        self.assertEqual([t for t, payload in late.kept.items() if "/belt/" in t and payload], [])


    def reconfigured(self, old, new):
        self.assertEqual(self.home.gateway.stop(), 0)
        self.assertIn(old, self.home.config_text)
        self.home.config_text = self.home.config_text.replace(old, new, 1)

    def kept(self, prefix="homeassistant"):
        """The topics at the broker that hold something, as one sees it who comes later."""
        late = self.open_home_assistant(prefix)
        late.wait_for(lambda: late.entities, "what is retained")
        return {topic for topic, payload in late.kept.items() if payload}

    def test_a_gateway_with_another_id_leaves_nothing_of_the_old_one(self):
        self.all_there()
        self.reconfigured('id = "demo"', 'id = "cellar"')
        self.home.base = "therapy/cellar"
        self.home.start_gateway()
        devices = {d.replace("demo", "cellar") for d in DEVICES}
        self.ha.wait_for(lambda: {e.device for e in list(self.ha.entities.values())} == devices, "only the new ones to be there")
        self.ha.wait_all_available()
        self.assertEqual(self.ha.complaints, [])
        self.assertEqual({t for t in self.kept() if "demo" in t}, set())

    def test_a_device_with_another_id_is_another_device(self):
        self.all_there()
        self.reconfigured('id = "belt"', 'id = "hall"')
        self.home.start_gateway()
        devices = DEVICES - {"therapy-demo-belt"} | {"therapy-demo-hall"}
        self.ha.wait_for(lambda: {e.device for e in list(self.ha.entities.values())} == devices, "the hall instead of the belt")
        self.ha.wait_all_available()
        self.assertEqual(self.ha.complaints, [])
        self.assertEqual({t for t in self.kept() if "belt" in t}, set())

    def test_a_device_with_another_name_keeps_its_entities(self):
        before = self.all_there()
        self.reconfigured('name = "Heat pad"', 'name = "Warm back"')
        self.home.start_gateway()
        self.ha.wait_for(lambda: "Warm back" in str(self.ha.payloads), "the new name")
        self.ha.wait_all_available()
        self.assertEqual(self.ids(), before)
        self.assertEqual(self.ha.complaints, [])

    def test_another_prefix_leaves_nothing_at_the_old_one(self):
        before = self.all_there()
        self.reconfigured("mqtt = {", 'mqtt = { discovery_prefix = "ha";')
        self.home.start_gateway()
        self.ha.wait_for(lambda: not self.ha.entities, "nothing to be left where it was")
        self.assertEqual({t for t in self.kept(prefix="ha") if t.startswith("homeassistant/")}, set())
        other = self.open_home_assistant("ha")
        other.wait_for(lambda: sorted(other.entities) == before, "the same entities at the other prefix")
        other.wait_all_available()
        self.assertEqual(self.ha.complaints + other.complaints, [])


class Orders(Consumed):
    """Whoever goes and comes back, in whatever order: the same entities, available, and nothing twice."""

    def restart_broker(self):
        """It keeps nothing: persistence is off."""
        mark = self.home.client.mark()
        self.home.broker.stop()
        self.home.broker.start()
        return mark

    def restart_gateway(self):
        self.assertEqual(self.home.gateway.stop(), 0)
        self.home.start_gateway(wait=False)

    def kill_gateway(self):
        self.home.gateway.kill()
        self.home.start_gateway(wait=False)

    def restart_home_assistant(self):
        self.ha.close()
        complaints = self.ha.complaints
        self.ha = self.open_home_assistant()
        self.ha.complaints[:0] = complaints

    def test_in_every_order_of_restarts_the_entities_are_the_same(self):
        before = self.all_there()
        for third in (self.restart_gateway, self.kill_gateway):
            for order in itertools.permutations((self.restart_broker, self.restart_home_assistant, third)):
                name = " ".join(step.__name__ for step in order)
                with self.subTest(name):
                    for step in order:
                        step()
                    began = time.monotonic()
                    self.ha.wait_all_available(len(before), WITHIN_S)
                    print(f"{name}: all available after {time.monotonic() - began:.2f} s")
                    self.assertEqual(self.ids(), before)
                    self.assertEqual(self.ha.complaints, [])


if __name__ == "__main__":
    unittest.main()
