#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What therapyctl makes of a plan that a gateway tells: today as a table, what is proposed, why it stands still; and what it
shows before somebody takes a step."""
import copy
import json
import os
import subprocess
import unittest

from harness import build_dir
from logbook import HOSTILE, Logbook

THERAPYCTL = os.path.join(build_dir(), "gateway", "therapyctl", "therapyctl")
CAUTION = "Start low, rise slowly, stay within what a professional cleared, and stop at once at pain."


def item(text, **members):
    return {"what": text.split()[0], "text": text, "minutes": 2, "angle_deg": None, "force_n": None, "today": 2, "week": 14,
            "done_today": 1, "done_week": 5, "why": "", **members}


PLAN = {"id": "beginner-inversion", "name": "Inversion for beginners", "step": 2, "steps": 10,
        "items": [item("inversion 25 deg, 2 min", angle_deg=25),
                  item("traction 140 N, 10 min", today=1, week=3, done_today=0, done_week=0, why="needs_clearance")],
        "proposed": 0, "frozen": False, "backed": "", "next": {"text": "inversion 25 deg, 2 min", "not_before": None},
        "beyond_60": False, "remind": [], "quiet": None}
OFFER = {"id": "beginner-inversion", "name": "Inversion for beginners",
         "because": "Low and short at first: the circulation gets used to it, and you learn to come up slowly.",
         "source": "LifeGear 75303 manual", "steps": 10}
ADHERENCE = {"done_today": 1, "planned_today": 3, "done_week": 5, "planned_week": 17}


class Plans(Logbook):
    """Follows a plan as the real one does, as far as therapyctl sees it."""

    def __init__(self, plan=None):
        super().__init__([])
        self.plan = copy.deepcopy(plan)

    def answer(self, question):
        step = question["step"]
        if self.refuse and step not in ("list", "show"):
            return {"ok": False, "error": self.refuse}
        if step == "list":
            return {"ok": True, "plans": [OFFER], "active": self.plan["id"] if self.plan else None}
        if step == "show":
            return {"ok": True, "plan": self.plan, "adherence": ADHERENCE if self.plan else None}
        if step == "start":
            self.plan = dict(PLAN, step=1, id=question["plan"])
        elif step == "stop":
            self.plan = None
        elif step == "agree":
            self.plan.update(step=self.plan["proposed"], proposed=0)
        return {"ok": True}


class Plan(unittest.TestCase):
    maxDiff = None

    def ctl(self, book, *words, expect=0):
        done = subprocess.run([THERAPYCTL, "--socket", book.path, *words], capture_output=True, timeout=60,
                              env=dict(os.environ, TZ="Europe/Berlin"))
        self.assertEqual(done.returncode, expect, f"therapyctl {words}: {done.stdout}{done.stderr}")
        return done.stdout.decode(), done.stderr.decode()

    def asked(self, book):
        return [question["step"] for question in book.asked]

    def test_today_is_a_table(self):
        with Plans(PLAN) as book:
            out, _ = self.ctl(book, "plan")
        self.assertEqual(out, """
Inversion for beginners, step 2 of 10
                                          done today  done this week
  inversion 25 deg, 2 min                 1 of 2      5 of 14
  traction 140 N, 10 min                  0 of 1      0 of 3
    waits for a professional's clearance: therapyctl person set NAME
    --cleared-on DAY --cleared-by WHO
  in all                                  1 of 3      5 of 17

