// SPDX-License-Identifier: Apache-2.0
// Shows what the gateway says, as it says it. Nothing is decided here, and nothing is HTML: all text is text.
"use strict";

const words = JSON.parse(document.querySelector("meta[name=words]").content);
const $ = (id) => document.getElementById(id);
const say = (key, what) => words[key].replace("#", () => what);
const LOST_MS = 3500; // the gateway tells the time every second

let stream = null; // the EventSource
let heard = 0; // when something came last, by this browser's clock
let skew = 0; // the gateway's clock is ours plus this, ms
let boot = ""; // since when that runs
let early = null; // events that came before it was told
let home = null; // what was told last
let resetting = ""; // the latches that the person looks at while being asked whether to reset

const gatewayNow = () => Math.round(performance.now() + skew);

// "9.5 s", "45 s", "12:05 min"
function span(ms) {
	const s = Math.max(0, ms) / 1000;
	if (s < 9.95) return `${s.toFixed(1)} s`;
	if (s < 119.5) return `${Math.round(s)} s`;
	return `${Math.floor(Math.round(s) / 60)}:${String(Math.round(s) % 60).padStart(2, "0")} min`;
}

function make(tag, text, className) {
	const e = document.createElement(tag);
	if (text !== undefined && text !== null) e.textContent = text;
	if (className) e.className = className;
	return e;
}

// A text that is read aloud again when it is set anew must not be set anew.
function put(element, text) {
	if (element.textContent !== text) element.textContent = text;
}

// ---- asking ----

async function post(path, body) {
	return fetch(path, {
		method: "POST",
		headers: { "X-Therapy-Page": "1", "Content-Type": "application/json" },
		body: body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body),
		cache: "no-store",
	});
}

async function stop() {
	put($("said"), "");
	const given = new AbortController();
	const timer = setTimeout(() => given.abort(), 3000);
	try {
		const answer = await fetch("stop", { method: "POST", headers: { "X-Therapy-Page": "1" }, keepalive: true, signal: given.signal });
		if (answer.status === 401) {
			loggedOut(await answer.json());
			put($("said"), words.stop_failed);
		} else {
			put($("said"), answer.ok ? words.stop_sent : words.stop_failed + " " + ((await answer.json()).reason || ""));
		}
	} catch (_) {
		put($("said"), words.stop_failed);
	} finally {
		clearTimeout(timer);
	}
}

function askReset(open) {
	resetting = open && home ? home.latched : "";
	$("sure").hidden = !open;
	$("reset").hidden = open;
	$("reset").setAttribute("aria-expanded", String(open));
	if (open) $("reset-not").focus();
}

async function reset() {
	const latched = resetting;
	askReset(false);
	$("reset").focus();
	try {
		const answer = await post("reset", { latched, at_ms: gatewayNow() });
		const said = await answer.json();
		if (answer.ok) put($("said"), words.reset_done);
		else if (said.error === "changed") put($("said"), words.reset_changed);
		else put($("said"), said.reason || words.reset_waits);
	} catch (_) {
		put($("said"), words.reset_waits);
	}
}

// ---- logging in ----

// What the gateway says to who is not logged in: whether STOP works all the same.
function loggedOut(said) {
	if (stream) stream.close();
	stream = null;
	$("home").hidden = true;
	$("login").hidden = false;
	$("stopping").hidden = Boolean(said && said.stop === false);
	put($("link"), "");
	$("link").className = "";
	$("token").focus();
}

async function logIn(event) {
	event.preventDefault();
	put($("denied"), "");
	try {
		const answer = await post("login", $("token").value);
		if (answer.ok) {
			$("token").value = "";
			$("login").hidden = true;
			$("stopping").hidden = false;
			connect();
		} else {
			put($("denied"), answer.status === 403 ? words.token_wrong : words.token_wait);
			$("token").select();
		}
	} catch (_) {
		put($("denied"), words.not_sent);
	}
}

// ---- the home ----

function textList(list, items) {
	const lines = items.map((i) => (i.rule && !i.why.includes(i.rule) ? `${i.why} (${words.rule} ${i.rule})` : i.why));
	if (lines.join("\n") === [...list.children].map((e) => e.textContent).join("\n")) return;
	list.replaceChildren(...lines.map((line) => make("li", line)));
}

