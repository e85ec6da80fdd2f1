#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The main job: devices come in, are normalised, governed by rules across devices, and published."""
import json
import os
import subprocess
import unittest

from harness import SOURCE, Home, build_dir, now_us


class MainJob(unittest.TestCase):
    def test_no_heat_during_inversion(self):
        with Home() as home:
            home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "heat to be permitted", 15)
            mark = home.sim.mark()
            self.assertEqual(home.request("pad", "heat", 1)["outcome"], "accepted")
            home.sim.wait_event("relay", lambda e: e["on"], mark)
            events = home.client.mark()
            start = now_us()
            home.sim.command("table tilt 30 now")  # beyond the hard limit of 20 deg
            off = home.sim.wait_event("relay", lambda e: not e["on"], mark, 3)
            # a frame every 100 ms, then the way through two processes and the broker
            self.assertLess(off["us"] - start, 250_000)
            print(f"relay open {(off['us'] - start) / 1000:.1f} ms after the table was moved (10 Hz sensor)")
            schema = home.schema()
            tripped = schema.decode("SafetyEvent", home.client.wait(
                "therapy/demo/event", lambda m: schema.decode("SafetyEvent", m.payload).type == 6, events).payload)
            self.assertEqual(tripped.rule_id, "no-heat-during-inversion")
            self.assertEqual(tripped.hazard, 11)
            self.assertEqual(tripped.cause.key, "tilt")
            self.assertAlmostEqual(tripped.cause.value, 30, delta=0.5)
            self.assertIn("table.tilt", tripped.text)
            home.wait_at_rest("pad", "heat", events)
            refused = home.request("pad", "heat", 1)
            self.assertEqual(refused["outcome"], "not_permitted")
            self.assertEqual(refused["rule"], "no-heat-during-inversion")
            # back: a returning permit energises nothing, a new request does
            again = home.sim.mark()
            home.sim.command("table tilt 0 now")
            home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "heat permitted again", 15)
            self.assertEqual([e for e in home.sim.events[again:] if e["event"] == "relay" and e["on"]], [])
            self.assertEqual(home.request("pad", "heat", 1)["outcome"], "accepted")
            home.sim.wait_event("relay", lambda e: e["on"], again)

    def test_grace_between_the_limits(self):
        with Home() as home:
            home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "heat to be permitted", 15)
            mark = home.sim.mark()
            home.request("pad", "heat", 1)
            home.sim.wait_event("relay", lambda e: e["on"], mark)
            start = now_us()
            home.sim.command("table tilt 14 now")
            off = home.sim.wait_event("relay", lambda e: not e["on"], mark, 3)
            self.assertGreater(off["us"] - start, 900_000)
            self.assertLess(off["us"] - start, 2_000_000)  # off within 2 s at the device

    def test_home_assistant_discovery(self):
        with Home() as home:
            for device in ("table", "belt", "pad"):
                topic = f"homeassistant/device/therapy-demo-{device}/config"
                m = home.client.wait("homeassistant/device/#", lambda m, d=device: d in m.topic and m.payload, 0,
                                     what=f"discovery like {topic}")
                payload = m.json
                self.assertEqual(set(payload) & {"device", "components", "origin"}, {"device", "components", "origin"})
                for key, component in payload["components"].items():
                    self.assertIn("platform", component, key)
                    self.assertIn("unique_id", component, key)

    def test_a_lone_heat_pad_runs_with_the_shipped_rules(self):
        config = """
gateway = { id = "demo"; };
mqtt = { url = "${MQTT_URL}"; };
profile = { heat_acknowledged = true; };
devices = ( { id = "pad"; plugin = "heat_pad"; model = "tasmota"; link = "mqtt:pad_plug"; } );
"""
        with Home(sim=("--only", "pad"), config_text=config, proofs=True) as home:
            home.prove("pad", "heat")
            home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "heat to be permitted", 15)
            mark = home.sim.mark()
            self.assertEqual(home.request("pad", "heat", 1)["outcome"], "accepted")
            home.sim.wait_event("relay", lambda e: e["on"], mark)
            checked = subprocess.run([os.path.join(build_dir(), "gateway", "therapy-gateway"), "check", "-c",
                                      home.config], env=dict(os.environ, **home.environment()), capture_output=True,
                                     text=True, timeout=20)
            self.assertEqual(checked.returncode, 0, checked.stderr)
            self.assertIn("not covered", checked.stdout)

    def test_traction_needs_the_gap_after_inversion_and_ramps(self):
        with Home() as home:
            home.wait_device("belt", lambda s: s.get("tension_permitted") == "ON", "traction to be permitted", 20)
            self.assertEqual(home.request("belt", "tension", 80)["outcome"], "accepted")
            home.sim.wait_state(lambda s: s["belt"]["force"] > 60, "the belt to pull", 20)
            # heat under a loaded belt is refused (hazard 12)
            refused = home.request("pad", "heat", 1)
            self.assertEqual(refused["outcome"], "not_permitted", refused)
            home.sim.command("table tilt 30 now")
            home.sim.wait_state(lambda s: s["belt"]["force"] < 5, "the belt to ramp down", 30)


