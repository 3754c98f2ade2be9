// Shows what the server tells, and sends orders. Text becomes text, never markup: the
// Content-Security-Policy forbids anything else. The token lives in a variable, nowhere else.
"use strict";

const $ = (id) => document.getElementById(id);
const HOUR = 3600;
const PHASES = ["legacy", "dual-write", "read-new", "write-both", "write-new", "new-only", "retired"];
/** The phases as they are shown and passed: an optional one only where the migration is in it. */
const phasesFrom = (present) => PHASES.filter((phase) => phase !== "write-both" || phase === present);
const MEANS = {
  "legacy": "Nothing of the migration is in place: programs use the old schema.",
  "dual-write": "Programs write and read the old schema. Each write reaches the new one in the same transaction.",
  "read-new": "Programs write the old schema and read the new one, which each write reaches in the same transaction.",
  "write-both": "Old programs write the old schema and new programs the new one. Each write reaches the other schema in the same transaction.",
  "write-new": "Programs write and read the new schema. The old one is kept current, so a rollback is instant.",
  "new-only": "Programs use the new schema alone. The old one is frozen, and a rollback would bring it up to date.",
  "retired": "Programs use the new schema. The old one is gone: there is no rollback any more.",
};

let token = null;
let news = null;
let points = [];
let seenPhase = null;
let lastJournal = null;
let shownVerification = null;

/* ---- making elements -------------------------------------------------------------------- */

function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (key === "class") element.className = value;
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

function svg(name, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes ?? {})) element.setAttribute(key, value);
  if (text != null) element.textContent = text;
  return element;
}

/** A command; where this page can give it, it is a button. */
function command({ text, order }) {
  if (token === null || !possible(order)) return make("code", null, text);
  const button = make("button", { type: "button", class: "command", "data-gives": order }, text);
  button.addEventListener("click", () => give(order));
  return button;
}

/** What to do, from its pieces: words, and commands among them. */
const advice = (pieces) => pieces.map((piece) => (piece.is === "command" ? command(piece) : piece.text));
const fixOf = (pieces, more = "") =>
  (pieces?.length ? make("span", { class: `fix ${more}` }, ...advice(pieces)) : null);

/** Replaces an element's content only if it would change: focus and selection stay. */
function fill(element, ...children) {
  const fresh = make("div", null, ...children);
  if (element.innerHTML !== fresh.innerHTML) element.replaceChildren(...fresh.childNodes);
}

/* ---- figures in words ------------------------------------------------------------------- */

const count = (n) => Math.round(n).toLocaleString("en");
const rows = (n) => `${count(n)} ${n === 1 ? "row" : "rows"}`;

function bytes(n) {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (n >= 1024 && unit < units.length - 1) { n /= 1024; unit += 1; }
  return `${unit && n < 10 ? n.toFixed(1) : Math.round(n)} ${units[unit]}`;
}

function span(seconds) {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 100) return `${Math.round(seconds)} s`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
  return `${Math.round(seconds / 86400)} days`;
}

const since = (at) => span(Math.max(0, (new Date(news.snapshot.at) - new Date(at)) / 1000));
const two = (n) => String(n).padStart(2, "0");
/** In the reader's own time zone, as a log has it. */
function clock(at) {
  const d = new Date(at);
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}
const moment = (at, text) => make("time", { datetime: at, title: at }, text ?? clock(at));
const fact = (name, value) => [make("dt", null, name), make("dd", null, value)];

/** A fact's name and value in one element, so that the grid keeps them together. */
const facts = (...pairs) =>
  pairs.filter(Boolean).map(([name, value]) => make("div", null, ...fact(name, value)));

/* ---- where it stands -------------------------------------------------------------------- */

