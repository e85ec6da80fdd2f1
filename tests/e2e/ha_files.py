# SPDX-License-Identifier: Apache-2.0
"""Reads what etc/home-assistant has for Home Assistant, as strictly as it is written for: blueprints and their inputs,
templates (an unknown function or filter is a fault), dashboards, and the entities that they name. And plays an automation:
does this change set it off, and what does it do then?

It knows of Home Assistant only what these files use. What it does not know is a fault, so that a new file needs a new line here.
"""
import ast
import datetime
import os
import re

import jinja2
import jinja2.meta
import jinja2.sandbox
import yaml

from harness import SOURCE

FOLDER = os.path.join(SOURCE, "etc", "home-assistant")
BLUEPRINTS = os.path.join(FOLDER, "blueprints", "automation")
PLATFORMS = ("binary_sensor", "sensor", "switch", "number", "select", "text", "button", "event", "climate")
ENTITY = re.compile(rf"(?<![\w.])(?:{'|'.join(PLATFORMS)})\.[a-z0-9_]+\b")
ACTION_NAMES = {"action", "perform_action"}  # "button.press" is no entity
SELECTORS = {"entity", "device", "select", "number", "text", "time", "action"}
AUTOMATION = {"mode", "max", "max_exceeded", "triggers", "conditions", "variables", "actions"}
MODES = {"single", "restart", "queued", "parallel"}
TRIGGERS = {"state": {"entity_id", "to", "from", "not_from", "not_to"}, "numeric_state": {"entity_id", "above", "below", "for"},
            "event": {"event_type", "event_data"}, "conversation": {"command"}, "time": {"at"}}
CONDITIONS = {"template": {"value_template"}, "trigger": {"id"}, "time": {"weekday"}}
VARIABLES = {"trigger", "wait", "repeat"}
PUNCTUATION = re.compile(r"[.。,،?¿？؟!！;；:：’]")  # Home Assistant refuses a sentence that has it
CARD = {"type", "grid_options"}
CARDS = {  # cards that Home Assistant ships, with the keys that are used here
    "heading": {"heading", "icon", "badges"}, "button": {"entity", "name", "icon", "icon_height", "tap_action", "hold_action"},
    "tile": {"entity", "name"}, "entities": {"entities", "title"}, "gauge": {"entity", "name", "min", "max", "needle", "segments"},
    "history-graph": {"entities", "hours_to_show"}, "logbook": {"entities", "hours_to_show"}, "markdown": {"content"},
    "conditional": {"conditions", "card"}, "thermostat": {"entity"},
}


class Input(str):
    """The name of a blueprint's input, where its value goes."""


class Loader(yaml.SafeLoader):
    """YAML, with Home Assistant's tags, and without keys that are there twice."""


def _mapping(loader, node):
    keys = [k.value for k, _ in node.value]
    for key in keys:
        if keys.count(key) > 1:
            raise yaml.constructor.ConstructorError(None, None, f"{key} is there twice", node.start_mark)
    return loader.construct_mapping(node, deep=True)


Loader.add_constructor("!input", lambda loader, node: Input(loader.construct_scalar(node)))
Loader.add_constructor("!secret", lambda loader, node: f"secret {loader.construct_scalar(node)}")
Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def parse(text):
    return yaml.load(text, Loader)  # noqa: S506, a SafeLoader


def load(path):
    with open(path, encoding="utf-8") as file:
        return parse(file)


def files():
    return sorted(os.path.join(folder, name) for folder, _, names in os.walk(FOLDER) for name in names if name.endswith(".yaml"))


def walk(value, key=None):
    """Every (key, scalar) below; keys of mappings as (None, key)."""
    if isinstance(value, dict):
        for k, v in value.items():
            yield None, k
            yield from walk(v, k)
    elif isinstance(value, list):
        for v in value:
            yield from walk(v, key)
    else:
        yield key, value


def entities_of(value):
    """The ids of entities that are named anywhere in it, in templates as well."""
    return {e for key, text in walk(value) if isinstance(text, str) and key not in ACTION_NAMES for e in ENTITY.findall(text)}


# ---- templates ----

class State:
    def __init__(self, state, attributes=None):
        self.state, self.attributes = state, Attributes(attributes or {})


class Attributes(dict):
    """Of a state, in a template: what is not there is undefined."""


