// SPDX-License-Identifier: Apache-2.0
// The set-up: what its program tells and asks, and what a person answers. What it says is said in English.
"use strict";

let asked = 0; // the number of the question whose form is shown

async function tellSetup(what) {
	put($("setup-answer"), "");
	try {
		const reply = await post("setup", what);
		if (reply.status === 401) loggedOut(await reply.json());
		else if (!reply.ok) put($("setup-answer"), words.setup_changed);
		return reply.ok;
	} catch (_) {
		put($("setup-answer"), words.not_sent);
		return false;
	}
}

async function answerSetup(text) {
	for (const e of $("setup-ask").elements) e.disabled = true;
	if (await tellSetup({ do: "answer", number: asked, text })) return;
	for (const e of $("setup-ask").elements) e.disabled = false;
}

function setupButton(text, press) {
	const b = make("button", text);
	b.type = press ? "button" : "submit";
	if (press) b.addEventListener("click", press);
	return b;
}

// One line to choose, with what it is; a plug may be of a cold water machine.
function setupRow(row, chosen) {
	const line = make("div", null, "choice"), box = make("input"), label = make("label", `${row.number}: ${row.role}, ${row.label}`);
	box.type = "checkbox";
	box.id = `setup-row-${row.number}`;
	box.checked = chosen;
	box.dataset.number = row.number;
	label.htmlFor = box.id;
	line.append(box, label);
	if (row.note) {
		const note = make("span", row.note, "note");
		note.id = box.id + "-note";
		box.setAttribute("aria-describedby", note.id);
		line.append(note);
	}
	if (row.plug) {
		const kind = make("div", null, "choice"), cold = make("input"), also = make("label", words.setup_cold, "note");
		cold.type = "checkbox";
		cold.id = box.id + "-cold";
		cold.dataset.cold = row.number;
		also.htmlFor = cold.id;
		also.lang = document.documentElement.lang;
		kind.append(cold, also);
		line.append(kind);
	}
	return line;
}

function rowsChosen() {
	const cold = (n) => document.querySelector(`[data-cold="${n}"]:checked`);
	const chosen = [...document.querySelectorAll("#setup-ask [data-number]:checked")].map((e) => e.dataset.number);
	return chosen.map((n) => (cold(n) ? `${n}=cold` : n)).join(" ") || "none";
}

function setupForm(ask, rows) {
	const form = $("setup-ask"), body = make("div", null, "ways");
	form.onsubmit = (e) => e.preventDefault();
	form.replaceChildren(make("p", ask.question), body);
	form.firstChild.id = "setup-question";
	form.firstChild.lang = "en";
	if (ask.ask === "yes") {
		const ways = [setupButton(words.setup_yes, () => answerSetup("y")), setupButton(words.setup_no, () => answerSetup("n"))];
		body.append(...(ask.fallback === "y" ? ways : ways.reverse())); // the first gets the focus
		for (const b of body.children) b.setAttribute("aria-describedby", "setup-question");
		return;
	}
	form.onsubmit = (e) => { e.preventDefault(); answerSetup(ask.ask === "rows" ? rowsChosen() : $("setup-line").value); };
	if (ask.ask === "rows") {
		const box = make("fieldset"), preset = ask.fallback.split(" ");
		box.append(make("legend", ask.question), ...rows.map((r) => setupRow(r, preset.includes(String(r.number)))));
		box.firstChild.lang = box.lang = "en";
		form.firstChild.replaceWith(box);
	} else {
		const input = make("input");
		input.id = "setup-line";
		input.type = ask.ask === "secret" ? "password" : "text";
		input.value = ask.fallback;
		input.maxLength = 500;
		input.autocomplete = "off";
		input.autocapitalize = "none";
		input.spellcheck = false;
		input.setAttribute("aria-labelledby", "setup-question");
		body.append(input);
		const bare = location.protocol === "http:" && !["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
		if (ask.ask === "secret" && bare) form.append(make("p", words.setup_readable, "note"));
	}
	body.append(setupButton(words.setup_send));
}

function setupEntry(e) {
	if (e.text !== undefined) return make("pre", e.text);
	if (e.answer !== undefined) return make("p", "\u203a " + (e.answer || "\u2022\u2022\u2022"), "note");
	if (e.row) return make("p", `${e.row.number}: ${e.row.role}, ${e.row.label}${e.row.note ? `; ${e.row.note}` : ""}`);
	return make("p", e.say);
}

// Entries stay as they are: only what is new is read aloud.
function setupSaid(said) {
	const log = $("setup-said"), keys = said.map((e) => JSON.stringify(e));
	let same = 0;
	while (same < log.children.length && log.children[same].dataset.key === keys[same]) same++;
	while (log.children.length > same) log.lastChild.remove();
	said.slice(same).forEach((e, i) => {
		const entry = setupEntry(e);
		entry.dataset.key = keys[same + i];
		log.append(entry);
	});
}

function showSetup(s) {
	const form = $("setup-ask");
	$("setting-up").hidden = false;
	$("home").classList.toggle("only-setup", s.only);
	$("setup-begin").hidden = s.running;
	$("setup-cancel").hidden = !s.running;
	if (s.running || s.only) $("setup-all").open = true;
	if (s.said.length || s.running) setupSaid(s.said); // a gateway that starts anew has no memory of it, and we have
	const within = form.contains(document.activeElement) || document.activeElement === $("setup-begin");
	if (!s.ask) {
		asked = 0;
		if (!form.hidden && within && s.running) $("setup-said").focus();
		form.hidden = true;
		return;
	}
	form.hidden = false;
	if (asked === s.number) return;
	asked = s.number;
	const rows = s.said.filter((e) => e.row && e.row.may).map((e) => e.row);
	setupForm(s.ask, rows);
	const first = form.querySelector("input, button");
	if (first && (within || document.activeElement === $("setup-said") || document.activeElement === document.body)) first.focus();
}
