#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""People as somebody at the machine keeps them: what is said of a person is what the rules compare with, what a person adds
is in the session, an export has all of it, and after an erasure no byte is left. The gateway is the real one."""
import datetime
import json
import os
import pty
import shutil
import stat
import subprocess
import unittest

from harness import SOURCE, Home, build_dir, wait_until

THERAPYCTL = os.path.join(build_dir(), "gateway", "therapyctl", "therapyctl")
CONFIG = """gateway = { id = "demo"; };
mqtt = { url = "${MQTT_URL}"; };
profile = { heat_acknowledged = true; };
rule_files = [ "rules.d" ];
devices = (
  { id = "table"; plugin = "inversion_table"; model = "wt901"; link = "serial:${THERAPY_SIM}/table";
    options = { axis = "roll"; sign = "normal"; }; },
  { id = "pad"; plugin = "heat_pad"; model = "tasmota"; link = "mqtt:pad_plug"; heats_when_powered = true; }
);
rules = (
  { id = "within-the-angle"; permits = [ "kind:heat" ]; only_while = "all inversion.tilt <= limit.tilt"; max_age = "5 s";
    priority = "low"; because = "Here it shows what the limit comes to."; }
);
"""
SECRETS = ("Xanthippe", "Dr. Quacksalver", "it pulled on the left side", "glockenspiel")


class AtHome(unittest.TestCase):
    def setUp(self):
        self.home = Home(sim=("--only", "table,pad"), gateway=False, config_text=CONFIG)
        self.enterContext(self.home)
        os.mkdir(os.path.join(self.home.directory, "rules.d"))
        for name in ("10-limits.cfg", "70-people.cfg"):
            shutil.copy(os.path.join(SOURCE, "etc", "rules.d", name), os.path.join(self.home.directory, "rules.d"))
        self.home.start_gateway()
        self.home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "heat to be permitted", 20)
        wait_until(lambda: self.run_ctl("person", "list").returncode == 0, "the history to be read")

    def run_ctl(self, *words, **more):
        more.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run([THERAPYCTL, "--socket", os.path.join(self.home.directory, "control.sock"), *words],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30,
                              env=dict(os.environ, COLUMNS="80"), **more)

    def ctl(self, *words, expect=0, **more):
        done = self.run_ctl(*words, **more)
        self.assertEqual(done.returncode, expect, f"therapyctl {words}: {done.stdout}{done.stderr}")
        return done.stderr if expect else done.stdout

    def ctl_json(self, *words):
        return json.loads(self.ctl("--json", *words))

    def rule(self, name):
        rules = self.ctl_json("explain", "pad.heat")["explanation"]["rules"]
        return next(rule for rule in rules if rule["rule"] == name)

    def bound(self):
        return next(look["bound"] for look in self.rule("within-the-angle")["looks_at"] if look["limit"])

    def add(self):
        return self.ctl("person", "add", SECRETS[0], "--weight", "72 kg", "--cleared-on", "2026-05-01", "--cleared-by",
                        SECRETS[1], "--limit", "tilt=15 deg")


class Story(AtHome):
    def test_what_is_said_of_a_person_is_what_the_rules_compare_with(self):
        self.assertEqual(self.bound(), 20)
        shown = self.add()
        for part in (SECRETS[0], "72 kg", f"on 1 May 2026 by {SECRETS[1]}", "tilt 15", "nothing"):
            self.assertIn(part, shown)
        self.assertEqual(self.bound(), 15)  # of all people the strictest, while nobody is chosen
        self.ctl("person", "add", "Bea", "--limit", "tilt=12 deg")
        self.assertEqual(self.bound(), 12)
        self.assertIn("Nobody is chosen", self.ctl("person", "list"))
        self.assertIn("is chosen", self.ctl("person", "choose", "xanthippe"))  # letters count the same large and small
        self.assertEqual(self.bound(), 15)
        self.assertEqual(self.ctl_json("person", "show")["name"], SECRETS[0])
        self.ctl("person", "set", SECRETS[0], "--limit", "tilt=")
        self.assertEqual(self.bound(), 20)

        self.ctl("person", "set", SECRETS[0], "--deny", "cold")
        self.ctl("person", "set", SECRETS[0], "--deny", "heat")
        self.assertEqual(self.ctl_json("person", "show", SECRETS[0])["denies"], ["heat", "cold"])
        self.home.wait_device("pad", lambda s: s.get("heat_permitted") == "OFF", "heat to be refused")
        refused = json.loads(self.run_ctl("--json", "command", "pad.heat", "on").stdout)
        self.assertEqual((refused["ok"], refused["rule"]), (False, "heat-is-not-denied"))
        self.ctl("person", "set", SECRETS[0], "--allow", "heat")
        self.home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "heat to be permitted again")

        self.ctl("person", "set", SECRETS[0], "--rename", "Ada", "--not-cleared", "--no-weight")
        ada = self.ctl_json("person", "show", "Ada")
        self.assertEqual((ada["weight_kg"], ada["cleared_on"], ada["active"]), (None, None, True))
        self.ctl("person", "nobody")
        self.assertEqual(self.ctl_json("person", "list")["active"], "")

        self.refusals()

        self.home.sim.command("table tilt 18 now")  # beyond 10 deg for 2 s: a session runs
        wait_until(lambda: any(self.run_ctl("person", "choose", name).returncode == 1 for name in ("Bea", "Ada")),
                   "another person to be refused", 10, 0.2)
        chosen = self.ctl_json("person", "list")["active"]
        other = {"Ada": "Bea", "Bea": "Ada"}[chosen]
        self.assertIn("a session runs", self.ctl("person", "choose", other, expect=1))
        self.assertIn("a session of this person runs", self.ctl("person", "erase", chosen, "--yes", expect=1))

    def refusals(self):
        self.assertIn("there is nobody called 'Eve'; expected Ada, Bea", self.ctl("person", "set", "Eve", "--deny", "heat",
                                                                                    expect=1))
        self.assertIn("there is already somebody called 'Ada'", self.ctl("person", "add", "Ada", expect=1))
        self.assertIn("still to come", self.ctl("person", "set", "Ada", "--cleared-on", "2199-01-01", "--cleared-by", "X",
                                                expect=1))
        self.assertIn("there is no limit 'tlit'", self.ctl("person", "set", "Ada", "--limit", "tlit=3 deg", expect=1))
        self.assertIn("expected a figure in deg", self.ctl("person", "set", "Ada", "--limit", "tilt=3 N", expect=1))
        self.assertIn("of 20 kg to 300 kg", self.ctl("person", "set", "Ada", "--weight", "3 kg", expect=1))

    def test_what_a_person_adds_is_kept_exported_and_erased_without_a_trace(self):
        self.add()
        self.ctl("person", "add", "Bea")
        self.ctl("person", "choose", SECRETS[0])
        self.assertIn("the next one", self.ctl("pain", "before", "6"))
        self.ctl("log", SECRETS[3], "--minutes", "15")
        self.ctl("note", *SECRETS[2].split())
        self.ctl("pain", "after", "4")
        self.ctl("person", "choose", "Bea")
        self.ctl("log", "walking", "--minutes", "30", "--note", "in the rain")

        path = os.path.join(self.home.directory, "export.json")
        self.ctl("person", "export", SECRETS[0], "-o", path)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        with open(path, encoding="utf-8") as file:
            told = json.load(file)
        self.assertEqual(told["person"]["name"], SECRETS[0])
        self.assertEqual(told["person"]["limits"], {"tilt": "15 deg"})
        self.assertNotIn("active", told["person"])
        self.assertEqual([(s["what"], s["note"], s["pain_before"], s["pain_after"], s["lasted_ms"], s["person"])
                          for s in told["sessions"]], [(SECRETS[3], SECRETS[2], 6, 4, 900000, SECRETS[0])])
        self.assertEqual(json.loads(self.ctl("person", "export", SECRETS[0])), told)
        os.unlink(path)

        self.assertIn("found no terminal", self.ctl("person", "erase", SECRETS[0], expect=2))
        self.assertIn("nothing was erased", self.typed("y\n", 1))
        self.assertTrue(self.left(SECRETS[0]))  # else that it is gone afterwards would say nothing
        self.assertIn("and 1 session with them", self.typed(SECRETS[0] + "\n", 0))
        self.assertEqual([p["name"] for p in self.ctl_json("person", "list")["people"]], ["Bea"])
        for secret in SECRETS:
            self.assertEqual(self.left(secret), [])
        self.assertEqual([s["what"] for s in self.ctl_json("sessions", "--everybody")], ["walking"])
        self.assertEqual(self.ctl_json("person", "erase", "Bea", "--yes")["sessions"], 1)
        self.assertIn("There are no people", self.ctl("person", "list"))
        self.assertEqual(self.bound(), 20)

    def typed(self, text, expect):
        master, slave = pty.openpty()
        try:
            os.write(master, text.encode())
            done = self.run_ctl("person", "erase", SECRETS[0], stdin=slave)
        finally:
            os.close(master)
            os.close(slave)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        self.assertIn("Type the name to erase it", done.stdout)
        return done.stdout + done.stderr

    def left(self, secret):
        """The files of the gateway in which that stands."""
        found = []
        for directory, _, names in os.walk(os.path.join(self.home.directory, "memory")):
            for name in names:
                with open(os.path.join(directory, name), "rb") as file:
                    if secret.encode() in file.read():
                        found.append(name)
        with open(self.home.gateway.child.log_path, "rb") as log:
            if secret.encode() in log.read():
                found.append("the log")
        return found


class Plan(AtHome):
    """A plan that a person follows, with the real gateway."""

    def plan(self):
        return self.ctl_json("plan")["plan"]

    def happened(self, kind, since):
        message = self.home.client.wait("therapy/demo/course/happened", lambda m: m.json["event_type"] == kind, since, 30)
        self.assertFalse(message.retained)
        return message.json

    def test_a_step_bounds_the_rules_and_pain_goes_back(self):
        self.ctl("person", "add", "Ada", "--limit", "tilt=35 deg")
        self.ctl("plan", "start", "beginner-inversion", expect=1)  # whose would it be?
        self.ctl("person", "choose", "Ada")
        self.assertEqual(self.bound(), 35)
        self.assertIn("Start low", self.ctl("plan", "start", "beginner-inversion"))
        self.assertEqual(self.bound(), 20)  # the stricter of the person's and the step's
        plan = self.plan()
        self.assertEqual((plan["step"], plan["proposed"], plan["frozen"]), (1, 0, False))
        self.assertIn("no step is proposed", self.ctl("plan", "agree", expect=1))
        since = self.home.client.mark()
        self.ctl("log", "stretching", "--minutes", "5")
        self.ctl("pain", "after", "8")
        back = self.happened("step_back", since)
        self.assertEqual((back["person"], back["why"]), ("Ada", "pain"))
        self.assertEqual(self.plan()["backed"], "pain")
        # the same pain said twice is one pain
        since = self.home.client.mark()
        self.ctl("pain", "after", "9")
        self.home.client.publish("therapy/demo/course/set/pain_after", "10")
        self.home.client.wait("therapy/demo/course", lambda m: m.json["pain_after"] == 10, since)
        self.assertEqual([m for m in self.home.client.messages[since:] if m.topic.endswith("/happened") and b"step_back" in m.payload], [])
        # it is the person's: nobody chosen has none, and it is there again after a restart
        self.ctl("person", "nobody")
        self.assertIsNone(self.plan())
        self.assertEqual(self.bound(), 20)  # the default, which is stricter than anybody's figure
        self.ctl("person", "choose", "Ada")
        self.home.gateway.stop()
        self.home.start_gateway()
        wait_until(lambda: self.run_ctl("plan").returncode == 0 and self.plan(), "the plan to be read")
        self.assertEqual(self.plan()["id"], "beginner-inversion")
        wait_until(lambda: self.bound() == 20, "the step's figure")
        self.ctl("plan", "stop")
        self.assertEqual(self.bound(), 35)

    def test_a_reminder_comes_at_its_time_and_not_in_quiet_hours(self):
        self.home.gateway.stop()
        # A zone in which the next minute is 25 s away: time to start in.
        now = datetime.datetime.now(datetime.timezone.utc)
        shift = (35 - now.second) % 60
        self.home.environ["TZ"] = f"XXX-00:00:{shift:02d}"
        self.home.start_gateway()
        wait_until(lambda: self.run_ctl("person", "list").returncode == 0, "the history to be read")
        self.ctl("person", "add", "Ada")
        self.ctl("person", "choose", "Ada")
        self.ctl("plan", "start", "beginner-inversion")
        local = now + datetime.timedelta(seconds=shift)
        minute = (local + datetime.timedelta(minutes=1)).strftime("%H:%M")
        since = self.home.client.mark()
        self.ctl("plan", "set", "--remind", minute)
        told = self.happened("reminder", since)
        self.assertEqual((told["person"], told["text"]), ("Ada", "time for: inversion"))
        # of a minute it is said once, and in quiet hours never
        beat = self.home.client.mark()
        self.ctl("plan", "set", "--remind", minute, "--quiet", "00:00-23:59")
        self.ctl("log", "stretching")
        self.home.client.wait("therapy/demo/course", lambda m: m.json["last"] and m.json["last"]["what"] == "stretching", beat)
        self.assertEqual([m for m in self.home.client.messages[beat:] if m.topic.endswith("/happened") and b"reminder" in m.payload], [])


if __name__ == "__main__":
    unittest.main()
