#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The units and the language that people chose: what they see and ask in changes, what programs rely on does not."""
import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import SOURCE, Home, build_dir  # noqa: E402
from home_assistant import HomeAssistant  # noqa: E402

DEVICES = {"therapy-demo", "therapy-demo-table", "therapy-demo-belt", "therapy-demo-pad"}
THERAPYCTL = os.path.join(build_dir(), "gateway", "therapyctl", "therapyctl")
with open(os.path.join(SOURCE, "etc", "demo.cfg"), encoding="utf-8") as demo:
    DEMO = demo.read()


class Chosen(unittest.TestCase):
    settings = ""

    def setUp(self):
        self.home = Home(config_text=DEMO + self.settings)
        self.enterContext(self.home)
        self.ha = HomeAssistant(self.home.broker.port)
        self.addCleanup(self.ha.close)
        self.all_there()

    def all_there(self):
        self.ha.wait_for(lambda: {e.device for e in list(self.ha.entities.values())} == DEVICES, "all devices to come")
        self.ha.wait_all_available()

    def seen(self):
        """What must be the same whatever is chosen: ids, platforms, topics, payloads, options; all but names and units."""
        words = {"name", "unit_of_measurement", "max", "step", "suggested_display_precision"}
        return {i: {k: v for k, v in e.config.items() if k not in words} for i, e in self.ha.entities.items()}

    def change(self, settings):
        with open(self.home.config, encoding="utf-8") as f:
            text = f.read()
        self.home.config_text = text.replace(self.settings, "") if self.settings else text
        self.home.config_text += settings
        with open(self.home.config, "w", encoding="utf-8") as f:
            f.write(self.home.config_text)

    def restart(self):
        self.assertEqual(self.home.gateway.stop(), 0)
        self.home.start_gateway()

    def ctl(self, *words, expect=0):
        done = subprocess.run([THERAPYCTL, *words], capture_output=True, text=True, timeout=30, check=False,
                              env=dict(os.environ, THERAPY_SOCKET=os.path.join(self.home.directory, "control.sock")))
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout + done.stderr


class Imperial(Chosen):
    settings = '\nunits = "imperial";\n'

    def setpoint_n(self):
        """What the board was told, by telemetry: always SI."""
        schema = self.home.schema()
        readings = [r for m in self.home.client.messages if m.topic == "therapy/demo/belt/telemetry"
                    for r in schema.decode("ReadingBatch", m.payload).readings if r.key == "setpoint"]
        return readings[-1].value if readings else None

    def ask(self, value):
        """As Home Assistant does. What is shown then."""
        mark = self.home.client.mark()
        self.ha.set("therapy-demo-belt-tension", value)
        result = self.home.client.wait("therapy/demo/belt/result", since=mark).json
        self.assertEqual(result["outcome"], "accepted", result)
        self.ha.wait_state("therapy-demo-belt-tension", result["value"])
        return result["value"]

    def test_a_force_is_asked_and_shown_in_pounds_and_never_more_than_was_asked(self):
        number = self.ha.entity("therapy-demo-belt-tension").config
        self.assertEqual((number["unit_of_measurement"], number["min"], number["max"]), ("lbf", 0, 67.446))
        self.assertEqual(self.ha.entity("therapy-demo-belt-force").config["unit_of_measurement"], "lbf")
        self.assertEqual(self.ha.entity("therapy-demo-table-temperature").config["unit_of_measurement"], "°F")
        self.ha.wait_state("therapy-demo-table-temperature", lambda f: f and 60 < f < 120)
        self.ha.wait_state("therapy-demo-belt-tension_permitted", "OFF")
        shown = self.ask(30)  # 133.4 N, in steps of 5 N
        self.assertTrue(30 - 5 / 4.448 < shown <= 30, shown)
        self.home.sim.wait_state(lambda s: abs(s["belt"]["force"] - 130) < 3, "130 N at the belt", 30)
        self.ha.wait_state("therapy-demo-belt-force", lambda lbf: lbf and abs(lbf - 29.22) < 0.7)
        self.assertEqual(self.ask(shown), shown)  # a scene that restores it does not go down
        self.home.client.wait_for(lambda: self.setpoint_n() == 130, "telemetry to say 130 N")
        more = self.ask((round(shown / number["step"]) + 1) * number["step"])  # the button "+"
        self.assertAlmostEqual(more, 135 / 4.448, delta=0.02)
        self.ask(0)
        self.assertEqual(self.ha.complaints, [])

    def test_other_units_are_the_same_entities_after_a_restart_and_a_reload_does_not_do(self):
        before = self.seen()
        self.change("")
        self.assertIn("a restart is needed: 'units' differs", self.ctl("reload", expect=1))
        self.restart()
        self.ha.wait_for(lambda: self.ha.entity("therapy-demo-belt-tension").config["unit_of_measurement"] == "N",
                         "newtons")
        self.all_there()
        self.assertEqual(self.seen(), before)
        self.assertEqual(self.ha.complaints, [])



