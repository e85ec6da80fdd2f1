#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Small devices through a real gateway, under the shipped rules: a stop button, a cold pack and a scale on Bluetooth LE,
played from recordings, and a Zigbee stop button over MQTT. The heat pad's plug is emulated."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import SOURCE, Home  # noqa: E402
from test_generic import Plug  # noqa: E402

CONFIG = """gateway = { id = "demo"; };
mqtt = { url = "${MQTT_URL}"; };
profile = { heat_acknowledged = true; };
rule_files = [ "%s/etc/rules.d" ];
devices = (
  { id = "pad"; plugin = "generic"; definition = "zigbee2mqtt_plug"; link = "mqtt:pad"; },
  %%s
);
""" % SOURCE
KNOB = '{ id = "knob"; plugin = "stop_button"; link = "replay:${RUNTIME_DIRECTORY}/knob.rec"; }'
SMALL = """{ id = "wand"; plugin = "generic"; definition = "zigbee2mqtt_button"; link = "mqtt:wand"; },
  { id = "pack"; plugin = "cold_pack"; model = "bthome"; link = "replay:${RUNTIME_DIRECTORY}/pack.rec"; },
  { id = "scale"; plugin = "scale"; model = "bthome"; link = "replay:${RUNTIME_DIRECTORY}/scale.rec"; }"""

# Its beacon, a press that it says three times, and its beacon again for as long as the test may take.
KNOB_SAYS = "".join(f"{at} < @service-data:fcd2 44 00 {packet:02X} 01 64 3A {way:02X}\n" for at, packet, way in
                    [(0, 1, 0), (500, 2, 1), (600, 2, 1), (700, 2, 1), *((5000 * i, 2 + i, 0) for i in range(1, 30))])
# 10 degC at the skin for a moment, then 30 degC; 80.3 kg.
PACK_SAYS = "0 < @service-data:fcd2 40 02 E8 03\n" + "".join(f"{1500 * i} < @service-data:fcd2 40 02 B8 0B\n" for i in range(1, 99))
SCALE_SAYS = "0 < @service-data:fcd2 40 06 5E 1F\n150000 < @service-data:fcd2 40 06 00 00\n"


class SmallDevices(unittest.TestCase):
    def at_home(self, devices, **recordings):
        self.home = Home(config_text=CONFIG % devices, sim=None, gateway=False)
        self.home.__enter__()
        self.addCleanup(self.home.__exit__, None, None, None)
        for name, text in recordings.items():
            with open(os.path.join(self.home.directory, f"{name}.rec"), "w") as f:
                f.write(text)
        self.plug = Plug(self.home.broker.port)
        self.addCleanup(self.plug.client.close)
        self.home.start_gateway()
        self.home.wait_at_rest("pad", "heat", 0)

    def permitted(self):
        self.home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "heat to be permitted")

    def denied_because(self, part):
        self.home.wait_device("pad", lambda s: part in s.get("heat_why", ""), f"heat to be denied because of {part}")
        self.assertNotEqual(self.home.request("pad", "heat", 1)["outcome"], "accepted")

    def heat(self):
        self.permitted()
        mark = self.plug.mark()
        result = self.home.request("pad", "heat", 1)
        self.assertEqual(result["outcome"], "accepted", result)
        self.plug.wait_order({"state": "ON", "on_time": 1200}, mark)

    def test_a_press_on_the_radio_latches_until_a_reset(self):
        self.at_home(KNOB, knob=KNOB_SAYS)
        stopped = self.home.wait_safety_event("stopped", 0)
        self.assertEqual(stopped.rule_id, "stop-at-knob-button")
        self.home.wait_device("knob", lambda s: s.get("button") == "OFF", "the button to be released")
        self.denied_because("stop-at-knob-button")
        self.assertEqual(self.home.reset()["outcome"], "accepted")
        self.permitted()

    def test_small_devices_deny_heat_as_they_should(self):
        self.at_home(SMALL, pack=PACK_SAYS, scale=SCALE_SAYS)
        self.home.wait_device("scale", lambda s: s.get("weight") == 80.3, "the weight")
        self.home.client.wait("therapy/demo/pad/state", lambda m: m.json["heat_permitted"] == "OFF"
                              and "pack.skin_temp is 10 deg" in m.json["heat_why"], 0)
        self.denied_because("wand.button")  # the skin is warm, and the button has not spoken yet
        self.home.client.publish("zigbee2mqtt/wand", '{"battery":97,"linkquality":120}')
        self.heat()
        mark, seen = self.plug.mark(), self.home.client.mark()
        self.home.client.publish("zigbee2mqtt/wand", '{"action":"single","battery":97}')
        self.plug.wait_order({"state": "OFF"}, mark)
        self.assertEqual(self.home.wait_safety_event("stopped", seen).rule_id, "stop-at-wand-button")
        self.denied_because("stop-at-wand-button")
        self.assertEqual(self.home.reset()["outcome"], "accepted")
        self.heat()
        mark = self.plug.mark()
        self.home.client.publish("zigbee2mqtt/wand/availability", '{"state":"offline"}', retain=True)
        self.plug.wait_order({"state": "OFF"}, mark)
        self.denied_because("wand")


if __name__ == "__main__":
    unittest.main()
