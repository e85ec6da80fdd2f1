// SPDX-License-Identifier: Apache-2.0
// The course of therapy: what runs and what remains of it, who is active, pain and notes, the plan, and what today and
// this week come to. What somebody is choosing or typing is not overwritten by what comes; names and notes are text.
"use strict";

const KINDS = ["inversion", "traction", "heat", "cold", "activity"];
const moments = new Intl.DateTimeFormat(document.documentElement.lang, { weekday: "short", hour: "2-digit", minute: "2-digit" });
const numbers = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 });

let phase = ""; // what ran, and how, when it was read aloud last

const moment = (text) => moments.format(new Date(text));
const outOf = (some, all) => `${some} ${words.of} ${all}`;

// ---- asking ----

// True: it was done. `fields` are then as the gateway has them.
async function askCourse(answer, what, value, ...fields) {
	put(answer, "");
	try {
		const reply = await post("course", { what, value: String(value), at_ms: gatewayNow() });
		if (reply.status === 401) return loggedOut();
		const said = reply.status === 413 ? { reason: words.note_long } : await reply.json();
		put(answer, reply.ok ? words.accepted : `${words.refused_by}: ${said.reason || said.error}`);
		if (reply.ok) for (const field of fields) delete field.dataset.own;
		return reply.ok;
	} catch (_) {
		put(answer, words.not_sent);
	}
	return false;
}

// What a person has put in and not sent stays.
function follow(field, value) {
	field.dataset.told = value;
	if (!field.dataset.own && field.value !== value) field.value = value;
}

const ownField = (field) => { field.dataset.own = "1"; };

async function choosePerson() {
	const list = $("person");
	await askCourse($("person-answer"), "person", list.value, list);
	delete list.dataset.own; // refused: what holds is shown
	follow(list, list.dataset.told);
}

function showNumber(when) {
	put($(`pain-${when}-number`), $(`pain-${when}`).value);
}

// ---- what is shown ----

function showPeople(c) {
	const list = $("person"), names = c.people.join("\n");
	$("who").hidden = c.people.length === 0;
	if (list.dataset.names !== names) {
		const chosen = list.value;
		list.replaceChildren(...["", ...c.people].map((name) => {
			const option = make("option", name || words.nobody);
			option.value = name;
			return option;
		}));
		list.dataset.names = names;
		if (list.dataset.own && ["", ...c.people].includes(chosen)) list.value = chosen;
		else delete list.dataset.own;
	}
	follow(list, c.person);
	put($("active"), say("active_person", c.person || words.nobody));
}

function sessionText(s, begun) {
	const what = s.what || words["kind_" + s.kind] || s.kind;
	return begun ? `${what}, ${moment(begun)}` : what;
}

function showTold(c) {
	for (const when of ["before", "after"]) {
		const told = c["pain_" + when];
		follow($(`pain-${when}`), String(told === null ? 0 : told));
		showNumber(when);
		put($(`pain-${when}-told`), told === null ? words.pain_not_told : say("pain_told", told));
	}
	follow($("note"), c.note);
	put($("about"), c.running.length ? words.about_running : c.last ? say("about_last", sessionText(c.last, c.last_begun)) : words.about_none);
}

function totalText(t) {
	if (!t) return words.not_known;
	if (!t.sessions) return words.no_sessions;
	const kinds = KINDS.filter((k) => t[k].sessions || t[k].minutes)
		.map((k) => (t[k].minutes ? `${words["kind_" + k]} ${numbers.format(t[k].minutes)} ${words.minutes}` : words["kind_" + k]));
	return [say("sessions_n", t.sessions), ...kinds].join(" \u00b7 ");
}

function itemText(item) {
	const done = item.today > 0 && item.done_today >= item.today;
	const state = done ? `\u2713 ${words.item_done}` : item.why ? `\u2715 ${words.item_not}` : item.today ? `\u2026 ${words.item_due}` : `\u2013 ${words.item_another_day}`;
	const counts = [say("n_today", outOf(item.done_today, item.today)), say("n_week", outOf(item.done_week, item.week))];
	return { text: `${state}: ${item.text}`, counts: counts.join(" \u00b7 "), why: item.why ? words["why_" + item.why] || item.why : "" };
}

function showPlan(p) {
	$("plan").hidden = !p;
	$("plan-next").hidden = !p;
	$("proposal").hidden = !p || !p.proposed;
	line($("plan-news"), "backed", p && p.backed ? words["backed_" + p.backed] || "" : "");
	line($("plan-news"), "frozen", p && p.frozen ? words.plan_frozen : "");
	if (!p) return;
	put($("plan-name"), `${p.name}: ${say("plan_step", outOf(p.step, p.steps))}`);
	if (p.proposed) put($("proposed"), say("plan_proposed", p.proposed));
	line($("plan-next"), "next", p.next ? say("plan_next", p.next.text) : words.plan_done);
	line($("plan-next"), "when", p.next && p.next.not_before ? say("not_before", moment(p.next.not_before)) : "");
	const list = $("plan-items");
	only(list, p.items.map((_, i) => String(i)));
	p.items.forEach((item, i) => {
		const row = part(list, String(i), () => make("li")), told = itemText(item);
		line(row, "text", told.text);
		line(row, "counts", told.counts, "note");
		line(row, "why", told.why, "why");
	});
}

// Read aloud when something begins, pauses, is over, not whenever it counts down.
function showGuidance(c) {
	put($("guidance"), c.guidance);
	$("guidance").className = c.running.length ? "runs" : "";
	const now = JSON.stringify([c.running.map((r) => [r.device, r.kind, r.active]), c.remaining_s === 0]);
	if (now !== phase && (phase || c.running.length)) put($("phase"), c.guidance);
	phase = now;
}

function showCourse(c) {
	if (!c) return; // not yet
	$("course").hidden = false;
	showGuidance(c);
	showPeople(c);
	showTold(c);
	showPlan(c.plan);
	put($("today"), totalText(c.today));
	put($("week"), totalText(c.week));
	put($("history-why"), c.problem === "ON" ? `\u26a0 ${c.problem_why}` : "");
}

// ---- what begins ----

function beginCourse() {
	const press = (id, act) => $(id).addEventListener("click", act);
	for (const id of ["person", "note", "pain-before", "pain-after"]) $(id).addEventListener("input", (e) => ownField(e.target));
	press("person-choose", choosePerson);
	for (const when of ["before", "after"]) {
		const range = $(`pain-${when}`);
		range.addEventListener("input", () => showNumber(when));
		press(`pain-${when}-send`, () => askCourse($("pain-answer"), "pain_" + when, range.value, range));
	}
	press("note-send", () => askCourse($("note-answer"), "note", $("note").value, $("note")));
	$("log").addEventListener("submit", async (e) => {
		e.preventDefault();
		if (await askCourse($("log-answer"), "log", $("log-what").value)) $("log-what").value = "";
	});
	for (const what of ["agree", "decline", "back"]) press("plan-" + what, () => askCourse($("plan-answer"), "plan", what));
}
