# SPDX-License-Identifier: Apache-2.0
"""Entities and dashboard cards as HTML: from the discovery and the states that a gateway published, nothing else. The look is this
file's and page.css's own."""
import html
import math
import os
import re
import time

from ha_files import is_on

HERE = os.path.dirname(os.path.abspath(__file__))
SAID = {  # Home Assistant's words for on and off
    "safety": ("Unsafe", "Safe"), "problem": ("Problem", "OK"), "connectivity": ("Connected", "Disconnected"),
    "occupancy": ("Detected", "Clear"), "power": ("Detected", "Clear"),
}
ICONS = {  # strokes in a square of 24
    "switch": "M12 4v8 M7.5 7a7 7 0 1 0 9 0", "number": "M9 5L7 19 M17 5l-2 14 M5 9h14 M5 15h14", "select": "M5 7h14 M5 12h14 M5 17h14",
    "button": "M12 5a7 7 0 1 0 .1 0z M12 9a3 3 0 1 0 .1 0z", "event": "M12 4a8 8 0 1 0 .1 0z M12 8v4l3 2", "climate": "M5 20h14 M8 16c-3-4 3-6 0-11 M15 16c-3-4 3-6 0-11",
    "sensor": "M4 17a8.5 8.5 0 1 1 16 0 M12 15l4-6", "binary_sensor": "M12 4a8 8 0 1 0 .1 0z M12 4v16",
    "stop": "M8.3 3h7.4L21 8.3v7.4L15.7 21H8.3L3 15.7V8.3z M12 7.5v5.5 M12 16v.6",
}
WIDTH = {"tile": 6, "gauge": 6, "button": 6}  # of the 12 columns of a section
escape = html.escape


def icon(name):
    return f'<svg class="mark" viewBox="0 0 24 24"><path d="{ICONS.get(name, ICONS["sensor"])}"/></svg>'


class Shown:
    """An entity with what the gateway said of it last."""

    def __init__(self, entity, seen, since):
        self.e, self.seen, self.since = entity, seen, since

    @property
    def known(self):
        return self.seen.available and self.seen.state is not None

    @property
    def on(self):
        return self.known and is_on(self.seen)

    @property
    def bad(self):
        return self.on and self.e.config.get("device_class") in ("safety", "problem")

    def text(self):
        state, c = self.seen.state, self.e.config
        if self.e.platform == "button":
            return "Press"
        if not self.seen.available:
            return "Unavailable"
        if state is None:
            return "Unknown"
        if self.e.platform in ("binary_sensor", "switch"):
            return SAID.get(c.get("device_class"), ("On", "Off"))[0 if self.on else 1]
        if self.e.platform == "event" or c.get("device_class") == "timestamp":
            return "just now" if self.since is None or time.time() - self.since < 5 else f"{time.time() - self.since:.0f} seconds ago"
        if isinstance(state, float):
            text = f"{state:.{c.get('suggested_display_precision', 0)}f}"
            return f"{text}{'' if self.e.unit == '°' else ' '}{self.e.unit or ''}".strip()
        return state

    def icon(self):
        kind = "bad" if self.bad else "on" if self.on else ""
        return f'<span class="icon {kind}">{icon(self.e.platform)}</span>'

    def control(self):
        """What stands at the right end of its row."""
        if self.e.platform == "switch" and self.known:
            return f'<span class="toggle {"on" if self.on else ""}"></span>'
        if self.e.platform == "button":
            return '<span class="press">Press</span>'
        if self.e.platform == "number" and self.known:
            return f'<span class="box">{self.seen.state:g}</span> {escape(self.e.unit or "")}'
        return escape(self.text())

    def row(self, name=None):
        return (f'<div class="row">{self.icon()}<span class="name">{escape(name or self.e.name)}</span>'
                f'<span class="state">{self.control()}</span></div>')


# ---- a device's page ----

GROUPS = (("Controls", lambda e: e.category is None and e.platform in ("switch", "number", "select", "button", "climate")),
          ("Sensors", lambda e: e.category is None and e.platform in ("sensor", "binary_sensor")),
          ("Events", lambda e: e.platform == "event"),
          ("Configuration", lambda e: e.category == "config"), ("Diagnostic", lambda e: e.category == "diagnostic"))


