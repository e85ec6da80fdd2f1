# SPDX-License-Identifier: Apache-2.0
"""The entities that Home Assistant makes of the gateway's discovery, and what it calls them. Here only: the dashboard, the
tests and the pictures of the documentation all ask this file.

Home Assistant makes an entity id when it sees an entity for the first time: the platform, a dot, and the device's name and
the entity's name as a slug. "Heat pad" and "Heat permission" become sensor.heat_pad_heat_permission; an entity without a
name of its own is called as its device. It keeps the id afterwards, whatever the names become, and a person may change it.
"""
import json
import re
import unicodedata

CONFIG = re.compile(r"[^/]+(?:/[^/]+)*/device/(?:[A-Za-z0-9_-]+/)?([A-Za-z0-9_-]+)/config")
LETTERS = {"ß": "ss", "ẞ": "ss", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "ø": "o", "Ø": "o", "ł": "l", "Ł": "l",
           "đ": "d", "Đ": "d", "ð": "d", "þ": "th"}


class Fault(Exception):
    """What was expected, found, and what to do."""


def slug(text):
    """As Home Assistant's: small ASCII letters and digits, with _ between."""
    plain = "".join(LETTERS.get(c, c) for c in text)
    plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    for c in plain:
        if ord(c) > 127 and c.isalnum():
            raise Fault(f"expected a name in Latin letters, found {c!r} in \"{text}\": which letters Home Assistant makes of it is "
                        "not known here; call the device by another name with --called")
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=\d),(?=\d)", "", plain.lower())).strip("_") or "unknown"


class Entity:
    def __init__(self, device, key, config):
        self.device, self.key, self.config = device, key, config
        self.platform, self.unique_id = config["platform"], config["unique_id"]
        name = config.get("name")
        self.name = name or device.name
        self.id = f"{self.platform}.{slug(f'{device.name} {name}' if name else device.name)}"

    @property
    def unit(self):
        return self.config.get("unit_of_measurement")

    @property
    def category(self):
        """None, "diagnostic" or "config"."""
        return self.config.get("entity_category")

    @property
    def enabled(self):
        return self.config.get("enabled_by_default", True)

    def shows(self, key):
        """Is it the entity of this member of the gateway's or device's state? Names are translated, keys never."""
        return self.key == key

    def __repr__(self):
        return self.id


class Device:
    def __init__(self, identifier, about, components, name=None):
        self.id = identifier
        self.about = about
        self.name = name or about["name"]
        self.via = about.get("via_device")
        self.entities = [Entity(self, key, c) for key, c in components.items() if set(c) != {"platform"}]  # that is a removal

    def __getitem__(self, key):
        """The entity of that key, or None."""
        return next((e for e in self.entities if e.shows(key)), None)

    def of(self, *platforms):
        return [e for e in self.entities if e.platform in platforms and e.enabled]


class Home:
    """A gateway and the devices behind it."""

    def __init__(self, gateway, devices):
        self.gateway, self.devices = gateway, devices

    @property
    def entities(self):
        return [e for d in (self.gateway, *self.devices) for e in d.entities]


def homes(messages, called=None):
    """The homes in these messages, (topic, payload as text) each; what is not of a Therapy Gateway is passed over. `called`:
    {name in discovery: name that Home Assistant has for the device}."""
    devices = {}
    for topic, payload in messages:
        if not CONFIG.fullmatch(topic):
            continue
        if not payload:
            devices.pop(topic, None)  # taken back
            continue
        try:
            root = json.loads(payload)
            if root["origin"]["name"] == "Therapy Gateway":
                about = root["device"]
                devices[topic] = Device(about["identifiers"][0], about, root["components"],
                                        (called or {}).get(about["name"]))
        except (ValueError, KeyError, TypeError) as error:
            raise Fault(f"{topic}: expected a device's discovery as JSON, found {payload[:60]!r} ({error!r})") from None
    found = sorted(devices.values(), key=lambda d: d.id)
    return [Home(d, [x for x in found if x.via == d.id]) for d in found if d.via is None]


def messages_of(text):
    """What `mosquitto_sub -v` writes: the topic, a space, the payload, one a line."""
    for line in text.splitlines():
        topic, _, payload = line.partition(" ")
        if topic:
            yield topic, "" if payload == "(null)" else payload  # so it writes an empty one


def one_home(messages, gateway=None, called=None):
    """The home of that gateway's id, or the only one."""
    found = homes(messages, called)
    if gateway:
        found = [h for h in found if h.gateway.id == f"therapy-{gateway}"]
    if len(found) == 1:
        check_ids(found[0])
        return found[0]
    if found:
        ids = ", ".join(h.gateway.id.removeprefix("therapy-") for h in found)
        raise Fault(f"expected one gateway, found {ids}: say which with --gateway")
    raise Fault(f"expected the discovery of {'gateway ' + gateway if gateway else 'a Therapy Gateway'}, found none: is "
                "mqtt.discovery_prefix another, is the gateway running, may this user read it?")


def check_ids(home):
    """Two of the same name: Home Assistant puts _2 behind whichever comes second, and nobody knows which."""
    seen = {}
    for e in home.entities:
        if e.id in seen:
            raise Fault(f"expected a name for each, found {e.id} of {seen[e.id].unique_id} and of {e.unique_id}: give one of the "
                        "devices another name in the gateway's configuration")
        seen[e.id] = e
