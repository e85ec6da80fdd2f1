# SPDX-License-Identifier: Apache-2.0
"""The demo's live table: what anybody sees who listens to the gateway's topics. Plain ANSI, one write per picture, so
nothing flickers; fits 80 x 24 and uses more if there is more. Knows nothing of the story but its current line."""
import collections
import shutil
import sys
import textwrap
import threading
import time

UNITS = {"tilt": "°", "rate": "°/s", "roll": "°", "pitch": "°", "force": "N", "setpoint": "N", "pressure": "kPa",
         "power": "W", "voltage": "V", "current": "A", "skin_temp": "°C", "temp": "°C", "energy": "Wh"}
DEVICES = ("table", "belt", "pad")
FIRST = ("tilt", "force", "setpoint", "relay", "power", "skin_temp", "rate", "pressure")  # shown first when rows are few
BOLD, DIM, RED, GREEN, YELLOW, PLAIN = ("\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[0m")
QUALITY = {1: "unknown", 2: "", 3: "implausible"}


class Seen:
    """What came over MQTT, kept for showing. Filled on the client's thread."""

    def __init__(self, base):
        self.base = base
        self.schema = None
        self.readings = {}  # (device, key) -> Reading
        self.states = {}  # device -> JSON
        self.available = {}
        self.events = collections.deque(maxlen=50)  # (wall time, SafetyEvent)
        self.batches = 0
        self.undecodable = 0

    def take(self, message):
        if not message.topic.startswith(self.base + "/"):
            return
        parts = message.topic[len(self.base) + 1:].split("/")
        try:
            self._take(parts, message)
        except Exception:  # a picture must not end the story; the story asserts on the count
            self.undecodable += 1

    def _take(self, parts, message):
        if parts == ["schema"] and message.payload:
            from harness import Schema
            self.schema = Schema(message.payload)
        elif parts == ["event"] and self.schema:
            event = self.schema.decode("SafetyEvent", message.payload)
            self.events.append((time.strftime("%H:%M:%S"), event))
        elif parts[1:] == ["telemetry"] and self.schema:
            batch = self.schema.batch(message.payload)
            self.batches += 1
            for reading in batch.readings:
                self.readings[parts[0], reading.key] = reading
        elif parts[1:] == ["state"] and message.payload:
            self.states[parts[0]] = message.json
        elif parts[1:] == ["availability"]:
            self.available[parts[0]] = message.text == "online"

    def reading(self, device, key):
        """(value or None, age in s) of the newest reading."""
        reading = self.readings.get((device, key))
        if reading is None:
            return None, None
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - reading.monotonic_ms / 1000
        good = reading.quality == 2 and reading.WhichOneof("presence") == "value"
        return (reading.value if good else None), max(0.0, age)

    def controls(self):
        """(device, control, state JSON) of everything that can be energised."""
        for device in sorted(self.states, key=lambda d: DEVICES.index(d) if d in DEVICES else 99):
            state = self.states[device]
            for key in state:
                if key.endswith("_permitted"):
                    yield device, key[:-len("_permitted")], state

    def event_name(self, event):
        field = event.DESCRIPTOR.fields_by_name["type"]
        value = field.enum_type.values_by_number.get(event.type)
        return value.name.replace("SAFETY_EVENT_TYPE_", "").lower().replace("_", " ") if value else str(event.type)