def device_page(device, shown):
    about = device.about
    facts = [("", about.get("model")), ("by", about.get("manufacturer")), ("Connected via", "Therapy gateway" if device.via else None),
             ("Firmware:", about.get("sw_version"))]
    lines = "".join(f"<div><b>{escape(k)}</b> {escape(v)}</div>" for k, v in facts if v)
    out = [f'<div class="card"><h2>{escape(device.name)}</h2><div class="facts">{lines}</div></div>']
    for title, belongs in GROUPS:
        rows = [shown[e.id].row() for e in device.entities if belongs(e) and e.enabled]
        hidden = sum(1 for e in device.entities if belongs(e) and not e.enabled)
        if rows:
            more = f'<div class="row quiet">+{hidden} entities not shown</div>' if hidden else ""
            out.append(f'<div class="card"><h2>{title}</h2>{"".join(rows)}{more}</div>')
    return f'<div class="column">{"".join(out)}</div>'


# ---- a dashboard's view ----

class View:
    def __init__(self, shown, world, history, log):
        self.shown, self.world, self.history, self.log = shown, world, history, log

    def sections(self, sections):
        return "".join(f'<div class="section">{"".join(self.card(c) for c in s["cards"])}</div>' for s in sections)

    def card(self, card, grid=None):
        kind = card["type"]
        grid = card.get("grid_options") or grid or {}
        inside = getattr(self, "_" + kind.replace("-", "_"))(card, grid)
        if kind in ("heading", "conditional") or not inside:
            return inside
        columns = grid.get("columns", WIDTH.get(kind, 12))
        span = "1 / -1" if columns == "full" else f"span {columns}"
        return f'<div class="card" style="grid-column: {span}">{inside}</div>'

    def _heading(self, card, _):
        badges = "".join(f'<span class="badge">{escape(self.shown[b["entity"]].text())}</span>' for b in card.get("badges", ()))
        return f'<div class="heading"><span>{escape(card["heading"])}</span>{badges}</div>'

    def _button(self, card, grid):
        shown = self.shown[card["entity"]]
        stop = " stop" if grid.get("rows", 0) >= 4 else ""
        return (f'<div class="button{stop}"><span class="big">{icon("stop" if stop else "button")}</span>'
                f'<span>{escape(card.get("name") or shown.e.name)}</span></div>')

    def _tile(self, card, _):
        shown = self.shown[card["entity"]]
        return (f'<div class="tile">{shown.icon()}<div><div class="name">{escape(card.get("name") or shown.e.name)}</div>'
                f'<div class="state">{escape(shown.text())}</div></div></div>')

    def _entities(self, card, _):
        rows = [r if isinstance(r, dict) else {"entity": r} for r in card["entities"]]
        return "".join(self.shown[r["entity"]].row(r.get("name")) for r in rows)

    def _markdown(self, card, _):
        return f'<div class="markdown">{markdown(str(self.world.render(card["content"], {})))}</div>'

    def _conditional(self, card, grid):
        for c in card["conditions"]:
            state = self.world.states[c["entity"]].state
            if ("state" in c and state != c["state"]) or ("state_not" in c and state == c["state_not"]):
                return ""
        return self.card(card["card"], grid)

    def _gauge(self, card, _):
        shown = self.shown[card["entity"]]
        low, high = card["min"], card["max"]
        def at(value):
            return math.pi * (1 - (min(max(value, low), high) - low) / (high - low))
        def arc(a, b, colour):
            (x1, y1), (x2, y2) = ((50 + 40 * math.cos(v), 50 - 40 * math.sin(v)) for v in (at(a), at(b)))
            return f'<path d="M{x1:.2f} {y1:.2f} A40 40 0 0 1 {x2:.2f} {y2:.2f}" fill="none" stroke="{colour}" stroke-width="12"/>'
        value = shown.seen.state if shown.known else None
        segments = card.get("segments") or [{"from": low, "color": "#e6eaf0"}]
        parts = [arc(s["from"], n["from"], s["color"]) for s, n in zip(segments, [*segments[1:], {"from": high}])]
        if value is not None and card.get("needle"):
            x, y = 50 + 47 * math.cos(at(value)), 50 - 47 * math.sin(at(value))
            parts.append(f'<path d="M{x:.2f} {y:.2f} L50 50" stroke="#1d1f23" stroke-width="3"/>')
        elif value is not None and value > low:
            parts.append(arc(low, value, "#43a047"))
        return (f'<div class="gauge"><svg viewBox="0 0 100 58">{"".join(parts)}</svg><div class="value">{escape(shown.text())}</div>'
                f'<div class="quiet">{escape(card["name"])}</div></div>')

    def _logbook(self, card, _):
        lines = [(at, e, kind) for at, e, kind in self.log if e in card["entities"]][-8:]
        out = ""
        for at, e, kind in reversed(lines):
            entity, when = self.shown[e].e, time.strftime("%H:%M:%S", time.localtime(at))
            out += (f'<div class="log"><span class="at">{when}</span><span>{escape(entity.device.name)} {escape(entity.name)} '
                    f'detected an event: {escape(kind)}</span></div>')
        return out or '<div class="log">No activity</div>'

    def _history_graph(self, card, _):
        out, by_unit = [], {}
        for row in card["entities"]:
            by_unit.setdefault(self.shown[row["entity"]].e.unit or "on or off", []).append(row)
        times = [t for points in self.history.values() for t, _ in points]
        for unit, rows in by_unit.items():
            names = ", ".join(r["name"] for r in rows)
            lines = "".join(self._line(self.history.get(r["entity"], ()), [self.history.get(x["entity"], ()) for x in rows], times, i)
                            for i, r in enumerate(rows))
            out.append(f'<div class="title">{escape(names)} ({escape(unit)})</div><svg viewBox="0 0 400 70" preserveAspectRatio="none">'
                       f'<path d="M0 69 H400" stroke="#dfe2e6"/>{lines}</svg>')
        return f'<div class="graph">{"".join(out)}</div>'

    @staticmethod
    def _line(points, all_points, times, i):
        values = [v for ps in all_points for _, v in ps]
        if not points:
            return ""
        low, high = min(values), max(values)
        begin, end = min(times), max(times)
        def y(v):
            return 66 - 62 * (v - low) / (high - low) if high > low else 66
        def x(t):
            return 400 * (t - begin) / (end - begin)
        path = [f"M{x(points[0][0]):.1f} {y(points[0][1]):.1f}"]
        for t, v in points[1:]:
            path.append(f"H{x(t):.1f} V{y(v):.1f}")
        colour = ("#0277bd", "#c0741f", "#6a1b9a", "#2e7d32", "#ad1457", "#37474f")[i % 6]
        return f'<path d="{" ".join(path)} H400" fill="none" stroke="{colour}" stroke-width="1.5" vector-effect="non-scaling-stroke"/>'


