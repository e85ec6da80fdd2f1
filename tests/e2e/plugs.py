# SPDX-License-Identifier: Apache-2.0
"""Many Tasmota plugs in one process, behind one MQTT connection: for tests and measurements in which their number matters.

Less true to the firmware than therapy-sim's one plug, and light: a hundred of them cost what one client costs. They hear
POWER, PulseTime1, STATUS 10 and 11, PowerOnState and SetOption21, and go off by themselves when their PulseTime is over.
"""
import json
import threading

from harness import Client, Failure, now_us


class Plug:
    def __init__(self, name):
        self.name = name
        self.on = False
        self.pulse = 0       # as set: above 111, seconds + 100
        self.power_on = 3    # as shipped: as it was
        self.measures_off = False
        self.until_us = None
        self.off_us = 0      # when the relay opened last
        self.energised = 0   # how often it closed


class Plugs:
    def __init__(self, port, names, offline=()):
        """`offline`: names of plugs that do not answer until they come()."""
        self.plugs = {name: Plug(name) for name in names}
        self.away = set(offline)
        self.changed = threading.Condition()
        self.ending = threading.Event()
        self.client = Client(port, ["cmnd/+/+"], listeners=[self._hear])
        for name in names:
            if name not in self.away:
                self._publish("tele", name, "LWT", "Online", retain=True)
        self.timer = threading.Thread(target=self._run_down, daemon=True)
        self.timer.start()

    def come(self, name):
        self.away.discard(name)
        self._publish("tele", name, "LWT", "Online", retain=True)

    def _publish(self, prefix, name, what, payload, retain=False):
        self.client.mqtt.publish(f"{prefix}/{name}/{what}", payload, 0, retain)

    def _result(self, name, result):
        self._publish("stat", name, "RESULT", json.dumps(result))

    def _switch(self, plug, on, us):
        with self.changed:
            if plug.on and not on:
                plug.off_us = us
            plug.energised += on and not plug.on
            plug.on = on
            plug.until_us = us + self._pulse_us(plug) if on and plug.pulse else None
            self.changed.notify_all()
        self._result(plug.name, {"POWER": "ON" if on else "OFF"})
        self._publish("stat", plug.name, "POWER", "ON" if on else "OFF")

    @staticmethod
    def _pulse_us(plug):
        return plug.pulse * 100_000 if plug.pulse < 112 else (plug.pulse - 100) * 1_000_000

    def _hear(self, message):
        _, name, command = message.topic.split("/")
        plug, payload = self.plugs.get(name), message.text
        if not plug or name in self.away:
            return
        if command == "POWER" and payload in ("ON", "OFF"):
            self._switch(plug, payload == "ON", message.us)
        elif command == "PulseTime1":
            if payload:
                plug.pulse = int(payload)
                plug.until_us = message.us + self._pulse_us(plug) if plug.pulse else None
            left = max(0, (plug.until_us or 0) - message.us) // 1_000_000
            self._result(name, {"PulseTime1": {"Set": plug.pulse, "Remaining": left}})
            self._result(name, {"POWER": "ON" if plug.on else "OFF"})
        elif command == "STATUS" and payload == "10":
            energy = {"Total": 1.0, "Power": 50 if plug.on else 0, "Voltage": 230, "Current": 0.217 if plug.on else 0}
            self._publish("stat", name, "STATUS10", json.dumps({"StatusSNS": {"ENERGY": energy}}))
        elif command == "STATUS" and payload == "11":
            state = {"UptimeSec": 600, "POWER": "ON" if plug.on else "OFF"}
            self._publish("stat", name, "STATUS11", json.dumps({"StatusSTS": state}))
        elif command == "PowerOnState":
            plug.power_on = int(payload) if payload else plug.power_on
            self._result(name, {command: plug.power_on})
        elif command == "SetOption21":
            plug.measures_off = payload == "1" if payload else plug.measures_off
            self._result(name, {command: "ON" if plug.measures_off else "OFF"})

    def _run_down(self):
        while not self.ending.wait(0.1):
            for plug in self.plugs.values():
                if plug.on and plug.until_us and now_us() > plug.until_us:
                    self._switch(plug, False, now_us())

    def wait(self, check, what, timeout=10.0):
        """Until check(plugs) is true; looked at whenever one of them switches."""
        with self.changed:
            if not self.changed.wait_for(lambda: check(self.plugs.values()), timeout):
                on = [p.name for p in self.plugs.values() if p.on]
                raise Failure(f"{what}: not within {timeout:g} s; on: {on[:5]} and {max(0, len(on) - 5)} more")

    def wait_on(self, timeout=10.0):
        self.wait(lambda plugs: all(p.on for p in plugs), "every plug on", timeout)

    def off_after(self, since_us, timeout=10.0):
        """Waits until every plug is off; when the last went off, us after `since_us`."""
        self.wait(lambda plugs: not any(p.on for p in plugs), "every plug off", timeout)
        return max(p.off_us for p in self.plugs.values()) - since_us

    def close(self):
        self.ending.set()
        self.timer.join()
        self.client.close()