function showHome(h) {
	home = h;
	$("home").classList.remove("only-setup");
	put($("title"), `${words.title} ${h.gateway}`);
	document.title = (h.latches.length || h.alarms.length ? "\u26a0 " : "") + `${words.title} ${h.gateway}`;
	put($("which"), `${h.gateway} ${h.version}${h.connected === false ? ", " + words.disconnected : ""}`);
	textList($("latches"), h.latches);
	$("latched").hidden = h.latches.length === 0;
	if (!$("sure").hidden && resetting !== h.latched) {
		askReset(false); // what was agreed to is not what is there
		if (h.latched) put($("said"), words.reset_changed);
	}
	textList($("alarms"), h.alarms);
	$("alarmed").hidden = h.alarms.length === 0;
	$("silence").hidden = !h.sounding;
	$("present").hidden = !h.asks_presence;
}

const clock = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

// By the gateway's wall clock if it is right, else by ours and how long ago it was: that is known of this boot only.
function eventTime(e) {
	if (e.wall_clock_trusted) return clock.format(new Date(e.wall_unix_ms));
	return e.boot_id === boot ? clock.format(new Date(Date.now() - gatewayNow() + e.monotonic_ms)) : words.clock;
}

function showLog(events) {
	early = boot ? null : events;
	if (early) return;
	const list = $("events"), known = new Map([...list.children].map((e) => [e.dataset.event, e]));
	const items = events.reverse().map((e) => {
		const key = `${e.boot_id} ${e.sequence}`;
		if (known.has(key)) return known.get(key);
		const item = make("li");
		const time = make("time", eventTime(e));
		item.dataset.event = key;
		item.dataset.kind = e.event;
		item.append(time, make("span", e.text));
		return item;
	});
	list.replaceChildren(...(items.length ? items : [make("li", words.no_events)]));
}

const LEVELS = { covered: "\u2713", partly: "\u25d0", not_covered: "\u2715", absent: "\u2013" };

function showHazards(rows) {
	const count = (level) => rows.filter((r) => r.level === level).length;
	put($("hazards-sum"), ["covered", "partly", "not_covered", "absent"].map((l) => `${LEVELS[l]} ${count(l)} ${words[l]}`).join(" \u00b7 "));
	$("hazards").replaceChildren(...rows.filter((r) => r.level !== "absent").map((r) => {
		const item = make("li", `${LEVELS[r.level]} ${r.hazard} ${r.title}: `, r.level);
		const level = make("strong", words[r.level]);
		level.lang = document.documentElement.lang;
		item.append(level, ...r.by.map((b) => make("p", `${b.by}: ${b.text}`, "note")));
		return item;
	}));
}

// What changes because time passes.
function pass() {
	if ($("home").hidden) return;
	passDevices(gatewayNow());
	stepPlots();
	const silent = performance.now() - heard;
	const lost = silent > LOST_MS;
	put($("link"), lost ? say("lost", Math.round(silent / 1000)) : words.live);
	$("link").className = lost ? "lost" : "";
	$("home").classList.toggle("stale", lost);
}

// ---- the stream ----

function on(name, show) {
	stream.addEventListener(name, (event) => {
		heard = performance.now();
		show(JSON.parse(event.data));
	});
}

async function disconnected() {
	if (!stream || stream.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
	stream = null;
	try {
		const answer = await fetch("session", { cache: "no-store" });
		if (answer.status === 401) return loggedOut(await answer.json());
		if (answer.ok) put($("said"), words.full);
	} catch (_) {
		// no gateway: it says so already
	}
	setTimeout(() => stream || !$("login").hidden || connect(), 1000);
}

function connect() {
	stream = new EventSource("live");
	heard = performance.now();
	$("home").hidden = false;
	stream.onerror = disconnected;
	let begun = false; // before there is a home there is nothing to plot
	on("home", (h) => {
		if (!begun) fetchPlot();
		begun = true;
		showHome(h);
	});
	on("device", showDevice);
	on("log", showLog);
	on("hazards", showHazards);
	on("setup", showSetup);
	on("course", showCourse);
	on("beat", (beat) => {
		skew = beat.now_ms - performance.now();
		boot = beat.boot_id;
		if (early) showLog(early);
		plotNumber(beat.plot);
		pass();
	});
}
