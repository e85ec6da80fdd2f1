#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""therapyctl discover: devices that a real broker knows, with lines of configuration that a real check takes; with the account of the
configuration, and without publishing anything."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Broker, Client, build_dir  # noqa: E402

CTL = os.path.join(build_dir(), "gateway", "therapyctl", "therapyctl")
GATEWAY = os.path.join(build_dir(), "gateway", "therapy-gateway")
CONFIG = """gateway = {{ id = "home"; }};
mqtt = {{ url = "{url}"; username = "me"; password_file = "{password}"; }};
devices = (
  {{ id = "pad"; plugin = "heat_pad"; model = "tasmota"; link = "mqtt:pad_plug"; }}{more}
);
"""


def tasmota(topic, name):
    return json.dumps({"ip": "192.168.2.71", "dn": name, "fn": [name, None], "mac": "E09806F17F56", "md": "Athom Plug V2",
                       "t": topic, "ft": "%prefix%/%topic%/", "tp": ["cmnd", "stat", "tele"], "rl": [1, 0, 0], "ver": 1})


class Discover(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="therapy-e2e-")
        self.directory = self.temporary.name
        self.password = self.file("password", "secret word\n")
        accounts = self.file("accounts", "")
        subprocess.run(["mosquitto_passwd", "-b", accounts, "me", "secret word"], check=True, capture_output=True)
        self.broker = Broker(self.directory, f"allow_anonymous false\npassword_file {accounts}")
        self.client = Client(self.broker.port, account=("me", "secret word"))

    def tearDown(self):
        self.client.close()
        self.broker.stop()
        self.temporary.cleanup()

    def file(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o600)
        return path

    def config(self, more=""):
        return self.file("home.cfg", CONFIG.format(url=self.broker.url, password=self.password, more=more))

    def discover(self, *words, status=0):
        run = subprocess.run([CTL, "discover", *words], capture_output=True, text=True, timeout=60)
        self.assertEqual(run.returncode, status, (run.stdout, run.stderr))
        return run.stdout + run.stderr

    def test_what_is_found_can_be_pasted_and_what_is_configured_is_marked(self):
        said = {
            "tasmota/discovery/1/config": tasmota("pad_plug", "Pad"),
            "tasmota/discovery/2/config": tasmota("pad", "Second pad"),
            "tele/pad_plug/LWT": "Online",
            "zigbee2mqtt/bridge/devices": json.dumps([{"type": "Router", "friendly_name": "lamp", "definition": {
                "vendor": "TuYa", "model": "TS011F", "exposes": [
                    {"type": "switch", "features": [{"type": "binary", "property": "state"}]},
                    {"type": "numeric", "property": "power"}]}}]),
            "esphome/discover/imu": json.dumps({"name": "imu", "friendly_name": "Table \x1b[2J", "board": "esp32dev"}),
            "homeassistant/sensor/imu/tilt/config": json.dumps({
                "stat_t": "imu/sensor/tilt/state", "dev": {"name": "imu", "mf": "Espressif"}}),
            "esphome/discover/therapy-belt": json.dumps({"name": "therapy-belt", "project_name": "therapy_gateway.belt_force"}),
            "home/omg/BTtoMQTT/A4C138800021": json.dumps({"id": "A4:C1:38:80:00:21", "name": "pack", "tempc": 4.5}),
        }
        for topic, payload in said.items():
            self.client.publish(topic, payload, retain=True)
        self.client.wait("home/omg/BTtoMQTT/A4C138800021", since=None)
        mark = self.client.mark()
        text = self.discover("-c", self.config(), "--for", "1s")
        self.assertIn('# Tasmota pad_plug, "Pad": configured as pad\n', text)
        self.assertIn('{ id = "pad_2"; plugin = "heat_pad"; model = "tasmota"; link = "mqtt:pad"; }', text)
        self.assertIn('{ id = "lamp"; plugin = "generic"; definition = "zigbee2mqtt_plug"; link = "mqtt:lamp"; }', text)
        self.assertIn('{ id = "imu"; plugin = "inversion_table"; model = "esphome"; link = "mqtt:imu"; }', text)
        self.assertIn('model = "hx711"; link = "mqtt:therapy-belt"; options = { shows = "n"; }; }', text)
        self.assertIn('definition = "theengs_cold_pack"; link = "mqtt:omg/BTtoMQTT/A4C138800021"; }', text)
        self.assertNotIn("secret", text)
        self.assertNotIn("\x1b", text)
        self.assertEqual(self.client.messages[mark:], [], "it only listens")
        lines = [line.strip() for line in text.splitlines() if line.strip().startswith("{ id =")]
        more = "".join(f",\n  {line.replace('link =', 'accept_no_device_timer = true; link =')}" for line in lines)
        check = subprocess.run([GATEWAY, "check", "-c", self.config(more)], capture_output=True, text=True, timeout=60)
        self.assertIn("no fault: 6 devices", check.stdout, check.stderr)

    def test_a_flood_is_bounded_and_no_broker_is_said(self):
        for i in range(3000):
            self.client.publish(f"tele/plug{i}/LWT", "Online", qos=0, retain=True)
        self.client.wait("tele/plug2999/LWT", since=None)
        text = self.discover("-c", self.config(), "--for", "2s")
        self.assertRegex(text, r"More than 256 devices: \d+ messages of others were passed over")
        self.assertLess(len(text), 100_000)
        self.broker.stop()
        self.assertIn("was not reached", self.discover("--broker", self.broker.url, "--for", "1s", status=1))
        self.assertIn("expected -c FILE", self.discover(status=2))


if __name__ == "__main__":
    unittest.main(verbosity=2)
