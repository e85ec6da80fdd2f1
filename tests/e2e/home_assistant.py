# SPDX-License-Identifier: Apache-2.0
"""A strict consumer in Home Assistant's place: it takes the discovery of its MQTT integration (2024.12 and later), keeps the
entities that come of it with their availability and state, and writes down whatever the real one would log, drop or
silently get wrong. It is stricter in one thing: a key that the real one would only ignore is a complaint here.

The tables are Home Assistant's: what a device's payload, its device and origin may hold, which platforms there are and
what each needs, which units a class takes.
"""
import json
import re
import threading
import time

import jinja2

from harness import Client, Failure

ROOT = {"device", "components", "origin", "availability_topic", "availability", "availability_mode",
        "availability_template", "payload_available", "payload_not_available", "state_topic", "command_topic", "qos",
        "encoding"}
DEVICE = {"identifiers", "connections", "name", "manufacturer", "model", "model_id", "hw_version", "sw_version",
          "serial_number", "suggested_area", "via_device", "configuration_url"}
ORIGIN = {"name", "sw_version", "support_url"}
COMMON = {"platform", "unique_id", "name", "qos", "enabled_by_default", "entity_category", "icon",
          "json_attributes_topic", "json_attributes_template", "availability_topic", "availability",
          "availability_mode", "encoding", "entity_picture"}
STATE = {"state_topic", "value_template"}
COMMAND = {"command_topic", "command_template", "optimistic", "retain"}
PLATFORMS = {
    "sensor": STATE | {"device_class", "unit_of_measurement", "state_class", "suggested_display_precision", "options",
                       "expire_after", "force_update", "last_reset_value_template"},
    "binary_sensor": STATE | {"device_class", "payload_on", "payload_off", "off_delay", "expire_after", "force_update"},
    "switch": STATE | COMMAND | {"device_class", "payload_on", "payload_off", "state_on", "state_off"},
    "number": STATE | COMMAND | {"device_class", "unit_of_measurement", "min", "max", "step", "mode", "payload_reset"},
    "select": STATE | COMMAND | {"options"},
    "text": STATE | COMMAND | {"min", "max", "mode", "pattern"},
    "button": {"command_topic", "command_template", "device_class", "payload_press", "retain"},
    "event": STATE | {"device_class", "event_types"},
    "climate": {"modes", "mode_state_topic", "mode_state_template", "mode_command_topic", "mode_command_template",
                "temperature_state_topic", "temperature_state_template", "temperature_command_topic",
                "temperature_command_template", "current_temperature_topic", "current_temperature_template", "action_topic",
                "action_template", "temperature_unit", "min_temp", "max_temp", "temp_step", "precision", "initial",
                "optimistic", "retain", "preset_modes", "preset_mode_state_topic", "preset_mode_value_template",
                "preset_mode_command_topic", "power_command_topic", "payload_on", "payload_off"},
}
HVAC_MODES = {"auto", "off", "cool", "heat", "dry", "fan_only", "heat_cool"}
HVAC_ACTIONS = {"cooling", "defrosting", "drying", "fan", "heating", "idle", "off", "preheating"}
# Of a climate, whose parts have a topic and a template each: what is shown, and which configuration it comes from.
CLIMATE_PARTS = {"mode": "mode_state", "temperature": "temperature_state", "current_temperature": "current_temperature",
                 "action": "action"}
NEEDS = {"sensor": {"state_topic"}, "binary_sensor": {"state_topic"}, "switch": {"command_topic"},
         "number": {"command_topic"}, "select": {"command_topic", "options"}, "text": {"command_topic"}, "button": {"command_topic"},
         "event": {"state_topic", "event_types"},
         # ours must not be optimistic, so that the real one's optional topics are needed
         "climate": {"modes", "mode_state_topic", "mode_command_topic", "temperature_state_topic",
                     "temperature_command_topic", "temperature_unit", "min_temp", "max_temp"}}
CATEGORIES = {"sensor": {"diagnostic"}, "binary_sensor": {"diagnostic"}, "event": {"diagnostic"}}
BINARY_CLASSES = {"battery", "battery_charging", "carbon_monoxide", "cold", "connectivity", "door", "garage_door", "gas",
                  "heat", "light", "lock", "moisture", "motion", "moving", "occupancy", "opening", "plug", "power",
                  "presence", "problem", "running", "safety", "smoke", "sound", "tamper", "update", "vibration", "window"}
