#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Devices without code: a plug and a force gauge of which the gateway knows nothing but their definitions. They are
emulated here at the level of their messages and bytes."""
import json
import os
import socket
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import build_dir, Client, free_port, Home  # noqa: E402

CTL = os.path.join(build_dir(), "gateway", "therapyctl", "therapyctl")

CONFIG = """gateway = {{ id = "demo"; }};
mqtt = {{ url = "${{MQTT_URL}}"; }};
devices = (
  {{ id = "pad"; plugin = "generic"; definition = "zigbee2mqtt_plug"; link = "mqtt:pad"; }},
  {{ id = "belt"; plugin = "generic"; definition = "line_force"; link = "tcp://127.0.0.1:{port}"; }},
  {{ id = "ache"; plugin = "generic"; link = "mqtt:ache"; definition = {{
      kind = "stop_button"; topic = "buttons/{{name}}";
      metrics = ( {{ id = "button"; unit = "bool"; stops = true; values = [ "up", "down" ]; stale = "1 min"; }} ); }}; }},
  {{ id = "grip"; plugin = "generic"; link = "replay:${{RUNTIME_DIRECTORY}}/grip.rec"; definition = {{
      kind = "grip"; characteristics = true; topic = "7e4e1702-1ea6-40c9-9dcc-13d34ffead57";
      metrics = ( {{ id = "force"; unit = "kgf"; begins = "01"; type = "f32le"; at = 2; min = -10; max = 200; stale = "1 min"; }} ); }}; }}
);
rules = ( {{ id = "no-heat-under-load"; permits = [ "kind:heat" ]; only_while = "all traction.force <= 50 N"; hazard = 12; }} );
"""

# A Tindeq Progressor's notifications: 12.5 kg, its battery, and again.
RECORDING = """0    < @7e4e1702-1ea6-40c9-9dcc-13d34ffead57 01 08 00 00 48 41 40 42 0F 00
100  < @7e4e1702-1ea6-40c9-9dcc-13d34ffead57 04 00
60000 < @7e4e1702-1ea6-40c9-9dcc-13d34ffead57 01 08 00 00 48 41 40 42 0F 00
"""


class Plug:
    """Zigbee2MQTT with one plug behind it: obeys, and answers with all that it knows."""

    def __init__(self, port, name="pad"):
        self.name = name
        self.on, self.orders, self.power_on = False, [], "previous"
        self.changed = threading.Condition()
        self.client = Client(port, [f"zigbee2mqtt/{name}/set", f"zigbee2mqtt/{name}/get"], listeners=[self.hear])
        self.client.publish(f"zigbee2mqtt/{name}/availability", '{"state":"online"}', retain=True)

    def hear(self, message):
        asked = json.loads(message.text)
        with self.changed:
            if message.topic.endswith("/set"):
                self.on = asked.get("state", "ON" if self.on else "OFF") == "ON"
                self.power_on = asked.get("power_on_behavior", self.power_on)
                self.orders.append(asked)
                self.changed.notify_all()
            said = {"state": "ON" if self.on else "OFF", "power": 49.6 if self.on else 0, "linkquality": 120,
                    "power_on_behavior": self.power_on}
        self.client.publish(f"zigbee2mqtt/{self.name}", json.dumps(said))

    def wait_order(self, order, since):
        with self.changed:
            if not self.changed.wait_for(lambda: order in self.orders[since:], 5):
                raise AssertionError(f"expected {order} at the plug, it was told {self.orders[since:]}")

    def mark(self):
        with self.changed:
            return len(self.orders)


class Gauge:
    """A load cell indicator behind a TCP port: ten lines a second, the first of them from its middle."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", free_port()))
        self.port = self.listener.getsockname()[1]
        self.kg, self.over = 1.25, threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while not self.over.is_set():
            try:
                link, _ = self.listener.accept()
            except OSError:
                return
            with link:
                try:
                    link.sendall(b"99.00kg\r\n")  # the end of a line that began before
                    while not self.over.wait(0.1):
                        link.sendall(f"ST,NT,+  90.00kg\r\nST,GS,{'-' if self.kg < 0 else '+'}{abs(self.kg):7.2f}kg\r\n".encode())
                except OSError:
                    continue

    def close(self):
        self.over.set()
        self.listener.close()
        self.thread.join(5)


