#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What is shipped for Home Assistant: it parses, it names what a real gateway publishes, and it does what it says."""
import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from ha_files import (BLUEPRINTS, FOLDER, PUNCTUATION, Automation, Blueprint, World, cards_of, dashboard_faults,  # noqa: E402
                      discovery_of, entities_of, files, load, parse, template_faults, walk, world_of)
from harness import SOURCE, Home  # noqa: E402
from home_assistant import HomeAssistant  # noqa: E402

sys.path.insert(0, FOLDER)
from discovered import one_home  # noqa: E402

MAKE = os.path.join(FOLDER, "make-dashboard")
EVENTS = "event.therapy_gateway_demo_events"
STOP = "button.therapy_gateway_demo_stop"
TRIP = {"event_type": "tripped", "device": "pad", "control": "heat", "rule": "no-heat-during-inversion", "priority": "high",
        "text": "table.tilt was 21.96 deg, must be <= 20 deg (rule no-heat-during-inversion)"}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def automations():
    return load(os.path.join(FOLDER, "automations.yaml"))


def automation(name, world, inputs=None, **how):
    """The shipped automation of that blueprint, with `inputs` otherwise."""
    used = next(a["use_blueprint"] for a in automations() if a["use_blueprint"]["path"].endswith(f"/{name}.yaml"))
    blueprint = Blueprint(os.path.join(BLUEPRINTS, used["path"]))
    return Automation(world, blueprint.automation({**used["input"], **(inputs or {})}), **how)


class Files(unittest.TestCase):
    def blueprints(self):
        paths = [p for p in files() if p.startswith(BLUEPRINTS)]
        self.assertGreaterEqual(len(paths), 6)
        return [Blueprint(p) for p in paths]

    def test_the_pictures_that_are_shown_are_there_and_small(self):
        docs = os.path.join(SOURCE, "docs")
        shown = {picture for name in os.listdir(docs) if name.endswith(".md")
                 for picture in re.findall(r"!\[[^]]*\]\(pictures/(.*?)\)", read(os.path.join(docs, name)))}
        there = {name for name in os.listdir(os.path.join(docs, "pictures")) if name.endswith(".png")}
        self.assertEqual(shown, there)
        for name in there:
            self.assertLess(os.path.getsize(os.path.join(docs, "pictures", name)), 150_000, name)

    def test_every_yaml_file_parses(self):
        for path in files():
            with self.subTest(path):
                self.assertTrue(load(path))

    def test_every_blueprint_is_whole(self):
        for blueprint in self.blueprints():
            with self.subTest(blueprint.path):
                self.assertEqual(list(blueprint.faults()), [])

    def test_every_blueprint_says_that_it_does_not_decide(self):
        for blueprint in self.blueprints():
            with self.subTest(blueprint.path):
                self.assertRegex(blueprint.about["description"], r"gateway (decides|has decided)")

    def test_no_blueprint_switches_anything_but_stop(self):
        allowed = {"tts.speak", "button.press", "persistent_notification.create"}
        for blueprint in self.blueprints():
            named = {value for key, value in walk(blueprint.whole) if key == "action" and value not in (None, "THERAPY_GATEWAY_STOP")}
            self.assertLessEqual(named, allowed, blueprint.path)
            pressed = re.findall(r"button\.press\n\s+target:\n\s+entity_id: (.*)", read(blueprint.path))
            self.assertLessEqual(set(pressed), {"!input stop"}, blueprint.path)

    def test_every_blueprint_has_an_automation_that_gives_all_it_asks_for(self):
        used = {a["use_blueprint"]["path"]: a["use_blueprint"]["input"] for a in automations()}
        for blueprint in self.blueprints():
            path = os.path.relpath(blueprint.path, BLUEPRINTS)
            with self.subTest(path):
                self.assertTrue(blueprint.automation(used[path]))

    def test_what_is_advised_is_of_rules_that_are_shipped(self):
        folder = os.path.join(SOURCE, "etc", "rules.d")
        rules = "".join(read(os.path.join(folder, name)) for name in os.listdir(folder))
        advice = Blueprint(os.path.join(BLUEPRINTS, "therapy_gateway", "say_what_happens.yaml")).body["variables"]["advice"]
        self.assertEqual(set(advice["en"]), set(advice["de"]))
        for rule in advice["en"]:
            self.assertRegex(rules, rf'id *= "{rule}"')

    def test_sentences_for_the_voice_have_no_punctuation(self):
        for sentence in Blueprint(os.path.join(BLUEPRINTS, "therapy_gateway", "stop_by_voice.yaml")).inputs["sentences"]["default"]:
            self.assertIsNone(PUNCTUATION.search(sentence), sentence)
            for text in _spoken(sentence):
                self.assertRegex(text, r"^(stopp?|stoppe|halt|emergency stop|notaus|not aus|nothalt|(die )?therapie)\b", sentence)

    def test_the_dashboard_is_made_of_cards_that_are_shipped(self):
        self.assertEqual(list(dashboard_faults(load(os.path.join(FOLDER, "dashboard.yaml")))), [])

    def test_stop_asks_nothing_back_and_reset_does(self):
        cards = {c["entity"]: c for c in cards_of(load(os.path.join(FOLDER, "dashboard.yaml"))) if c["type"] == "button"}
        press = {"action": "perform-action", "perform_action": "button.press", "target": {"entity_id": STOP}}
        self.assertEqual([cards[STOP][how] for how in ("tap_action", "hold_action")], [press, press])
        self.assertIn("confirmation", cards["button.therapy_gateway_demo_reset"]["tap_action"])