function showHead({ snapshot }) {
  document.title = `${snapshot.migration}: ${snapshot.phase}`;
  fill($("name"), snapshot.migration);
  fill($("database"), snapshot.database);
  const phases = phasesFrom(snapshot.phase);
  const now = phases.indexOf(snapshot.phase);
  fill($("phases"), ...phases.map((phase, i) => {
    const is = i < now ? "past" : i === now ? "now" : "ahead";
    const note = i === now ? `for ${since(snapshot.since).replace(/\.\d s$/, " s")}` : "";
    return make("li", { "data-is": is, "aria-current": is === "now" && "step" },
      make("span", { class: "p-name" }, phase),
      make("span", { class: "p-since" }, note || (is === "past" ? make("span", { class: "sr" }, "passed") : "\u00a0")));
  }));
  fill($("verdict"), MEANS[snapshot.phase]);
  if (seenPhase && seenPhase !== snapshot.phase) $("told").textContent = `The phase is now ${snapshot.phase}.`;
  seenPhase = snapshot.phase;
}

function showAlerts({ snapshot, error }) {
  const alerts = [];
  const alert = (is, text, fix) => alerts.push(make("li", { "data-is": is }, text, fixOf(fix)));
  if (error) alert("bad", `The database could not be read: ${error}. What is shown was seen at ${clock(snapshot.at)}.`);
  const found = differencesOf(snapshot.verification);
  if (found) alert("bad", `The last verification found ${count(found)} ${found === 1 ? "difference" : "differences"}.`);
  for (const drift of snapshot.drift) alert("bad", drift.reason, drift.fix_pieces);
  const { paused, postponed, actor } = snapshot.control;
  const by = actor ? ` (requested by ${actor})` : "";
  if (paused) alert("warn", `Work is paused${by}.`);
  if (postponed) alert("warn", `The cutover is postponed${by}: no gate lets writes go to the other side.`);
  for (const kept of snapshot.kept) {
    alert("warn", `${rows(kept.rows)} of ${kept.table} could not be carried to the other side and ${kept.rows === 1 ? "is" : "are"} kept in ${kept.kept_in}.`);
  }
  if (snapshot.wal_pending_bytes >= 16 << 20) {
    alert("warn", `The write-ahead log has grown to ${bytes(snapshot.wal_bytes)}: a program that keeps a read transaction open prevents it from restarting.`,
      [{ is: "words", text: "End the read transaction that has been open longest." }]);
  }
  fill($("alerts"), ...alerts);
}

function bar(label, done, total, waits) {
  const percent = total ? Math.min(100, (done * 100) / total) : 0;
  const inner = make("div");
  const element = make("div", {
    class: waits ? "bar waits" : "bar", role: "progressbar", "aria-label": label,
    "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": Math.floor(percent),
    "aria-valuetext": `${Math.floor(percent)} %, ${count(done)} of ${count(total)}`,
  }, inner);
  return [element, inner, percent];
}

const WAITS = {
  writers: "It pauses for programs that write.", paused: "It is paused.",
  reader: "It waits for a program that keeps the log from restarting.",
  postponed: "Everything is verified; the cutover is postponed.", hook: "It waits for a hook.",
};

function showWork({ snapshot }) {
  const { work, backfill, phase, lease, gone } = snapshot;
  const waits = work && work.waiting && work.waiting !== "writers";
  const at = work ?? backfill;
  const name = work ? work.work : "backfill";
  const done = !work && (backfill.complete || PHASES.indexOf(phase) > 2);
  const [element, inner, percent] = bar(name, done ? 1 : at.done, done ? 1 : at.total, waits);
  const idle = done ? "The new tables are filled; no work is under way."
    : backfill.done ? "The backfill is not complete, and nobody works on it." : "The backfill has not begun.";
  const box = $("work");
  const old = box.querySelector(".bar > div")?.style.width;
  box.replaceChildren(
    make("p", { class: "big" }, `${Math.floor(percent)} %`, make("span", { class: "sr" }, ` of the ${name}`)),
    element,
    make("p", null, work ? `${name[0].toUpperCase()}${name.slice(1)}: ${count(work.done)} of ${count(work.total)} ${work.work === "vacuum" ? "pages" : "rows"}.` : idle,
      work?.waiting ? ` ${WAITS[work.waiting] ?? ""}` : ""),
    make("dl", { class: "facts" }, ...facts(
      work && ["Rate", work.rows_per_second == null ? "–" : `${count(work.rows_per_second)} rows/s`],
      work && ["Time to go", work.eta_seconds == null ? "–" : span(work.eta_seconds)],
      work && ["Last chunk", `${rows(work.chunk_rows)}, ${work.chunk_ms.toFixed(1)} ms`])),
    make("p", { class: "operator" }, lease ? `Operator: ${lease.actor} on ${lease.host}, ${lease.doing}.`
      : gone ? `No operator: the process of ${gone.actor} on ${gone.host} ended during ${gone.doing}.`
        : "Nobody is at work on the database."));
  // It grows from where it was; style is set by script because the policy forbids attributes.
  inner.style.width = old ?? "0%";
  requestAnimationFrame(() => { inner.style.width = `${percent}%`; });
}