UNITS = {  # of numeric classes of sensor and number, as far as a gateway of this kind can have them
    "apparent_power": {"VA"}, "battery": {"%"}, "current": {"A", "mA"},
    "duration": {"d", "h", "min", "s", "ms"}, "energy": {"Wh", "kWh", "MWh", "J", "kJ", "MJ", "cal", "kcal"},
    "humidity": {"%"}, "moisture": {"%"}, "power": {"W", "kW", "mW"}, "power_factor": {"%", None},
    "pressure": {"kPa", "Pa", "hPa", "mbar", "bar", "mmHg", "inHg", "psi", "cbar"},
    "signal_strength": {"dB", "dBm"}, "temperature": {"°C", "°F", "K"}, "voltage": {"V", "mV"},
    "weight": {"kg", "g", "mg", "µg", "oz", "lb", "st"}, "data_size": {"B", "kB", "MB"},
}
TEXT_CLASSES = {"enum", "timestamp", "date"}
STATE_CLASSES = {"measurement", "total", "total_increasing"}
BUTTON_CLASSES = {"identify", "restart", "update"}
SWITCH_CLASSES = {"outlet", "switch"}
ID = re.compile(r"[A-Za-z0-9_-]+")
URL = re.compile(r"(https?|homeassistant)://[^/]+")
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
TOPIC_WILD = re.compile(r"[+#\0]")


class Entity:
    def __init__(self, device, key, config, root):
        self.device, self.key, self.config = device, key, config
        self.platform, self.unique_id, self.name = config["platform"], config["unique_id"], config.get("name")
        self.state = None        # None: unknown
        self.attributes = {}
        self.events = []         # (type, attributes) of an event entity
        self.parts = {}          # of a climate: CLIMATE_PARTS -> what is shown
        self.part_templates = {part: ENVIRONMENT.from_string(config[f"{key}_template"])
                               for part, key in CLIMATE_PARTS.items() if f"{key}_template" in config}
        source = config if "availability" in config or "availability_topic" in config else root
        listed = source.get("availability") or []
        if "availability_topic" in source:
            listed = [{"topic": source["availability_topic"]}]
        self.mode = source.get("availability_mode", "latest")
        self.online = {a["topic"]: (None, a.get("payload_available", "online"), a.get("payload_not_available", "offline"))
                       for a in listed}
        template = config.get("value_template")
        self.template = ENVIRONMENT.from_string(template) if template else None
        template = config.get("json_attributes_template")
        self.attributes_template = ENVIRONMENT.from_string(template) if template else None

    @property
    def available(self):
        known = [state for state, _, _ in self.online.values()]
        return all(s is True for s in known) if self.mode == "all" else any(s is True for s in known) or not known

    @property
    def numeric(self):
        c = self.config
        if c.get("device_class") in TEXT_CLASSES:
            return False
        return self.platform == "number" or bool({"unit_of_measurement", "state_class", "device_class",
                                                  "suggested_display_precision"} & set(c))

    def topics(self):
        for key in ("state_topic", "json_attributes_topic", *(f"{key}_topic" for key in CLIMATE_PARTS.values())):
            if key in self.config:
                yield self.config[key]
        yield from self.online

    def __repr__(self):
        return f"{self.unique_id} ({self.platform}) {'' if self.available else 'unavailable '}{self.state!r}"


ENVIRONMENT = jinja2.Environment(undefined=jinja2.StrictUndefined)
ENVIRONMENT.filters["to_json"] = json.dumps
ENVIRONMENT.filters["tojson"] = json.dumps


