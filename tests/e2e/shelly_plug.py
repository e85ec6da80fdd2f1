# SPDX-License-Identifier: Apache-2.0
"""A Shelly plug (Gen2 and later) at a broker, as its makers document it: JSON-RPC on <prefix>/rpc, replies on <src>/rpc,
NotifyStatus with what changed on <prefix>/events/rpc, <prefix>/online retained. toggle_after flips back by itself; ON without
one does not."""
import json
import threading

from harness import Client, now_us


class ShellyPlug:
    def __init__(self, port, prefix="shellyplugsg3-b0b21c10a8f4", watts=50.0):
        self.prefix, self.watts = prefix, watts
        self.on, self.timer, self.timer_works = False, None, True
        self.config = {"initial_state": "restore_last", "auto_on": True}
        self.calls = []    # (us, method, params), as they came
        self.moves = []    # (us, on), of the relay
        self.changed = threading.Condition()
        self.client = Client(port, [f"{prefix}/rpc"], listeners=[self._hear])
        self.client.publish(f"{prefix}/online", "true", retain=True)

    def close(self):
        with self.changed:
            self._stop_timer()
        self.client.close()

    # ---- what a person does, and sees ----

    def press(self, on):
        with self.changed:
            self._switch(on, "button")

    def mark(self):
        return now_us()

    def wait(self, check, what, timeout=10.0):
        with self.changed:
            if not self.changed.wait_for(check, timeout):
                raise AssertionError(f"{what}: not within {timeout:g} s; told {self.calls[-6:]}, moved {self.moves[-6:]}")

    def wait_on(self, on, timeout=10.0):
        self.wait(lambda: self.on == on, f"the relay to be {'on' if on else 'off'}", timeout)

    def sets(self, since, on):
        """Each Switch.Set of that kind after `since`."""
        return [(us, params) for us, method, params in self.calls if us >= since and method == "Switch.Set" and params["on"] == on]

    # ---- the plug ----

    def _status(self):
        return {"id": 0, "source": "init", "output": self.on, "apower": self.watts if self.on else 0.0, "voltage": 230.1,
                "current": round(self.watts / 230.1, 3) if self.on else 0.0, "aenergy": {"total": 12.5}, "temperature": {"tC": 31.0, "tF": 87.8}}

    def _switch(self, on, source, after=None):
        self._stop_timer()
        if on and after and self.timer_works:
            self.timer = threading.Timer(after, self._flip)
            self.timer.daemon = True
            self.timer.start()
        if on == self.on:
            return
        self.on = on
        self.moves.append((now_us(), on))
        self.changed.notify_all()
        self._notify({"id": 0, "output": on, "source": source})
        self._notify({"id": 0, "apower": self.watts if on else 0.0})

    def _stop_timer(self):
        if self.timer:
            self.timer.cancel()
        self.timer = None

    def _flip(self):
        with self.changed:
            self.timer = None
            self._switch(False, "timer")

    def _notify(self, switch):
        self.client.publish(f"{self.prefix}/events/rpc", json.dumps(
            {"src": self.prefix, "dst": f"{self.prefix}/events", "method": "NotifyStatus", "params": {"ts": 1.0, "switch:0": switch}}))

    def _hear(self, message):
        asked = json.loads(message.text)
        with self.changed:
            params = asked.get("params", {})
            self.calls.append((now_us(), asked["method"], params))
            self.changed.notify_all()
            answer = {"id": asked["id"], "src": self.prefix, "dst": asked["src"]}
            if asked["method"] == "Switch.GetStatus":
                answer["result"] = self._status()
            elif asked["method"] == "Switch.GetConfig":
                answer["result"] = {"id": 0, "name": None, "in_mode": "follow", **self.config, "auto_on_delay": 60.0, "auto_off": False}
            elif asked["method"] == "Switch.SetConfig":
                self.config.update(params["config"])
                answer["result"] = {"restart_required": False}
            elif asked["method"] == "Switch.Set":
                answer["result"] = {"was_on": self.on}
                self._switch(params["on"], "MQTT", params.get("toggle_after"))
            else:
                answer["error"] = {"code": 404, "message": "No handler"}
        self.client.publish(f"{asked['src']}/rpc", json.dumps(answer))