class World:
    """What Home Assistant knows: states by entity id, and the time."""

    def __init__(self, clock=1_800_000_000.0):
        self.states, self.clock = {}, clock
        self.environment = _environment(self)

    def moment(self):
        """Now, as an event entity shows when it happened."""
        return datetime.datetime.fromtimestamp(self.clock, datetime.timezone.utc).isoformat(timespec="milliseconds")

    def set(self, entity_id, state, attributes=None):
        """(from, to) of the change, as a state trigger sees it."""
        was, self.states[entity_id] = self.states.get(entity_id), State(state, attributes)
        return was, self.states[entity_id]

    def render(self, template, variables):
        """As Home Assistant: without the space around it, and a number, list or mapping if it looks like one."""
        text = self.environment.from_string(template).render(variables).strip()
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError, TypeError, MemoryError):
            return text
        return text if isinstance(value, str) else value


def discovery_of(consumer):
    """(topic, payload) of each device that the strict consumer (home_assistant.py) was told of."""
    with consumer.changed:
        return [(topic, payload.decode()) for topic, payload in sorted(consumer.kept.items()) if topic.endswith("/config")]


def world_of(consumer, entities):
    """What it knows now of these entities (etc/home-assistant/discovered.py)."""
    world = World()
    with consumer.changed:  # not while it takes a discovery
        for e in entities:
            seen = consumer.entity(e.unique_id)
            known = seen.available and seen.state is not None
            state = str(seen.state) if known else "unknown" if seen.available else "unavailable"
            if known and e.platform in ("binary_sensor", "switch"):
                state = "on" if is_on(seen) else "off"
            last = {"event_type": seen.events[-1][0], **seen.events[-1][1]} if seen.events else {}
            world.set(e.id, state, {**seen.attributes, **last})
    return world


def is_on(seen):
    """Of a binary sensor or switch of the strict consumer."""
    return seen.state == seen.config.get("state_on", seen.config.get("payload_on", "ON"))


def is_number(value):
    try:
        return abs(float(value)) != float("inf") and float(value) == float(value)
    except (TypeError, ValueError):
        return False


def _number(kind):
    def convert(value, default=None):
        if is_number(value):
            return kind(float(value))
        if default is None:
            raise jinja2.TemplateError(f"{value!r} is no number, and there is no default")
        return default
    return convert


def _as_timestamp(value, default=None):
    if isinstance(value, World):
        return value.clock
    try:
        return datetime.datetime.fromisoformat(value).timestamp()
    except (TypeError, ValueError):
        if default is None:
            raise jinja2.TemplateError(f"{value!r} is no time, and there is no default") from None
        return default


def _environment(world):
    env = jinja2.sandbox.ImmutableSandboxedEnvironment()
    env.globals.clear()

    def states(entity_id):
        return world.states[entity_id].state if entity_id in world.states else "unknown"

    def state_attr(entity_id, name):
        return world.states[entity_id].attributes.get(name) if entity_id in world.states else None

    def is_state(entity_id, state):
        return states(entity_id) == state

    env.globals.update(states=states, state_attr=state_attr, is_state=is_state, is_number=is_number, now=lambda: world,
                       as_timestamp=_as_timestamp)
    env.filters.update(states=states, state_attr=state_attr, is_number=is_number, float=_number(float), int=_number(int),
                       regex_replace=lambda value, find="", replace="": re.sub(find, replace, value))
    env.tests.update(is_state=is_state, is_number=is_number)
    return env


def templates_of(value):
    return [text for _, text in walk(value) if isinstance(text, str) and ("{{" in text or "{%" in text)]


def template_faults(templates, variables=()):
    """Those that do not compile, or ask for what is not there."""
    env = World().environment
    for text in templates:
        try:
            env.from_string(text)
            unknown = jinja2.meta.find_undeclared_variables(env.parse(text)) - set(env.globals) - set(variables)
        except jinja2.TemplateError as error:
            yield f"{error}: {text}"
            continue
        for name in sorted(unknown):
            yield f"no such function or variable, {name}: {text}"


# ---- blueprints ----