def markdown(text):
    """As far as the dashboard's cards need it."""
    out, depth = [], 0
    for line in text.split("\n"):
        item = re.fullmatch(r"( *)- (.*)", line)
        wanted = 1 + len(item[1]) // 2 if item else 0
        if not line.strip() and depth:
            continue
        out.append("<ul>" * (wanted - depth) + "</ul>" * (depth - wanted))
        depth = wanted
        words = escape((item[2] if item else line).strip(), quote=False)
        words = re.sub(r"(?<!\w)\*([^*]+)\*(?!\w)", r"<i>\1</i>", re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", words))
        out.append(f"<li>{words}</li>" if item else f"<p>{words}</p>" if words else "")
    return "".join(out) + "</ul>" * depth


def page(title, inside, columns):
    with open(os.path.join(HERE, "page.css"), encoding="utf-8") as file:
        css = file.read()
    return (f'<!doctype html><meta charset="utf-8"><style>{css}</style><h1>{escape(title)}</h1>'
            f'<div class="columns" style="--n: {columns}">{inside}</div>'
            '<div class="note">Drawn by docs/pictures/draw from the messages of ./demo; Home Assistant itself looks different.</div>'
            "<script>document.body.dataset.height = Math.ceil(document.documentElement.scrollHeight)</script>")
