# SPDX-License-Identifier: Apache-2.0
"""Debian's Chromium without a screen, led over a pipe by its own DevTools protocol: what a person does (clicks, keys,
touches) and what they see. No driver and no library between. It ends with us."""
import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from harness import Failure, libc, PR_SET_PDEATHSIG

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-extensions",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
         "--force-color-profile=srgb", "--remote-debugging-pipe"]


def program():
    return shutil.which("chromium")


class Chromium:
    """One page. Use as a context."""

    def __init__(self, width=1100, height=900):
        self.width, self.height = width, height
        self.number = 0
        self.answers, self.events = {}, []
        self.changed = threading.Condition()
        self.session = None

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="therapy-chromium-")
        to_it, ours = os.pipe()
        ours_too, from_it = os.pipe()

        def begin():
            os.setpgid(0, 0)
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            low, high = os.dup(to_it), os.dup(from_it)  # neither may be 3 or 4 already
            os.dup2(low, 3)
            os.dup2(high, 4)

        self.log = open(os.path.join(self.directory.name, "log"), "wb")
        self.process = subprocess.Popen([program(), *FLAGS, f"--user-data-dir={self.directory.name}/profile", "about:blank"],
                                        preexec_fn=begin, pass_fds=(3, 4), stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log, env=dict(os.environ, HOME=self.directory.name))
        os.close(to_it)
        os.close(from_it)
        self.out, self.into = os.fdopen(ours_too, "rb", 0), os.fdopen(ours, "wb", 0)
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()
        target = self.wait_for(lambda: next((t for t in self.ask("Target.getTargets")["targetInfos"] if t["type"] == "page"), None),
                               "a page of Chromium", 60)
        self.session = self.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "Accessibility"):
            self.ask(domain + ".enable")
        self.size(self.width, self.height)
        return self

    def __exit__(self, *_):
        try:
            self.session = None
            self.ask("Browser.close", timeout=5)
        except (Failure, OSError):
            pass
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)  # the group that we made of it
            self.process.wait()
        self.thread.join(5)
        self.into.close()
        self.out.close()
        self.log.close()
        shutil.rmtree(self.directory.name, ignore_errors=True)
        self.directory.cleanup()

    # ---- the protocol ----

    def _listen(self):
        rest = b""
        while True:
            piece = self.out.read(1 << 16)
            if not piece:
                break
            *whole, rest = (rest + piece).split(b"\0")
            with self.changed:
                for text in whole:
                    said = json.loads(text)
                    if "id" in said:
                        self.answers[said["id"]] = said
                    else:
                        self.events.append(said)
                self.changed.notify_all()

    def ask(self, method, timeout=30, **parameters):
        self.number += 1
        number = self.number
        order = {"id": number, "method": method, "params": parameters}
        if self.session:
            order["sessionId"] = self.session
        self.into.write(json.dumps(order).encode() + b"\0")
        with self.changed:
            if not self.changed.wait_for(lambda: number in self.answers, timeout):
                raise Failure(f"Chromium does not answer {method} within {timeout} s")
            said = self.answers.pop(number)
        if "error" in said:
            raise Failure(f"Chromium: {method}: {said['error']['message']}")
        return said.get("result", {})

    def wait_for(self, check, what, timeout=10, every=0.02):
        end = time.monotonic() + timeout
        while True:
            value = check()
            if value:
                return value
            if time.monotonic() > end:
                raise Failure(f"{what}: not within {timeout} s")
            time.sleep(every)

    # ---- what a person does ----

    def size(self, width, height, scale=1, touch=False):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=touch)

    def prefer(self, **features):
        self.ask("Emulation.setEmulatedMedia", features=[{"name": n.replace("_", "-"), "value": v} for n, v in features.items()])

    def open(self, url):
        mark = len(self.events)
        self.ask("Page.navigate", url=url)
        self.wait_for(lambda: any(e["method"] == "Page.loadEventFired" for e in self.events[mark:]), f"{url} to be loaded", 30)

    def run(self, script):
        """The value of an expression; a promise is waited for."""
        said = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in said:
            raise Failure(f"in the page: {said['exceptionDetails'].get('exception', {}).get('description') or said['exceptionDetails']['text']}")
        return said["result"].get("value")

    def wait(self, script, what=None, timeout=10):
        try:
            return self.wait_for(lambda: self.run(script), what or script, timeout)
        except Failure as failure:
            raise Failure(f"{failure}; the page says: {self.run('document.body.innerText')[:3000]}") from None

    def text(self, selector="body"):
        return self.run(f"document.querySelector({json.dumps(selector)}).innerText")

    def sees(self, words, selector="body", timeout=10):
        found = f"(document.querySelector({json.dumps(selector)})||{{innerText:''}}).innerText.includes({json.dumps(words)})"
        self.wait(found, f"'{words}' in {selector}", timeout)

    def _middle(self, selector):
        box = self.run(f"""(() => {{ const e = document.querySelector({json.dumps(selector)}); if (!e) return null;
            e.scrollIntoView({{block: "center"}}); const r = e.getBoundingClientRect();
            const x = r.left + r.width / 2, y = r.top + r.height / 2, top = document.elementFromPoint(x, y);
            return r.width && (e === top || e.contains(top)) ? [x, y] : null; }})()""")
        if not box:
            raise Failure(f"{selector} cannot be clicked: it is not there, or something is over it")
        return box

    def click(self, selector):
        """Where it is on the screen; what lies over it would get the click."""
        x, y = self._middle(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def key(self, key, code=None, number=0, text=None):
        for kind in ("keyDown", "keyUp"):
            more = {"text": text} if text and kind == "keyDown" else {}
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, code=code or key, windowsVirtualKeyCode=number, **more)

    def tab(self):
        self.key("Tab", number=9)

    def enter(self):
        self.key("Enter", number=13, text="\r")

    def type(self, text):
        self.ask("Input.insertText", text=text)

    # ---- what is seen ----

    def focused(self):
        return self.run("document.activeElement && (document.activeElement.id || document.activeElement.getAttribute('aria-label') "
                        "|| document.activeElement.textContent)")

    def spoken(self):
        """(role, name) of each thing that a screen reader has."""
        nodes = self.ask("Accessibility.getFullAXTree")["nodes"]
        return [(n["role"]["value"], n.get("name", {}).get("value", "")) for n in nodes if not n.get("ignored")]

    def complaints(self):
        """What the browser itself found wrong: errors of scripts, what the policy refused."""
        said = []
        for e in self.events:
            if e["method"] == "Runtime.exceptionThrown":
                said.append(e["params"]["exceptionDetails"].get("exception", {}).get("description", "?"))
            elif e["method"] == "Log.entryAdded" and e["params"]["entry"]["level"] == "error":
                entry = e["params"]["entry"]
                said.append(f"{entry['text']} {entry.get('url', '')}")
        return said

    def picture(self, path, whole=False):
        more = {"captureBeyondViewport": True, "clip": {**self.ask("Page.getLayoutMetrics")["cssContentSize"], "scale": 1}} if whole else {}
        with open(path, "wb") as f:
            f.write(base64.b64decode(self.ask("Page.captureScreenshot", format="png", **more)["data"]))
