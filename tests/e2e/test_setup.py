#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""therapy-gateway setup: the first hour as a person has it, typed into a pseudo-terminal, and as a script has it; with a real
broker and emulated devices, and everything that goes wrong."""
import http.client
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Broker, Client, Failure, Gateway, Sim, build_dir, free_port, sanitizer_reports, wait_until  # noqa: E402

GATEWAY = os.path.join(build_dir(), "gateway", "therapy-gateway")
SECRET = "correct horse 7"
WHERE, PASSWORD, NUMBERS, WARM, READ, WRITE = QUESTIONS = (
    "Where is the MQTT broker?", "Password of me there", "Their numbers", "Warm as soon as it has power:", "I have read that",
    "Write that")
SLOW = 2  # keys a second of somebody who looks for each


def tasmota(topic, name, mac):
    return json.dumps({"ip": "192.168.2.71", "dn": name, "fn": [name, None], "mac": mac, "md": "Athom Plug V2",
                       "t": topic, "ft": "%prefix%/%topic%/", "tp": ["cmnd", "stat", "tele"], "rl": [1, 0, 0], "ver": 1})


ZIGBEE = json.dumps([
    {"type": "Router", "friendly_name": "lamp", "definition": {"vendor": "TuYa", "model": "TS011F", "exposes": [
        {"type": "switch", "features": [{"type": "binary", "property": "state"}]},
        {"type": "numeric", "property": "power"}]}},
    {"type": "EndDevice", "friendly_name": "fridge", "definition": {"vendor": "Sonoff", "model": "SNZB-02", "exposes": [
        {"type": "numeric", "property": "temperature"}]}}])


class Terminal:
    """A program on a terminal of its own, as a person sees it and types into it."""

    def __init__(self, argv, env):
        self.seen, self.at, self.typed, self.status = "", 0, 0, None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.execve(argv[0], argv, env)
            finally:
                os._exit(127)

    def read(self, timeout):
        if not select.select([self.fd], [], [], timeout)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        self.seen += data.decode("utf-8", "replace")
        return bool(data)

    def expect(self, *texts, timeout=60):
        """Until one of them is there, behind what was expected before; which."""
        end = time.monotonic() + timeout
        while True:
            found = [(self.seen.find(t, self.at), t) for t in texts if self.seen.find(t, self.at) >= 0]
            if found:
                place, text = min(found)
                self.at = place + len(text)
                return text
            if time.monotonic() > end or not self.read(min(1, timeout)):
                raise Failure(f"{texts} was not said; seen:\n{self.seen}")

    def type(self, text):
        self.typed += len(text) + 1
        os.write(self.fd, text.encode() + b"\n")

    def interrupt(self):
        os.write(self.fd, b"\x03")

    def wait(self, timeout=60):
        end = time.monotonic() + timeout
        while self.read(0.2) and time.monotonic() < end:
            pass
        if time.monotonic() >= end:
            raise Failure(f"it does not end; seen:\n{self.seen}")
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def close(self):
        try:
            os.close(self.fd)
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except (OSError, ChildProcessError):
            pass


class AtHome(unittest.TestCase):
    devices = True
    boards = None  # of the simulator's ESPHome boards

    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="therapy-e2e-")
        self.addCleanup(self.temporary.cleanup)
        self.directory = self.temporary.name
        self.place = os.path.join(self.directory, "etc")
        os.mkdir(self.place)
        self.file = os.path.join(self.place, "home.cfg")
        accounts = os.path.join(self.directory, "accounts")
        with open(accounts, "w"):
            pass
        os.chmod(accounts, 0o600)
        subprocess.run(["mosquitto_passwd", "-b", accounts, "me", SECRET], check=True, capture_output=True)
        self.broker = Broker(self.directory, f"password_file {accounts}")
        self.addCleanup(self.broker.stop)
        self.client = Client(self.broker.port)
        self.addCleanup(self.client.close)
        self.sim = None
        ports = os.path.join(self.directory, "none")
        if self.devices:
            boards = ("--only", "pad", "--esphome", self.boards) if self.boards else ()
            self.sim = Sim(self.directory, self.broker.url, *boards)
            self.addCleanup(self.sim.close)
            ports = os.path.join(self.directory, "sim", "table")
            for topic, payload in (("tasmota/discovery/1/config", tasmota("pad_plug", "Heat pad", "E09806F17F56")),
                                   ("zigbee2mqtt/bridge/devices", ZIGBEE)):
                self.client.publish(topic, payload, retain=True)
            self.client.wait("zigbee2mqtt/bridge/devices", since=None)
            self.client.wait("tele/pad_plug/LWT", since=None)
        options = f"log_path={self.directory}/sanitizer.setup"
        self.env = dict(os.environ, TERM="dumb", LC_ALL="C", THERAPY_SERIAL_PORTS=ports, RUNTIME_DIRECTORY=self.directory,
                        STATE_DIRECTORY=os.path.join(self.directory, "memory"), TMPDIR=self.directory,
                        THERAPY_SOCKET=os.path.join(self.directory, "control.sock"))
        for key in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            self.env[key] = f"{os.environ[key]}:{options}" if os.environ.get(key) else options
        self.addCleanup(lambda: self.assertEqual(sanitizer_reports(self.directory), []))

    page = ()

    def words(self, *more, broker=None):
        return [GATEWAY, "setup", "-c", self.file, "--listen", "1", "--broker", broker or self.broker.url,
                *self.page, *more]

    def terminal(self, *more, broker=None):
        terminal = Terminal(self.words(*more, broker=broker), self.env)
        self.addCleanup(terminal.close)
        return terminal

    def script(self, *answers, status=0, broker=None):
        run = subprocess.run(self.words(broker=broker), input="".join(f"{a}\n" for a in answers), capture_output=True,
                             text=True, timeout=90, env=self.env)
        self.assertEqual(run.returncode, status, run.stdout + run.stderr)
        self.assertEqual(run.stderr, "")
        return run.stdout

    def number(self, text, what):
        """Of the row that says that."""
        found = re.search(rf"^ +(\d+)  .*{re.escape(what)}", text, re.M)
        self.assertTrue(found, text)
        return found.group(1)

    def told(self):
        """What somebody told a plug: an empty message it sends itself when it connects."""
        return [m for m in self.client.messages if m.topic.startswith("cmnd/") and m.payload]

    def nothing_left(self):
        self.assertEqual(os.listdir(self.place), [])
        self.assertEqual([n for n in os.listdir(self.directory) if n.startswith("therapy-setup-")], [])

    def checked(self):
        check = subprocess.run([GATEWAY, "check", "-c", self.file], capture_output=True, text=True, timeout=60, env=self.env)
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)
        return check.stdout

    def text(self):
        with open(self.file) as f:
            return f.read()


class Story(AtHome):
    boards = "table,belt"

    def test_from_nothing_to_a_home_that_is_proved_and_runs_in_six_questions(self):
        for board in ("table", "belt"):
            self.client.wait(f"esphome/discover/therapy-{board}", since=None)
        begun = time.monotonic()
        t = self.terminal(broker=f"mqtt://127.0.0.1:{free_port()}")  # not on this machine
        t.expect(WHERE)
        t.type(f"me@127.0.0.1:{self.broker.port}")
        t.expect(PASSWORD)
        t.type("wrong")
        t.expect("was not reached: ")
        t.expect(PASSWORD)
        t.type(SECRET)
        t.expect(NUMBERS)
        rows = [self.number(t.seen, what) for what in ("pad_plug", "therapy-table", "therapy-belt")]
        t.expect(f"[{' '.join(sorted(rows[1:]))}]")  # Enter takes the sensors, and no plug
        t.type(" ".join(rows))
        t.expect(WARM)
        t.type("y")
        t.expect(READ)
        t.type("y")
        t.expect(WRITE)
        self.nothing_but_what_will_be_taken()
        for setting in ("PowerOnState", "PulseTime1 = 130: off by itself after 30 s"):
            self.assertIn(setting, t.seen)
        t.type("y")
        t.expect("passed: ")
        t.expect("Of the hazards in docs/safety.md, this home's are")
        t.expect("  + a skin temp sensor (kind heat): ")
        t.expect("therapyctl calibrate table")
        t.expect("It starts here now")
        took = time.monotonic() - begun
        print(f"setup: {t.typed} keys typed, {t.typed / SLOW:.0f} s at {SLOW} keys a second; {took:.1f} s from its start to a "
              "proved home")
        self.assertLess(t.typed / SLOW, 120)
        self.assertLess(took, 120)
        self.assertEqual([q for q in QUESTIONS if q not in t.seen], [])  # all that there are: six
        self.client.wait("therapy/home/availability", lambda m: m.text == "online", None, 20)
        self.client.wait("therapy/home/pad/state", lambda m: m.json.get("heat_permitted") == "ON", None, 30)
        t.interrupt()
        self.assertEqual(t.wait(), 0)
        self.assertNotIn(SECRET, t.seen)
        self.assertNotIn("\x1b", t.seen)
        text = self.text()
        self.assertLess(len(text.splitlines()), 20)
        self.assertIn("#", text)
        self.assertNotIn(SECRET, text)
        self.assertEqual(sorted(os.listdir(self.place)), ["home.cfg", "mqtt-password"])
        self.assertEqual(os.stat(os.path.join(self.place, "mqtt-password")).st_mode & 0o777, 0o600)
        self.assertRegex(self.checked(), r"11  covered")

    def nothing_but_what_will_be_taken(self):
        self.assertNotIn("home.cfg", os.listdir(self.place))
        self.assertEqual(self.told(), [], "nothing was said to a plug")


class Again(AtHome):
    def test_a_home_that_is_there_is_added_to_and_hand_edits_stay(self):
        first = self.script(self.rows()["lamp"], "n", "n", "y")
        self.assertIn("pad.heat is refused until heat_acknowledged", first)
        edited = self.text().replace("devices = (", "# by hand\ndevices = ( # mine")
        with open(self.file, "w") as f:
            f.write(edited)
        os.chmod(self.file, 0o640)
        text = self.script("", "n", "y")  # Enter: the table's sensor
        self.assertIn("in the configuration already, as pad", text)
        self.assertIn('+   { id = "table";', text)
        now = self.text()
        self.assertEqual([line for line in edited.splitlines() if line not in now.splitlines()
                          and line + "," not in now.splitlines()], [])
        self.assertIn("devices = ( # mine", now)
        self.assertEqual(os.stat(self.file).st_mode & 0o777, 0o640)
        with open(self.file + ".before") as f:
            self.assertEqual(f.read(), edited)
        self.assertIn("2 devices", self.checked())
        third = self.script("none", "n", status=1)
        self.assertIn("is as it was", third)
        self.assertEqual(self.text(), now)
        self.assertEqual(sorted(os.listdir(self.place)), ["home.cfg", "home.cfg.before"])
        with open(self.file, "a") as f:
            f.write("nonsense = ;\n")
        self.assertIn("put that right by hand", self.script(status=1))

    def test_a_broker_that_moved_and_heat_that_was_refused_change_in_place(self):
        rows = self.rows()
        self.script(f"{rows['pad_plug']} {rows['wt901']}", "y", "n", "y")
        edited = self.text().replace("mqtt = {", "mqtt = { # the one in the cellar\n ").replace(
            self.broker.url, f"mqtt://127.0.0.1:{free_port()}")
        with open(self.file, "w") as f:
            f.write(edited)
        t = Terminal([w for w in self.words() if w not in ("--broker", self.broker.url)], self.env)
        self.addCleanup(t.close)
        t.expect(WHERE)
        t.type(f"me@127.0.0.1:{self.broker.port}")
        t.expect(PASSWORD)
        t.type(SECRET)
        t.expect(NUMBERS)
        t.type("none")
        t.expect(READ)
        t.type("y")
        t.expect(WRITE)
        shown = t.seen[t.seen.find("as it was, it is kept as"):].replace("\r", "")
        t.type("y")
        t.expect("passed: ")  # the pad was there, and could not prove itself until now
        t.expect("It starts here now")
        t.interrupt()
        t.wait()
        now = self.text()
        changed = [line for line in now.splitlines() if line not in edited.splitlines()]
        self.assertEqual([line for line in changed if f"+ {line}\n" not in shown], [])
        self.assertIn("# the one in the cellar", now)
        self.assertIn("{ heat_acknowledged = true; };", now)
        self.assertIn(f'url = "{self.broker.url}"; username = "me"; password_file = "mqtt-password";', now)
        self.assertNotIn(SECRET, t.seen + now)
        self.checked()

    def test_a_password_that_stands_in_the_file_is_not_shown(self):
        self.script(self.rows()["wt901"], "y")
        inline = self.text().replace(f'"{self.broker.url}";', f'"{self.broker.url}"; username = "me"; password = "{SECRET}";')
        with open(self.file, "w") as f:
            f.write(inline)
        os.chmod(self.file, 0o600)
        said = self.script(self.rows(1)["fridge"], "n", status=1)
        self.assertNotIn(SECRET, said)
        moved = inline.replace(self.broker.url, f"mqtt://127.0.0.1:{free_port()}")
        with open(self.file, "w") as f:
            f.write(moved)
        said = self.script("none", "y")
        self.assertIn('password = "(not shown)"', said)
        self.assertNotIn(SECRET, said)
        self.assertEqual(self.text(), inline)

    def test_the_page_gets_a_token_that_nobody_chose_at_the_first_set_up_or_later(self):
        port, other = free_port(), free_port()
        self.script(self.rows()["wt901"], "y")
        self.assertNotIn("page", self.text())
        self.page = ("--page", f"127.0.0.1:{port}")
        said = self.script("none", "y")
        self.assertIn(f"Written: page-token, what the page asks for once: http://127.0.0.1:{port}/", said)
        with open(os.path.join(self.place, "page-token")) as f:
            token = f.read().strip()
        self.assertRegex(token, "^[0-9a-f]{32}$")
        self.assertEqual(os.stat(os.path.join(self.place, "page-token")).st_mode & 0o777, 0o600)
        self.assertNotIn(token, said + self.text())
        self.checked()
        self.page = ("--page", f"127.0.0.1:{other}")
        self.script("none", "y")  # elsewhere from now on, with the token that there is
        self.assertIn(f'listen = "127.0.0.1:{other}"; token_file = "page-token";', self.text())
        self.assertEqual(sorted(os.listdir(self.place)), ["home.cfg", "home.cfg.before", "page-token"])
        os.remove(self.file)
        self.script(self.number(self.script(status=1), "wt901"), "y")
        self.assertIn('token_file = "page-token-2"', self.text())  # the old one may be another home's
        self.assertLess(len(self.text().splitlines()), 20)
        self.login(other)

    def login(self, port):
        """Serves the page with that token, and no other."""
        gateway = Gateway(self.directory, self.file, self.env)
        self.addCleanup(gateway.stop)
        with open(os.path.join(self.place, "page-token-2")) as f:
            token = f.read().strip()

        def asked(what):
            try:
                link = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                link.request("POST", "/login", what, {"X-Therapy-Page": "1"})
                return link.getresponse().status
            except ConnectionRefusedError:
                return None
        self.assertEqual(wait_until(lambda: asked(token), "the page"), 200)
        self.assertEqual(asked("0" * 32), 403)

    def test_a_page_where_none_can_be_leaves_nothing(self):
        rows = self.rows()
        self.page = ("--page", "somewhere")
        said = self.script(rows["wt901"], status=1)
        self.assertIn("The check refuses what would be written", said)
        self.assertIn("somewhere", said)
        self.nothing_left()

    def rows(self, at_least=None):
        seen = self.script(status=1)
        self.assertIn("The answers ended", seen)
        if at_least is None:
            self.nothing_left()
        return {what: self.number(seen, what) for what in ("pad_plug", "lamp", "fridge")} | (
            {"wt901": self.number(seen, "wt901")} if "wt901" in seen else {})


class Interrupted(AtHome):
    def test_ctrl_c_at_each_question_leaves_nothing_and_says_the_next_step(self):
        answers = [(WHERE, f"me@127.0.0.1:{self.broker.port}"), (PASSWORD, SECRET), (NUMBERS, None), (WARM, ""), (READ, ""),
                   (WRITE, "")]
        self.env["THERAPY_SERIAL_PORTS"] = os.path.join(self.directory, "none")
        dead = f"mqtt://127.0.0.1:{free_port()}"
        for last in range(len(answers)):
            t = self.terminal(broker=dead)
            for i, (question, answer) in enumerate(answers):
                t.expect(question)
                if i == last:
                    break
                t.type(self.number(t.seen, "pad_plug") if answer is None else answer)
            t.interrupt()
            with self.subTest(at=question):
                self.assertEqual(t.wait(), 130, t.seen)
                self.assertIn("nothing was written or changed. Next:", t.seen)
                self.assertNotIn(SECRET, t.seen)
                self.nothing_left()
            t.close()
        self.assertEqual(self.told(), [])

    def test_ctrl_c_while_it_listens_ends_it_at_once(self):
        for said, interrupt in (("Listening at the broker", Terminal.interrupt),
                                ("Listening at the broker", lambda t: os.kill(t.pid, signal.SIGTERM)),
                                ("Listening at the serial port", Terminal.interrupt)):
            t = self.terminal(*(() if "port" in said else ("--listen", "60")))
            t.expect(said)
            interrupt(t)  # perhaps before it began to wait
            self.assertEqual(t.wait(20), 130, t.seen)
            self.assertIn("nothing was written or changed. Next:", t.seen)
            self.nothing_left()

    def test_ctrl_c_during_the_off_test_leaves_a_whole_file_and_a_plug_that_is_off(self):
        t = self.terminal()
        t.expect(NUMBERS)
        t.type(f"{self.number(t.seen, 'pad_plug')} {self.number(t.seen, 'wt901')}")
        for question in (WARM, READ, WRITE):
            t.expect(question)
            t.type("y")
        self.sim.wait_event("relay", lambda e: e["on"], 0, 40)
        mark = self.sim.mark()
        t.interrupt()
        self.assertEqual(t.wait(), 130)
        off = self.sim.wait_event("relay", lambda e: not e["on"], mark)
        self.assertTrue(off)
        self.assertIn("is written, complete and checked", t.seen)
        self.assertEqual(os.listdir(self.place), ["home.cfg"])
        self.checked()
        self.client.wait("therapy/home/availability", lambda m: m.text == "offline", None)
        self.assertEqual([n for n in os.listdir(self.directory) if n.startswith("therapy-setup-")], [])

    def test_killed_during_the_off_test_it_leaves_no_gateway_and_a_plug_that_is_off(self):
        t = self.terminal()
        t.expect(NUMBERS)
        t.type(f"{self.number(t.seen, 'pad_plug')} {self.number(t.seen, 'wt901')}")
        for question in (WARM, READ, WRITE):
            t.expect(question)
            t.type("y")
        self.sim.wait_event("relay", lambda e: e["on"], 0, 40)
        mark = self.sim.mark()
        os.kill(t.pid, signal.SIGKILL)
        self.assertTrue(self.sim.wait_event("relay", lambda e: not e["on"], mark))
        self.client.wait("therapy/home/availability", lambda m: m.text == "offline", None)
        self.checked()


class Bad(AtHome):
    def test_a_plug_that_fails_the_off_test_is_named_and_nothing_is_started(self):
        self.sim.command("pad timer off")
        seen = self.script(status=1)
        plug, table = self.number(seen, "pad_plug"), self.number(seen, "wt901")
        said = self.script(f"{plug} {table}", "y", "y", "y", status=1)
        self.assertIn("FAILED", said)
        self.assertIn("therapyctl off-test pad.heat", said)
        self.assertIn("this home's are", said)
        self.assertNotIn("Start it:", said)
        self.assertFalse(self.sim.state()["pad"]["relay"])
        self.checked()

    def test_two_plugs_of_one_name_and_answers_that_will_not_do(self):
        self.client.publish("tasmota/discovery/2/config", tasmota("pad_plug", "Other", "AABBCCDDEEFF"), retain=True)
        self.client.wait("tasmota/discovery/2/config", since=None)
        seen = self.script(status=1)
        plug, fridge, lamp = (self.number(seen, what) for what in ("pad_plug", "fridge", "lamp"))
        said = self.script(plug, "99", "abc", f"{fridge}=cold", f"{lamp}=cold", "", "n", status=1)
        self.assertIn(f"{fridge} is no plug", said)
        self.assertIn("two devices have this name", said)
        self.assertIn("expected numbers from 1 to", said)
        self.assertIn("can only be a heat pad's plug", said)
        self.assertIn("Nothing was written or changed. Next:", said)
        self.nothing_left()

    def test_two_plugs_that_only_call_themselves_alike_get_two_names(self):
        self.client.publish("tasmota/discovery/2/config", tasmota("other_plug", "Heat pad", "AABBCCDDEEFF"), retain=True)
        self.client.wait("tasmota/discovery/2/config", since=None)
        seen = self.script(status=1)
        said = self.script(f"{self.number(seen, 'pad_plug')} {self.number(seen, 'other_plug')}", "n", "n", "n", status=1)
        self.assertIn('{ id = "pad"; name = "Heat pad"', said)
        self.assertIn('{ id = "pad_2"; name = "Heat pad"', said)
        self.nothing_left()


class Nothing(AtHome):
    devices = False

    def test_no_plug_and_no_broker_say_the_next_step(self):
        said = self.script(status=1)
        self.assertIn("nothing that is known", said)
        self.assertIn("Next: prepare it", said)
        self.nothing_left()
        self.file = os.path.join(self.place, "new", "home.cfg")  # a folder that was made for it goes again
        self.script(status=1)
        self.nothing_left()
        dead = f"mqtt://127.0.0.1:{free_port()}"
        said = self.script("not a host", *[f"127.0.0.1:{free_port()}"] * 5, status=1, broker=dead)
        self.assertIn("Expected a name or address", said)
        self.assertIn("was not reached", said)
        self.assertIn("Next: see to it that the broker runs", said)
        self.nothing_left()
        said = self.script(f"me@127.0.0.1:{self.broker.port}", *["wrong"] * 9, status=1, broker=dead)
        self.assertIn("Next: see to it that the broker runs and takes this account", said)
        self.nothing_left()

    def test_a_place_that_cannot_be_written_is_said_before_anything_is_asked(self):
        self.file = os.path.join(self.directory, "accounts", "home.cfg")
        self.assertIn("Next: sudo therapy-gateway setup", self.script(status=1))
        run = subprocess.run([GATEWAY, "setup", "--listen", "x"], capture_output=True, text=True, timeout=20, env=self.env)
        self.assertEqual((run.returncode, "expected seconds" in run.stderr), (2, True))


if __name__ == "__main__":
    wait_until(lambda: os.access(GATEWAY, os.X_OK), "the program to be built", 1)
    unittest.main(verbosity=2)