const differencesOf = (last) => (last ? last.report.missing + last.report.extra + last.report.different : 0);

function showVerified({ snapshot }) {
  const last = snapshot.verification;
  if (!last) {
    fill($("verified"), make("p", { class: "quiet" }, "Nothing has been verified yet. From write-both on every step verifies every row by itself, before it is taken."));
    return;
  }
  const found = differencesOf(last);
  fill($("verified"),
    make("p", { class: `big ${found ? "bad" : "good"}` }, found ? `${count(found)} ${found === 1 ? "difference" : "differences"}` : "No difference"),
    make("p", null, `${rows(last.report.checked)} compared, both ways, by ${last.command}.`),
    make("dl", { class: "facts" }, ...facts(["Ended", moment(last.at)], ["Took", span(last.seconds)])),
    make("p", { class: "operator" }, `By ${last.actor}.`));
}

function showNext({ snapshot, next }) {
  const line = (name, ...text) => make("li", null, name, make("span", null, ...text));
  const forecast = snapshot.rollback;
  fill($("next"), make("ul", { class: "next" },
    next ? line(make("b", { class: "can" }, "Next"), `${next.when}: `, command(next.command)) : null,
    line(make("b", { class: "can" }, "Allowed"), snapshot.allowed.join(", ") || "nothing"),
    ...snapshot.blocked.map(({ action, reason, fix_pieces }) =>
      line(make("b", null, action), "Refused: ", reason, fixOf(fix_pieces, "quiet"))),
    forecast ? line(make("b", null, "Rollback"),
      `To ${forecast.to}: ${forecast.seconds == null ? "not measured yet" : forecast.seconds < 0.05 ? "at once" : `about ${span(forecast.seconds)}`}; ${forecast.because}.`) : null));
}

function showTables({ snapshot }) {
  fill($("tables").tBodies[0], ...snapshot.tables.map(({ table, side, rows: n, estimated, writable }) =>
    make("tr", null, make("th", { scope: "row" }, table), make("td", null, side),
      make("td", { class: "n" }, `${estimated ? "about " : ""}${count(n)}`), make("td", null, writable ? "accepted" : "refused"))));
  const { database_bytes, unused_bytes, wal_bytes, free_bytes } = snapshot;
  fill($("room"), ...facts(["Database", bytes(database_bytes)], ["Unused inside of it", bytes(unused_bytes)],
    ["Write-ahead log", bytes(wal_bytes)], free_bytes != null && ["Free on the disk", bytes(free_bytes)]));
}

function showWriters({ snapshot }) {
  const { old, new: fresh, processes, complete, clients } = snapshot.writers;
  const last = (side, { last: at }) => (at ? `${side} tables last written ${moment(at)}. ` : "");
  fill($("writers-last"), last("Old", old) || "No write to the old tables noted. ", last("New", fresh),
    processes.length ? "" : "No other process has the file open. ",
    complete ? "" : "Processes of other users or containers can’t be seen.");
  const row = (name, at, ...known) => make("tr", null, make("th", { scope: "row" }, name),
    make("td", null, at ? moment(at) : ""), make("td", null, known.filter(Boolean).join(", ")));
  fill($("writers").tBodies[0],
    ...processes.map(({ pid, command: line, exe_deleted, started, holds }) => row(`${pid} ${line}`, started,
      exe_deleted && "its program was replaced since", holds && `${holds}s`)),
    ...clients.map(({ client, version, speaks, seen }) => row(`${client} ${version}`, seen, `announced: speaks ${speaks}`)));
  $("writers").hidden = !processes.length && !clients.length;
}

/* ---- charts ------------------------------------------------------------------------------ */

