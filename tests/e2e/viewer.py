# SPDX-License-Identifier: Apache-2.0
"""A viewer of the page that shares nothing with it: Python's own HTTP client, and what a server-sent event is by its
standard."""
import http.client
import json
import os
import socket
import threading
import time

from harness import Failure, Home, free_port, now_us, wait_until

TOKEN = "only-for-tests-0123456789"
MARK = {"X-Therapy-Page": "1"}


class PageHome(Home):
    """A home with a page. `settings` go into its section, `file` to the end of the configuration."""

    def __init__(self, settings="", file="", **more):
        super().__init__(gateway=False, **more)
        self.settings = settings
        self.file = file
        self.page_port = free_port()

    def __enter__(self):
        super().__enter__()
        try:
            with open(self.config, encoding="utf-8") as f:
                self.config_text = self.config_text or f.read()
            self.config_text = self.edit(self.config_text)
            self.config_text += (f'\npage = {{ listen = "127.0.0.1:{self.page_port}"; token_file = "page.token"; '
                                 f'{self.settings} }};\n{self.file}')
            token = os.path.join(self.directory, "page.token")
            with open(token, "w", encoding="utf-8") as f:
                f.write(TOKEN + "\n")
            os.chmod(token, 0o600)
            self.start_gateway()
        except BaseException:
            self.__exit__(*(None,) * 3)
            raise
        return self


    def edit(self, text):
        """What the configuration is made of the demo's."""
        return text


class Uncalibrated(PageHome):
    """Nobody has said yet which way the table's sensor is mounted."""

    def edit(self, text):
        return text.replace('    options = { axis = "roll"; sign = "normal"; };\n', "")


PLAN = """
id = "gentle"; name = "<i>Gently</i>"; because = "Low first."; source = "a test";
steps = ( { sessions = 1; items = ( { what = "activity"; activity = "stretching"; per_day = 1; } ); },
          { items = ( { what = "activity"; activity = "stretching"; per_day = 1; },
                      { what = "heat"; time = "10 min"; per_day = 1; } ); } );
"""


LIMITS = """
limits = ( { id = "inverted_time"; unit = "min"; default = "2 min"; } );
derived = ( { id = "inverted_time"; kind = "inversion"; type = "time"; of = "self.tilt > 10 deg"; gap = "60 s"; } );
rules = ( { id = "inverted-too-long"; hazard = 2; watches = [ "kind:inversion" ];
            only_while = "all inversion.inverted_time <= limit.inverted_time"; } );
"""


