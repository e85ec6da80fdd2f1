# SPDX-License-Identifier: Apache-2.0
"""A configuration of etc/esphome as ESPHome reads it, as far as these files go: its tags and substitutions, which topics the board
says and hears, and how often. Facts after esphome.io (components mqtt, sensor, switch, script) and its public sources."""
import pathlib
import re

import yaml

SOURCE = pathlib.Path(__file__).resolve().parents[2]
FOLDER = SOURCE / "etc" / "esphome"


class Secret(str):
    """!secret NAME: stands for a line of secrets.yaml."""


class Lambda(str):
    """!lambda: C++, the body of a function."""


class Loader(yaml.SafeLoader):
    pass


def mapping(loader, node):
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    twice = {key for key in keys if keys.count(key) > 1}
    if twice:
        raise yaml.constructor.ConstructorError(None, None, f"{sorted(twice)} stands there twice", node.start_mark)
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)


Loader.add_constructor("tag:yaml.org,2002:map", mapping)
Loader.add_constructor("!secret", lambda loader, node: Secret(loader.construct_scalar(node)))
Loader.add_constructor("!lambda", lambda loader, node: Lambda(loader.construct_scalar(node)))


def substitute(value, words):
    if isinstance(value, dict):
        return {key: substitute(inner, words) for key, inner in value.items()}
    if isinstance(value, list):
        return [substitute(inner, words) for inner in value]
    if not isinstance(value, str):
        return value
    text = re.sub(r"\$\{(\w+)\}", lambda m: str(words[m[1]]), value)
    return type(value)(text)


def load(text, **substitutions):
    """The configuration with its substitutions made, those given in place of its own."""
    raw = yaml.load(text, Loader)
    words = {**raw.get("substitutions", {}), **substitutions}
    return substitute(raw, words)


def milliseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)\s*(ms|s|min)", text).groups()
    return round(float(number) * {"ms": 1, "s": 1000, "min": 60000}[unit])


def every(value):
    """A list, or one alone."""
    return value if isinstance(value, list) else [] if value is None else [value]


def walk(value):
    """Each mapping in it, however deep."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(inner)


def object_id(name):
    return re.sub(r"[^a-z0-9_-]", "_", name.lower())


def sensors(conf):
    """(what is set for it, how often it publishes in ms or None) of each sensor: a platform is one, or has some by their names."""
    for platform in every(conf.get("sensor")):
        interval = platform.get("update_interval", "60s")
        interval = None if interval == "never" else milliseconds(interval)
        if platform["platform"] in ("template", "hx711"):
            yield platform, interval
        else:
            for value in platform.values():
                if isinstance(value, dict):
                    yield value, interval


def sends_every(sensor):
    for one in every(sensor.get("filters")):
        if "sliding_window_moving_average" in one:
            return one["sliding_window_moving_average"]["send_every"]
    return 1


def said(conf):
    """topic: interval in ms (None: when something changes, or a lambda publishes it)."""
    prefix = conf["mqtt"].get("topic_prefix", conf["esphome"]["name"])
    topics = {f"{prefix}/status": None}
    for sensor, interval in sensors(conf):
        if "name" in sensor and not sensor.get("internal"):
            topics[f"{prefix}/sensor/{object_id(sensor['name'])}/state"] = interval
    for switch in every(conf.get("switch")):
        if "name" in switch and not switch.get("internal"):
            topics[f"{prefix}/switch/{object_id(switch['name'])}/state"] = None
    for interval in every(conf.get("interval")):
        for action in walk(interval):
            if "mqtt.publish" in action:
                topics[action["mqtt.publish"]["topic"]] = milliseconds(interval["interval"])
    return topics


def heard(conf):
    """topic: the payloads that it understands."""
    prefix = conf["mqtt"].get("topic_prefix", conf["esphome"]["name"])
    topics = {}
    for switch in every(conf.get("switch")):
        if "name" in switch and not switch.get("internal"):
            topics[f"{prefix}/switch/{object_id(switch['name'])}/command"] = {"ON", "OFF"}
    for message in every(conf["mqtt"].get("on_message")):
        topics.setdefault(message["topic"], set()).add(message["payload"])
    return topics


def lambdas(conf):
    """(what it hangs on, its key, its C++) of each lambda, in the order of the file."""
    def inside(value, owner, key):
        if isinstance(value, dict):
            owner = value if "id" in value or "platform" in value else owner
            for k, inner in value.items():
                if isinstance(inner, Lambda) or (k == "lambda" and isinstance(inner, str)):
                    yield owner, key if k == "lambda" else k, str(inner)
                else:
                    yield from inside(inner, owner, k)
        elif isinstance(value, list):
            for inner in value:
                yield from inside(inner, owner, key)
    yield from inside(conf, None, "")


# ---- what the gateway reads, from its own files ----

# configuration: (vector file of the model or definition, the source that has its channels, channels it does not use)
MODELS = {
    "table-tilt": ("inversion_esphome", "plugins/inversion_table/imu.c", {"{name}/sensor/rate/state"}),
    "belt-force": ("hx711", "plugins/traction_belt/hx711.c", set()),
    "heat-pad": ("esphome_switch", "etc/devices.d/esphome_switch.cfg", set()),
}


def gateway_reads(model):
    text = (SOURCE / "tests" / "codecs" / "vectors" / f"{MODELS[model][0]}.vec").read_text()
    return set(re.findall(r"^(?:message|retained) (\S+)", text, re.M))


def gateway_says(model):
    text = (SOURCE / "tests" / "codecs" / "vectors" / f"{MODELS[model][0]}.vec").read_text()
    return set(re.findall(r"^> send (\S+) (\S+)$", text, re.M))


def channels(model):
    """What stands in the source itself, not as a comment: whether the vectors leave one out."""
    text = (SOURCE / MODELS[model][1]).read_text()
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S) if MODELS[model][1].endswith(".c") else re.sub(r"#.*", "", text)
    return set(re.findall(r'"(\{name\}/[^"]+)"', text)) - MODELS[model][2]