class Checker(unittest.TestCase):
    """The checker itself: each fault is seen."""

    def spoilt(self, old, new):
        path = os.path.join(BLUEPRINTS, "therapy_gateway", "warn_when_refused.yaml")
        text = read(path)
        self.assertIn(old, text)
        return "\n".join(Blueprint(whole=parse(text.replace(old, new))).faults())

    def test_a_blueprint_that_is_spoilt_is_seen(self):
        for old, new, said in (("!input title", "!input titel", "titel is not declared"),
                               ("  title: !input title\n", "", "title is not used"),
                               ("as_timestamp(now())", "as_timestamp(nov())", "no such function or variable, nov"),
                               ("| abs < 10", "| abso < 10", "No filter named 'abso'"), ("  domain: automation\n", "", "no domain"),
                               ("mode: queued", "mode: queue", "mode queue"), ("mode: queued\nmax: 10", "mode: queued", "no max"),
                               ("trigger: state", "trigger: stat", "no such trigger: stat"),
                               ("    entity_id: !input events", "    entity_id: !input events\n    not_too: x", "has no not_too"),
                               ("(controls | count", "(contro1s | count", "no such function or variable, contro1s")):
            with self.subTest(new):
                self.assertIn(said, self.spoilt(old, new))
        self.assertEqual(self.spoilt("Refused", "Refused"), "")

    def test_a_misspelt_entity_is_seen(self):
        self.assertEqual(entities_of({"action": "button.press", "target": {"entity_id": "button.stopp"}, "content":
                                      "{{ states('sensor.a_b') }} {{ trigger.to_state.state }}", "conditions": [{"entity": "event.x"}]}),
                         {"button.stopp", "sensor.a_b", "event.x"})

    def test_a_card_that_is_not_shipped_is_seen(self):
        def dashboard(card):
            return {"views": [{"title": "x", "type": "sections", "sections": [{"type": "grid", "cards": [card]}]}]}
        self.assertIn("no card custom:x", "".join(dashboard_faults(dashboard({"type": "custom:x"}))))
        self.assertIn("has no entitty", "".join(dashboard_faults(dashboard({"type": "tile", "entitty": "a"}))))
        self.assertIn("no such function or variable, state_atr",
                      "".join(dashboard_faults(dashboard({"type": "markdown", "content": "{{ state_atr('a', 'b') }}"}))))

    def test_a_key_that_is_there_twice_is_seen(self):
        with self.assertRaisesRegex(Exception, "a is there twice"):
            parse("a: 1\na: 2")

    def test_a_template_of_nothing_unknown_has_no_fault(self):
        self.assertEqual(list(template_faults(["{{ states('sensor.x') | float(0) }}", "{% set a = 1 %}{{ a }}"])), [])


