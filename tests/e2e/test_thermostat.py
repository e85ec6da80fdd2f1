#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A pad with a board of its own, under the shipped rules, as Home Assistant's people use it: a thermostat, whose mode and
temperature come as two messages in either order, and a select for one with stages."""
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import SOURCE, Home, build_dir  # noqa: E402
from home_assistant import HomeAssistant  # noqa: E402

THERAPYCTL = os.path.join(build_dir(), "gateway", "therapyctl", "therapyctl")
PAD = "therapy-demo-pad-heat"
CONFIG = """
gateway = { id = "demo"; };
mqtt = { url = "${MQTT_URL}"; };
profile = { heat_acknowledged = true; };
devices = ( { id = "pad"; name = "Heat pad"; plugin = "heat_pad"; model = "firmware_%s";
              link = "tcp://127.0.0.1:${THERAPY_HEATER_PORT}"; } );
"""


class AtHome(unittest.TestCase):
    def at_home(self, heater, settings="", **how):
        self.home = Home(sim=("--only", "table", "--heater", heater), config_text=CONFIG % heater + settings, gateway=False, **how)
        self.enterContext(self.home)
        with open(os.path.join(self.home.directory, "warm.cfg"), "w", encoding="utf-8") as rules:
            rules.write('limits = ( { id = "warmth"; unit = "degC"; default = "36 degC"; caps = [ "kind:heat" ]; } );')
        self.sim = self.home.sim
        self.home.environ["THERAPY_HEATER_PORT"] = str(self.sim.ready["heater_port"])
        self.home.start_gateway()
        self.ha = HomeAssistant(self.home.broker.port)
        self.addCleanup(self.ha.close)

    def permitted(self):
        self.home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "heat to be permitted", 20)

    def board(self, asked):
        """Until the board does that: the truth, which the gateway cannot tell."""
        return self.sim.wait_state(lambda s: s["heater"]["asked"] == asked, f"the board to be at {asked}")

    def told(self, mark):
        """What the board was set to since then, in order."""
        return [e["asked"] for e in self.sim.events[mark:] if e["event"] == "heater"]

    def calm(self):
        self.assertEqual(self.ha.complaints, [])


class Thermostat(AtHome):
    climate = f"{PAD}_climate"

    def off(self):
        self.ha.set_temperature(self.climate, mode="off")
        self.ha.wait_climate(self.climate, mode="off", action="off")
        self.board(0)

    def test_mode_and_temperature_end_the_same_in_both_orders(self):
        self.at_home("setpoint")
        self.permitted()
        promised = self.home.client.wait(f"{self.home.base}/pad/deadman", since=None).json["heat"]["faults"]["gateway_killed"]
        self.assertEqual(promised["rests_ms"], promised["begins_ms"], "what heats is off at once: nothing ramps")
        self.ha.wait_climate(self.climate, mode="off", temperature=30.0, action="off")
        mark = self.sim.mark()
        self.ha.set_temperature(self.climate, 38, "heat")  # as Home Assistant sends them: the mode first
        self.ha.wait_climate(self.climate, mode="heat", temperature=38.0, action="heating")
        self.board(38)
        # The lowest between the two messages, unless both come before the memory is written.
        self.assertIn(self.told(mark), ([30, 38], [38]))
        self.off()

        mark = self.sim.mark()
        self.ha.set_temperature(self.climate, 37.5, "heat", reverse=True)
        self.ha.wait_climate(self.climate, mode="heat", temperature=37.5, action="heating")
        self.board(37.5)
        self.assertEqual(self.told(mark), [37.5], "what was wanted is what it begins with")
        self.sim.command("heater skin 38.5")
        shown = self.ha.wait_climate(self.climate, action="idle", mode="heat")
        self.assertGreater(shown.parts["current_temperature"], 37.5)
        self.off()

        mark = self.sim.mark()
        self.ha.set_temperature(self.climate, mode="heat")
        self.ha.wait_climate(self.climate, mode="heat", temperature=30.0)  # who begins anew begins low
        self.board(30)
        self.assertEqual(self.home.request("pad", "heat", 36)["outcome"], "accepted")  # the plain topic goes on working
        self.ha.wait_climate(self.climate, temperature=36.0)
        self.board(36)
        self.off()
        self.calm()

    def test_in_degrees_fahrenheit_the_board_gets_what_was_asked_and_never_more(self):
        self.at_home("setpoint", 'units = "imperial";\n')
        self.permitted()
        self.ha.wait_climate(self.climate, mode="off", temperature=86.0)
        self.assertEqual(self.ha.entity(self.climate).config["temperature_unit"], "F")
        self.ha.set_temperature(self.climate, 104, "heat")
        self.ha.wait_climate(self.climate, mode="heat", temperature=104.0)
        self.board(40)
        self.ha.set_temperature(self.climate, 101)  # 38.33 degrees Celsius, in steps of half a degree
        self.ha.wait_climate(self.climate, temperature=100.4)
        self.board(38)
        self.ha.set_temperature(self.climate, 100.4)  # what is shown, as a scene restores it
        self.ha.wait_climate(self.climate, temperature=100.4)
        shown = self.ha.entity(self.climate).parts["current_temperature"]
        self.assertTrue(60 < shown < 110, shown)
        self.board(38)
        self.off()
        self.calm()

    def test_each_message_has_a_result_and_the_true_state_after_it(self):
        self.at_home("setpoint")
        self.permitted()
        for topic, value, outcome, says in (
                ("temperature", 38, "accepted", "nothing is switched yet"),
                ("temperature", 55, "out_of_range", "takes 0 (rest) and 30"),
                ("mode", "cool", "malformed", "expected off, heat"),
                ("mode", "heat", "accepted", "38"),
                ("temperature", 41.5, "out_of_range", "41")):
            seen = self.home.client.mark()
            result = self.home.order(f"pad/set/heat/{topic}", payload={"value": value})
            self.assertEqual((topic, value, result["outcome"]), (topic, value, outcome), result)
            self.assertIn(says, result["reason"])
            self.home.client.wait(f"{self.home.base}/pad/state", lambda m: m.json["heat_target"] == 38, seen)
        self.board(38)
        self.home.client.publish(f"{self.home.base}/pad/set/heat/temperature", "40", retain=True)
        refused = self.home.client.wait(f"{self.home.base}/pad/result", lambda m: m.json["outcome"] == "retained")
        self.assertEqual(refused.json["value"], 38)
        self.home.client.publish(f"{self.home.base}/pad/set/heat/temperature", "", retain=True)
        self.board(38)
        self.off()
        self.calm()

    def test_a_skin_that_is_too_hot_ends_it_and_latches(self):
        self.at_home("setpoint")
        self.permitted()
        self.ha.wait_climate(self.climate, mode="off")
        seen = self.home.client.mark()
        self.ha.set_temperature(self.climate, 38, "heat")
        self.ha.wait_climate(self.climate, mode="heat", temperature=38.0)
        self.sim.command("heater skin 46")  # hazard 8, beyond the hard limit
        self.board(0)
        tripped = self.home.wait_safety_event("tripped", seen)
        self.assertEqual((tripped.rule_id, tripped.hazard), ("skin-too-hot", 8))
        self.ha.wait_climate(self.climate, mode="off")
        self.ha.wait_state("therapy-demo-latched", "ON")
        self.ha.set_temperature(self.climate, 38, "heat")
        refused = self.home.client.wait(f"{self.home.base}/pad/result", lambda m: m.json["outcome"] == "not_permitted", seen)
        self.assertEqual(refused.json["value"], 0)
        self.ha.wait_climate(self.climate, mode="off", temperature=38.0)
        self.board(0)
        self.calm()

    def test_a_limit_in_degrees_bounds_what_may_be_asked(self):
        rules = os.path.join(SOURCE, "etc", "rules.d")
        self.at_home("setpoint", settings=f'rule_files = [ "{rules}", "warm.cfg" ];')
        self.permitted()
        result = self.home.request("pad", "heat", 36.5)
        self.assertEqual(result["outcome"], "not_permitted", result)
        self.assertIn("limit.warmth", result["reason"])
        self.assertEqual(self.home.request("pad", "heat", 36)["outcome"], "accepted")
        self.board(36)

    def test_its_off_test_is_a_button_and_comes_first(self):
        self.at_home("setpoint", proofs=True)
        self.ha.wait_climate(self.climate, mode="off")
        self.home.wait_device("pad", lambda s: "off-test" in s.get("heat_why", ""), "the off-test to be what is missing")
        seen, mark = self.home.client.mark(), self.sim.mark()
        self.ha.press(f"{PAD}_off_test")
        self.home.wait_safety_event("timer proved", seen, timeout=20)
        over = self.sim.wait_event("heater", lambda e: e["what"] != "heats", mark)  # told on a pipe of its own, maybe later
        self.assertEqual(over["what"], "timeout", "its own timer ended it")
        self.permitted()
        self.ha.set_temperature(self.climate, 36, "heat")
        self.ha.wait_climate(self.climate, mode="heat", temperature=36.0)
        self.board(36)
        self.calm()


class Stages(AtHome):
    select = f"{PAD}_select"

    def test_a_select_asks_and_shows_words(self):
        self.at_home("stages")
        self.permitted()
        self.ha.wait_state(self.select, "off")
        self.ha.set(self.select, "medium")
        self.ha.wait_state(self.select, "medium")
        self.board(2)
        refused = self.home.request("pad", "heat", "hot")
        self.assertEqual(refused["outcome"], "malformed", refused)
        self.assertIn("expected off, low, medium, high", refused["reason"])
        self.ctl("command", "pad.heat", "high")
        self.ha.wait_state(self.select, "high")
        self.board(3)
        self.assertIn("on at high", self.ctl("status"))
        self.assertIn("one of off, low, medium, high", self.ctl("command", "pad.heat", "hot", fails=True))
        self.ha.set(self.select, "off")
        self.ha.wait_state(self.select, "off")
        self.board(0)
        self.calm()

    def ctl(self, *words, fails=False):
        done = subprocess.run([THERAPYCTL, *words], capture_output=True, text=True, timeout=30, check=False,
                              env=dict(os.environ, THERAPY_SOCKET=os.path.join(self.home.directory, "control.sock")))
        self.assertEqual(done.returncode, 1 if fails else 0, done.stderr)
        return done.stderr if fails else done.stdout

    def test_who_becomes_a_thermostat_leaves_no_select_behind(self):
        """Another platform is another entity, and the old one is taken back."""
        self.at_home("stages")
        self.ha.wait_state(self.select, "off")
        self.assertEqual(self.home.gateway.stop(), 0)
        self.home.config_text = self.home.config_text.replace("firmware_stages", "firmware_setpoint")
        self.home.start_gateway()
        self.ha.wait_for(lambda: f"{PAD}_climate" in self.ha.entities and self.select not in self.ha.entities,
                         "the thermostat to come and the select to go")
        config = self.home.client.wait("homeassistant/device/therapy-demo-pad/config",  # another connection than the consumer's
                                       lambda m: "heat_climate" in m.json["components"], None)
        self.assertEqual(config.json["components"]["heat_climate"]["platform"], "climate")
        # Between discovery and the first state the new entities see the old device's: other members, each logged once.
        self.assertEqual([c for c in self.ha.complaints if "template" not in c], [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
