// SPDX-License-Identifier: Apache-2.0
// One card for each device: drawing, readings, controls with what is permitted or why not. What is there already is
// changed and not made anew: whoever types, has the focus, or listens to a screen reader is not interrupted.
"use strict";

const devices = new Map(); // id -> what was told last

// The child of `parent` with that key, made by `create` at its end if there is none.
function part(parent, key, create) {
	for (const child of parent.children) if (child.dataset.key === key) return child;
	const child = create();
	child.dataset.key = key;
	parent.append(child);
	return child;
}

// Children that are not in `keys` go.
function only(parent, keys) {
	for (const child of [...parent.children]) if (!keys.includes(child.dataset.key)) child.remove();
}

function line(parent, key, text, className, tag = "p") {
	const e = part(parent, key, () => make(tag));
	put(e, text || "");
	e.hidden = !text;
	e.className = className || "";
	return e;
}

// ---- readings ----

function metricText(m) {
	if (m.quality === "error") return words.implausible;
	if (m.quality !== "good") return m.at_ms === null ? words.never : words.not_known;
	if (m.switch) return m.value > 0 ? words.on : words.off;
	return m.symbol ? `${m.text} ${m.symbol}` : m.text;
}

function showMetrics(list, metrics) {
	only(list, metrics.flatMap((m) => [m.metric, m.metric + "="]));
	for (const m of metrics) {
		put(part(list, m.metric, () => make("dt")), m.name);
		const value = part(list, m.metric + "=", () => make("dd"));
		const old = m.quality !== "good";
		value.className = old ? "old" : "";
		value.dataset.metric = m.metric;
		value.dataset.text = metricText(m);
		if (old && m.at_ms !== null) value.dataset.at = m.at_ms;
		else delete value.dataset.at;
		showAge(value, gatewayNow());
	}
}

function showAge(e, now) {
	put(e, e.dataset.at ? `${e.dataset.text} \u00b7 ${say("old", span(now - Number(e.dataset.at)))}` : e.dataset.text);
}

// ---- controls ----

function controlState(c) {
	if (c.phase === "coming_to_rest") return words.resting;
	if (c.granted) return c.number ? `${words.running} ${choice(c)}` : words.running;
	if (c.suspended) return words.paused;
	if (c.phase === "at_rest") return words.off;
	return c.phase === "unknown" ? words.not_known : words.on;
}

const choice = (c) => (c.words && c.words[Math.round(c.value)]) || `${c.text} ${c.symbol}`.trim();

function ruleLines(box, rule, told) {
	const why = rule.why && rule.why !== told ? rule.why : "";
	const tripped = rule.state === "tripped";
	line(box, "why", why ? `${words.rule} ${rule.rule}: ${why}` : "");
	line(box, "when", tripped ? say("rearms_when", rule.rearms) : "");
	const wait = line(box, "wait", "");
	if (tripped && rule.rearms_at_ms !== null) wait.dataset.rearms = rule.rearms_at_ms;
	else delete wait.dataset.rearms;
	line(box, "because", rule.because ? say("because", rule.because) : "", "note");
}

async function order(answer, what) {
	put(answer, "");
	try {
		const reply = await post("ask", { ...what, at_ms: gatewayNow() });
		if (reply.status === 401) return loggedOut();
		const said = await reply.json();
		put(answer, reply.ok ? words.accepted : `${words.refused_by}: ${said.reason || said.error}`);
	} catch (_) {
		put(answer, words.not_sent);
	}
}

function button(parent, key, text, press) {
	const b = part(parent, key, () => {
		const made = make("button");
		made.type = "button";
		made.addEventListener("click", press);
		return made;
	});
	put(b, text);
	return b;
}

// What is asked for, as Home Assistant has it: on and off, a number, a choice, only off.
function showWays(box, answer, d, c) {
	const set = (value) => order(answer, { do: "set", device: d.device, control: c.control, value });
	const described = `verdict-${d.device}-${c.control}`;
	const name = (b, text) => {
		b.setAttribute("aria-label", `${d.name}, ${c.name}: ${text}`);
		b.setAttribute("aria-describedby", described);
	};
	if (c.words && c.number) {
		c.words.forEach((word, i) => {
			if (i === 0) return;
			const b = button(box, "to-" + i, word, () => set(i));
			name(b, word);
			b.setAttribute("aria-pressed", String(Boolean(c.granted) && Math.round(c.value) === i));
		});
	} else if (c.number && !c.only_cuts) {
		const input = part(box, "amount", () => {
			const made = make("input");
			made.type = "number";
			made.inputMode = "decimal";
			made.value = c.granted ? c.text : c.least || c.step;
			made.addEventListener("keydown", (e) => e.key === "Enter" && !e.repeat && set(Number(made.value)));
			return made;
		});
		input.min = 0;
		input.max = c.most;
		input.step = c.step;
		name(input, `0 \u2013 ${c.most} ${c.symbol}`);
		put(part(box, "unit", () => make("span")), c.symbol);
		name(button(box, "set", words.set, () => set(Number(input.value))), words.set);
	} else if (!c.only_cuts) {
		name(button(box, "on", words.switch_on, () => set(1)), words.switch_on);
	}
	name(button(box, "off", words.switch_off, () => set(0)), words.switch_off);
}