class Blueprint:
    def __init__(self, path=None, whole=None):
        self.path = path
        self.whole = whole if whole is not None else load(path)
        self.about = self.whole.get("blueprint", {})
        self.body = {k: v for k, v in self.whole.items() if k != "blueprint"}
        self.inputs = self.about.get("input") or {}

    def defaults(self):
        return {name: spec["default"] for name, spec in self.inputs.items() if "default" in spec}

    def faults(self):
        about = self.about
        for key in ("name", "description", "domain", "homeassistant"):
            if key not in about:
                yield f"blueprint has no {key}"
        if about.get("domain") != "automation":
            yield f"domain {about.get('domain')}"
        if not re.fullmatch(r"\d+\.\d+\.\d+", str((about.get("homeassistant") or {}).get("min_version"))):
            yield "min_version must be text like 2024.12.0"
        for key in set(self.body) - AUTOMATION:
            yield f"an automation has no {key}"
        for key in ("mode", "triggers", "actions"):
            if key not in self.body:
                yield f"no {key}"
        if self.body.get("mode") not in MODES:
            yield f"mode {self.body.get('mode')}"
        if self.body.get("mode") in ("queued", "parallel") and "max" not in self.body:
            yield "no max"
        yield from self._input_faults()
        for trigger in triggers_of(self.body):
            yield from trigger_faults(trigger)
        yield from template_faults(templates_of(self.body) + templates_of(self.defaults()), VARIABLES | self._variables())

    def _input_faults(self):
        used = {v for _, v in walk(self.body) if isinstance(v, Input)}
        for name in used - set(self.inputs):
            yield f"!input {name} is not declared"
        for name in set(self.inputs) - used:
            yield f"input {name} is not used"
        for name, spec in self.inputs.items():
            selector = spec.get("selector") or {}
            if "name" not in spec or len(selector) != 1 or not set(selector) <= SELECTORS:
                yield f"input {name} needs a name and one selector of {sorted(SELECTORS)}"
            choice = selector.get("select")
            if choice and "default" in spec:
                chosen = spec["default"] if choice.get("multiple") else [spec["default"]]
                for value in set(chosen) - set(choice["options"]):
                    yield f"input {name}: default {value} is none of its options"

    def _variables(self):
        found = set()
        for part in _mappings(self.body):
            found |= set(part.get("variables") or ()) if isinstance(part.get("variables"), dict) else set()
        return found

    def automation(self, inputs):
        missing = set(self.inputs) - set(self.defaults()) - set(inputs)
        unknown = set(inputs) - set(self.inputs)
        if missing or unknown:
            raise ValueError(f"{self.path}: without {sorted(missing)}, unknown {sorted(unknown)}")
        return substitute(self.body, {**self.defaults(), **inputs})


def substitute(value, inputs):
    if isinstance(value, Input):
        return inputs[value]
    if isinstance(value, dict):
        return {k: substitute(v, inputs) for k, v in value.items()}
    return [substitute(v, inputs) for v in value] if isinstance(value, list) else value


def _mappings(value):
    if isinstance(value, dict):
        yield value
        for v in value.values():
            yield from _mappings(v)
    elif isinstance(value, list):
        for v in value:
            yield from _mappings(v)


def triggers_of(body):
    return [m for m in _mappings(body) if "trigger" in m]


def trigger_faults(trigger):
    kind = trigger["trigger"]
    if kind not in TRIGGERS:
        yield f"no such trigger: {kind}"
        return
    for key in set(trigger) - TRIGGERS[kind] - {"trigger", "id"}:
        yield f"a {kind} trigger has no {key}"


# ---- dashboards ----

def cards_of(dashboard):
    return [m for m in _mappings(dashboard) if m.get("type") in CARDS or ("type" in m and "entity" in m)]


def dashboard_faults(dashboard):
    for view in dashboard["views"]:
        if set(view) - {"title", "icon", "path", "type", "max_columns", "sections"} or view["type"] != "sections":
            yield f"view {view.get('title')}"
        for part in view["sections"]:
            if set(part) != {"type", "cards"} or part["type"] != "grid":
                yield f"section {part}"
            for card in part["cards"]:
                yield from _card_faults(card)
    yield from template_faults(templates_of(dashboard))


def _card_faults(card):
    kind = card.get("type")
    if kind not in CARDS:
        yield f"Home Assistant ships no card {kind}"
        return
    for key in set(card) - CARDS[kind] - CARD:
        yield f"a {kind} card has no {key}"
    if kind == "conditional":
        yield from _card_faults(card["card"])


# ---- playing an automation ----

