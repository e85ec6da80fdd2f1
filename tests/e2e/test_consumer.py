#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The strict consumer itself: what Home Assistant would log or drop, it complains of. No broker is needed."""
import json
import os
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from home_assistant import HomeAssistant  # noqa: E402

CONFIG = "homeassistant/device/therapy-x/config"
STATE = "therapy/x/state"
CLIMATE = {"platform": "climate", "unique_id": "x-heat", "name": "Heat", "qos": 0, "modes": ["off", "heat"],
           "mode_state_topic": STATE, "mode_state_template": "{{ value_json.mode }}", "mode_command_topic": "t/mode",
           "temperature_state_topic": STATE, "temperature_state_template": "{{ value_json.target }}",
           "temperature_command_topic": "t/temperature", "current_temperature_topic": STATE,
           "current_temperature_template": "{{ value_json.skin }}", "action_topic": STATE,
           "action_template": "{{ value_json.action }}", "temperature_unit": "C", "min_temp": 30, "max_temp": 42,
           "temp_step": 0.5, "precision": 0.1}
SELECT = {"platform": "select", "unique_id": "x-warmth", "name": "Warmth", "qos": 0, "command_topic": "t/warmth",
          "state_topic": STATE, "value_template": "{{ value_json.warmth }}", "options": ["off", "low", "high"]}
GOOD = {"mode": "heat", "target": 38, "skin": 33.2, "action": "heating", "warmth": "low"}


class Message:
    def __init__(self, topic, value):
        self.topic, self.payload, self.retained = topic, json.dumps(value).encode(), False


class Consumer(HomeAssistant):
    def __init__(self, component):  # pylint: disable=super-init-not-called
        self.prefix, self.payloads, self.entities, self.platforms = "homeassistant", {}, {}, {}
        self.complaints, self.kept, self.changed = [], {}, threading.Condition()
        self._on_message(Message(CONFIG, {"device": {"identifiers": ["x"], "name": "X"}, "origin": {"name": "o"},
                                          "components": {"c": component}}))

    def state(self, **members):
        self._on_message(Message(STATE, {**GOOD, **members}))
        return self


class Climate(unittest.TestCase):
    def test_a_good_one_is_taken_and_shows_its_parts(self):
        consumer = Consumer(CLIMATE).state()
        self.assertEqual(consumer.complaints, [])
        self.assertEqual(consumer.entity("x-heat").parts,
                         {"mode": "heat", "temperature": 38.0, "current_temperature": 33.2, "action": "heating"})
        consumer.state(mode=None, target=None, skin=None, action=None)
        self.assertEqual(consumer.complaints, [])
        self.assertEqual(set(consumer.entity("x-heat").parts.values()), {None})

    def test_a_wrong_one_is_dropped(self):
        for change in ({"modes": []}, {"modes": ["off", "on"]}, {"modes": "heat"}, {"temperature_unit": "°C"},
                       {"min_temp": 42}, {"max_temp": "42"}, {"temp_step": 0}, {"precision": 0.25}, {"state_topic": "t"},
                       {"command_topic": "t"}, {"mode_command_topic": ""}, {"mode_state_topic": "t/+"}, {"retain": True},
                       {"unit_of_measurement": "°C"}, {"fan_mode_state_template": "{{ value }}"}, {"name": "X Heat"},
                       {"preset_modes": ["warm"]}, {"preset_mode_value_template": "{{ value }}"}):
            with self.subTest(change):
                consumer = Consumer({**CLIMATE, **change})
                self.assertEqual(len(consumer.complaints), 1)
                self.assertEqual(consumer.entities, {})
        for key in ("modes", "mode_command_topic", "mode_state_topic", "temperature_command_topic", "temperature_unit", "qos"):
            with self.subTest(key):
                self.assertEqual(len(Consumer({k: v for k, v in CLIMATE.items() if k != key}).complaints), 1)

    def test_a_state_that_would_be_logged_is_a_complaint(self):
        for members in ({"mode": "cool"}, {"mode": "HEAT"}, {"target": "warm"}, {"target": 29}, {"target": 43},
                        {"skin": "12,5"}, {"action": "on"}):
            with self.subTest(members):
                self.assertEqual(len(Consumer(CLIMATE).state(**members).complaints), 1)
        consumer = Consumer(CLIMATE)
        consumer._on_message(Message(STATE, {"mode": "heat"}))  # members are missing
        self.assertEqual(len(consumer.complaints), 3)


class Select(unittest.TestCase):
    def test_a_good_one_is_taken_and_its_options_are_all_there_is(self):
        consumer = Consumer(SELECT).state()
        self.assertEqual(consumer.entity("x-warmth").state, "low")
        self.assertIsNone(consumer.state(warmth=None).entity("x-warmth").state)
        self.assertEqual(consumer.complaints, [])
        for value in ("medium", "Low", "", 1):
            with self.subTest(value):
                self.assertEqual(len(Consumer(SELECT).state(warmth=value).complaints), 1)

    def test_a_wrong_one_is_dropped(self):
        for change in ({"options": []}, {"options": ["off", "off"]}, {"options": ["off", 1]}, {"options": "off"},
                       {"options": ["None", "low"]}, {"min": 0}, {"device_class": "enum"}):
            with self.subTest(change):
                self.assertEqual(len(Consumer({**SELECT, **change}).complaints), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