const CHARTS = [
  { title: "Writes of programs", unit: (v) => `${v < 10 ? v.toFixed(1) : count(v)}/s`,
    lines: [["old", "reach the old tables", (p) => p.old_per_second], ["new", "reach the new tables", (p) => p.new_per_second]] },
  { title: "Longest that writers waited for cutover", unit: (v) => `${v.toFixed(1)} ms`,
    lines: [["new", "in the minute before", (p) => p.longest_stall_ms]] },
  { title: "Rows of the work under way", unit: (v) => `${v < 10 ? v.toFixed(1) : count(v)}/s`, lines: [["new", "passed", (p) => p.rows_per_second]] },
  { title: "Write-ahead log", unit: bytes, lines: [["new", "on the disk", (p) => p.wal_bytes]] },
];
const BOX = { height: 130, left: 2, right: 58, top: 8, bottom: 20 };

/** A round figure at or above the largest. */
function ceiling(most, unit) {
  if (!(most > 0)) return unit === bytes ? 1024 : 1;
  if (unit === bytes) return 2 ** Math.ceil(Math.log2(most));
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= most);
}

/** A line, broken where nothing was measured. */
function path(seen, value, x, y) {
  let text = "";
  let drawing = false;
  for (const point of seen) {
    const v = value(point);
    if (v == null) { drawing = false; continue; }
    text += `${drawing ? "L" : "M"}${x(point.time).toFixed(1)} ${y(v).toFixed(1)}`;
    drawing = true;
  }
  // A single point would not be seen.
  return text.replace(/M([\d.]+) ([\d.]+)(?=M|$)/g, "M$1 $2h.1");
}

/** The largest of each few points: a peak must not vanish because a chart is narrow. */
function thinned(seen, lines) {
  const most = 240;
  if (seen.length <= most) return seen;
  const each = Math.ceil(seen.length / most);
  const out = [];
  for (let i = 0; i < seen.length; i += each) {
    const some = seen.slice(i, i + each);
    const values = lines.map(([, , value]) => some.map(value).filter((v) => v != null))
      .map((list) => (list.length ? Math.max(...list) : null));
    out.push({ time: some[0].time, values });
  }
  return out;
}

function drawChart(chart, figure) {
  const now = points.length ? points[points.length - 1].time : 0;
  const seen = points.filter((point) => point.time > now - HOUR);
  const from = Math.min(now - 60, seen.length ? seen[0].time : now);
  const all = seen.flatMap((point) => chart.lines.map(([, , value]) => value(point))).filter((v) => v != null);
  const most = all.reduce((a, b) => Math.max(a, b), 0);
  const top = ceiling(most, chart.unit);
  const { height, left, right, top: above, bottom } = BOX;
  // As wide as it is shown, so that its letters are as large on a phone as elsewhere.
  const { paddingLeft, paddingRight } = getComputedStyle(figure);
  const width = Math.max(200, figure.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight));
  const x = (time) => left + ((time - from) / (now - from || 1)) * (width - left - right);
  const y = (value) => height - bottom - (value / top) * (height - above - bottom);
  const last = (value) => (seen.length ? value(seen[seen.length - 1]) : null);
  const words = chart.lines.map(([, name, value]) => {
    const v = last(value);
    return `${name}: ${v == null ? "not measured" : `${chart.unit(v)} now`}`;
  }).join("; ");
  const legend = chart.lines.map(([kind, name, value]) => {
    const v = last(value);
    return make("span", { class: "now" }, chart.lines.length > 1 ? make("span", { class: `swatch ${kind}`, "aria-hidden": "true" }) : null,
      `${name}: ${v == null ? "–" : chart.unit(v)}`);
  });
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": `${chart.title}, the last ${span(now - from)}. ${words}; at most ${chart.unit(most)}.` });
  for (const share of [0, 0.5, 1]) {
    const at = y(top * share);
    drawing.append(svg("line", { class: "axis", x1: left, x2: width - right, y1: at, y2: at }));
    if (all.length) drawing.append(svg("text", { x: width - right + 6, y: at + 4 }, share === 0 ? "0" : chart.unit(top * share)));
  }
  if (!all.length) drawing.append(svg("text", { x: (width - right) / 2, y: y(top / 2) - 7, "text-anchor": "middle" }, "nothing measured yet"));
  drawing.append(svg("text", { x: left, y: height - 4 }, `${span(now - from).replace(".0", "")} ago`),
    svg("text", { x: width - right, y: height - 4, "text-anchor": "end" }, "now"));
  const few = thinned(seen, chart.lines);
  // The dashed line last: where both are alike, both are seen.
  [...chart.lines.entries()].reverse().forEach(([i, [kind, , value]]) => {
    drawing.append(svg("path", { class: kind, d: path(few, (p) => (p.values ? p.values[i] : value(p)), x, y) }));
  });
  figure.replaceChildren(make("figcaption", null, make("span", null, chart.title), make("span", { class: "legend" }, ...legend)), drawing);
}