class Behaviour(unittest.TestCase):
    """What sets an automation off, and what it does then."""

    def setUp(self):
        self.world = World()

    def happen(self, auto, attributes, entity=EVENTS):
        """An event with a number of its own, a minute after the last one."""
        self.world.clock += 60
        return auto.change(entity, self.world.moment(), {**attributes, "sequence": int(self.world.clock)})

    def test_a_trip_is_said_and_a_restart_is_not(self):
        say = automation("say_what_happens", self.world)
        self.assertFalse(say.change(EVENTS, "unknown"))         # Home Assistant sees it for the first time
        self.assertTrue(self.happen(say, TRIP))                 # the first event of all
        self.assertTrue(self.happen(say, TRIP))
        at, trip = self.world.moment(), self.world.states[EVENTS].attributes
        self.assertFalse(say.change(EVENTS, "unavailable"))     # the gateway goes
        self.assertFalse(say.change(EVENTS, at, trip))          # and comes back: the last event is shown again
        self.world.clock += 5
        self.assertFalse(say.change(EVENTS, self.world.moment(), trip))  # it was killed, and tells the last one once more
        self.world.clock += 3600
        self.world.states.clear()
        self.assertFalse(say.change(EVENTS, at, trip))          # Home Assistant restarted, and restored it
        self.assertFalse(say.change(EVENTS, "unknown"))
        self.assertFalse(say.change(EVENTS, at, trip))
        self.assertEqual(say.said(), ["Switched off. table tilt was 21.96 degrees, must be at most 20 degrees"] * 2)

    def test_two_trips_of_one_moment_are_both_said(self):
        say = automation("say_what_happens", self.world)
        say.change(EVENTS, "unknown")
        other = {**TRIP, "device": "belt", "control": "tension"}
        self.assertTrue(self.happen(say, TRIP))
        self.assertTrue(say.change(EVENTS, self.world.moment(), {**other, "sequence": 1}))
        self.assertEqual(say.body["mode"], "queued")

    def test_only_what_was_chosen_is_said(self):
        say = automation("say_what_happens", self.world)
        say.change(EVENTS, "unknown")
        self.assertFalse(self.happen(say, {**TRIP, "event_type": "granted"}))
        self.assertEqual(say.said(), [])

    def test_an_alarm_says_what_to_do_in_the_chosen_language(self):
        for language, said, text, plain in (
                ("en", "Rest flat for a minute before you stand up.",
                 "table.tilt is -20 deg (0.1 s old), must be >= -10 deg (rule rest-flat)",
                 "Attention. table tilt is -20 degrees, must be at least -10 degrees"),
                ("de", "Bleib eine Minute flach liegen, bevor du aufstehst.",
                 "table.tilt ist -20 deg (0.1 s alt), muss >= -10 deg sein (Regel rest-flat)",
                 "Achtung. table tilt ist -20 Grad, muss mindestens -10 Grad sein")):
            alarm = {"event_type": "alarm", "rule": "rest-flat", "text": text}
            say = automation("say_what_happens", World(), {"language": language})
            say.change(EVENTS, "unknown")
            say.change(EVENTS, say.world.moment(), {**alarm, "sequence": 1})
            say.change(EVENTS, say.world.moment(), {**alarm, "sequence": 2, "rule": "my-own"})
            self.assertEqual(say.said(), [said, plain])

    def test_the_dashboard_tells_alarms_that_are_raised(self):
        alarms = [{"state": "raised", "priority": "high", "why": "ten minutes"}, {"state": "unknown", "priority": "low", "why": "not so"}]
        self.world.set("sensor.therapy_gateway_demo_alarm", "high", {"alarms": alarms})
        card = next(c for c in cards_of(load(os.path.join(FOLDER, "dashboard.yaml"))) if "**Alarms**" in c.get("content", ""))
        self.assertRegex(self.world.render(card["content"], {}), r"^\*\*Alarms\*\*\n+- high: ten minutes$")

    TILT = "sensor.inversion_table_tilt"

    def hang(self, story, **inputs):
        """Plays waits of (seconds that pass, tilt then); what is said."""
        def step(seconds, tilt):
            def passes():
                self.world.clock += seconds
                self.world.set(self.TILT, str(tilt))
            return passes
        auto = automation("hanging_time", self.world, inputs, waits=[step(*s) for s in story])
        auto.change(self.TILT, "-60")
        self.assertFalse(auto.change(self.TILT, "9"))
        self.assertTrue(auto.change(self.TILT, "45"))
        with self.assertRaises(StopIteration):
            next(auto.waits)
        return auto.said()

    def test_the_remaining_time_is_said_and_then_to_rest_flat(self):
        self.assertEqual(self.hang([(30, 45), (30, 44), (30, 45), (30, 45), (30, 45), (5, 0), (60, 0)]),
                         ["1 minute and 58 seconds left.", "1 minute and 28 seconds left.", "58 seconds left.", "28 seconds left.",
                          "The time is over. Come up slowly.", "The time is over. Come up slowly.", "Rest flat, for 60 seconds.",
                          "You may sit up slowly."])

    def test_it_speaks_german(self):
        self.assertEqual(self.hang([(57, 45), (3, 2), (60, -5)], language="de"),
                         ["Noch 1 Minute und 58 Sekunden.", "Noch 1 Minute und 1 Sekunde.", "Bleib flach liegen, 60 Sekunden.",
                          "Du kannst dich langsam aufsetzen."])

    def test_who_goes_down_again_does_not_begin_anew(self):
        said = self.hang([(58, 0), (20, 45), (10, 0), (60, 0)])
        self.assertEqual(said[2], "40 seconds left.")
        self.assertEqual(said[-1], "You may sit up slowly.")

    def test_a_tilt_that_is_lost_is_said_and_nobody_is_told_to_sit_up(self):
        said = self.hang([(10, "unavailable"), (60, "unavailable")])
        self.assertEqual(said[1:], ["The tilt is not known any more. Come up slowly and rest flat."])

    def test_after_a_restart_while_somebody_hangs_no_wrong_time_is_said(self):
        auto = automation("hanging_time", self.world)
        auto.change(self.TILT, "unavailable")
        self.assertFalse(auto.change(self.TILT, "45"))
        self.assertEqual(auto.said(), [])

    def test_the_phone_is_told_and_its_button_stops(self):
        phone = automation("notify_with_stop", self.world)
        phone.change(EVENTS, "unknown")
        self.assertTrue(self.happen(phone, TRIP))
        name, call = phone.done.pop()
        self.assertEqual((name, call["title"], call["message"]), ("mobile_app.notify", "Therapy: tripped", TRIP["text"]))
        self.assertEqual(call["data"]["push"]["interruption-level"], "time-sensitive")
        action = call["data"]["actions"][0]["action"]
        self.assertFalse(phone.event("mobile_app_notification_action", {"action": "OTHER"}))
        self.assertTrue(phone.event("mobile_app_notification_action", {"action": action, "device_id": "x"}))
        self.assertEqual(phone.done, [("button.press", {"target": {"entity_id": STOP}})])
        self.assertFalse(phone.change(EVENTS, "unavailable"))
        self.assertFalse(phone.change(EVENTS, self.world.moment(), TRIP))

    def test_a_refusal_is_told_of_the_controls_that_were_chosen(self):
        pad = "event.heat_pad_events"
        refused = {**TRIP, "event_type": "refused", "sequence": 1}
        for controls, told in (([], True), (["heat"], True), (["tension"], False)):
            warn = automation("warn_when_refused", World(), {"controls": controls})
            warn.change(pad, "unknown")
            self.assertEqual(warn.change(pad, warn.world.moment(), refused), told)
        warn = automation("warn_when_refused", self.world)
        warn.change(pad, "unknown")
        self.assertFalse(self.happen(warn, TRIP, pad))
        self.assertTrue(self.happen(warn, refused, pad))
        self.assertEqual(warn.done[0][1]["data"]["message"], TRIP["text"])
        self.assertEqual(warn.done[0][1]["data"]["title"], "Refused")

    def test_the_reminder_comes_on_its_days_and_names_what_is_barred(self):
        remind = automation("remind_of_session", self.world)
        self.assertEqual(remind.body["triggers"], [{"trigger": "time", "at": "19:00:00"}])
        self.assertFalse(remind.run({"weekday": "tue"}))
        self.world.set("binary_sensor.heat_pad_heat_interlock", "off", {"friendly_name": "Heat pad Heat interlock"})
        self.world.set("binary_sensor.traction_belt_tension_interlock", "off", {"friendly_name": "Traction belt Tension interlock"})
        self.assertTrue(remind.run({"weekday": "mon"}))
        self.world.set("binary_sensor.heat_pad_heat_interlock", "unavailable", {"friendly_name": "Heat pad Heat interlock"})
        self.assertTrue(remind.run({"weekday": "fri"}))
        self.assertEqual([call["data"]["message"] for _, call in remind.done],
                         ["Time for your session.", "Time for your session. Not permitted just now: Heat pad Heat interlock."])


