#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A second gateway with the same id: the first one loses neither its connection nor its plug; the second one says why it waits."""
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Gateway, Home, build_dir, wait_until  # noqa: E402

THERAPYCTL = os.path.join(build_dir(), "gateway", "therapyctl", "therapyctl")
SECOND = """
gateway = { id = "demo"; };
mqtt = { url = "${MQTT_URL}"; };
devices = ( { id = "pad"; plugin = "heat_pad"; model = "tasmota"; accept_no_device_timer = true; link = "mqtt:pad_plug"; } );
rules = ( { id = "warm"; permits = [ "kind:heat" ]; only_while = "all heat.power <= 2000 W"; because = "A test."; } );
"""


class Namesake(unittest.TestCase):
    def start_second(self, home):
        place = os.path.join(home.directory, "second")
        os.mkdir(place)
        config = os.path.join(place, "gateway.cfg")
        with open(config, "w") as f:
            f.write(SECOND)
        os.chmod(config, 0o600)
        self.socket = os.path.join(place, "control.sock")
        second = Gateway(place, config, home.environment() | {"RUNTIME_DIRECTORY": place, "STATE_DIRECTORY": place},
                         name="second-gateway")
        self.addCleanup(second.stop)
        return second

    def status(self):
        done = subprocess.run([THERAPYCTL, "--socket", self.socket, "status"], capture_output=True, text=True, check=True)
        return done.stdout

    def test_the_first_one_goes_on_and_the_second_one_takes_over_when_it_is_gone(self):
        with Home() as home:
            home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "heat to be permitted", 15)
            sim = home.sim.mark()
            self.assertEqual(home.request("pad", "heat", 1)["outcome"], "accepted")
            home.sim.wait_event("relay", lambda e: e["on"], sim)
            told, sim = home.client.mark(), home.sim.mark()
            second = self.start_second(home)
            wait_until(lambda: "this one stands back" in second.child.tail(), "the second one to stand back")
            self.assertIn("stands back", self.status())
            home.client.wait("therapy/demo/state", lambda m: m.json["second_gateway"] == "ON", told)
            self.assertEqual(home.request("pad", "heat", 1)["outcome"], "accepted")  # it renews: it is on all along
            self.assertEqual([e for e in home.sim.events[sim:] if e["event"] == "relay"], [])
            self.assertEqual([m for m in list(home.client.messages)[told - home.client.dropped:]
                              if m.topic.startswith("therapy/demo") and m.text == "offline"], [])
            self.assertEqual(home.gateway.stop(), 0)
            gone = home.client.mark()
            home.client.wait("therapy/demo/availability", lambda m: m.text == "online", gone, 15)
            home.client.wait("therapy/demo/pad/availability", lambda m: m.text == "online", gone, 15)
            self.assertNotIn("stands back", self.status())
            self.assertEqual(second.stop(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