function showCharts() {
  const box = $("charts");
  if (!box.children.length) CHARTS.forEach(() => box.append(make("figure", { class: "card" })));
  CHARTS.forEach((chart, i) => drawChart(chart, box.children[i]));
}

/* ---- differences, history, plan ---------------------------------------------------------- */

const keyText = (key) => (key && typeof key === "object"
  ? Object.entries(key).map(([name, value]) => `${name} ${value}`).join(", ") : String(key));

function showDifferences({ snapshot }) {
  const last = snapshot.verification;
  const mark = last ? last.at : "";
  if (mark === shownVerification) return;
  shownVerification = mark;
  const list = last?.report.examples ?? [];
  $("differences-some").hidden = !list.length;
  fill($("differences-none"), list.length ? "" : last ? "The last verification found none." : "Nothing has been verified yet.");
  const names = [...new Set(list.map((it) => it.table))].sort();
  $("d-table").replaceChildren(make("option", { value: "" }, "all"), ...names.map((name) => make("option", { value: name }, name)));
  filterDifferences();
}

function filterDifferences() {
  const report = news?.snapshot.verification?.report;
  if (!report) return;
  const [table, text] = [$("d-table").value, $("d-text").value.toLowerCase()];
  const cells = (it) => [it.table, keyText(it.key), it.column ?? "(the row)",
    it.expected ?? (it.column ? "–" : "no such row"), it.found ?? (it.column ? "–" : "no such row")];
  const shown = report.examples.filter((it) =>
    (!table || it.table === table) && (!text || cells(it).join("\n").toLowerCase().includes(text)));
  const all = differencesOf(news.snapshot.verification);
  $("d-count").textContent = `${shown.length} shown of the first ${report.examples.length}; ${count(all)} in all: `
    + `${count(report.missing)} missing, ${count(report.extra)} extra, ${count(report.different)} different.`;
  const labels = ["Table", "Key", "Column", "The mapping gives", "The table holds"];
  fill($("differences").tBodies[0], ...shown.map((it) => make("tr", null, ...cells(it).map((cell, i) =>
    make(i ? "td" : "th", { "data-label": labels[i], scope: !i && "row" }, i > 2 ? make("code", null, cell) : cell)))));
}

let historyAll = false;
async function showHistory() {
  const entries = (await ask("/api/v1/history")).reverse();
  const few = historyAll ? entries : entries.slice(0, 8);
  $("history-more").hidden = few.length === entries.length;
  $("history-more").textContent = `Show all ${entries.length}`;
  fill($("history"), ...few.map((entry) => {
    const phases = entry.before === entry.after ? "" : `: ${entry.before} → ${entry.after}`;
    const order = entry.event === "order" ? ` ${entry.detail?.order}` : "";
    const figures = order ? "" : Object.entries(entry.detail ?? {}).filter(([, value]) => value !== null && typeof value !== "object")
      .map(([name, value]) => `${name.replaceAll("_", " ")} ${typeof value === "number" ? +value.toFixed(2) : value}`).join(", ");
    return make("li", null, moment(entry.at),
      make("span", null, make("b", null, entry.event, order), phases, make("span", { class: "who" }, ` by ${entry.actor}`),
        figures ? make("span", { class: "figures" }, figures) : null));
  }));
}

