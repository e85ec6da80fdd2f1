#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The demo's story, played on the real gateway with simulated devices, and checked while it is told.

What is asserted comes from two sides the gateway does not control: an MQTT client of another make, and the simulator's
own truth about its relay, its power and its force. Telemetry is decoded with stock protobuf from the schema that the
gateway itself publishes.
"""
import argparse
import os
import re
import secrets
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
from harness import Failure, Home, SOURCE, free_port, now_us  # noqa: E402
from screen import Screen, Seen  # noqa: E402

RULE = "no-heat-during-inversion"
HARD_DEG = 20  # beyond this the rule has no grace
OFF_MS = 200  # from the frame that shows it to the open relay; the promise is far below, this must hold on any machine
ONCE_S = 60
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)


class Over(Exception):
    """The story must end: Ctrl-C, or its time is over."""


class Paged(Home):
    """With the page for browsers; its token is another one each time, and goes with the demo."""

    def __init__(self, **more):
        super().__init__(**more)
        self.token, self.page = secrets.token_hex(8), f"127.0.0.1:{free_port()}"
        with open(self.config, encoding="utf-8") as f:
            self.config_text = f'{f.read()}\npage = {{ listen = "{self.page}"; token_file = "page.token"; }};\n'

    def start_gateway(self, wait=True):
        with open(os.path.join(self.directory, "page.token"), "w", encoding="utf-8",
                  opener=lambda path, flags: os.open(path, flags, 0o600)) as f:
            f.write(self.token + "\n")
        super().start_gateway(wait)

    @property
    def note(self):
        return f"In a browser: http://{self.page}/   token {self.token}"  # whole on 80 columns


class Story:
    STEPS = ("devices", "lie_down", "prove_timers", "heat_on", "invert", "heat_refused", "come_back", "heat_again", "traction",
             "unplug", "plug_again")

    def __init__(self, home, seen, screen, pace):
        self.home, self.sim, self.client = home, home.sim, home.client
        self.seen, self.screen, self.pace = seen, screen, pace
        self.step = "start"
        self.numbers = {}

    # ---- telling ----

    def tell(self, text, watch=""):
        """What happens now, and what a person should watch for."""
        if self.screen:
            self.screen.step, self.screen.watch = text, watch
        else:
            print(text, flush=True)

    def ok(self, text):
        if not self.screen:
            print(f"  ok: {text}", flush=True)

    def dwell(self, seconds):
        """Gives a person time to read; nothing is waited for."""
        if self.pace:
            time.sleep(seconds * self.pace)

    def check(self, truth, text, found=""):
        if not truth:
            raise Failure(f"{text}: not so{f', found {found}' if found != '' else ''}")
        self.ok(text + (f" ({found})" if found != "" else ""))

    def play(self):
        for i, name in enumerate(self.STEPS):
            self.step = name.replace("_", " ")
            if self.screen:
                self.screen.progress = f"{i + 1}/{len(self.STEPS)}"
            getattr(self, name)()

    # ---- what a person does ----

    def request(self, device, control, value):
        result = self.home.request(device, control, value)
        result["outcome"] = str(result.get("outcome", "")).lower().replace("command_outcome_", "")
        return result

    def ask_accepted(self, device, control, value):
        result = self.request(device, control, value)
        self.check(result["outcome"] == "accepted", f"{device}.{control} = {value:g} is accepted", self.short(result))

    def ask_refused(self, device, control, value):
        result = self.request(device, control, value)
        self.check(result["outcome"] == "not_permitted", f"{device}.{control} = {value:g} is refused", self.short(result))
        self.check(bool(result.get("reason")), "the refusal says why", result.get("reason"))
        return result

    @staticmethod
    def short(result):
        return " ".join(str(result[k]) for k in ("outcome", "rule", "reason") if result.get(k))

    def wait_permitted(self, device, control, timeout=15):
        start = now_us()
        self.home.wait_device(device, lambda s: s.get(f"{control}_permitted") == "ON",
                              f"{device}.{control} to be permitted", timeout)
        self.ok(f"{device}.{control} is permitted after {(now_us() - start) / 1e6:.1f} s")

    def wait_relay(self, on, mark, timeout=5):
        return self.sim.wait_event("relay", lambda e: e["on"] is on, mark, timeout,
                                   f"the simulated relay to {'close' if on else 'open'}")

    def wait_why(self, device, control, words, timeout=5):
        """The published state says no, and why: all of `words` are in the reason."""
        def fits(state):
            why = str(state.get(f"{control}_why") or "")
            return state.get(f"{control}_permitted") == "OFF" and all(w in why for w in words)
        state = self.home.wait_device(device, fits, f"{device} to say why {control} is not permitted, naming "
                                      + " and ".join(words), timeout)
        self.ok(f"the reason shown: {state[control + '_why']}")
        return state[control + "_why"]

    def wait_event(self, kind, mark, predicate, what, timeout=5):
        """A SafetyEvent on the event topic, decoded with the published schema."""
        def fits(message):
            event = self.seen.schema.decode("SafetyEvent", message.payload)
            return self.seen.event_name(event) == kind and predicate(event)
        message = self.client.wait(f"{self.home.base}/event", fits, mark, timeout, what)
        return self.seen.schema.decode("SafetyEvent", message.payload)

    def wait_reading(self, device, key, fits, what, timeout=5):
        """A fresh, good reading in the protobuf telemetry."""
        start_ms = now_us() // 1000

        def look():
            reading = self.seen.readings.get((device, key))
            value, _ = self.seen.reading(device, key)
            return value is not None and reading.monotonic_ms + 100 >= start_ms and fits(value) and (value,)
        value = self.client.wait_for(look, what, timeout)[0]
        self.ok(f"{what} ({value:.1f})")
        return value

    # ---- the steps ----

    def devices(self):
        self.tell("Three devices come in over a pseudo-terminal, TCP and MQTT",
                  "each reading has an age; nothing is permitted on one that is too old")
        self.client.wait_for(lambda: self.seen.schema, "the schema, retained", 10)
        for device in ("table", "belt", "pad"):
            self.client.wait(f"{self.home.base}/{device}/availability", lambda m: m.text == "online", None, 10)
        tilt = self.wait_reading("table", "tilt", lambda v: True, "tilt in the telemetry", 10)
        truth = self.sim.state()["table"]["tilt"]
        self.check(abs(abs(tilt) - abs(truth)) < 0.1, "it is the tilt the table has", f"{tilt:.2f}, {truth:.2f}")
        self.wait_reading("belt", "force", lambda v: v < 1, "force in the telemetry", 10)
        self.dwell(3)

    def lie_down(self):
        self.tell("A person lies down: from upright to level", "tilt goes from -60 to 0, and traction has to wait 4 s")
        self.sim.command("table tilt 0 30")
        self.wait_reading("table", "tilt", lambda v: abs(v) < 1, "the table is level", 10)
        self.dwell(2)

    def prove_timers(self):
        if self.home.device_state("pad").get("heat_permitted") == "ON":
            return  # the story is told again, and the proofs last
        self.tell("The off-test: the plug proves that it goes off by itself",
                  "on for 5 s, nothing switches it off; without that proof heat is refused")
        self.wait_why("pad", "heat", ["off-test"], 15)
        self.ask_refused("pad", "heat", 1)
        mark = self.sim.mark()
        self.home.prove("pad", "heat")
        on, off = self.wait_relay(True, mark), self.wait_relay(False, mark)
        seconds = (off["us"] - on["us"]) / 1e6
        self.numbers["the plug's own timer of 5 s"] = f"{seconds:.2f} s"
        told = [e for e in self.sim.events[mark:] if e["event"] == "command" and e["command"] == "POWER"
                and e["payload"] == "OFF" and e["us"] < off["us"]]
        self.check(4.5 < seconds < 6 and not told, "it was on for 5 s, and nobody switched it off", f"{seconds:.2f} s")
        self.tell("The same for the belt", "it pulls 5 N and lets go by itself, because nobody keeps it alive")
        self.home.prove("belt", "tension")
        self.ok("the belt let go by itself")
        self.wait_permitted("pad", "heat")
        self.dwell(2)

    def heat_on(self, text="Heat on"):
        self.tell(text, "pad.heat goes ON, the relay closes, power flows")
        mark, seen = self.sim.mark(), self.client.mark()
        self.ask_accepted("pad", "heat", 1)
        self.wait_relay(True, mark)
        self.client.wait("stat/pad_plug/POWER", lambda m: m.text == "ON", seen, 5, "the plug to say ON")
        state = self.sim.wait_state(lambda s: s["pad"]["relay"] and s["pad"]["power"] > 40, "the pad to draw power")
        self.ok(f"the simulated relay is closed, {state['pad']['power']:.0f} W flow")
        self.wait_reading("pad", "power", lambda v: v > 40, "the power in the telemetry", 8)
        self.dwell(3)

    def invert(self):
        self.tell("The person starts to invert: heat must go off",
                  "the relay opens when tilt passes 20 deg, and the event says why")
        mark, seen = self.sim.mark(), self.client.mark()
        self.sim.command(f"table watch {HARD_DEG}")
        self.sim.command("table tilt 60 20")
        crossing = self.sim.wait_event("crossing", lambda e: e["beyond"], mark, 10, f"a tilt over {HARD_DEG} deg")
        off = self.wait_relay(False, mark, 5)
        late_ms = (off["us"] - crossing["us"]) / 1000
        self.numbers[f"tilt over {HARD_DEG} deg to open relay"] = f"{late_ms:.2f} ms" if late_ms > 0 else "open before"
        self.check(late_ms < OFF_MS, f"the relay opens within {OFF_MS} ms of the frame that shows {HARD_DEG} deg",
                   f"{late_ms:.2f} ms")
        self.client.wait("stat/pad_plug/POWER", lambda m: m.text == "OFF", seen, 5, "the plug to say OFF")
        self.check(self.sim.state()["pad"]["power"] == 0, "no power flows")
        event = self.wait_event("tripped", seen, lambda e: e.device_id == "pad" and e.rule_id == RULE,
                                f"a trip of pad.heat by {RULE}")
        self.check("tilt" in event.text, "the trip says which reading", event.text)
        self.wait_why("pad", "heat", [RULE])
        self.wait_reading("pad", "power", lambda v: v < 3, "no power in the telemetry", 8)
        self.dwell(3)

    def heat_refused(self):
        self.tell("Somebody asks for heat while inverted: refused",
                  "REFUSED with the rule and the reading; the relay stays open")
        self.wait_reading("table", "tilt", lambda v: abs(v) > 59, "the table is at 60 deg", 10)
        commands = self.sim.mark()
        result = self.ask_refused("pad", "heat", 1)
        self.check(RULE in (result.get("rule") or "") or RULE in result["reason"], f"the refusal names {RULE}")
        self.check("tilt" in result["reason"], "and the reading")
        self.stays_off(commands)
        self.dwell(4)

    def stays_off(self, mark):
        """Nothing that switches on reached the plug since `mark`, and it is off."""
        sent = [f"{e['command']} {e['payload']}" for e in self.sim.events[mark:] if e["event"] == "command"]
        sent = [text for text in sent if re.search(r"\bPOWER1?\s+(ON|1|TOGGLE|2)\b", text, re.IGNORECASE)]
        self.check(not sent and not self.sim.state()["pad"]["relay"], "nothing switched the plug on", "; ".join(sent))

    def come_back(self):
        self.tell("Back to level; heat stays off until the cool-down is over",
                  "permission returns after 3 s at 8 deg or less, and switches nothing on")
        mark = self.sim.mark()
        self.sim.command("table watch off")
        self.sim.command("table tilt 0 30")
        self.wait_reading("table", "tilt", lambda v: abs(v) < 1, "the table is level", 10)
        self.ask_refused("pad", "heat", 1)
        self.wait_permitted("pad", "heat")
        self.stays_off(mark)  # a returning permit energises nothing
        self.dwell(2)

    def heat_again(self):
        self.heat_on("Heat is allowed again, and asked for anew")

    def traction(self):
        self.tell("Heat off, then traction: the belt pulls 80 N",
                  "force follows the set-point; heat is not permitted from 20 N on")
        mark = self.sim.mark()
        self.ask_accepted("pad", "heat", 0)
        self.wait_relay(False, mark)
        self.dwell(2)
        self.sim.command("belt ramp 40")
        self.wait_permitted("belt", "tension", 20)
        self.ask_accepted("belt", "tension", 80)
        self.sim.wait_state(lambda s: s["belt"]["force"] > 75, "the belt to pull 75 N", 10)
        self.wait_reading("belt", "force", lambda v: v > 70, "the force in the telemetry")
        self.tell("Heat under a loaded belt: refused", "another rule, no-heat-under-load, says no")
        self.ask_refused("pad", "heat", 1)
        self.dwell(4)
        self.tell("Release: the belt ramps down by itself",
                  "the ramp is the board's own; heat is permitted again 3 s after it")
        self.ask_accepted("belt", "tension", 0)
        self.sim.wait_state(lambda s: s["belt"]["setpoint"] == 0 and s["belt"]["force"] < 5, "the belt to let go", 10)
        self.wait_reading("belt", "force", lambda v: v < 5, "no force in the telemetry")
        self.wait_permitted("pad", "heat", 20)
        self.dwell(2)

    def unplug(self):
        self.heat_on("Heat on once more")
        self.tell("The tilt sensor is unplugged: what depends on it goes off",
                  "the relay opens at once: what is not known does not permit")
        mark = self.sim.mark()
        pulled = self.sim.command("table unplug")["us"]
        off = self.wait_relay(False, mark, 8)
        late_ms = (off["us"] - pulled) / 1000
        self.numbers["sensor unplugged to open relay"] = f"{late_ms:.2f} ms"
        self.check(late_ms < 2000, "the relay opens within 2 s", f"{late_ms:.2f} ms")
        self.wait_why("pad", "heat", ["tilt"])
        self.client.wait(f"{self.home.base}/table/availability", lambda m: m.text == "offline", None, 5)
        self.dwell(4)

    def plug_again(self):
        self.tell("The sensor is back: heat was paused, and goes on",
                  "RESUMED: a short loss of knowledge does not end a session")
        mark = self.sim.mark()
        self.sim.command("table plug")
        self.wait_reading("table", "tilt", lambda v: abs(v) < 1, "tilt in the telemetry again", 12)
        self.wait_relay(True, mark, 12)
        self.ok("the relay closed again for the request that was running")
        self.dwell(3)
        mark = self.sim.mark()
        self.tell("Heat off", "asking for rest is never refused")
        self.ask_accepted("pad", "heat", 0)
        self.wait_relay(False, mark)
        self.check(self.seen.undecodable == 0, "every message could be decoded", f"{self.seen.batches} batches")
        self.sim.command("table tilt -60 30")
        self.dwell(3)


def arguments():
    parser = argparse.ArgumentParser(prog="demo", description="Plays the demo with simulated devices.")
    parser.add_argument("--page", action="store_true", help="serve the page for browsers, too, on this machine")
    parser.add_argument("--once", action="store_true", help=f"play once in at most {ONCE_S} s, checking, without a terminal")
    return parser.parse_args()


def end(number, _frame):
    for other in SIGNALS:
        signal.signal(other, signal.SIG_IGN)  # once is enough; ending must not be interrupted
    raise Over(f"took more than {ONCE_S} s" if number == signal.SIGALRM else "")


def play(home, options, started):
    seen = Seen(home.base)
    for message in list(home.client.messages):
        seen.take(message)
    home.client.listeners.append(seen.take)
    for message in list(home.client.latest.values()):  # between the two; taking one twice does no harm
        seen.take(message)
    screen = None if options.once or not sys.stdout.isatty() else Screen(seen, home.url)
    story = Story(home, seen, screen, 0 if options.once else 1)
    note = home.note if options.page else ""
    if screen:
        screen.note = note
        screen.start()
    else:
        if note:
            print(note, flush=True)
        print(f"devices, broker ({home.url}) and gateway are up after {time.monotonic() - started:.1f} s", flush=True)
    try:
        while True:
            story.play()
            if options.once:
                break
    except (Failure, Over) as trouble:
        if str(trouble):
            raise Failure(f"at '{story.step}': {trouble}") from None
        raise
    finally:
        if screen:
            screen.stop()
    for what, number in story.numbers.items():
        print(f"{what}: {number}")


def main():
    options = arguments()
    started = time.monotonic()
    for number in SIGNALS:
        signal.signal(number, end)
    if options.once:
        signal.alarm(ONCE_S)
    home = (Paged if options.page else Home)(sim=("--seed", "7"), config=os.path.join(SOURCE, "etc", "demo.cfg"), gateway=False,
                url=os.environ.get("MQTT_URL"), proofs=True)
    try:
        with home:
            home.sim.command("table tilt -60 now")  # upright, before anybody lies down
            home.start_gateway()
            play(home, options, started)
    except Failure as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return 1
    except Over:
        return 1 if options.once else 0
    if options.once:
        print(f"demo: the story came true in {time.monotonic() - started:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