class Button:
    """A button that says five times a second how it is."""

    def __init__(self, client):
        self.how, self.over = "up", threading.Event()
        self.thread = threading.Thread(target=self.say, args=(client,), daemon=True)
        self.thread.start()

    def say(self, client):
        while not self.over.wait(0.2):
            client.publish("buttons/ache", self.how)

    def close(self):
        self.over.set()
        self.thread.join(5)


class Generic(unittest.TestCase):
    def setUp(self):
        self.gauge = Gauge()
        self.addCleanup(self.gauge.close)
        self.home = Home(config_text=CONFIG.format(port=self.gauge.port), sim=None, gateway=False)
        self.home.__enter__()
        with open(os.path.join(self.home.directory, "grip.rec"), "w") as f:
            f.write(RECORDING)
        self.addCleanup(self.home.__exit__, None, None, None)
        self.plug = Plug(self.home.broker.port)
        self.addCleanup(self.plug.client.close)
        self.home.start_gateway()
        self.button = Button(self.home.client)
        self.addCleanup(self.button.close)

    def heat(self):
        self.home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "heat to be permitted")
        mark = self.plug.mark()
        result = self.home.request("pad", "heat", 1)
        self.assertEqual(result["outcome"], "accepted", result)
        self.plug.wait_order({"state": "ON", "on_time": 1200}, mark)
        self.home.wait_device("pad", lambda s: s.get("heat") == "ON" and s.get("power") == 49.6, "heat to be seen")

    def test_they_are_shown_and_ruled_like_any_device(self):
        state = self.home.wait_device("belt", lambda s: s.get("force") is not None, "a reading of the gauge")
        self.assertAlmostEqual(state["force"], 1.25 * 9.80665, 1)
        found = self.home.client.wait("homeassistant/device/therapy-demo-belt/config").json
        force = found["components"]["force"]
        self.assertEqual(force["unit_of_measurement"], "N")
        state = self.home.wait_device("grip", lambda s: s.get("force") is not None, "a notification of the grip")
        self.assertAlmostEqual(state["force"], 12.5 * 9.80665, 1)
        self.heat()
        mark, seen = self.plug.mark(), self.home.client.mark()
        self.gauge.kg = 8
        self.plug.wait_order({"state": "OFF"}, mark)
        tripped = self.home.wait_safety_event("tripped", seen)
        self.assertEqual(tripped.rule_id, "no-heat-under-load")
        self.assertIn("belt.force was 78", tripped.text)

    def ctl(self, *words):
        return subprocess.run([CTL, "--socket", os.path.join(self.home.directory, "control.sock"), *words],
                              capture_output=True, text=True, timeout=60, check=False)

    def test_a_setting_that_a_definition_changes_is_told_and_given_back(self):
        self.plug.wait_order({"power_on_behavior": "off"}, 0)
        told = self.home.wait_safety_event("setting changed", 0, lambda e: e.device_id == "pad").text
        self.assertIn("Power-on behavior", told)
        self.assertIn("was previous and is set to off", told)
        self.heat()
        mark = self.plug.mark()
        done = self.ctl("device", "release", "pad")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("Power-on behavior is previous as it was", done.stdout)
        self.plug.wait_order({"power_on_behavior": "previous"}, mark)
        with self.plug.changed:
            self.assertFalse(self.plug.on)
            orders = self.plug.orders[mark:]
        self.assertLess(orders.index({"state": "OFF"}), orders.index({"power_on_behavior": "previous"}),
                        "first to rest, then the settings")

    def test_a_button_that_stops_stops_everything(self):
        self.heat()
        mark = self.plug.mark()
        self.button.how = "down"
        self.plug.wait_order({"state": "OFF"}, mark)

    def test_a_gauge_that_is_gone_ends_heat(self):
        self.heat()
        mark = self.plug.mark()
        self.gauge.close()
        self.plug.wait_order({"state": "OFF"}, mark)


if __name__ == "__main__":
    unittest.main()
