#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a new plugin begins as, with the device that it brings along: from nothing to entities in Home Assistant."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import SOURCE, Child, Home, build_dir, free_port, wait_until  # noqa: E402
from home_assistant import HomeAssistant  # noqa: E402

CONFIG = """
gateway = {{ id = "demo"; }};
mqtt = {{ url = "${{MQTT_URL}}"; }};
profile = {{ heat_acknowledged = true; }};
devices = ( {{ id = "pad"; name = "Heat pad"; plugin = "{plugin}"; link = "tcp://127.0.0.1:{port}"; }} );
"""


class Bench(Home):
    """A home with the pad that device.py plays."""

    def before_sim(self):
        port = free_port()
        self.pad = Child("device", [os.path.join(SOURCE, "plugins", "template", "device.py"), str(port)], self.directory,
                         sanitizer=False)
        self.pad_says("listens")
        plugin = os.path.abspath(os.path.join(build_dir(), "plugins", "template.so"))
        self.config_text = CONFIG.format(plugin=plugin, port=port)

    def pad_says(self, word):
        wait_until(lambda: word in self.pad.tail().split(), f"device.py to say '{word}'")

    def __exit__(self, *error):
        if hasattr(self, "pad"):
            self.pad.stop()
        return super().__exit__(*error)


class Template(unittest.TestCase):
    def test_its_entities_come_by_themselves_and_its_heat_ends_with_the_gateway(self):
        with Bench(sim=None) as home:
            ha = HomeAssistant(home.broker.port)
            self.addCleanup(ha.close)
            ha.wait_for(lambda: {"therapy-demo-pad-skin_temp", "therapy-demo-pad-relay", "therapy-demo-pad-heat"}
                        <= set(ha.entities), "the entities of the template")
            self.assertEqual(ha.entity("therapy-demo-pad-skin_temp").config["unit_of_measurement"], "°C")
            home.wait_device("pad", lambda s: 29 < s.get("skin_temp", 0) < 31 and s["relay"] == "OFF", "readings")
            home.wait_at_rest("pad", "heat", 0)
            self.assertEqual(home.request("pad", "heat", 1)["outcome"], "accepted")
            home.wait_device("pad", lambda s: s["heat"] == "ON" and s["relay"] == "ON", "heat to be on")
            home.pad_says("on")
            home.gateway.kill()
            home.pad_says("off")


if __name__ == "__main__":
    unittest.main(verbosity=2)
