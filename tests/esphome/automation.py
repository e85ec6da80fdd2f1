# SPDX-License-Identifier: Apache-2.0
"""Runs the automations of a configuration of etc/esphome in simulated time, as ESPHome does: a switch fires only when it changes, a
script with mode restart begins anew, a delay holds up its own run alone."""
import heapq
import itertools
import re

from board import every, milliseconds


class Run:
    """One run of a list of actions; ended by cancel()."""

    def __init__(self, board, actions):
        self.board, self.live = board, True
        self.steps = board.steps(actions)
        self.go_on()

    def go_on(self):
        if not self.live:
            return
        for wait_ms in self.steps:
            self.board.after(wait_ms, self.go_on)
            return
        self.live = False

    def cancel(self):
        self.live = False


class Board:
    def __init__(self, conf, was_on=False):
        self.conf, self.now_ms, self.published = conf, 0, []
        self.queue, self.order, self.runs = [], itertools.count(), {}
        self.switches = {switch["id"]: switch for switch in every(conf.get("switch"))}
        self.scripts = {script["id"]: script for script in every(conf.get("script"))}
        # What is not ALWAYS_OFF may come back as it was.
        self.on = {key: was_on and s.get("restore_mode") != "ALWAYS_OFF" for key, s in self.switches.items()}
        for interval in every(conf.get("interval")):
            self.repeat(milliseconds(interval["interval"]), interval["then"])

    # ---- time ----

    def after(self, wait_ms, what):
        heapq.heappush(self.queue, (self.now_ms + wait_ms, next(self.order), what))

    def repeat(self, wait_ms, actions):
        def again():
            self.after(wait_ms, again)
            Run(self, actions)
        self.after(wait_ms, again)

    def pass_to(self, at_ms):
        while self.queue and self.queue[0][0] <= at_ms:
            self.now_ms, _, what = heapq.heappop(self.queue)
            what()
        self.now_ms = at_ms

    # ---- what comes from outside ----

    def message(self, topic, payload):
        prefix = self.conf["mqtt"]["topic_prefix"]
        for key, switch in self.switches.items():
            if topic == f"{prefix}/switch/{switch['name']}/command" and payload in ("ON", "OFF"):
                self.switch(key, payload == "ON")
        for trigger in every(self.conf["mqtt"].get("on_message")):
            if trigger["topic"] == topic and trigger["payload"] == payload:
                Run(self, every(trigger["then"]))

    def update_begins(self):
        for ota in every(self.conf["ota"]):
            Run(self, every(ota.get("on_begin", {}).get("then")))

    # ---- actions and conditions ----

    def switch(self, key, on):
        if self.on[key] == on:
            return
        self.on[key] = on
        Run(self, every(self.switches[key].get("on_turn_on" if on else "on_turn_off")))

    def execute(self, key):
        script, running = self.scripts[key], self.runs.get(key)
        if running and running.live:
            if script.get("mode", "single") != "restart":
                return
            running.cancel()
        self.runs[key] = Run(self, every(script["then"]))

    def holds(self, condition):
        if isinstance(condition, list):
            return all(self.holds(one) for one in condition)
        (name, of), = condition.items()
        if name == "switch.is_on":
            return self.on[of]
        if name == "script.is_running":
            return bool(self.runs.get(of)) and self.runs[of].live
        if name == "not":
            return not self.holds(of)
        if name == "and":
            return all(self.holds(one) for one in of)
        raise ValueError(f"no condition that is known here: {name}")

    def steps(self, actions):
        for action in every(actions):
            (name, of), = action.items()
            if name == "delay":
                yield milliseconds(of)
            elif name in ("switch.turn_on", "switch.turn_off"):
                self.switch(of, name == "switch.turn_on")
            elif name == "script.execute":
                self.execute(of)
            elif name == "if":
                yield from self.steps(of.get("then" if self.holds(of["condition"]) else "else"))
            elif name == "mqtt.publish":
                self.published.append((self.now_ms, of["topic"], self.text(of["payload"])))
            else:
                raise ValueError(f"no action that is known here: {name}")

    def text(self, payload):
        """The one lambda that a payload has here; lambdas_test.py compiles it."""
        found = re.fullmatch(r'return id\((\w+)\).state \? "(\w+)" : "(\w+)";', payload.strip())
        return payload if not found else found[2] if self.on[found[1]] else found[3]