async function showPlan() {
  const box = $("plan");
  try {
    const plan = await ask("/api/v1/plan");
    box.replaceChildren(...plan.steps.map(({ step, statements }) => {
      const text = statements.map((it) => (it.startsWith("--") ? it : `${it.trimEnd().replace(/;$/, "")};`)).join("\n\n");
      return make("details", null,
        make("summary", null, step, make("span", { class: "quiet" }, ` · ${statements.length} ${statements.length === 1 ? "statement" : "statements"}`)),
        make("pre", { tabindex: 0, "aria-label": `SQL of ${step}` }, text));
    }));
    box.querySelector("summary")?.focus();
  } catch (problem) {
    box.replaceChildren(make("p", null, problem.detail ?? problem.message, " ", ...advice(problem.hint_pieces ?? [])));
  }
}

/* ---- orders ------------------------------------------------------------------------------ */

const ORDERS = [
  { title: "Work under way", orders: [["pause", "Pause"], ["resume", "Resume"], ["stop", "Stop"]] },
  { title: "The moment of the cutover", orders: [["postpone", "Postpone"], ["unpostpone", "Let it happen"]] },
  { title: "The mirror", orders: [["backfill", "Backfill"], ["verify", "Verify every row"]] },
  { title: "Phase", orders: [["rollback", "Roll back"], ["advance", "Advance"]] },
];

function target(order) {
  const phases = phasesFrom(news.snapshot.phase);
  const at = phases.indexOf(news.snapshot.phase);
  return phases[at + (order === "advance" ? 1 : -1)];
}

/** Whether an order makes sense now: the server has decided. */
const possible = (order) => news.control && news.offered.includes(order);

function makeOrders() {
  $("orders").replaceChildren(...ORDERS.map(({ title, orders }) => make("div", null,
    make("p", null, title),
    make("div", { class: "row" }, ...orders.map(([order, text]) => {
      const button = make("button", { type: "button", "data-order": order, class: order === "advance" ? "primary" : "" }, text);
      button.addEventListener("click", () => give(order));
      return button;
    })))));
}

function showOrders({ control, orders }) {
  $("controls").hidden = !control;
  if (!control) return;
  $("key").hidden = token !== null;
  $("orders").hidden = $("forget").hidden = token === null;
  $("pace").hidden = token === null || !possible("pace");
  for (const button of $("orders").querySelectorAll("button")) {
    // A focused button stays focused: it is not disabled, but says that it does nothing now.
    const can = possible(button.dataset.order);
    button.disabled = !can && document.activeElement !== button;
    button.setAttribute("aria-disabled", String(!can));
  }
  const { under_way: busy, last } = orders;
  const found = last?.ok && last.order === "verify" ? differencesOf(news.snapshot.verification) : 0;
  const said = busy ? make("p", { class: "note" }, `${busy} is under way`)
    : last ? make("div", { class: `note ${last.ok && !found ? "good" : "bad"}` },
      make("b", null, `${last.order}: ${last.ok ? "done." : "not done."}`), " ",
      found ? `It found ${found === 1 ? "a difference" : `${count(found)} differences`}: see below.` : last.message,
      fixOf(last.hint_pieces), make("span", { class: "fix quiet" }, `by ${last.actor}`)) : null;
  if (said) fill($("outcome"), said);
}

function refused(problem) {
  fill($("outcome"), make("div", { class: "note bad" }, make("b", null, "Refused: "), problem.detail ?? problem.message,
    fixOf(problem.hint_pieces)));
  if (problem.status === 401) { token = null; showOrders(news); $("key-token").focus(); }
}

