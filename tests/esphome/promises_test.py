#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the configurations of etc/esphome promise: they say what the plugins read and hear what those say, as often; discovery is
off, nothing else listens, no secret stands in them; a pad starts off and has its dead-man. ESPHome itself is not at hand where
this is tested; `esphome config FILE` is the better judge of its own grammar."""
import re
import sys
import unittest

sys.dont_write_bytecode = True
from board import (FOLDER, MODELS, SOURCE, Secret, channels, every, gateway_reads, gateway_says, heard, lambdas, load,  # noqa: E402
                   milliseconds, said, sends_every, sensors, walk)

ALLOWED = {"substitutions", "esphome", "esp32", "logger", "wifi", "ota", "mqtt", "i2c", "sensor", "switch", "script", "interval"}
SECRET_KEYS = {"ssid", "password", "broker"}
PAD = "heat-pad"


def faults_for_all(conf):
    """What any of them must keep."""
    mqtt, name = conf["mqtt"], conf["esphome"]["name"]
    if set(conf) - ALLOWED:
        yield f"{sorted(set(conf) - ALLOWED)}: nothing but MQTT is to reach a board"
    if "ap" in conf["wifi"] or "networks" in conf["wifi"]:
        yield "wifi: an access point or a network of its own"
    if mqtt.get("discovery") is not False:
        yield "mqtt: discovery is not false"
    if mqtt.get("log_topic", "") is not None:
        yield "mqtt: log_topic is not null"
    if mqtt.get("clean_session") is not True:
        yield "mqtt: what was said while it was away would be done later"
    if mqtt.get("topic_prefix") != name or mqtt.get("username") != name:
        yield "mqtt: prefix and account are not the node's name"
    if any(key in mqtt for key in ("birth_message", "will_message", "shutdown_message")):
        yield "mqtt: NAME/status is no longer ESPHome's own"
    if any("password" not in ota or ota["platform"] != "esphome" for ota in every(conf["ota"])):
        yield "ota: without a password, or another way"
    for place in walk(conf):
        for key in SECRET_KEYS & set(place):
            if not isinstance(place[key], Secret):
                yield f"{key}: expected !secret, found '{place[key]}'"
    if not re.fullmatch(r"[a-z0-9-]{1,24}", name):
        yield f"esphome: ESPHome refuses the name '{name}'"


def faults_of_topics(model, conf):
    name = conf["esphome"]["name"]
    reads = {topic.replace("{name}", name) for topic in gateway_reads(model)}
    says = {(topic.replace("{name}", name), payload) for topic, payload in gateway_says(model)}
    for topic in sorted(reads - set(said(conf))):
        yield f"{topic}: the gateway reads it and the board does not say it"
    for topic, payload in sorted(says):
        if payload not in heard(conf).get(topic, ()):
            yield f"{topic} {payload}: the gateway says it and the board does not hear it"
    for topic in sorted(set(heard(conf)) - {topic for topic, _ in says}):
        yield f"{topic}: the board hears what the gateway never says"


def plugin_interval(source, row):
    return int(re.search(rf"{row}\((\d+)", (SOURCE / source).read_text())[1])


def faults_of_a_sensor(conf, chip, axes, wanted_ms):
    """It publishes every `wanted_ms`, after its heartbeat, by one lambda that hangs on the last value of a sample."""
    measured = [(sensor, interval) for sensor, interval in sensors(conf) if interval is not None]
    if len(measured) != axes or {p["platform"] for p in every(conf["sensor"])} != {chip, "template"}:
        yield f"expected {axes} values of {chip}, and templates"
    for sensor, interval in measured:
        if interval * sends_every(sensor) != wanted_ms:
            yield f"{sensor.get('id')}: every {interval * sends_every(sensor)} ms, the plugin expects {wanted_ms} ms"
    hung = [owner for owner, key, _ in lambdas(conf) if key == "on_value"]
    if len(hung) != 1 or not measured or hung[0] is not measured[-1][0]:
        yield "the lambda does not hang on the last value of a sample"
    for template, interval in sensors(conf):
        if template.get("platform") == "template" and (interval is not None or template.get("retain") is not False):
            yield f"{template['name']}: publishes by itself, or is kept at the broker"
    for _, _, code in lambdas(conf):
        if not 0 <= code.find("id(heartbeat).publish_state") < code.rfind(".publish_state("):
            yield "the heartbeat does not come before the value"


def faults_of_the_pad(conf):
    definition = (SOURCE / "etc" / "devices.d" / "esphome_switch.cfg").read_text()
    definition = re.sub(r"^#.*\n", "", definition, flags=re.M)
    scripts = {script["id"]: script for script in conf["script"]}
    heater, = conf["switch"]
    device_timer = re.search(r'device_timer = "([^"]+)"', definition)[1]
    if heater.get("restore_mode") != "ALWAYS_OFF":
        yield "the heater is not ALWAYS_OFF after power-on"
    if {"script.execute": "dead_man"} not in every(heater.get("on_turn_on")):
        yield "switching on does not start the dead-man"
    dead_man = scripts.get("dead_man", {})
    steps = every(dead_man.get("then"))
    if dead_man.get("mode") != "restart" or len(steps) != 2 or steps[-1] != {"switch.turn_off": heater["id"]}:
        yield "the dead-man is not: wait, then off; begun anew by each renewal"
    elif milliseconds(steps[0]["delay"]) != milliseconds(device_timer):
        yield f"the dead-man waits {steps[0]['delay']}, the definition says {device_timer}"
    for place in walk(conf):
        if "switch.turn_on" in place or "switch.toggle" in place:
            yield "it switches itself on"
    if not any({"switch.turn_off": heater["id"]} in every(ota.get("on_begin", {}).get("then")) for ota in every(conf["ota"])):
        yield "it may be on while it takes an update, when no timer runs"
    wanted = dict(re.findall(r'\btopic = "([^"]+)"[^}]*?\bevery = "([^"]+)"', definition, re.S))
    for topic, interval in wanted.items():
        found = said(conf).get(topic.replace("{name}", conf["esphome"]["name"]))
        if found != milliseconds(interval):
            yield f"{topic}: every {found} ms, the definition expects {interval}"
    if len(wanted) != 2:
        yield "expected relay and power in the definition"


def faults(model, text):
    conf = load(text)
    found = [*faults_for_all(conf), *faults_of_topics(model, conf)]
    if model == "table-tilt":
        found += faults_of_a_sensor(conf, "mpu6050", 3, plugin_interval("plugins/inversion_table/imu.c", "TILT_ROW"))
    elif model == "belt-force":
        found += faults_of_a_sensor(conf, "hx711", 1, plugin_interval("plugins/traction_belt/hx711.c", "FORCE_ROW"))
    else:
        found += faults_of_the_pad(conf)
    return found


def text_of(model):
    return (FOLDER / f"{model}.yaml").read_text()


class Promises(unittest.TestCase):
    def test_each_configuration_keeps_what_it_promises(self):
        self.assertEqual({path.stem for path in FOLDER.glob("*.yaml")}, set(MODELS))
        for model in MODELS:
            self.assertEqual(faults(model, text_of(model)), [], model)

    def test_the_vectors_know_each_channel_of_the_plugins(self):
        for model in MODELS:
            known = gateway_reads(model) | {topic for topic, _ in gateway_says(model)}
            self.assertEqual(known, channels(model), model)

    def test_the_heartbeat_stands_for_five_samples(self):
        header = (SOURCE / "plugins" / "esphome" / "esphome.h").read_text()
        self.assertEqual(int(re.search(r"ESPHOME_HEARTBEAT_MS (\d+)u", header)[1]),
                         5 * plugin_interval("plugins/inversion_table/imu.c", "TILT_ROW"))

    def test_discover_knows_each_board_by_its_project(self):
        known = set(re.findall(r'\{"(therapy_gateway\.\w+)"', (SOURCE / "gateway" / "discover" / "announce.c").read_text()))
        self.assertEqual(known, {load(text_of(model))["esphome"]["project"]["name"] for model in MODELS})

    def test_the_example_names_each_secret_and_gives_none(self):
        named = load((FOLDER / "secrets.yaml.example").read_text())
        wanted = {str(value) for model in MODELS for place in walk(load(text_of(model))) for value in place.values()
                  if isinstance(value, Secret)}
        self.assertEqual(set(named), wanted)
        self.assertEqual({value for value in named.values()}, {None}, "a value that somebody could leave as it is")

    def test_each_board_has_secrets_of_its_own(self):
        once = [str(value) for model in MODELS for place in walk(load(text_of(model))) for key, value in place.items()
                if key == "password" and str(value) != "wifi_password"]
        self.assertEqual(len(once), len(set(once)))
        self.assertEqual(len(once), 2 * len(MODELS))

    def test_gitignore_keeps_secrets_out(self):
        self.assertIn("/etc/esphome/secrets.yaml", (SOURCE / ".gitignore").read_text().split())


# (configuration, what stands there, what is put in its place): each is a broken promise, and must be told.
PLANTED = [
    ("table-tilt", "discovery: false", "discovery: true"),
    ("table-tilt", "log_topic: null", "keepalive: 15s"),
    ("table-tilt", "logger:", "web_server:\n  port: 80\n\nlogger:"),
    ("table-tilt", "logger:", "api:\n\nlogger:"),
    ("table-tilt", "  power_save_mode: none", "  power_save_mode: none\n  ap: { ssid: fallback }"),
    ("table-tilt", "    password: !secret table_ota_password", "    port: 3232"),
    ("table-tilt", "!secret table_mqtt_password", "hunter2"),
    ("table-tilt", "update_interval: 50ms", "update_interval: 60s"),
    ("table-tilt", "name: heartbeat", "name: counter"),
    ("table-tilt", "topic_prefix: ${name}", "topic_prefix: other"),
    ("table-tilt", "name: tilt", "name: tilt angle"),
    ("table-tilt", "    update_interval: never\n    retain: false", "    update_interval: never"),
    ("belt-force", "update_interval: 200ms", "update_interval: 1s"),
    ("belt-force", "name: force", "name: weight"),
    ("belt-force", "clean_session: true", "clean_session: false"),
    ("heat-pad", "restore_mode: ALWAYS_OFF", "restore_mode: RESTORE_DEFAULT_OFF"),
    ("heat-pad", "- delay: 30s", "- delay: 5min"),
    ("heat-pad", "  - id: dead_man\n    mode: restart", "  - id: dead_man\n    mode: single"),
    ("heat-pad", "      - script.execute: dead_man\n      - script.execute: longest", "      - script.execute: longest"),
    ("heat-pad", "      payload: PRESS\n      then:", "      payload: PRESS\n      then:\n        - switch.turn_on: heater"),
    ("heat-pad", "payload: PRESS", "payload: press"),
    ("heat-pad", "topic: ${name}/relay", "topic: ${name}/state"),
    ("heat-pad", "- interval: 1s", "- interval: 10s"),
    ("heat-pad", "    update_interval: 2s", "    update_interval: 60s"),
    ("heat-pad", "    on_begin: # while it takes an update nothing else runs, and so no timer\n      then:\n"
     "        - switch.turn_off: heater\n", ""),
]


class Planted(unittest.TestCase):
    def test_each_broken_promise_is_told(self):
        for model, there, instead in PLANTED:
            text = text_of(model)
            self.assertIn(there, text)
            self.assertNotEqual(faults(model, text.replace(there, instead, 1)), [], f"{model}: {instead!r} was not noticed")

    def test_what_stands_there_twice_is_told(self):
        with self.assertRaisesRegex(Exception, "twice"):
            load(text_of(PAD) + "\nlogger:\n  level: DEBUG\n")


if __name__ == "__main__":
    unittest.main()