class TherapyHome(PageHome):
    """With two people, 2 min of inversion, and a plan that proposes its second step when stretching was logged once."""
    people = ("Ada", "<b id=bold>Ben</b>")

    def edit(self, text):
        for name, content in (("gentle.cfg", PLAN), ("limits.cfg", LIMITS)):
            with open(os.path.join(self.directory, name), "w", encoding="utf-8") as f:
                f.write(content)
        return text + '\nplans = [ "gentle.cfg" ];\nrule_files = [ "limits.cfg" ];\n'

    def __enter__(self):
        super().__enter__()
        try:
            for name in self.people:
                wait_until(lambda name=name: self.add(name), "the history to be read", 10)
        except BaseException:
            self.__exit__(*(None,) * 3)
            raise
        return self

    def add(self, name):
        """False: people are still being read."""
        try:
            return self.order({"do": "person", "step": "set", "name": name, "create": True})
        except Failure as failure:
            if "try again" in str(failure):
                return False
            raise

    def order(self, what):
        """Over the control socket, as therapyctl does."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(os.path.join(self.directory, "control.sock"))
            with s.makefile("rw", encoding="utf-8") as lines:
                lines.write(json.dumps(what) + "\n")
                lines.flush()
                answer = json.loads(lines.readline())
        if not answer["ok"]:
            raise Failure(f"{what}: {answer}")
        return answer


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:200]!r}"


class Viewer:
    """A browser's part: keeps the cookie, and what the stream told last of each thing."""

    def __init__(self, port, headers=None):
        self.port = port
        self.headers = dict(headers or {})
        self.cookie = None
        self.changed = threading.Condition()
        self.told = {}    # "home", "log", "beat", "hazards", "device pad" -> what was told last
        self.stamps = {}  # when it came, us
        self.response = None
        self.ended = False

    def ask(self, method, path, body=None, headers=None, cookie=True):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            sent = {**self.headers, **(headers or {})}
            if cookie and self.cookie:
                sent["Cookie"] = f"other=1; {self.cookie}"
            connection.request(method, path, body, sent)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def post(self, path, body=None, headers=None, **more):
        text = json.dumps(body) if isinstance(body, dict) else body
        return self.ask("POST", path, text, {**MARK, **(headers or {})}, **more)

    def log_in(self, token=TOKEN):
        answer = self.post("/login", token)
        if answer.status == 200:
            self.cookie = answer.headers["Set-Cookie"].split(";")[0]
        return answer

    # ---- the stream ----

    def watch(self):
        """Follows the stream from now on."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", "/live", headers={**self.headers, **({"Cookie": self.cookie} if self.cookie else {})})
        self.response = connection.getresponse()
        if self.response.status != 200:
            raise Failure(f"the stream answers {self.response.status}")
        self.connection = connection
        self.thread = threading.Thread(target=self._follow, daemon=True)
        self.thread.start()
        return self

    def _follow(self):
        event, data = None, []
        try:
            for line in self.response:
                line = line.decode().rstrip("\r\n")
                if line.startswith("event: "):
                    event = line[7:]
                elif line.startswith("data: "):
                    data.append(line[6:])
                elif not line and event:
                    self._take(event, json.loads("\n".join(data)))
                    event, data = None, []
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            pass
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def _take(self, event, said):
        key = f"device {said['device']}" if event == "device" else event
        with self.changed:
            self.told[key] = said
            self.stamps[key] = now_us()
            self.changed.notify_all()

    def wait(self, key, predicate=lambda said: True, timeout=10.0, what=None):
        end = time.monotonic() + timeout
        with self.changed:
            while True:
                said = self.told.get(key)
                if said is not None and predicate(said):
                    return said
                left = end - time.monotonic()
                if left <= 0 or self.ended:
                    raise Failure(f"{what or key}: not within {timeout:g} s{' (the stream ended)' if self.ended else ''}; "
                                  f"told last: {json.dumps(said)[:1500]}")
                self.changed.wait(left)

    def control(self, device, control, predicate, timeout=10.0, what=None):
        def find(said):
            return next((c for c in said["controls"] if c["control"] == control and predicate(c)), None)
        return find(self.wait(f"device {device}", find, timeout, what or f"{device}.{control}"))

    def now_ms(self):
        """The gateway's clock is this machine's."""
        return now_us() // 1000

    def order(self, do, **more):
        return self.post("/ask", {"do": do, "at_ms": self.now_ms(), **more})

    def course(self, what, value, **more):
        return self.post("/course", {"what": what, "value": value, "at_ms": self.now_ms(), **more})

    def reset(self, latched=None):
        latched = self.told["home"]["latched"] if latched is None else latched
        answer = self.post("/reset", {"latched": latched, "at_ms": self.now_ms()})
        if answer.status == 409 and answer.json.get("outcome") == "duplicate":
            time.sleep(2.1)  # a button must be let go for 2 s, also after the start, and nothing tells when that is over
            answer = self.post("/reset", {"latched": latched, "at_ms": self.now_ms()})
        return answer

    def close(self):
        if self.response:
            try:
                self.connection.sock and self.connection.sock.shutdown(socket.SHUT_RDWR)
                self.response.fp and self.response.fp.raw._sock.shutdown(socket.SHUT_RDWR)
            except (OSError, AttributeError):
                pass
            self.thread.join(5)
            self.connection.close()
            self.response = None