async function give(order, body = {}) {
  if (!possible(order)) return;
  if (!(await sure(order))) return;
  try {
    await ask(`/api/v1/orders/${order}`, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
  } catch (problem) {
    refused(problem);
  }
}

/** Steps are asked about once more: what they do, and how they are undone. */
function sure(order) {
  if (order !== "advance" && order !== "rollback") return Promise.resolve(true);
  const to = target(order);
  const forecast = news.snapshot.rollback;
  $("sure-title").textContent = `${order === "advance" ? "Advance" : "Roll back"} to ${to}?`;
  $("sure-text").textContent = `${MEANS[to]} ${order === "advance"
    ? "At a gate every row is verified first, and nothing changes if anything differs. A rollback undoes the step."
    : `No row is lost. ${forecast?.seconds == null ? "" : `It takes ${forecast.seconds < 0.05 ? "a moment" : `about ${span(forecast.seconds)}`}.`}`}`;
  $("sure-yes").textContent = order === "advance" ? "Advance" : "Roll back";
  const dialog = $("sure");
  dialog.returnValue = "";
  dialog.showModal();
  $("sure-no").focus();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}

/* ---- talking to the server ---------------------------------------------------------------- */

function headers(more) {
  return token === null ? { ...more } : { ...more, Authorization: `Bearer ${token}` };
}

async function ask(path, options = {}) {
  const response = await fetch(path, { ...options, headers: headers(options.headers) });
  const answer = await response.json();
  if (!response.ok) throw answer;
  return answer;
}

function show() {
  const sections = [showHead, showAlerts, showWork, showVerified, showNext, showTables, showWriters, showDifferences, showOrders];
  for (const section of sections) section(news);
  showCharts();
  const journal = `${news.snapshot.phase} ${news.snapshot.control.at} ${news.snapshot.work?.work} ${news.orders.under_way} ${news.orders.last?.order} ${shownVerification}`;
  if (journal !== lastJournal) { lastJournal = journal; showHistory().catch(() => { lastJournal = null; }); }
}

function heard(text) {
  const fresh = JSON.parse(text);
  if (!fresh.snapshot) return;
  news = fresh;
  if (fresh.point) points.push(timed(fresh.point));
  if (points.length > HOUR) points.shift();
  $("all").hidden = false;
  $("login").hidden = true;
  link(fresh.error ? "lost" : "live", fresh.error ? "the database can’t be read" : "live");
  show();
}

const timed = (point) => ({ ...point, time: new Date(point.at) / 1000 });

function link(state, text) {
  if ($("link").dataset.state !== state) $("told").textContent = state === "lost" ? `Connection: ${text}` : "";
  $("link").dataset.state = state;
  $("link-text").textContent = text;
}

/** Server-sent events. EventSource can't send a token, so the stream is read here. */
async function listen() {
  const response = await fetch("/api/v1/events", { headers: headers({ Accept: "text/event-stream" }) });
  if (!response.ok) throw await response.json();
  points = (await ask("/api/v1/points")).map(timed);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const data = block.split("\n").filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trimStart());
      if (data.length) heard(data.join("\n"));
    }
  }
}

async function live() {
  for (;;) {
    try {
      await listen();
      link("connecting", "connecting again");
    } catch (problem) {
      if (problem.status === 401) {
        $("login-fault").textContent = token === null ? "" : problem.detail;
        token = null;
        $("all").hidden = true;
        $("login").hidden = false;
        link("connecting", "the token is needed");
        return;
      }
      link("lost", news ? `connection lost; seen at ${new Date(news.snapshot.at).toLocaleTimeString()}` : "no connection");
    }
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
}

/* ---- beginning ---------------------------------------------------------------------------- */

function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!given) return;
  token = given;
  // Neither the history nor a bookmark keeps it.
  history.replaceState(null, "", location.pathname);
}

takeToken();
makeOrders();
$("login").addEventListener("submit", (event) => {
  event.preventDefault();
  token = $("login-token").value.trim();
  $("login-token").value = "";
  live();
});
$("key").addEventListener("submit", (event) => {
  event.preventDefault();
  token = $("key-token").value.trim();
  $("key-token").value = "";
  fill($("outcome"));
  showOrders(news);
});
$("forget").addEventListener("click", () => { token = null; showOrders(news); });
$("pace").addEventListener("submit", (event) => {
  event.preventDefault();
  const choice = $("pace-choice").value;
  give("pace", /^\d+$/.test(choice) ? { stall_ms: Number(choice) } : { pace: choice });
});
$("sure-yes").addEventListener("click", () => $("sure").close("yes"));
$("sure-no").addEventListener("click", () => $("sure").close(""));
$("d-table").addEventListener("change", filterDifferences);
$("d-text").addEventListener("input", filterDifferences);
$("history-more").addEventListener("click", () => { historyAll = true; showHistory(); });
addEventListener("resize", () => { if (news) showCharts(); });
$("plan-show").addEventListener("click", showPlan);
live();
