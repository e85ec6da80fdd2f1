#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The set-up on the page: before there is a home (therapy-gateway setup --browser) and in a home that runs; over HTTP, with a
real broker and emulated devices, and with who goes away midway, is not logged in or comes from elsewhere."""
import os
import signal
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Failure, Gateway, free_port, wait_until  # noqa: E402
from test_setup import PASSWORD, READ, SECRET, WARM, WHERE, WRITE, AtHome  # noqa: E402
from viewer import Viewer  # noqa: E402

WRONG = "battery staple 8"
THESE, WRITE_ANEW = "These belong to it:", "Write that, start anew"


class Asked(AtHome):
    """What both have."""

    def look(self, port, token):
        viewer = Viewer(port)
        self.addCleanup(viewer.close)
        self.assertEqual(wait_until(lambda: self.try_login(viewer, token), "the page"), 200)
        return viewer.watch()

    def try_login(self, viewer, token):
        try:
            return viewer.log_in(token).status
        except ConnectionError:
            return None

    def expect(self, question, timeout=60):
        """Until that is asked; its number."""
        def is_asked(s):
            if not s["running"]:
                raise Failure(f"{question} was not asked; said: {self.said(s)}")
            return s["ask"] and question in s["ask"]["question"]
        return self.viewer.wait("setup", is_asked, timeout)["number"]

    def answer(self, question, text):
        number = self.expect(question)
        self.assertEqual(self.viewer.post("/setup", {"do": "answer", "number": number, "text": text}).status, 200)
        self.viewer.wait("setup", lambda s: s["number"] > number or not s["ask"] or not s["running"])

    def begin(self):
        self.assertEqual(self.viewer.post("/setup", {"do": "begin"}).status, 200)
        self.viewer.wait("setup", lambda s: s["running"])

    def row(self, what):
        """The number of the row that says that; the question for them is there."""
        self.expect(THESE)
        rows = [e["row"] for e in self.viewer.told["setup"]["said"] if "row" in e]
        return next(str(r["number"]) for r in rows if what in r["label"])

    def over(self, timeout=90):
        return self.said(self.viewer.wait("setup", lambda s: not s["running"] and s["said"], timeout))

    @staticmethod
    def said(s):
        return "\n".join(str(next(iter(e.values()))) for e in s["said"])


class First(Asked):
    """Before there is a home."""

    def setUp(self):
        super().setUp()
        self.port = free_port()

    def sit_down(self, *more, broker=None):
        self.shown = self.terminal("--browser", f"127.0.0.1:{self.port}", *more, broker=broker)
        self.shown.expect("with this token")
        self.shown.expect("\r\n\r\n  ")
        self.shown.expect("Ctrl-C ends it")
        lines = self.shown.seen.split("\r\n")
        self.token = next(line.strip() for line in lines if len(line.strip()) == 32)
        self.viewer = self.look(self.port, self.token)


class Story(First):
    boards = "table,belt"

    def test_from_nothing_to_a_home_that_is_proved_and_runs_in_six_questions_in_a_browser(self):
        for board in ("table", "belt"):
            self.client.wait(f"esphome/discover/therapy-{board}", since=None)
        self.sit_down(broker=f"mqtt://127.0.0.1:{free_port()}")
        self.assertEqual(self.viewer.wait("setup")["only"], True)
        self.begin()
        self.answer(WHERE, f"me@127.0.0.1:{self.broker.port}")
        self.answer(PASSWORD, WRONG)
        self.answer(PASSWORD, SECRET)
        self.answer(THESE, " ".join(self.row(what) for what in ("pad_plug", "therapy-table", "therapy-belt")))
        self.answer(WARM, "y")
        self.answer(READ, "y")
        self.expect(WRITE)
        self.assertNotIn("home.cfg", os.listdir(self.place))
        self.assertEqual(self.told(), [], "nothing was said to a plug")
        self.answer(WRITE, "y")
        self.viewer.wait("setup", lambda s: "It starts now" in self.said(s), 90)
        said = self.said(self.viewer.told["setup"])
        for part in ("passed: ", "PulseTime1 = 130: off by itself after 30 s", "this home's are", "Calibrate, at table",
                     "was not reached"):
            self.assertIn(part, said)
        self.assertNotIn("therapyctl calibrate", said)  # nothing that only a shell has
        self.shown.expect("starts here now")
        self.client.wait("therapy/home/availability", lambda m: m.text == "online", None, 20)
        cookie = self.viewer.cookie  # the login goes on to hold
        self.viewer.close()
        self.viewer = Viewer(self.port)
        self.addCleanup(self.viewer.close)
        self.viewer.cookie = cookie
        self.viewer.watch()
        self.viewer.control("pad", "heat", lambda c: c["permitted"], 30)
        self.assertEqual(self.viewer.wait("setup")["only"], False)
        with open(os.path.join(self.place, "page-token")) as f:
            self.assertEqual(f.read().strip(), self.token)
        self.shown.interrupt()
        self.assertEqual(self.shown.wait(), 0)
        text = self.text()
        self.assertLess(len(text.splitlines()), 20)
        for secret in (SECRET, WRONG):
            self.assertNotIn(secret, said + self.shown.seen + text)
        self.assertNotIn(self.token, text + said)
        self.assertEqual(sorted(os.listdir(self.place)), ["home.cfg", "mqtt-password", "page-token"])
        self.checked()


class Midway(First):
    def steps(self):
        return [(WHERE, f"me@127.0.0.1:{self.broker.port}"), (PASSWORD, SECRET), (THESE, None), (WARM, "y"), (READ, "y"), (WRITE, "")]

    def until(self, last):
        self.begin()
        for i, (question, answer) in enumerate(self.steps()):
            self.expect(question)
            if i == last:
                return
            self.answer(question, self.row("pad_plug") if answer is None else answer)

    def test_ended_at_each_question_it_leaves_nothing_says_the_next_step_and_can_begin_again(self):
        self.env["THERAPY_SERIAL_PORTS"] = os.path.join(self.directory, "none")
        self.sit_down(broker=f"mqtt://127.0.0.1:{free_port()}")
        for last in range(len(self.steps())):
            self.until(last)
            self.assertEqual(self.viewer.post("/setup", {"do": "begin"}).status, 409)  # one at a time
            self.assertEqual(self.viewer.post("/setup", {"do": "cancel"}).status, 200)
            with self.subTest(at=last):
                self.assertIn("nothing was written or changed. Next: begin it again", self.over())
                self.nothing_left()
        self.assertEqual(self.viewer.post("/setup", {"do": "cancel"}).status, 409)
        self.assertEqual(self.told(), [])
        self.shown.interrupt()
        self.assertEqual(self.shown.wait(), 130)

    def test_whoever_goes_away_before_the_last_question_leaves_nothing(self):
        self.sit_down("--patience", "2")
        self.begin()
        self.expect(THESE)
        self.viewer.close()  # a browser that was shut
        self.viewer = self.look(self.port, self.token)
        said = self.over()
        self.assertIn("The answers ended", said)
        self.assertIn("nothing was written or changed", said)
        self.nothing_left()

    def test_ctrl_c_where_it_was_begun_leaves_nothing(self):
        self.sit_down()
        self.begin()
        self.expect(THESE)
        self.shown.interrupt()
        self.assertEqual(self.shown.wait(), 130)
        self.nothing_left()

    def test_killed_it_leaves_no_program_behind(self):
        self.sit_down()
        self.begin()
        self.expect(THESE)
        os.kill(self.shown.pid, signal.SIGKILL)
        wait_until(lambda: os.listdir(self.place) == [], "what was begun to be gone")
        wait_until(lambda: not self.children_of_it(), "the program that asked to be gone")

    def children_of_it(self):
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline") as f:
                    words = f.read().split("\0")
                found += [pid] if "--talk" in words and self.file in words else []
            except OSError:
                pass
        return found

    def to_the_off_test(self):
        self.sit_down()
        self.begin()
        self.answer(THESE, f"{self.row('pad_plug')} {self.row('wt901')}")
        for question in (WARM, READ, WRITE):
            self.answer(question, "y")
        self.sim.wait_event("relay", lambda e: e["on"], 0, 40)
        return self.sim.mark()

    def test_stop_in_the_off_test_brings_the_plug_to_rest_without_a_login(self):
        mark = self.to_the_off_test()
        self.assertEqual(Viewer(self.port).post("/stop").status, 200)
        self.assertTrue(self.sim.wait_event("relay", lambda e: not e["on"], mark))
        self.assertIn("is written, complete and checked", self.over())
        self.assertEqual(sorted(os.listdir(self.place)), ["home.cfg", "page-token"])
        self.checked()

    def test_ctrl_c_in_the_off_test_brings_the_plug_to_rest(self):
        mark = self.to_the_off_test()
        self.shown.interrupt()
        self.assertTrue(self.sim.wait_event("relay", lambda e: not e["on"], mark))
        self.assertEqual(self.shown.wait(), 130)
        self.checked()


class BadInput(First):
    def test_only_who_is_logged_in_here_is_asked_and_answers_what_is_asked(self):
        self.sit_down()
        stranger = Viewer(self.port)
        self.assertEqual(stranger.log_in("0" * 32).status, 403)
        for order in ({"do": "begin"}, {"do": "cancel"}, {"do": "answer", "number": 1, "text": "y"}):
            self.assertEqual(stranger.post("/setup", order).status, 401)
            self.assertEqual(self.viewer.ask("POST", "/setup", str(order)).status, 403)  # a form of another page
            self.assertEqual(self.viewer.post("/setup", order, {"Origin": "http://elsewhere.example"}).status, 403)
            self.assertEqual(self.viewer.post("/setup", order, {"Sec-Fetch-Site": "cross-site"}).status, 403)
        self.assertEqual(self.viewer.get("/setup").status, 405)
        for path in ("/ask", "/reset", "/adjust"):
            self.assertEqual(self.viewer.post(path, {"do": "silence"}).status, 404)  # there is nothing to ask it of
        self.assertEqual(self.viewer.get("/plot").status, 404)
        self.assertEqual(self.viewer.post("/setup", {"do": "answer", "number": 1, "text": "y"}).status, 409)
        self.begin()
        number = self.expect(THESE)
        for text in ("1\n2", "1\r", "x" * 600, "\0"):
            self.assertIn(self.viewer.post("/setup", {"do": "answer", "number": number, "text": text}).status, (400, 409), text)
        for order in ({"do": "answer"}, {"do": "answer", "number": "1", "text": "y"}, {"do": "answer", "number": -1, "text": "y"},
                      {"do": "answer", "number": number, "text": 1}, {"do": "nothing"}, {}):
            self.assertEqual(self.viewer.post("/setup", order).status, 400, order)
        for body in ("", "[]", "{", '"begin"', "{" * 200):
            self.assertEqual(self.viewer.post("/setup", body).status, 400, body)
        for stale in (number + 1, 1 << 40):
            self.assertEqual(self.viewer.post("/setup", {"do": "answer", "number": stale, "text": "none"}).status, 409)
        self.assertEqual(self.expect(THESE), number)
        self.answer(THESE, "99")  # is asked again
        self.assertGreater(self.expect(THESE), number)
        self.answer(THESE, "none")
        self.assertIn("nothing is written", self.over())
        self.nothing_left()

    def test_without_a_terminal_no_token_is_printed(self):
        self.page = ("--browser", f"127.0.0.1:{self.port}")
        self.assertIn("Expected a terminal to show the page's token on", self.script(status=1))
        self.page = ("--browser", "somewhere")
        self.assertIn("expected a numeric address and a port", self.script(status=2))
        self.nothing_left()


class Unproved(First):
    def test_a_plug_that_fails_the_off_test_is_named_and_stays_refused_in_the_home_that_starts(self):
        self.sim.command("pad timer off")
        self.sit_down()
        self.begin()
        self.answer(THESE, f"{self.row('pad_plug')} {self.row('wt901')}")
        for question in (WARM, READ, WRITE):
            self.answer(question, "y")
        self.viewer.wait("setup", lambda s: "It starts now" in self.said(s), 90)
        said = self.said(self.viewer.told["setup"])
        self.assertIn("FAILED", said)
        self.assertIn("the off-test on this page, of pad.heat", said)
        self.client.wait("therapy/home/pad/state", lambda m: m.json.get("heat_permitted") == "OFF", None, 30)
        self.assertFalse(self.sim.state()["pad"]["relay"])


class Running(Asked):
    """A home that runs with a page, and gets another device."""

    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.page = ("--page", f"127.0.0.1:{self.port}")
        self.script(self.number(self.script(status=1), "wt901"), "y")
        with open(os.path.join(self.place, "page-token")) as f:
            self.token = f.read().strip()
        self.gateway = Gateway(self.directory, self.file, self.env)
        self.addCleanup(self.gateway.stop)
        self.viewer = self.look(self.port, self.token)
        self.viewer.wait("device table", lambda d: d["present"], 20)

    def to_the_last(self):
        self.begin()
        self.answer(THESE, self.row("pad_plug"))
        self.answer(WARM, "y")
        self.answer(READ, "y")
        self.expect(WRITE_ANEW)

    def test_a_plug_is_added_the_gateway_starts_anew_with_it_and_it_proves_itself_there(self):
        before, pid = self.text(), self.gateway.child.pid
        self.to_the_last()
        self.assertEqual(self.text(), before)
        self.assertIn("nobody is in therapy now", self.said(self.viewer.told["setup"]))
        self.answer(WRITE_ANEW, "y")
        self.viewer.wait("setup", lambda s: "starts anew now" in self.said(s))
        wait_until(lambda: self.viewer.ended, "the stream to end with the gateway", 30)
        self.assertIn("the off-test on this page, of pad.heat", self.said(self.viewer.told["setup"]))
        cookie = self.viewer.cookie
        self.viewer.close()
        self.viewer = Viewer(self.port)
        self.addCleanup(self.viewer.close)
        self.viewer.cookie = cookie
        wait_until(lambda: self.answers(), "the gateway to be back", 20)
        self.viewer.watch()
        self.viewer.control("pad", "heat", lambda c: not c["permitted"] and c["has_timer"], 30)
        wait_until(lambda: self.viewer.order("off_test", device="pad", control="heat").status == 200, "the off-test to begin", 20)
        self.viewer.control("pad", "heat", lambda c: c["permitted"], 60)
        self.assertTrue(self.gateway.child.alive())
        self.assertEqual(self.gateway.child.pid, pid)  # whoever watches it sees the same process
        with open(self.file + ".before") as f:
            self.assertEqual(f.read(), before)

    def answers(self):
        try:
            return self.viewer.get("/session").status == 200
        except OSError:
            return False

    def test_no_at_the_last_question_leaves_the_home_as_it_is_and_it_goes_on(self):
        before = self.text()
        self.to_the_last()
        self.answer(WRITE_ANEW, "n")
        self.assertIn("Nothing was written or changed", self.over())
        self.assertEqual(self.text(), before)
        self.viewer.wait("device table", lambda d: d["present"])
        self.assertEqual(sorted(os.listdir(self.place)), ["home.cfg", "page-token"])

    def test_a_gateway_that_ends_meanwhile_takes_the_set_up_along(self):
        self.to_the_last()
        self.gateway.stop()
        wait_until(lambda: sorted(os.listdir(self.place)) == ["home.cfg", "page-token"], "what was begun to be gone")


if __name__ == "__main__":
    unittest.main(verbosity=2)