function showControl(item, d, c) {
	item.className = "control";
	item.dataset.control = c.control;
	line(item, "title", `${c.name}: ${controlState(c)}`, "", "h4");
	const verdict = line(item, "verdict", c.permitted ? words.permitted : words.refused, c.permitted ? "verdict yes" : "verdict no");
	verdict.dataset.sign = c.permitted ? "\u2713" : "\u2715";
	verdict.id = `verdict-${d.device}-${c.control}`;
	line(item, "why", c.permitted ? "" : c.why, "why");
	line(item, "waits", c.waits_for && c.waits_for !== c.why ? c.waits_for : "");
	const left = line(item, "left", "", "left"), resumes = line(item, "resumes", "");
	if (c.ends_at_ms !== null) left.dataset.ends = c.ends_at_ms;
	else delete left.dataset.ends;
	if (c.resumes_by_ms !== null) resumes.dataset.resumes = c.resumes_by_ms;
	else delete resumes.dataset.resumes;
	const rules = part(item, "rules", () => make("div"));
	only(rules, c.rules.map((r) => r.rule));
	for (const r of c.rules) ruleLines(part(rules, r.rule, () => make("div", null, "rule")), r, c.why);
	const ways = part(item, "ways", () => make("div", null, "ways"));
	const answer = part(item, "answer", () => {
		const made = make("p", "", "answer");
		made.setAttribute("role", "status");
		return made;
	});
	showWays(ways, answer, d, c);
	if (!c.has_timer) return;
	const more = part(item, "test", () => {
		const made = make("details");
		made.append(make("summary", words.off_test));
		made.firstChild.dataset.key = "summary";
		return made;
	});
	line(more, "means", words.off_test_means, "note");
	button(more, "go", words.off_test_now, () => order(answer, { do: "off_test", device: d.device, control: c.control }));
}

// ---- the card ----

function showParking(card, d) {
	const answer = part(card, "parked", () => {
		const made = make("p", "", "answer");
		made.setAttribute("role", "status");
		return made;
	});
	const b = button(card, "park", d.parked ? words.unpark : words.park, () => {
		const now = devices.get(d.device);
		order(answer, { do: now.parked ? "unpark" : "park", device: d.device });
	});
	b.setAttribute("aria-label", `${d.name}: ${b.textContent}`);
}

function showDevice(d) {
	devices.set(d.device, d);
	if (d.ours) return; // the person: what the rules ask of it is said where they refuse
	const card = part($("devices"), d.device, () => {
		const made = make("article", null, "device");
		made.id = "device-" + d.device;
		return made;
	});
	const head = part(card, "head", () => make("header"));
	line(head, "name", d.name, "", "h3");
	line(head, "note", d.parked ? words.parked : d.present ? "" : words.gone, "note", "span");
	draw(card, d);
	const major = d.metrics.filter((m) => !m.minor), minor = d.metrics.filter((m) => m.minor);
	showMetrics(part(card, "readings", () => make("dl")), major);
	const controls = part(card, "controls", () => make("div"));
	for (const c of d.controls) showControl(part(controls, c.control, () => make("div")), d, c);
	if (minor.length) {
		const more = part(card, "more", () => {
			const made = make("details");
			made.append(make("summary", words.more));
			made.firstChild.dataset.key = "summary";
			return made;
		});
		showMetrics(part(more, "readings", () => make("dl")), minor);
	}
	if (d.adjusts) showAdjusting(card, d);
	if (!d.controls.length && d.metrics.length) showParking(card, d);
	passDevices(gatewayNow());
	plotDevice(d);
}

// What changes because time passes.
function passDevices(now) {
	for (const e of document.querySelectorAll("[data-at]")) showAge(e, now);
	const count = (name, text) => {
		for (const e of document.querySelectorAll(`[data-${name}]`)) {
			const left = Number(e.dataset[name]) - now;
			put(e, left > 0 ? say(text, span(left)) : "");
			e.hidden = left <= 0;
		}
	};
	count("rearms", "rearms_in");
	count("resumes", "resumes");
	count("ends", "left");
}
