#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The off-test of plugs that only a definition describes, as they come: one whose own timer works is proved and heats, one
whose firmware ignores it is found out, is switched off, and stays refused."""
import json
import threading
import unittest

from harness import Client, Home, now_us

CONFIG = """gateway = {{ id = "demo"; }};
mqtt = {{ url = "${{MQTT_URL}}"; }};
devices = ( {{ id = "pad"; plugin = "generic"; definition = "{definition}"; link = "mqtt:pad"; }} );
rules = ( {{ id = "no-heat-under-load"; permits = [ "kind:heat" ]; only_while = "all traction.force <= 50 N"; hazard = 12; }} );
"""


class Plug:
    """A relay with a timer of its own, which may do nothing, at the broker."""
    topics = ()

    def __init__(self, port, obeys):
        self.obeys = obeys
        self.on, self.since_us, self.open_us = False, 0, 0
        self.orders, self.timer = [], None
        self.changed = threading.Condition()
        self.over = threading.Event()
        self.client = Client(port, self.topics, listeners=[self.hear])
        self.come()
        self.reporter = threading.Thread(target=self.report, daemon=True)
        self.reporter.start()

    def report(self):
        while not self.over.wait(1):
            self.say()

    def switch(self, on, timer_s=None):
        """`timer_s`: after so long it goes off by itself, if it is one that does."""
        with self.changed:
            if self.timer:
                self.timer.cancel()
            self.timer = None
            now = now_us()
            if on and not self.on:
                self.since_us = now
            if self.on and not on:
                self.open_us = now
            self.on = on
            if on and timer_s and self.obeys:
                self.timer = threading.Timer(timer_s, self.switch, (False,))
                self.timer.daemon = True
                self.timer.start()
            self.changed.notify_all()
        self.say()

    def wait(self, check, what, timeout):
        with self.changed:
            if not self.changed.wait_for(check, timeout):
                raise AssertionError(f"{what}: not within {timeout} s; it was told {self.orders}")

    def close(self):
        self.over.set()
        self.reporter.join()
        if self.timer:
            self.timer.cancel()
        self.client.close()


class ZigbeePlug(Plug):
    topics = ("zigbee2mqtt/pad/set", "zigbee2mqtt/pad/get")

    def come(self):
        self.client.publish("zigbee2mqtt/pad/availability", '{"state":"online"}', retain=True)

    def say(self):
        self.client.publish("zigbee2mqtt/pad", json.dumps({"state": "ON" if self.on else "OFF", "power": 49.6 if self.on else 0,
                                                           "power_on_behavior": "off"}))

    def hear(self, message):
        asked = json.loads(message.text)
        if message.topic.endswith("/get"):
            self.say()
        elif "state" in asked:
            self.orders.append(asked)
            self.switch(asked["state"] == "ON", asked.get("on_time"))


class EsphomeNode(Plug):
    topics = ("pad/switch/heater/command", "pad/button/keep_on/command")

    def come(self):
        self.client.publish("pad/status", "online", retain=True)

    def say(self):
        self.client.publish("pad/relay", "ON" if self.on else "OFF")
        self.client.publish("pad/sensor/power/state", "49.60" if self.on else "0.00")

    def hear(self, message):
        self.orders.append(message.text)
        if message.topic.endswith("/keep_on/command"):
            if self.on:
                self.switch(True, 30)
        else:
            self.switch(message.text == "ON", 30)


class Timers:
    """What is asked of each: `definition`, `plug`, `timer_s` in the test, `renewed(orders)`: whether something kept it on."""

    def begin(self, obeys):
        self.home = Home(config_text=CONFIG.format(definition=self.definition), sim=None, gateway=False, proofs=True)
        self.enterContext(self.home)
        self.pad = self.plug(self.home.broker.port, obeys)
        self.addCleanup(self.pad.close)
        self.home.start_gateway()
        self.home.wait_device("pad", lambda s: "off-test" in str(s.get("heat_why")), "the off-test to be asked for", 20)
        self.home.wait_at_rest("pad", "heat", 0)
        self.assertEqual(self.home.request("pad", "heat", 1)["outcome"], "not_permitted")

    def test_a_timer_that_works_is_proved_and_heat_is_permitted(self):
        self.begin(obeys=True)
        told = len(self.pad.orders)
        self.assertEqual(self.home.off_test("pad", "heat", self.timer_s + 10), "timer proved")
        on_s = (self.pad.open_us - self.pad.since_us) / 1e6
        print(f"{self.definition}: on for {on_s:.2f} s of {self.timer_s}")
        self.assertTrue(self.timer_s - 0.1 <= on_s <= self.timer_s + 0.6)
        self.assertFalse(self.renewed(self.pad.orders[told:]), self.pad.orders[told:])
        self.home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "heat to be permitted")
        told = len(self.pad.orders)
        self.assertEqual(self.home.request("pad", "heat", 1)["outcome"], "accepted")
        self.pad.wait(lambda: self.pad.on and self.in_session(self.pad.orders[told:]), "a session with its own timer", 10)
        self.assertEqual(self.home.request("pad", "heat", 0)["outcome"], "accepted")
        self.pad.wait(lambda: not self.pad.on, "off", 5)

    def test_a_timer_that_is_ignored_is_found_out_and_heat_stays_refused(self):
        self.begin(obeys=False)
        seen = self.home.client.mark()
        self.assertEqual(self.home.off_test("pad", "heat", self.timer_s + 15), "timer failed")
        self.pad.wait(lambda: not self.pad.on, "that it is switched off from here", 5)
        on_s = (self.pad.open_us - self.pad.since_us) / 1e6
        print(f"{self.definition}: switched off after {on_s:.2f} s, its timer of {self.timer_s} s did nothing")
        self.assertTrue(self.timer_s < on_s <= self.timer_s + 8)
        failed = self.home.wait_safety_event("timer failed", seen, lambda e: e.device_id == "pad")
        self.assertIn("is refused until an off-test passes", failed.text)
        self.home.wait_at_rest("pad", "heat", seen)
        self.assertEqual(self.home.request("pad", "heat", 1)["outcome"], "not_permitted")


class Zigbee2Mqtt(Timers, unittest.TestCase):
    definition, plug, timer_s = "zigbee2mqtt_plug", ZigbeePlug, 5

    def renewed(self, orders):
        return [o for o in orders if o == {"state": "ON", "on_time": 1200}] or len([o for o in orders if o["state"] == "ON"]) > 1

    def in_session(self, orders):
        return {"state": "ON", "on_time": 1200} in orders


class Esphome(Timers, unittest.TestCase):
    definition, plug, timer_s = "esphome_switch", EsphomeNode, 30

    def renewed(self, orders):
        return "PRESS" in orders

    def in_session(self, orders):
        return "ON" in orders and "PRESS" in orders


if __name__ == "__main__":
    unittest.main(verbosity=2)