Next: inversion 25 deg, 2 min.
Start low, rise slowly, stay within what a professional cleared, and stop at
once at pain.
""")

    def test_what_is_wrong_with_it_is_said_with_what_to_do(self):
        with Plans(dict(PLAN, frozen=True, backed="pain", proposed=3, beyond_60=True, remind=["08:00"],
                        quiet=["22:00", "07:00"])) as book:
            out, _ = self.ctl(book, "plan", "show")
        out = " ".join(out.split())
        for part in ("It is frozen: the clearance by a professional has lapsed", "It went back to this step because of pain",
                     "Step 3 is proposed. Take it only if you are well: therapyctl plan agree",
                     "Beyond 60° is allowed, by your own choice", "Reminds at 08:00, but not from 22:00 to 07:00."):
            self.assertIn(part, out)

    def test_no_plan_is_said_as_that(self):
        with Plans() as book:
            self.assertIn("No plan is followed", self.ctl(book, "plan")[0])
            self.assertIn("Begin it: therapyctl plan start beginner-inversion", self.ctl(book, "plan", "list")[0])

    def test_a_step_is_shown_before_it_is_taken(self):
        with Plans() as book:
            out = " ".join(self.ctl(book, "plan", "start", "beginner-inversion")[0].split())
            self.assertEqual(self.asked(book), ["list", "start", "show"])
            self.assertLess(out.index("LifeGear 75303 manual"), out.index(CAUTION))
            self.assertLess(out.index(CAUTION), out.index("step 1 of 10"))
            book.plan["proposed"] = 2
            book.plan["proposed_items"] = [item("inversion 30 deg, 2 min")]
            out = " ".join(self.ctl(book, "plan", "agree")[0].split())
            self.assertEqual(self.asked(book)[3:], ["show", "agree", "show"])
            self.assertLess(out.index("inversion 30 deg"), out.index(CAUTION))
            self.assertLess(out.index(CAUTION), out.index("step 2 of 10"))
            self.assertIn("No plan is followed any more", self.ctl(book, "plan", "stop")[0])

    def test_what_is_refused_is_said_and_nothing_is_shown_as_taken(self):
        with Plans(PLAN) as book:
            book.refuse = "no step is proposed"
            out, why = self.ctl(book, "plan", "agree", expect=1)
            self.assertEqual((out, why), ("", "therapyctl: no step is proposed\n"))
            self.assertEqual(self.asked(book), ["show", "agree"])

    def test_what_is_set_reaches_the_gateway(self):
        with Plans(PLAN) as book:
            self.ctl(book, "plan", "set", "--remind", "08:00,19:30", "--quiet", "22:00-07:00", "--beyond-60", "no")
            asked = book.asked[0]
            self.assertEqual((asked["do"], asked["step"], asked["remind"], asked["quiet"], asked["beyond_60"]),
                             ("plan", "set", ["08:00", "19:30"], ["22:00", "07:00"], False))
            self.ctl(book, "plan", "set", "--quiet", "none")
            self.assertIsNone(book.asked[2]["quiet"])
            self.assertNotIn("remind", book.asked[2])

    def test_json_is_the_answer_alone(self):
        with Plans(PLAN) as book:
            self.assertEqual(json.loads(self.ctl(book, "--json", "plan")[0])["plan"], PLAN)
            self.assertEqual(json.loads(self.ctl(book, "plan", "back", "--json")[0]), {"ok": True})
            self.assertEqual(self.asked(book), ["show", "back"])

    def test_wrong_words_reach_no_gateway(self):
        for words in (["plan", "dance"], ["plan", "set"], ["plan", "set", "--quiet", "22-7"], ["plan", "start"],
                      ["pain", "after", "11"], ["note"], ["log"], ["person", "add"], ["person", "set", "Ada"],
                      ["sessions", "--since", "yesterday"], ["report"]):
            done = subprocess.run([THERAPYCTL, "--socket", "/nonexistent", *words], capture_output=True, timeout=60, text=True)
            self.assertEqual(done.returncode, 2, f"{words}: {done.stderr}")
            self.assertIn("expected", done.stderr)
        done = subprocess.run([THERAPYCTL, "--socket", "/nonexistent", "plan"], capture_output=True, timeout=60, text=True)
        self.assertEqual((done.returncode, done.stderr), (3, "therapyctl: /nonexistent: No such file or directory\n"))

    def test_nonsense_and_hostile_texts_end_nothing(self):
        for value in (None, [], {}, "x", -5, 1e308, True, HOSTILE):
            with Plans(PLAN) as book:
                book.plan = dict.fromkeys(PLAN, value)
                self.assertNotIn("\x1b", self.ctl(book, "plan")[0])
                book.plan = dict(PLAN, items=[item(HOSTILE, why=HOSTILE), value], next={"text": HOSTILE, "not_before": value},
                                 remind=[value], quiet=[value, value])
                self.assertNotIn("\x1b", self.ctl(book, "plan")[0])


if __name__ == "__main__":
    unittest.main()
