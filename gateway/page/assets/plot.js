// SPDX-License-Identifier: Apache-2.0
// The session so far: one plot for each unit, its lines told apart by their dashes and their names, and below the times in
// which each control ran. What came before this page was opened the gateway tells once; what comes is added here, until
// the gateway says that its points are others: a session began, or its steps are longer now.
"use strict";

const WIDE = 600, HIGH = 150, LEFT = 42, RIGHT = 8, LOW = 18, TOP = 8, ROW = 22;
const DASHES = ["", "8 4", "2 3", "10 3 2 3", "14 5", "1 5"];
const TICKS = [1, 2, 5, 10, 20, 30, 60, 120, 240, 480]; // minutes
let plotted = null; // {number, session, step_ms, points, last_ms, lines}
let fetching = false;

async function fetchPlot() {
	if (fetching) return;
	fetching = true;
	try {
		const answer = await fetch("plot", { cache: "no-store" });
		if (answer.ok) plotted = await answer.json();
	} catch (_) {
		return; // the stream says that there is no gateway
	} finally {
		fetching = false;
	}
	drawPlots();
}

// The gateway's number for the points that it has now.
function plotNumber(number) {
	if (plotted && plotted.number !== number) fetchPlot();
}

// A value of each line for the step that is over.
function plotDevice(d) {
	if (!plotted) return;
	for (const l of plotted.lines) {
		if (l.device !== d.device) continue;
		const c = l.control ? d.controls.find((x) => x.control === l.key) : d.metrics.find((x) => x.metric === l.key);
		l.latest = !c ? null : l.control ? Number(c.granted) : c.quality === "good" ? Number(c.text) : null;
	}
}

function stepPlots() {
	if (!plotted || !plotted.lines.length) return;
	const due = Math.floor((gatewayNow() - plotted.last_ms) / plotted.step_ms);
	if (due < 1) return;
	for (const l of plotted.lines) {
		for (let i = 1; i <= Math.min(due, plotted.points); i++) l.values.push(i === due && l.latest !== undefined ? l.latest : null);
		if (l.values.length > plotted.points) l.values.splice(0, l.values.length - plotted.points);
	}
	plotted.last_ms += due * plotted.step_ms;
	drawPlots();
}

// How long the axis is: as what there is, or a little room for what comes.
const steps = () => Math.min(plotted.points, Math.max(...plotted.lines.map((l) => l.values.length), Math.ceil(300000 / plotted.step_ms)));
const acrossAt = (i, n) => (WIDE - RIGHT - ((n - 1 - i) / Math.max(1, steps() - 1)) * (WIDE - LEFT - RIGHT)).toFixed(1);

function range(lines) {
	let least = 0, most = 0;
	for (const l of lines) for (const v of l.values) if (v !== null) { least = Math.min(least, v); most = Math.max(most, v); }
	if (most - least < 1) most = least + 1;
	const step = 10 ** Math.floor(Math.log10(most - least));
	return [Math.floor(least / step) * step, Math.ceil(most / step) * step];
}

function lineOf(l, low, high) {
	let d = "", pen = "M";
	l.values.forEach((v, i) => {
		if (v === null) { pen = "M"; return; }
		d += `${pen}${acrossAt(i, l.values.length)} ${(TOP + (high - v) / (high - low) * (HIGH - TOP - LOW)).toFixed(1)}`;
		pen = "L";
	});
	return d;
}

function axes(svg, height, names) {
	const minutes = steps() * plotted.step_ms / 60000, every = TICKS.find((t) => minutes / t <= 5) || TICKS[TICKS.length - 1];
	const grid = shape(svg, "grid", "g", {});
	grid.replaceChildren(); // its steps change with its length
	for (let m = 0; m <= minutes; m += every) {
		const x = LEFT + (1 - m / minutes) * (WIDE - LEFT - RIGHT);
		shape(grid, "v" + m, "path", { d: `M${x} ${TOP}V${height - LOW}`, class: "grid" });
		put(shape(grid, "t" + m, "text", { x: Math.min(x, WIDE - 22), y: height - 4, class: "tick" }), m ? `-${m} ${words.minutes}` : "0");
	}
	names.forEach(([text, y], i) => put(shape(svg, "y" + i, "text", { x: LEFT - 5, y: y + 3, class: "tick end" }), text));
}

