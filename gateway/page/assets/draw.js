// SPDX-License-Identifier: Apache-2.0
// Drawings of a table at its angle, a belt's force and a pad. Each says in words what it shows, for who does not see it;
// what is not known is drawn dashed and says so.
"use strict";

const SVG = "http://www.w3.org/2000/svg";

function shape(parent, key, tag, attributes) {
	const e = part(parent, key, () => document.createElementNS(SVG, tag));
	for (const [name, value] of Object.entries(attributes)) if (e.getAttribute(name) !== String(value)) e.setAttribute(name, value);
	return e;
}

function picture(card, width, height, label) {
	const svg = part(card, "picture", () => document.createElementNS(SVG, "svg"));
	svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
	svg.setAttribute("role", "img");
	if (svg.getAttribute("aria-label") !== label) svg.setAttribute("aria-label", label);
	return svg;
}

function caption(svg, x, y, text) {
	put(shape(svg, "caption", "text", { x, y, class: "caption" }), text);
}

// 0 is level, positive head down; the head is on the left.
function drawTable(card, m) {
	const known = m.quality === "good", angle = known ? m.value : 0;
	const way = angle > 1 ? words.head_down : angle < -1 ? words.head_up : words.level;
	const text = known ? `${m.text}${m.symbol} ${way}` : `? ${metricText(m)}`;
	const svg = picture(card, 200, 130, `${m.name}: ${text}`);
	shape(svg, "floor", "path", { d: "M20 118H180", class: "frame" });
	shape(svg, "legs", "path", { d: "M75 118 100 66 125 118", class: "frame" });
	const board = shape(svg, "board", "g", { transform: `rotate(${-angle} 100 64)`, class: known ? "moves" : "moves unknown" });
	shape(board, "top", "path", { d: "M42 64H158", class: "board" });
	shape(board, "head", "circle", { cx: 50, cy: 53, r: 7, class: "person" });
	shape(board, "body", "path", { d: "M60 56H105M105 56H148V50", class: "person" });
	shape(svg, "pivot", "circle", { cx: 100, cy: 64, r: 3, class: "pivot" });
	caption(svg, 100, 14, text);
}

const GAUGE = { x: 100, y: 100, r: 78 };

function onGauge(share, r) {
	const a = Math.PI * (1 - Math.min(1, Math.max(0, share)));
	return `${(GAUGE.x + r * Math.cos(a)).toFixed(1)} ${(GAUGE.y - r * Math.sin(a)).toFixed(1)}`;
}

function drawForce(card, m, c) {
	const known = m.quality === "good", force = known ? Number(m.text) : 0;
	const most = c && c.most > 0 ? c.most : Math.max(100, 10 ** Math.ceil(Math.log10(Math.abs(force) + 1)));
	const text = known ? `${m.text} ${m.symbol}` : `? ${metricText(m)}`;
	const asked = c && c.granted ? Number(c.text) : null;
	const svg = picture(card, 200, 130, `${m.name}: ${text}, 0 \u2013 ${most} ${c ? c.symbol : ""}${asked === null ? "" : `, ${words.asked} ${c.text}`}`);
	shape(svg, "scale", "path", { d: `M${onGauge(0, GAUGE.r)}A${GAUGE.r} ${GAUGE.r} 0 0 1 ${onGauge(1, GAUGE.r)}`, class: "frame wide" });
	shape(svg, "filled", "path", { d: `M${onGauge(0, GAUGE.r)}A${GAUGE.r} ${GAUGE.r} 0 0 1 ${onGauge(force / most, GAUGE.r)}`, class: "filled" });
	for (let i = 0; i <= 4; i++) shape(svg, "tick" + i, "path", { d: `M${onGauge(i / 4, 64)}L${onGauge(i / 4, 70)}`, class: "frame" });
	const at = asked === null ? 0 : asked / most;
	shape(svg, "asked", "path", { d: `M${onGauge(at, 66)}L${onGauge(at, 92)}`, class: asked === null ? "none" : "asked" });
	shape(svg, "needle", "path", { d: `M${GAUGE.x} ${GAUGE.y}L${onGauge(force / most, 60)}`, class: known ? "needle" : "needle unknown" });
	put(shape(svg, "least", "text", { x: 22, y: 116, class: "tick" }), "0");
	put(shape(svg, "most", "text", { x: 178, y: 116, class: "tick" }), String(most));
	caption(svg, 100, 124, text);
}

function drawPad(card, c) {
	const state = controlState(c), on = c.granted || ["energised", "confirmed_on", "coming_to_rest"].includes(c.phase);
	const unknown = c.phase === "unknown";
	const svg = picture(card, 200, 130, `${c.name}: ${state}`);
	shape(svg, "cable", "path", { d: "M160 80C182 80 172 112 192 112", class: "frame" });
	shape(svg, "pad", "rect", { x: 40, y: 52, width: 120, height: 56, rx: 12, class: unknown ? "pad unknown" : on ? "pad on" : "pad" });
	for (let i = 0; i < 3; i++) shape(svg, "warm" + i, "path", { d: `M${70 + 30 * i} 48c-8-8 8-12 0-20`, class: on ? "warm" : "none" });
	put(shape(svg, "sign", "text", { x: 100, y: 86, class: "sign" }), unknown ? "?" : on ? "\u2668" : "0");
	caption(svg, 100, 16, state);
}

function draw(card, d) {
	const metric = (key) => d.metrics.find((m) => m.metric === key);
	const tilt = metric("tilt"), force = metric("force");
	if (d.kind === "inversion" && tilt) drawTable(card, tilt);
	else if (d.kind === "traction" && force) drawForce(card, force, d.controls.find((c) => c.number));
	else if ((d.kind === "heat" || d.kind === "cold") && d.controls.length) drawPad(card, d.controls[0]);
}
