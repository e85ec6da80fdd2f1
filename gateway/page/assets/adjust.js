// SPDX-License-Identifier: Apache-2.0
// Calibration and tare, step by step: the gateway measures, refuses and remembers; a person brings the device there.
"use strict";

const LOOK_MS = 300;
const sessions = new Map(); // device -> {session, step, stage}

// The answer, or null: it was refused, and that is said.
async function adjust(d, said, step) {
	const now = sessions.get(d.device);
	try {
		const reply = await post("adjust", { do: d.adjusts, device: d.device, step, session: now ? now.session : 0, at_ms: gatewayNow() });
		if (reply.status === 401) loggedOut();
		const answer = await reply.json();
		if (reply.ok) return answer;
		put(said, answer.reason || answer.error);
	} catch (_) {
		put(said, words.not_sent);
	}
	return null;
}

// Looks again until it is over.
async function looked(d, said, answer, goesOn) {
	while (answer && goesOn(answer)) {
		await new Promise((done) => setTimeout(done, LOOK_MS));
		answer = await adjust(d, said, "look");
	}
	return answer;
}

function stage(d, box, name, text) {
	const now = sessions.get(d.device);
	if (now) now.stage = name;
	put(box.asks, text);
	put(box.go, name === "" ? words.adjust_begin : name === "found" ? words.adjust_store : words.adjust_measure);
	box.go.hidden = name === "busy";
	box.cancel.hidden = !now;
}

function ended(d, box, text) {
	sessions.delete(d.device);
	stage(d, box, "", words[d.adjusts + "_begin"]);
	put(box.said, text);
}

async function measured(d, box, step) {
	stage(d, box, "busy", words.measuring);
	const answer = await looked(d, box.said, await adjust(d, box.said, step), (a) => a.state === "measures");
	if (!answer) return stage(d, box, "waits", words["step_" + step]);
	if (answer.refused) put(box.said, say("not_taken", answer.refused));
	if (answer.state !== "found") return stage(d, box, "waits", words["step_" + (sessions.get(d.device).step = answer.step)]);
	if (!answer.against.length) return stage(d, box, "found", say("found_line", answer.line));
	await adjust(d, box.said, "cancel");
	ended(d, box, `${say("found_line", answer.line)} ${say("found_against", answer.against.map((a) => `${a.option} (${a.where})`).join(", "))}`);
}

async function stored(d, box) {
	stage(d, box, "busy", words.adjust_writes);
	const going = (a) => a.change === "writing" || a.change === "waits_for_rest";
	const answer = await looked(d, box.said, await adjust(d, box.said, "store"), going);
	if (!answer) return stage(d, box, "found", box.asks.textContent);
	ended(d, box, answer.change === "done" ? words.adjust_done : answer.failed || "");
}

async function goOn(d, box) {
	const now = sessions.get(d.device);
	put(box.said, "");
	if (now && now.stage === "found") return stored(d, box);
	if (now) return measured(d, box, now.step);
	const answer = await adjust(d, box.said, "begin");
	if (!answer) return;
	sessions.set(d.device, { session: answer.session, step: answer.step });
	stage(d, box, "waits", words["step_" + answer.step]);
}

async function giveUp(d, box) {
	await adjust(d, box.said, "cancel");
	ended(d, box, words.adjust_cancelled);
}

function showAdjusting(card, d) {
	part(card, "adjust", () => {
		const made = make("details"), box = { asks: make("p"), said: make("p", "", "answer"), go: make("button"), cancel: make("button", words.adjust_cancel) };
		const ways = make("div", null, "ways");
		made.append(make("summary", words["adjust_" + d.adjusts]), box.asks, ways, box.said);
		ways.append(box.go, box.cancel);
		box.said.setAttribute("role", "status");
		box.asks.setAttribute("aria-live", "polite");
		box.go.type = box.cancel.type = "button";
		box.go.dataset.key = "go";
		box.cancel.dataset.key = "cancel";
		box.go.addEventListener("click", () => goOn(d, box));
		box.cancel.addEventListener("click", () => giveUp(d, box));
		stage(d, box, "", words[d.adjusts + "_begin"]);
		return made;
	});
}