const latest = (l) => {
	const known = l.values.filter((v) => v !== null);
	return known.length ? `${known[known.length - 1]} ${l.symbol} (${Math.min(...known)} \u2013 ${Math.max(...known)})` : words.not_known;
};

function drawUnit(box, symbol, lines) {
	const [low, high] = range(lines);
	const figure = part(box, "u" + symbol, () => make("figure"));
	const svg = part(figure, "svg", () => document.createElementNS(SVG, "svg"));
	svg.setAttribute("viewBox", `0 0 ${WIDE} ${HIGH}`);
	svg.setAttribute("role", "img");
	svg.setAttribute("aria-label", `${plotTitle()}: ${lines.map((l) => `${l.device_name}, ${l.name}: ${latest(l)}`).join("; ")}`);
	axes(svg, HIGH, [[`${high} ${symbol}`, TOP + 4], [String(low), HIGH - LOW]]);
	const zero = TOP + high / (high - low) * (HIGH - TOP - LOW);
	shape(svg, "zero", "path", { d: `M${LEFT} ${zero}H${WIDE - RIGHT}`, class: "grid" });
	lines.forEach((l, i) => shape(svg, "line" + i, "path", { d: lineOf(l, low, high), class: `line line${i % 3}`, "stroke-dasharray": DASHES[i % DASHES.length] }));
	const legend = part(figure, "legend", () => make("figcaption"));
	lines.forEach((l, i) => {
		const item = part(legend, l.device + l.key, () => make("span"));
		const sample = part(item, "sample", () => document.createElementNS(SVG, "svg"));
		sample.setAttribute("viewBox", "0 0 36 8");
		sample.setAttribute("aria-hidden", "true");
		shape(sample, "line", "path", { d: "M0 4H36", class: `line line${i % 3}`, "stroke-dasharray": DASHES[i % DASHES.length] });
		put(part(item, "name", () => make("span")), `${l.device_name}: ${l.name}`);
	});
}

function drawRuns(box, lines) {
	const height = TOP + LOW + ROW * lines.length;
	const figure = part(box, "runs", () => make("figure"));
	const svg = part(figure, "svg", () => document.createElementNS(SVG, "svg"));
	svg.setAttribute("viewBox", `0 0 ${WIDE} ${height}`);
	svg.setAttribute("role", "img");
	const minutes = (l) => (l.values.filter((v) => v > 0).length * plotted.step_ms / 60000).toFixed(1);
	svg.setAttribute("aria-label", lines.map((l) => `${l.device_name}, ${l.name}: ${minutes(l)} ${words.minutes}`).join("; "));
	axes(svg, height, []);
	lines.forEach((l, i) => {
		const y = TOP + ROW * i;
		let d = "";
		l.values.forEach((v, at) => {
			if (v > 0) d += `M${acrossAt(at, l.values.length)} ${y + 15}h-${Math.max(1.4, (WIDE - LEFT - RIGHT) / Math.max(1, steps() - 1)).toFixed(1)}`;
		});
		shape(svg, "run" + i, "path", { d: d || "M0 0", class: "run" });
		put(shape(svg, "name" + i, "text", { x: LEFT + 4, y: y + 9, class: "tick start" }), `${l.device_name}: ${l.name} (${minutes(l)} ${words.minutes})`);
	});
}

const plotTitle = () => (plotted.session ? words.plot_session : words.plot_lately);

function drawPlots() {
	if (!plotted || !plotted.lines.length) return;
	$("plotted").hidden = false;
	put($("plot-title"), plotTitle());
	const box = $("plots"), metrics = plotted.lines.filter((l) => !l.control), controls = plotted.lines.filter((l) => l.control);
	for (const symbol of new Set(metrics.map((l) => l.symbol))) drawUnit(box, symbol, metrics.filter((l) => l.symbol === symbol));
	if (controls.length) drawRuns(box, controls);
}