class Screen:
    def __init__(self, seen, url):
        self.seen = seen
        self.url = url
        self.step = ""
        self.progress = ""
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        sys.stdout.write("\x1b[?1049h\x1b[?25l\x1b[2J")
        self.thread.start()

    def stop(self):
        if self.thread.is_alive():
            self.done.set()
            self.thread.join()
            sys.stdout.write("\x1b[?25h\x1b[?1049l")
            sys.stdout.flush()

    def _run(self):
        while not self.done.wait(0.1):
            self.draw()

    def draw(self):
        columns, rows = shutil.get_terminal_size((80, 24))
        lines = self.lines(columns, rows)[:rows]
        picture = "\x1b[H" + "\x1b[K\r\n".join(lines) + "\x1b[K\x1b[J"
        sys.stdout.write(picture)
        sys.stdout.flush()

    def lines(self, columns, rows):
        top = self._fit(f"Therapy Gateway demo   {self.url}", columns - len(self.progress) - 2)
        head = [BOLD + top.ljust(columns - len(self.progress) - 1) + PLAIN + self.progress,
                BOLD + GREEN + self._fit("> " + self.step, columns) + PLAIN, ""]
        controls = self._controls(columns)
        readings = self._readings(columns, max(5, rows - len(head) - len(controls) - 7))
        left = rows - len(head) - len(readings) - len(controls) - 4
        events = self._events(columns, max(1, left))
        blank = [""] * (left - len(events) + 1)
        foot = DIM + self._fit("Ctrl-C ends the demo and everything it started", columns) + PLAIN
        return head + readings + [""] + controls + [""] + events + blank + [foot]

    @staticmethod
    def _fit(text, columns):
        return text if len(text) <= columns else text[:max(0, columns - 1)] + "…"

    def _readings(self, columns, most):
        rows = []
        for device in DEVICES:
            keys = sorted((k for d, k in list(self.seen.readings) if d == device),
                          key=lambda k: FIRST.index(k) if k in FIRST else 99)
            rows += [(FIRST.index(k) if k in FIRST else 99, device, k) for k in keys]
            if not keys:
                rows.append((0, device, None))
        shown = sorted(rows)[:most - 1]
        out = [DIM + self._fit(f"{'DEVICE':9}{'READING':16}{'VALUE':>12}  {'AGE':>8}", columns) + PLAIN]
        last = None
        for row in [r for r in rows if r in shown]:
            _, device, key = row
            out.append(self._reading_line(device if device != last else "", device, key, columns))
            last = device
        return out

    def _reading_line(self, label, device, key, columns):
        here = self.seen.available.get(device, False)
        if key is None:
            return self._fit(f"{label:9}{'no readings yet' if here else 'not there'}", columns)
        value, age = self.seen.reading(device, key)
        text = "unknown" if value is None else f"{value:.1f} {UNITS.get(key, '')}".rstrip()
        colour = YELLOW if value is None or not here else ""
        note = "" if here else "  gone"
        return colour + self._fit(f"{label:9}{key:16}{text:>12}  {age:6.1f} s{note}", columns) + (PLAIN if colour else "")

    def _controls(self, columns):
        out = [DIM + self._fit(f"{'CONTROL':15}{'IS':>8}  {'PERMITTED'}", columns) + PLAIN]
        for device, control, state in self.seen.controls():
            value = state.get(control)
            text = value if isinstance(value, str) else "unknown" if value is None else f"{value:g} N"
            allowed = state.get(control + "_permitted") == "ON"
            line = f"{device + '.' + control:15}{text:>8}  "
            why = str(state.get(control + "_why") or "")
            word = "yes" if allowed else "no: " + why
            room = max(10, columns - len(line))
            first, *more = textwrap.wrap(word, room) or [""]
            out.append(line + (GREEN if allowed else RED) + first + PLAIN)
            # a second line for the reason, kept free when there is none so that nothing jumps
            out.append(" " * len(line) + RED + self._fit(" ".join(more), room) + PLAIN)
        return out

    def _events(self, columns, most):
        out = []
        for at, event in reversed(list(self.seen.events)):
            place = ".".join(p for p in (event.device_id, event.control) if p)
            text = f"{at} {self.seen.event_name(event)} {place}: {event.text}"
            lines = textwrap.wrap(text, columns, subsequent_indent=" " * 9)[:3] or [""]
            if len(out) + len(lines) > most:
                break
            out = lines + out
        return [DIM + "LAST EVENTS" + PLAIN] + out
