// SPDX-License-Identifier: Apache-2.0
// What begins when everything is there.
"use strict";

$("stop").addEventListener("click", stop);
$("reset").addEventListener("click", () => askReset(true));
$("reset-not").addEventListener("click", () => { askReset(false); $("reset").focus(); });
$("reset-now").addEventListener("click", reset);
$("login").addEventListener("submit", logIn);
$("silence").addEventListener("click", () => order($("home-answer"), { do: "silence" }));
$("present").addEventListener("click", () => order($("home-answer"), { do: "present" }));
$("setup-begin").addEventListener("click", () => tellSetup({ do: "begin" }));
$("setup-cancel").addEventListener("click", () => tellSetup({ do: "cancel" }));
$("logout").addEventListener("click", async () => {
	try { await post("logout"); } finally { loggedOut(); }
});
beginCourse();
setInterval(pass, 500);
fetch("session", { cache: "no-store" }).then(
	async (answer) => (answer.status === 401 ? loggedOut(await answer.json()) : connect()), connect);