class Automation:
    """One automation in a world. It does nothing itself: `done` has every action with its data."""

    def __init__(self, world, body, on_action=None, waits=()):
        self.world, self.body = world, body
        self.on_action = on_action or (lambda name, call: None)
        self.waits = iter(waits)  # for each wait of the run: a function that lets the time pass, True: it came
        self.done, self.answer = [], None

    def said(self):
        return [call["data"]["message"] for name, call in self.done if name == "tts.speak"]

    def change(self, entity_id, state, attributes=None):
        """The state of an entity becomes this. Did it run?"""
        was, now = self.world.set(entity_id, state, attributes)
        ran = False
        for trigger in self.body["triggers"]:
            if self._set_off(trigger, entity_id, was, now):
                ran |= self.run({"id": trigger.get("id"), "entity_id": entity_id, "from_state": was, "to_state": now})
        return ran

    def event(self, kind, data):
        ran = False
        for t in self.body["triggers"]:
            if t["trigger"] == "event" and t["event_type"] == kind and (t.get("event_data") or {}).items() <= data.items():
                ran |= self.run({"id": t.get("id"), "event": {"data": data}})
        return ran

    @staticmethod
    def _set_off(trigger, entity_id, was, now):
        if entity_id not in _list(trigger.get("entity_id")):
            return False
        if trigger["trigger"] == "numeric_state":
            return _beyond(trigger, now) and not (was and _beyond(trigger, was))
        return trigger["trigger"] == "state" and _state_fits(trigger, was, now)

    def run(self, trigger):
        variables = self._assigned(self.body.get("variables") or {}, {"trigger": trigger})
        if not all(self._holds(c, variables) for c in self.body.get("conditions") or []):
            return False
        self._sequence(self.body["actions"], variables)
        return True

    def _assigned(self, assignments, variables):
        """The variables with these besides; each may ask for those before it."""
        for name, value in assignments.items():
            variables = {**variables, name: self._rendered(value, variables)}
        return variables

    def _rendered(self, value, variables):
        if isinstance(value, dict):
            return {k: self._rendered(v, variables) for k, v in value.items()}
        if isinstance(value, list):
            return [self._rendered(v, variables) for v in value]
        return self.world.render(value, variables) if isinstance(value, str) and "{" in value else value

    def _holds(self, condition, variables):
        kind = condition["condition"]
        assert set(condition) - {"condition"} == CONDITIONS[kind], condition
        if kind == "template":
            return self.world.render(condition["value_template"], variables) is True
        if kind == "trigger":
            return variables["trigger"]["id"] == condition["id"]
        return variables["trigger"].get("weekday") in condition["weekday"]

    def _sequence(self, steps, variables):
        """False: a condition ended it."""
        for step in steps:
            if "variables" in step:
                variables = self._assigned(step["variables"], variables)
            elif "repeat" in step:
                while all(self._holds(c, variables) for c in step["repeat"]["while"]):
                    self._sequence(step["repeat"]["sequence"], variables)
            elif "choose" in step:
                chosen = next((c["sequence"] for c in step["choose"] if all(self._holds(x, variables) for x in c["conditions"])), None)
                self._sequence(chosen or step.get("default") or [], variables)
            elif "wait_for_trigger" in step or "wait_template" in step:
                variables = {**variables, "wait": {"completed": self._wait(step, variables)}}
            elif "condition" in step:
                if not self._holds(step, variables):
                    return False
            elif "set_conversation_response" in step:
                self.answer = self.world.render(step["set_conversation_response"], variables)
            else:
                name = step.get("action") or f"{step['domain']}.{step['type']}"
                call = self._rendered({k: v for k, v in step.items() if k != "action"}, variables)
                self.done.append((name, call))
                self.on_action(name, call)
        return True

    def _wait(self, step, variables):
        assert step["continue_on_timeout"] is True and step["timeout"]["seconds"] > 0, step
        next(self.waits)()
        if "wait_template" in step:
            return self.world.render(step["wait_template"], variables) is True
        return any(_beyond(t, self.world.states[e]) for t in step["wait_for_trigger"] for e in _list(t["entity_id"])
                   if t["trigger"] == "numeric_state")


def _list(value):
    return [] if value is None else value if isinstance(value, list) else [value]


def _beyond(trigger, state):
    if not is_number(state.state):
        return False
    value = float(state.state)
    return value > trigger.get("above", float("-inf")) and value < trigger.get("below", float("inf"))


def _state_fits(trigger, was, now):
    """Without from and to any change counts, also one of attributes only."""
    if not {"to", "from", "not_to", "not_from"} & set(trigger):
        return was is None or (was.state, was.attributes) != (now.state, now.attributes)
    before = was.state if was else None
    return (before != now.state and ("to" not in trigger or now.state in _list(trigger["to"]))
            and ("from" not in trigger or before in _list(trigger["from"]))
            and now.state not in _list(trigger.get("not_to")) and before not in _list(trigger.get("not_from")))