class Discovered(unittest.TestCase):
    """Against a real gateway with etc/demo.cfg."""

    def setUp(self):
        self.home = Home()
        self.enterContext(self.home)
        self.ha = HomeAssistant(self.home.broker.port)
        self.addCleanup(self.ha.close)
        self.ha.wait_for(lambda: len({e.device for e in list(self.ha.entities.values())}) == 4, "all devices to come")
        self.ha.wait_all_available()
        self.messages = discovery_of(self.ha)
        self.ids = {e.id: e for e in one_home(self.messages).entities}

    def make(self, *options):
        lines = "".join(f"{topic} {payload}\n" for topic, payload in self.messages)
        made = subprocess.run([MAKE, *options], input=lines.encode(), capture_output=True, timeout=60, check=False)
        self.assertEqual(made.returncode, 0, made.stderr)
        return parse(made.stdout.decode())

    def test_all_that_the_files_name_exists(self):
        for name in ("dashboard.yaml", "automations.yaml"):
            named = entities_of(load(os.path.join(FOLDER, name)))
            self.assertGreater(len(named), 5)
            self.assertEqual(sorted(named - set(self.ids)), [], f"{name}: make it anew if the gateway's entities changed")
        for path in files():
            if path.startswith(BLUEPRINTS):
                self.assertEqual(sorted(entities_of(Blueprint(path).defaults()) - set(self.ids)), [], path)
        self.assertNotIn("button.therapy_gateway_demo_stopp", self.ids)
        told = set(self.ids[EVENTS].config["event_types"])
        for path in files():
            types = (Blueprint(path).inputs if path.startswith(BLUEPRINTS) else {}).get("types")
            if types:
                self.assertEqual(sorted(set(types["selector"]["select"]["options"]) - told), [], path)
        self.assertEqual(set(e.unique_id for e in self.ids.values()), set(self.ha.entities), "the strict consumer has the same")

    def test_the_dashboard_of_a_home_shows_all_that_people_use(self):
        made = self.make()
        self.assertEqual(list(dashboard_faults(made)), [])
        named = entities_of(made)
        self.assertEqual(sorted(named - set(self.ids)), [])
        hidden = [i for i, e in self.ids.items() if i not in named and e.enabled and not i.startswith("event.")]
        self.assertEqual(hidden, [])
        german = self.make("--language", "de", "--called", "Heat pad=Wärmekissen")
        self.assertIn("switch.warmekissen_heat", entities_of(german))
        self.assertEqual(german["views"][0]["title"], "Therapie")

    def world(self):
        """What Home Assistant knows now."""
        return world_of(self.ha, self.ids.values())

    def rendered(self):
        """The words of all cards with a template."""
        cards = [c for c in cards_of(load(os.path.join(FOLDER, "dashboard.yaml"))) if c["type"] == "markdown"]
        return "\n".join(str(self.world().render(c["content"], {})) for c in cards)

    def test_cards_say_what_is_stopped_refused_and_not_covered(self):
        self.assertRegex(self.rendered(), r"\*\*\d+ \S")  # a hazard that this home does not cover
        self.ha.press("therapy-demo-stop")
        self.ha.wait_for(lambda: self.ha.entity("therapy-demo-latched").attributes.get("latches"), "the stop to be told")
        self.ha.wait_state("therapy-demo-pad-heat_why", lambda text: text and "stop" in text)
        self.assertIn("- everything was stopped by mqtt", self.rendered())
        self.assertRegex(self.rendered(), r"\*\*Heat: not permitted\*\*\s+everything was stopped")

    def happen(self, auto, unique_id, kind):
        """That event, once it came, changes the entity in the world of the automation. Did it run?"""
        e = self.ha.entity(unique_id)
        attributes = self.ha.wait_for(lambda: next((a for k, a in e.events if k == kind), None), f"{kind} in {unique_id}")
        entity_id = next(i for i, x in self.ids.items() if x.unique_id == unique_id)
        auto.world.set(entity_id, "unknown")
        return auto.change(entity_id, auto.world.moment(), {"event_type": kind, **attributes})

    def test_a_real_trip_is_said_and_a_real_refusal_is_told(self):
        self.ha.wait_state("therapy-demo-pad-heat_permitted", "OFF")
        self.ha.set("therapy-demo-pad-heat", "ON")
        self.ha.wait_state("therapy-demo-pad-heat", "ON")
        self.home.sim.command("table tilt 60 now")
        say = automation("say_what_happens", self.world())
        self.assertTrue(self.happen(say, "therapy-demo-happened", "tripped"))
        self.assertRegex(say.said()[0], r"^Switched off\. table tilt .* must be at most \d+ degrees$")
        self.ha.set("therapy-demo-pad-heat", "ON")
        warn = automation("warn_when_refused", self.world())
        self.assertTrue(self.happen(warn, "therapy-demo-pad-happened", "refused"))
        self.assertIn("table.tilt is", warn.done[0][1]["data"]["message"])

    def test_a_restart_of_the_gateway_is_neither_said_nor_told(self):
        self.ha.wait_state("therapy-demo-pad-heat_permitted", "OFF")
        self.ha.set("therapy-demo-pad-heat", "ON")
        self.ha.wait_state("therapy-demo-pad-heat", "ON")
        self.home.sim.command("table tilt 60 now")
        say, phone = (automation(name, World()) for name in ("say_what_happens", "notify_with_stop"))
        both = (say, phone)
        self.assertEqual([self.happen(auto, "therapy-demo-happened", "tripped") for auto in both], [True, True])
        before = len(self.ha.entity("therapy-demo-happened").events)
        last = say.world.states[EVENTS]
        self.home.gateway.kill()
        self.ha.wait_for(lambda: not self.ha.entity("therapy-demo-happened").available, "the gateway to be missed")
        self.assertEqual([auto.change(EVENTS, "unavailable") for auto in both], [False, False])
        self.home.start_gateway()
        self.ha.wait_all_available()
        self.assertEqual([auto.change(EVENTS, last.state, last.attributes) for auto in both], [False, False])
        self.ha.wait_state("therapy-demo-pad-heat_why", lambda text: text)
        # What was told just before the kill is told again, under its number.
        for kind, attributes in self.ha.entity("therapy-demo-happened").events[before:]:
            if kind == "tripped":
                say.world.clock += 5
                self.assertFalse(say.change(EVENTS, say.world.moment(), {"event_type": kind, **attributes}), attributes)

    def test_the_voice_stops_for_real_and_says_so(self):
        def act(_name, call):
            self.ha.press(self.ids[call["target"]["entity_id"]].unique_id)

        def passes():
            self.ha.wait_for(lambda: self.ha.entity("therapy-demo-latched").attributes.get("latches"), "the stop to be told")
            world.states.update(self.world().states)
        world = self.world()
        voice = automation("stop_by_voice", world, on_action=act, waits=[passes])
        self.assertTrue(voice.run({}))
        self.assertEqual(voice.answer, "Stopped.")
        deaf = automation("stop_by_voice", World(), waits=[lambda: None])
        self.assertTrue(deaf.run({}))
        self.assertIn("pull the plug", deaf.answer)