class Check(unittest.TestCase):
    def check(self, path, env=None):
        return subprocess.run([os.path.join(build_dir(), "gateway", "therapy-gateway"), "check", "-c", path],
                              env=dict(os.environ, MQTT_URL="mqtt://127.0.0.1:1", THERAPY_SIM="/tmp",
                                       THERAPY_BELT_PORT="1", **(env or {})), capture_output=True, text=True, timeout=30)

    def test_the_demo_has_no_fault_and_says_what_it_covers(self):
        done = self.check(os.path.join(SOURCE, "etc", "demo.cfg"))
        self.assertEqual(done.returncode, 0, done.stderr)
        for word in ("no-heat-during-inversion", "table", "belt", "pad", "covered"):
            self.assertIn(word, done.stdout)

    def test_what_is_refused_until_its_user_gives_a_figure_is_seen_at_its_hazard(self):
        import json
        import tempfile
        home = ('gateway = {{ id = "t"; }};\ndevices = ( {{ id = "belt"; plugin = "traction_belt"; model = "firmware"; '
                'link = "tcp://127.0.0.1:1"; {limits} }} );\n')
        for limits, refused in (("", True), ('limits = { pressure = "20 kPa"; };', False)):
            with tempfile.NamedTemporaryFile("w", suffix=".cfg") as f:
                f.write(home.format(limits=limits))
                f.flush()
                done = subprocess.run([os.path.join(build_dir(), "gateway", "therapy-gateway"), "check", "-c", f.name,
                                       "--json"], capture_output=True, text=True, timeout=30)
            self.assertEqual(done.returncode, 0, done.stderr)
            said = json.loads(done.stdout)
            self.assertEqual((said["kinds"], said["settings"]), ({"belt": "traction"}, {}))
            hazards = {h["hazard"]: h for h in said["hazards"]}
            self.assertEqual(len(hazards), 30)
            self.assertEqual(hazards[7]["refused"], refused)
            self.assertEqual("limit.pressure for belt" in str(hazards[7]["by"]), refused)
            # nobody has said who uses it
            self.assertTrue(hazards[29]["refused"])
            self.assertIn("profile.weight", str(hazards[29]["by"]))

    def test_what_is_changed_on_a_plug_is_told_before_it_runs(self):
        import json
        import tempfile
        with tempfile.NamedTemporaryFile("w", suffix=".cfg") as f:
            f.write('gateway = { id = "t"; };\nmqtt = { url = "mqtt://127.0.0.1:1"; };\ndevices = ( { id = "pad"; plugin = "heat_pad"; '
                    'model = "tasmota"; link = "mqtt:p"; heats_when_powered = true; } );\n')
            f.flush()
            done = subprocess.run([os.path.join(build_dir(), "gateway", "therapy-gateway"), "check", "-c", f.name, "--json"],
                                  capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 0, done.stderr)
        settings = {s["name"]: s for s in json.loads(done.stdout)["settings"]["pad"]}
        self.assertEqual(settings["PulseTime1"]["wanted"], "130")
        self.assertIn("off by itself after 30 s", settings["PulseTime1"]["because"])

    def test_faults_have_file_and_line(self):
        import tempfile
        with tempfile.NamedTemporaryFile("w", suffix=".cfg") as f:
            f.write('gateway = { id = "Home Sweet"; };\n'
                    'devices = (\n'
                    '  { id = "pad"; plugin = "heat_pad"; model = "tasmota"; link = "mqtt:p"; colour = 1; },\n'
                    '  { id = "pad2"; plugin = "heat_pad"; model = "tasmota"; link = "mqtt:p"; }\n'
                    ');\n')
            f.flush()
            done = self.check(f.name)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"{f.name}:1:", done.stderr)
            self.assertIn(f"{f.name}:3:", done.stderr)
            self.assertIn("colour", done.stderr)
            self.assertIn(f"{f.name}:4:", done.stderr)

    def test_each_fault_of_the_options_has_its_file_and_line(self):
        import tempfile
        with tempfile.NamedTemporaryFile("w", suffix=".cfg") as f:
            f.write('gateway = { id = "home"; };\n'
                    'devices = ( { id = "table"; plugin = "inversion_table"; model = "wt901"; link = "serial:/dev/a";\n'
                    '              options = { axis = "yaw"; zero_deg = 999; nope = 1; }; } );\n')
            f.flush()
            done = self.check(f.name)
            self.assertEqual(done.returncode, 1)
            lines = done.stderr.splitlines()
            for option in ("axis", "zero_deg", "nope"):
                found = [line for line in lines if line.startswith(f"{f.name}:2: device 'table': option '{option}'")]
                self.assertEqual(len(found), 1, done.stderr)

    def test_an_option_that_a_model_needs_and_was_not_given_is_named_with_what_it_is_for(self):
        import tempfile
        with tempfile.NamedTemporaryFile("w", suffix=".cfg") as f:
            f.write('gateway = { id = "home"; };\n'
                    'devices = ( { id = "belt"; plugin = "traction_belt"; model = "sct"; link = "serial:/dev/a";\n'
                    '              options = { decimals = 2.0; }; } );\n')
            f.flush()
            done = self.check(f.name)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"{f.name}:2: device 'belt': model sct refuses its options", done.stderr)
            self.assertIn("decimals is 2 (", done.stderr)
            self.assertIn("shows is not given (n|kg|lb: the unit it says its numbers in; required)", done.stderr)

    def test_rules_are_checked_against_what_the_devices_are(self):
        import tempfile
        with tempfile.NamedTemporaryFile("w", suffix=".cfg") as f:
            f.write('gateway = { id = "home"; };\n'
                    'mqtt = { url = "mqtt://127.0.0.1:1"; };\n'
                    'devices = ( { id = "pad"; plugin = "heat_pad"; model = "tasmota"; link = "mqtt:p"; } );\n'
                    'rules = (\n'
                    '  { id = "a"; permits = ["kind:heat"];\n'
                    '    only_while = "pad.power < 10 N"; because = "x"; },\n'
                    '  { id = "b"; permits = ["oven.heat"];\n'
                    '    only_while = "all inversion.tilt <= 10 deg"; because = "x"; }\n'
                    ');\n')
            f.flush()
            done = self.check(f.name)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"{f.name}:6:", done.stderr)
            self.assertIn("W", done.stderr)
            self.assertIn("oven", done.stderr)

    def test_a_plugin_that_is_no_plugin(self):
        import tempfile
        with tempfile.NamedTemporaryFile("w", suffix=".cfg") as f:
            f.write('gateway = { id = "home"; };\n'
                    'devices = ( { id = "pad"; plugin = "/bin/true"; link = "tcp://127.0.0.1:9"; } );\n')
            f.flush()
            done = self.check(f.name)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"{f.name}:2:", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
