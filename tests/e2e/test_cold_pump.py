#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Cold that is switched: pumps behind a Tasmota, a Shelly and, by a definition alone, a Zigbee plug. Under the shipped rules, with
shorter times, they are switched, ended in time, and deny heat; whatever dies, they go off."""
import os
import shutil
import signal
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import SOURCE, Home  # noqa: E402
from shelly_plug import ShellyPlug  # noqa: E402
from test_generic import Plug  # noqa: E402

CONFIG = """gateway = { id = "demo"; };
mqtt = { url = "${MQTT_URL}"; };
profile = { heat_acknowledged = true; };
rule_files = [ "rules.d" ];
devices = ( { id = "pump"; plugin = "cold_pump"; model = "tasmota"; link = "mqtt:pad_plug"; },
  %s
);
"""
PAD = '{ id = "pad"; plugin = "heat_pad"; model = "shelly"; link = "mqtt:shellyplugsg3-b0b21c10a8f4"; }'
WRAP = '{ id = "wrap"; plugin = "generic"; definition = "./zigbee2mqtt_pump.cfg"; link = "mqtt:wrap"; }'
SECOND = '{ id = "second"; plugin = "cold_pump"; model = "shelly"; link = "mqtt:shellyplugsg3-b0b21c10a8f4"; }'


def replaced(text, *changes):
    for old, new in changes:
        if text.count(old) != 1:
            raise AssertionError(f"expected {old!r} once")
        text = text.replace(old, new)
    return text


def shipped(*path):
    with open(os.path.join(SOURCE, "etc", *path), encoding="utf-8") as f:
        return f.read()


class ColdPump(unittest.TestCase):
    proofs = False
    sooner = ()  # of the shipped rules: (file, what it says, what it says here)

    def at_home(self, *devices):
        self.home = Home(sim=("--only", "pad"), gateway=False, config_text=CONFIG % ",\n  ".join(devices), proofs=self.proofs)
        self.enterContext(self.home)
        shutil.copytree(os.path.join(SOURCE, "etc", "rules.d"), os.path.join(self.home.directory, "rules.d"))
        for name, old, new in self.sooner:
            self.write(f"rules.d/{name}", replaced(shipped("rules.d", name), (old, new)))
        # what docs/generic.md says of another actuator on such a plug
        self.write("zigbee2mqtt_pump.cfg", replaced(shipped("devices.d", "zigbee2mqtt_plug.cfg"), ('kind = "heat"', 'kind = "cold"'),
                                                    ('id = "heat"', 'id = "cold"'), ("  resumes = true;\n", "")))
        self.shelly = ShellyPlug(self.home.broker.port, watts=6.4)
        self.addCleanup(self.shelly.close)
        self.zigbee = Plug(self.home.broker.port, "wrap")
        self.addCleanup(self.zigbee.client.close)
        mark = self.home.client.mark()
        self.home.start_gateway()
        self.home.wait_at_rest("pump", "cold", mark)

    def write(self, name, text):
        with open(os.path.join(self.home.directory, name), "w", encoding="utf-8") as f:
            f.write(text)

    def on(self, device, control="cold"):
        self.home.wait_device(device, lambda s: s.get(f"{control}_permitted") == "ON", f"{device}.{control} to be permitted")
        result = self.home.request(device, control, 1)
        self.assertEqual(result["outcome"], "accepted", result)

    def process(self, device):
        for pid in self.home.gateway.child.descendants():
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                if f.read().split(b"\0")[2:3] == [device.encode()]:
                    return pid
        raise AssertionError(f"no device process of {device}")


class Story(ColdPump):
    sooner = (("50-cold.cfg", "cold.cold_lately <= 1 min", "cold.cold_lately <= 1 s"),
              ("10-limits.cfg", '"cold_time";      unit = "min"; default = "20 min"', '"cold_time";      unit = "min"; default = "3 s"'))

    def test_cold_is_switched_denies_heat_and_ends_in_time(self):
        self.at_home(PAD, WRAP)
        self.home.wait_at_rest("pad", "heat", 0)
        self.home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "heat to be permitted before there was any cold")
        mark = self.zigbee.mark()
        self.on("wrap")
        self.zigbee.wait_order({"state": "ON", "on_time": 1200}, mark)
        self.assertEqual(self.home.request("wrap", "cold", 0)["outcome"], "accepted")
        self.zigbee.wait_order({"state": "OFF"}, mark)

        mark, seen = self.home.sim.mark(), self.home.client.mark()
        self.on("pump")
        self.home.sim.wait_event("relay", lambda e: e["on"], mark)
        os.kill(self.process("pump"), signal.SIGKILL)
        self.home.sim.wait_event("relay", lambda e: not e["on"], mark, 2)
        self.home.wait_safety_event("device back", seen)
        self.home.wait_at_rest("pump", "cold", seen)

        mark, seen = self.home.sim.mark(), self.home.client.mark()
        self.on("pump")
        self.home.sim.wait_event("relay", lambda e: e["on"], mark)
        ended = self.home.wait_safety_event("tripped", seen)
        self.assertEqual((ended.rule_id, ended.device_id, ended.control), ("cold-time", "pump", "cold"))
        self.home.sim.wait_event("relay", lambda e: not e["on"], mark)
        self.assertEqual(self.home.request("wrap", "cold", 1)["outcome"], "not_permitted", "it is the same skin")
        state = self.home.wait_device("pad", lambda s: s.get("heat_permitted") == "OFF", "heat to be denied")
        self.assertIn("no-heat-after-cold", state["heat_why"])
        self.assertEqual(self.home.request("pad", "heat", 1)["outcome"], "not_permitted")


class Timer(ColdPump):
    """Longer: `ctest -L all`."""
    proofs = True

    def test_both_plugs_prove_their_own_timer_and_get_their_settings(self):
        self.at_home(SECOND)
        self.home.wait_at_rest("second", "cold", 0)
        self.assertEqual(self.home.request("pump", "cold", 1)["outcome"], "not_permitted")
        self.assertEqual(self.home.request("second", "cold", 1)["outcome"], "not_permitted")
        for device in ("pump", "second"):
            self.home.prove(device, "cold")
        self.assertEqual([p["toggle_after"] for _, p in self.shelly.sets(0, True)], [5])
        self.shelly.wait(lambda: self.shelly.config == {"initial_state": "off", "auto_on": False}, "its settings")


if __name__ == "__main__":
    unittest.main(verbosity=2)