class InGerman(unittest.TestCase):
    def test_a_german_home_has_a_german_dashboard_and_is_spoken_of_in_german(self):
        text = read(os.path.join(SOURCE, "etc", "demo.cfg"))
        home = Home(config_text=f'language = "de";\n{text}')
        self.enterContext(home)
        ha = HomeAssistant(home.broker.port)
        self.addCleanup(ha.close)
        ha.wait_for(lambda: len(ha.payloads) == 4, "all devices to come")
        lines = "".join(f"{topic} {payload}\n" for topic, payload in discovery_of(ha))
        made = subprocess.run([MAKE, "--language", "de"], input=lines.encode(), capture_output=True, timeout=60, check=True)
        found = one_home(discovery_of(ha))
        self.assertEqual(sorted(entities_of(parse(made.stdout.decode())) - {e.id for e in found.entities}), [])
        self.assertIn("Wärme: nicht freigegeben", made.stdout.decode())
        mark = home.client.mark()
        home.client.publish(f"{home.base}/stop", "PRESS", 0)
        event = home.client.wait(f"{home.base}/happened", lambda m: m.json["event_type"] == "stopped", mark).json
        say = automation("say_what_happens", World(), {"language": "de"})
        say.change(EVENTS, "unknown")
        self.assertTrue(say.change(EVENTS, say.world.moment(), event))
        self.assertEqual(say.said(), ["Alles ist gestoppt. alles soll sofort zur Ruhe kommen, durch mqtt"])


# ---- helpers ----

def _spoken(sentence):
    """All that a sentence template stands for."""
    match = re.search(r"\[([^\[\]()]*)\]|\(([^\[\]()]*)\)", sentence)
    if not match:
        return [" ".join(sentence.split())]
    choices = [match[1], ""] if match[1] is not None else match[2].split("|")
    return [s for c in choices for s in _spoken(sentence[:match.start()] + c + sentence[match.end():])]


if __name__ == "__main__":
    unittest.main()
