#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""make-dashboard, of what other homes than the demo's announce; no gateway runs."""
import json
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from ha_files import FOLDER, cards_of, dashboard_faults, entities_of, parse  # noqa: E402

sys.path.insert(0, FOLDER)
from discovered import Fault, slug  # noqa: E402

MAKE = os.path.join(FOLDER, "make-dashboard")


class Slugs(unittest.TestCase):
    def test_names_become_ids_as_in_home_assistant(self):
        for name, expected in (("Heat pad Heat permission", "heat_pad_heat_permission"), ("Wärmekissen Größe", "warmekissen_grosse"),
                               ("Therapy gateway demo Hazards not covered", "therapy_gateway_demo_hazards_not_covered"),
                               ("  2nd  pad's--heat ", "2nd_pad_s_heat"), ("1,000 W", "1000_w"), ("°", "unknown")):
            self.assertEqual(slug(name), expected)
        with self.assertRaisesRegex(Fault, "Latin letters"):
            slug("Коврик")


def announced(name, identifier, components, via=None):
    """A line of `mosquitto_sub -v`: the discovery of a device with these components, {key: config without the ids, None: taken back}."""
    device = {"identifiers": [identifier], "name": name, **({"via_device": via} if via else {})}
    parts = {key: {"unique_id": f"{identifier}-{key}", "name": key, **c} if c else {"platform": "sensor"} for key, c in components.items()}
    root = {"origin": {"name": "Therapy Gateway"}, "device": device, "components": parts}
    return f"homeassistant/device/{identifier}/config {json.dumps(root)}\n"


GATEWAY = {"stop": {"platform": "button"}, "reset": {"platform": "button"}, "latched": {"platform": "binary_sensor"},
           "alarm": {"platform": "sensor"}, "why": {"platform": "sensor"}, "happened": {"platform": "event"},
           "uncovered": {"platform": "sensor", "entity_category": "diagnostic"}}


def make(lines, *options):
    return subprocess.run([MAKE, *options], input=lines.encode(), capture_output=True, timeout=60, check=False)


class Made(unittest.TestCase):
    def test_what_the_demo_has_not_fits_in(self):
        barred = {"platform": "binary_sensor", "device_class": "safety"}
        pad = {"heat_climate": {"platform": "climate", "name": "Wärme"}, "heat_permitted": barred, "heat_why": {"platform": "sensor"},
               "level": {"platform": "select"},
               "level_permitted": barred, "level_why": {"platform": "sensor"},
               "force": {"platform": "sensor", "unit_of_measurement": "lbf"}, "gone": None,
               "noise": {"platform": "sensor", "enabled_by_default": False},
               "set": {"platform": "number", "unit_of_measurement": "lbf", "max": 60},
               "connected": {"platform": "binary_sensor", "entity_category": "diagnostic"}}
        silence = {"silence": {"platform": "button", "name": "Silence for 2 minutes"}}
        done = make(announced("Therapie", "therapy-x", {**GATEWAY, **silence}) + announced("Kissen", "therapy-x-pad", pad, "therapy-x"))
        self.assertEqual(done.returncode, 0, done.stderr)
        made = parse(done.stdout.decode())
        self.assertEqual(list(dashboard_faults(made)), [])
        named = entities_of(made)
        self.assertLessEqual({"climate.kissen_warme", "select.kissen_level", "button.therapie_silence_for_2_minutes",
                              "number.kissen_set"}, named)
        self.assertFalse({"sensor.kissen_gone", "sensor.kissen_noise"} & named)
        words = [c["content"] for c in cards_of(made) if c["type"] == "markdown"]
        self.assertTrue(any(text.startswith("**Wärme: not permitted**") for text in words), words)
        gauge = next(c for c in cards_of(made) if c["type"] == "gauge")
        self.assertEqual((gauge["entity"], gauge["max"]), ("sensor.kissen_force", 60))

    def test_a_name_may_hold_anything_that_yaml_minds(self):
        name = 'Pad: "no", #1 - {yes}'
        done = make(announced("off", "therapy-x", GATEWAY) + announced(name, "therapy-x-pad", {}, "therapy-x"))
        headings = [c["heading"] for c in cards_of(parse(done.stdout.decode())) if c["type"] == "heading"]
        self.assertIn(name, headings)
        self.assertIn("off", headings)

    def test_faults_are_said(self):
        one = announced("Therapie", "therapy-x", GATEWAY)
        for lines, said in ((one + announced("Other", "therapy-y", GATEWAY), "expected one gateway, found x, y: say which with --gateway"),
                            ("", "found none"), (announced("Old", "therapy-x", {"stop": {"platform": "button"}}), "found none of 'reset'"),
                            ("homeassistant/device/a/config {", "expected a device's discovery as JSON"),
                            (one + "homeassistant/device/therapy-x/config (null)\n", "found none"),
                            (one + announced("Therapie", "therapy-x-a", {"s": {"platform": "button", "name": "stop"}}, "therapy-x"),
                             "found button.therapie_stop of therapy-x-stop and of therapy-x-a-s")):
            done = make(lines)
            self.assertEqual((done.returncode, done.stdout), (1, b""))
            self.assertIn(said, done.stderr.decode())


if __name__ == "__main__":
    unittest.main()