class German(Chosen):
    """It begins in English, so that there is something to compare with."""

    def german(self):
        """Devices are announced one after the other; the pad is the last."""
        self.ha.wait_for(lambda: self.ha.entity("therapy-demo-pad-happened").name == "Ereignisse", "German")
        self.all_there()

    def test_after_a_reload_only_names_are_others_and_back_again(self):
        before = self.seen()
        names = {i: e.name for i, e in self.ha.entities.items()}
        self.settings = '\nlanguage = "de";\n'
        self.change(self.settings)
        self.ctl("reload")
        self.german()
        self.assertEqual(self.seen(), before)
        self.assertEqual(self.ha.entity("therapy-demo-table-tilt").name, "Neigung")
        self.assertEqual(self.ha.entity("therapy-demo-pad-heat_permitted").name, "Wärme: Sperre")
        same = [i for i, e in self.ha.entities.items() if e.name == names[i]]
        self.assertEqual(sorted(same), ["therapy-demo-alarm", "therapy-demo-plan", "therapy-demo-version"])  # the same word in both
        self.restart()
        self.german()
        self.assertEqual(self.seen(), before)
        self.change("")
        self.ctl("reload")
        self.ha.wait_for(lambda: self.ha.entity("therapy-demo-pad-happened").name == "Events", "English")
        self.all_there()
        self.assertEqual({i: e.name for i, e in self.ha.entities.items()}, names)
        self.assertEqual(self.ha.complaints, [])

    def test_reasons_are_german_and_what_programs_read_is_not(self):
        self.settings = '\nlanguage = "de";\n'
        self.change(self.settings)
        self.restart()
        self.german()
        self.ha.wait_state("therapy-demo-why", "keine Verriegelung, kein Alarm")
        self.ha.wait_state("therapy-demo-pad-heat_why", "freigegeben")
        self.home.sim.command("table tilt 30 now")
        self.ha.wait_state("therapy-demo-pad-heat_why", lambda text: text and re.fullmatch(
            r"table\.tilt ist 30 deg \(.* alt\), muss <= 10 deg sein \(Regel no-heat-during-inversion\); wieder frei, sobald "
            r"all inversion\.tilt <= 8 deg for 3 s, frühestens in 3 s", text))
        refused = self.home.request("pad", "heat", 1)
        self.assertEqual((refused["outcome"], refused["rule"]), ("not_permitted", "no-heat-during-inversion"))
        self.assertIn("muss <= 10 deg sein", refused["reason"])
        event = self.home.wait_safety_event("refused", 0)
        self.assertIn("muss <= 10 deg sein", event.text)
        self.assertEqual((event.cause.key, event.inputs[0].must), ("tilt", "<= 10 deg"))
        self.ha.wait_for(lambda: [k for k, _ in self.ha.entity("therapy-demo-pad-happened").events if k == "refused"],
                         "the event under its English name")
        self.assertIn("muss <= 10 deg sein", self.ctl("explain", "pad.heat"))
        self.assertRegex(self.home.gateway.child.tail(80),
                         r"refused \(pad\.heat; rule no-heat-during-inversion; table\.tilt [\d.]+ deg\): table\.tilt ist")
        self.home.sim.command("table tilt 0 now")
        self.ha.press("therapy-demo-stop")
        self.ha.wait_state("therapy-demo-why", lambda text: text and text.startswith("alles wurde von mqtt gestoppt, vor "))
        self.assertEqual(self.ha.complaints, [])


if __name__ == "__main__":
    unittest.main()