class HomeAssistant:
    """One Home Assistant, from its start to close(). entities: by unique id; complaints: what it would log."""

    def __init__(self, port, prefix="homeassistant", birth=True):
        self.prefix = prefix
        self.payloads = {}     # topic -> the discovery that is in force
        self.entities = {}     # unique id -> Entity
        self.platforms = {}    # unique id -> the platform it had first: the registry never forgets
        self.complaints = []
        self.kept = {}         # topic -> the latest payload, for entities that come after it
        self.changed = threading.Condition()
        self.client = Client(port, listeners=[self._on_message], on_down=self._on_down)
        if birth:
            self.client.publish(f"{prefix}/status", "online")

    def close(self):
        self.client.close()

    # ---- what is asked of it ----

    def wait_for(self, check, what, timeout=10.0):
        end = time.monotonic() + timeout
        with self.changed:
            while not check():
                left = end - time.monotonic()
                if left <= 0:
                    raise Failure(f"{what}: not within {timeout:g} s; entities: "
                                  f"{sorted(map(repr, self.entities.values()))}")
                self.changed.wait(left)
            return check()

    def there(self, unique_id):
        """The entity, once it is announced: nobody presses what is not there."""
        return self.wait_for(lambda: self.entities.get(unique_id), f"{unique_id} to be announced")

    def entity(self, unique_id):
        return self.entities.get(unique_id)

    def wait_state(self, unique_id, state, timeout=10.0):
        """Until that entity is available and shows `state` (a predicate, or the state itself)."""
        fits = state if callable(state) else lambda value: value == state
        def look():
            e = self.entities.get(unique_id)
            return e if e and e.available and fits(e.state) else None
        return self.wait_for(look, f"{unique_id} to show {state}", timeout)

    def wait_all_available(self, n=None, timeout=10.0):
        """Until every entity is available (and there are `n`)."""
        return self.wait_for(lambda: self.entities and all(e.available for e in list(self.entities.values()))
                             and n in (None, len(self.entities)), f"all {n or ''} entities to be available", timeout)

    def press(self, unique_id):
        e = self.there(unique_id)
        self.client.publish(e.config["command_topic"], e.config.get("payload_press", "PRESS"), e.config["qos"])

    def set(self, unique_id, value):
        e = self.there(unique_id)
        text = value if isinstance(value, str) else f"{float(value)}"
        self.client.publish(e.config["command_topic"], text, e.config["qos"])

    def set_temperature(self, unique_id, temperature=None, mode=None, reverse=False):
        """The action climate.set_temperature: the mode first, as two messages; `reverse`: the other way round."""
        e = self.there(unique_id)
        messages = [(e.config["mode_command_topic"], mode)] if mode else []
        if temperature is not None:
            messages.append((e.config["temperature_command_topic"], f"{float(temperature)}"))
        for topic, text in reversed(messages) if reverse else messages:
            self.client.publish(topic, text, e.config["qos"])

    def wait_climate(self, unique_id, timeout=10.0, **parts):
        """Until that thermostat is available and shows these of CLIMATE_PARTS."""
        def look():
            e = self.entities.get(unique_id)
            return e if e and e.available and all(e.parts.get(k) == v for k, v in parts.items()) else None
        try:
            return self.wait_for(look, f"{unique_id} to show {parts}", timeout)
        except Failure as failure:
            e = self.entities.get(unique_id)
            raise Failure(f"{failure}; it shows {e and e.parts}") from None

    # ---- what comes in ----

    def complain(self, text):
        self.complaints.append(text)

    def _on_message(self, m):
        with self.changed:
            match = re.fullmatch(rf"{re.escape(self.prefix)}/device/(?:[A-Za-z0-9_-]+/)?([A-Za-z0-9_-]+)/config", m.topic)
            if m.topic.startswith(f"{self.prefix}/") and m.topic != f"{self.prefix}/status" and not match:
                self.complain(f"{m.topic} is no topic of device discovery")
            elif match:
                self._discover(m)
            self.kept[m.topic] = m.payload
            for e in list(self.entities.values()):
                if m.topic in e.topics():
                    self._update(e, m.topic, m.payload, m.retained)
            self.changed.notify_all()

    def _on_down(self):
        """Everything is unavailable until it is told again."""
        with self.changed:
            self.kept.clear()
            for e in self.entities.values():
                for topic, (_, on, off) in e.online.items():
                    e.online[topic] = (None, on, off)

    # ---- discovery ----

    def _discover(self, m):
        was = self.payloads.get(m.topic)
        if not m.payload:
            self.payloads.pop(m.topic, None)
            self._forget(was or {})
            return
        try:
            root = json.loads(m.payload.decode("utf-8"))
        except ValueError as error:
            self.complain(f"{m.topic}: not JSON: {error}")
            return
        fault = self._device_fault(root)
        if fault:
            self.complain(f"{m.topic}: the whole device is dropped: {fault}")
            return
        if was and was["device"]["identifiers"] != root["device"]["identifiers"]:
            self.complain(f"{m.topic}: the device under this topic became another")
        self.payloads[m.topic] = root
        for key in set((was or {}).get("components", {})) - set(root["components"]):
            if set(was["components"][key]) - {"platform"}:
                self.complain(f"{m.topic}: {key} was left out without being removed: an orphan stays")
        for key, config in root["components"].items():
            self._component(m.topic, root, key, config, ((was or {}).get("components") or {}).get(key))

    def _device_fault(self, root):
        if not isinstance(root, dict):
            return "no object"
        for name, allowed, thing in (("root", ROOT, root), ("device", DEVICE, root.get("device")),
                                     ("origin", ORIGIN, root.get("origin"))):
            if not isinstance(thing, dict):
                return f"{name} is missing"
            if set(thing) - allowed:
                return f"{name} may not have {sorted(set(thing) - allowed)}"
        if not isinstance(root.get("components"), dict):
            return "components is missing"
        if "availability" in root and "availability_topic" in root:
            return "availability and availability_topic exclude each other"
        if root.get("availability_mode", "latest") not in ("all", "any", "latest"):
            return "availability_mode"
        if not root["origin"].get("name"):
            return "origin has no name"
        device = root["device"]
        if not device.get("identifiers") and not device.get("connections"):
            return "device has neither identifiers nor connections"
        if "configuration_url" in device and not URL.match(device["configuration_url"]):
            return "configuration_url is no URL"
        for key, config in root["components"].items():
            if not ID.fullmatch(key):
                return f"component id {key!r}"
            if not isinstance(config, dict) or "platform" not in config:
                return f"component {key} has no platform"
            if set(config) != {"platform"} and "unique_id" not in config:
                return f"component {key} has no unique_id"
        return None

    def _component(self, topic, root, key, config, was):
        if set(config) == {"platform"}:  # removed
            self._forget({"components": {key: was or {}}})
            return
        where = f"{topic}: {key}"
        platform, unique_id = config["platform"], config["unique_id"]
        fault = self._component_fault(where, platform, config, root)
        if fault:
            self.complain(f"{where}: {fault}")
            return
        if self.platforms.setdefault(unique_id, platform) != platform:
            self.complain(f"{where}: {unique_id} was a {self.platforms[unique_id]} and is a {platform} now")
        old = self.entities.get(unique_id)
        if old and (old.device, old.key) != (root["device"]["identifiers"][0], key):
            self.complain(f"{where}: {unique_id} is already {old.key} of {old.device}")
            return
        e = self.entities[unique_id] = Entity(root["device"]["identifiers"][0], key, config, root)
        if old:
            e.state, e.attributes, e.events, e.parts = old.state, old.attributes, old.events, old.parts
        for t in e.topics():
            if t in self.kept and (platform != "event" or t in e.online):
                self._update(e, t, self.kept[t], True)

    def _component_fault(self, where, platform, config, root):
        if platform not in PLATFORMS:
            return f"no such platform: {platform}"
        unknown = set(config) - PLATFORMS[platform] - COMMON
        if unknown:
            return f"a {platform} has no {sorted(unknown)}"
        missing = NEEDS[platform] - set(config)
        if missing:
            return f"a {platform} needs {sorted(missing)}"
        if not ID.fullmatch(config["unique_id"]):
            return f"unique_id {config['unique_id']!r}"
        if "qos" not in config:
            return "qos is not inherited by older versions"
        for t in (k for k in config if k.endswith("_topic")):
            if not config[t] or TOPIC_WILD.search(config[t]):
                return f"{t} {config[t]!r}"
        if config.get("retain"):
            return "a command must not be retained"
        if config.get("entity_category") not in (None, *CATEGORIES.get(platform, {"config", "diagnostic"})):
            return f"entity_category {config['entity_category']} of a {platform}"
        if not str(config.get("icon", "mdi:x")).startswith("mdi:"):
            return f"icon {config['icon']}"
        name, device = config.get("name", ""), root["device"].get("name", "")
        if "name" not in config:
            return "it has no name and would be called 'MQTT ...'"
        if name and device and name.lower().startswith(device.lower()):
            return f"the name {name!r} repeats the device's"
        return getattr(self, f"_{platform}_fault", lambda c: None)(config)

    def _sensor_fault(self, c):
        device_class, unit, state_class = c.get("device_class"), c.get("unit_of_measurement"), c.get("state_class")
        if device_class in UNITS and unit not in UNITS[device_class]:
            return f"unit {unit!r} does not fit class {device_class}"
        if device_class not in (None, *UNITS, *TEXT_CLASSES):
            return f"no such class: {device_class}"
        if state_class not in (None, *STATE_CLASSES):
            return f"no such state_class: {state_class}"
        if device_class in TEXT_CLASSES and (unit or state_class):
            return f"class {device_class} has neither unit nor state_class"
        if ("options" in c) != (device_class == "enum"):
            return "options go with class enum"
        if unit in ("C", "deg", "degC"):
            return f"unit {unit!r}"
        if device_class == "energy" and state_class == "measurement":
            return "energy is total or total_increasing"
        return None

    def _binary_sensor_fault(self, c):
        return None if c.get("device_class") in (None, *BINARY_CLASSES) else f"no such class: {c['device_class']}"

    def _switch_fault(self, c):
        return None if c.get("device_class") in (None, *SWITCH_CLASSES) else f"no such class: {c['device_class']}"

    def _button_fault(self, c):
        return None if c.get("device_class") in (None, *BUTTON_CLASSES) else f"no such class: {c['device_class']}"

    def _number_fault(self, c):
        if not c.get("min", 1) < c.get("max", 100) or c.get("step", 1) < 0.001:
            return "min, max or step"
        if c.get("mode", "auto") not in ("auto", "box", "slider"):
            return f"mode {c['mode']}"
        device_class, unit = c.get("device_class"), c.get("unit_of_measurement")
        if device_class is not None and unit not in UNITS.get(device_class, ()):
            return f"unit {unit!r} does not fit class {device_class}"
        return None

    def _select_fault(self, c):
        options = c["options"]
        if not isinstance(options, list) or not options or not all(isinstance(o, str) and o for o in options):
            return f"options {options!r}"
        if len(set(options)) != len(options):
            return f"an option is there twice: {options}"
        return "an option 'none' cannot be told from unknown" if "none" in [o.lower() for o in options] else None

    def _climate_fault(self, c):
        modes = c["modes"]
        if not isinstance(modes, list) or not modes or set(modes) - HVAC_MODES or len(set(modes)) != len(modes):
            return f"modes {modes!r}"
        if c["temperature_unit"] not in ("C", "F"):
            return f"temperature_unit {c['temperature_unit']!r}"
        numbers = [c[key] for key in ("min_temp", "max_temp", "temp_step", "precision") if key in c]
        if not all(isinstance(n, (int, float)) and not isinstance(n, bool) for n in numbers):
            return "a temperature is no number"
        if not c["min_temp"] < c["max_temp"] or not c.get("temp_step", 1.0) > 0:
            return "min_temp, max_temp or temp_step"
        if c.get("precision", 0.1) not in (0.1, 0.5, 1.0):
            return f"precision {c['precision']}"
        if ("preset_modes" in c) != ("preset_mode_command_topic" in c):
            return "preset_modes go with preset_mode_command_topic"
        lonely = [key for key in c if key.endswith("_template") and key[:-len("template")] + "topic" not in c]
        return f"templates without a topic: {lonely}" if lonely else None

    def _event_fault(self, c):
        return None if c["event_types"] and len(set(c["event_types"])) == len(c["event_types"]) else "event_types"

    def _forget(self, root):
        for config in root.get("components", {}).values():
            self.entities.pop(config.get("unique_id"), None)

    # ---- states ----

    def _update(self, e, topic, payload, retained):
        try:
            text = payload.decode("utf-8")
        except ValueError:
            self.complain(f"{topic}: not UTF-8")
            return
        if topic in e.online:
            _, on, off = e.online[topic]
            if text in (on, off):
                e.online[topic] = (text == on, on, off)
            elif text:
                self.complain(f"{topic}: availability {text!r}")
        if topic == e.config.get("state_topic") and text:
            self._state(e, text, retained)
        for part, key in CLIMATE_PARTS.items():
            if topic == e.config.get(f"{key}_topic") and text:
                self._part(e, part, text)
        if topic == e.config.get("json_attributes_topic") and text:
            self._attributes(e, text)

    def _render(self, e, template, text):
        if template is None:
            return text
        variables = {"value": text}
        try:
            variables["value_json"] = json.loads(text)
        except ValueError:
            pass
        try:
            return template.render(variables)
        except jinja2.TemplateError as error:
            self.complain(f"{e.unique_id}: template: {error}, of {text[:120]}")
            return None

    def _attributes(self, e, text):
        text = self._render(e, e.attributes_template, text)
        try:
            attributes = json.loads(text) if text is not None else None
        except ValueError:
            attributes = None
        if not isinstance(attributes, dict):
            self.complain(f"{e.unique_id}: attributes are no JSON object: {text and text[:120]}")
            return
        e.attributes = attributes

    def _state(self, e, text, retained):
        if e.platform == "event":
            if retained:
                self.complain(f"{e.unique_id}: an event must not be retained")
                return
            self._event(e, self._render(e, e.template, text))
            return
        value = self._render(e, e.template, text)
        if value is None:
            return
        if value == "None" or (value == "" and e.platform == "sensor" and e.numeric):
            e.state = None
            return
        fault = self._value_fault(e, value)
        if fault:
            self.complain(f"{e.unique_id}: {fault}")
            return
        e.state = float(value) if e.numeric and e.platform in ("sensor", "number") else value

    def _part(self, e, part, text):
        value = self._render(e, e.part_templates.get(part), text)
        if value is None:
            return
        if value == "None":
            e.parts[part] = None
            return
        if part in ("mode", "action"):
            known = e.config["modes"] if part == "mode" else HVAC_ACTIONS
            if value not in known:
                self.complain(f"{e.unique_id}: {part} {value!r} is not one of {sorted(known)}")
                return
            e.parts[part] = value
            return
        try:
            e.parts[part] = float(value)
        except ValueError:
            self.complain(f"{e.unique_id}: {part} {value!r} is no number")
            return
        low, high = e.config["min_temp"], e.config["max_temp"]
        if part == "temperature" and not low <= e.parts[part] <= high:
            self.complain(f"{e.unique_id}: the target {value} is outside {low} to {high}")

    def _value_fault(self, e, value):
        c = e.config
        if e.platform in ("binary_sensor", "switch"):
            on, off = c.get("state_on", c.get("payload_on", "ON")), c.get("state_off", c.get("payload_off", "OFF"))
            return None if value in (on, off) else f"{value!r} is neither {on!r} nor {off!r}"
        if e.platform == "select" or c.get("device_class") == "enum":
            return None if value in c["options"] else f"{value!r} is not one of {c['options']}"
        if c.get("device_class") == "timestamp":
            return None if ISO.fullmatch(value) else f"{value!r} is no time with a zone"
        if e.numeric:
            try:
                number = float(value)
            except ValueError:
                return f"{value!r} is no number"
            if number != number or number in (float("inf"), float("-inf")):
                return f"{value!r} is no finite number"
            if e.platform == "number" and not c.get("min", 1) <= number <= c.get("max", 100):
                return f"{value!r} is outside {c.get('min', 1)} to {c.get('max', 100)}"
        return f"a state of {len(value)} characters" if len(value) > 255 else None

    def _event(self, e, text):
        try:
            event = json.loads(text or "")
        except ValueError:
            event = None
        if not isinstance(event, dict) or event.get("event_type") not in e.config["event_types"]:
            self.complain(f"{e.unique_id}: {text and text[:160]} is none of {e.config['event_types']}")
            return
        kind = event.pop("event_type")
        e.events.append((kind, event))
        e.state = kind
