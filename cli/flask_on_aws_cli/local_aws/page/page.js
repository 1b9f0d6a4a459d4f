// Asks what is true once a second, and shows it.
"use strict";

const SECOND = 1000;
const POINTS = 120; // two minutes of the curve
const COLOURS = {
  RUNNING: "well", healthy: "well", COMPLETED: "well",
  STOPPED: "ill", unhealthy: "ill", FAILED: "ill",
};
const rates = [];
let counted = null;

const byId = (id) => document.getElementById(id);

function element(name, text, kind) {
  const made = document.createElement(name);
  made.textContent = text ?? "";
  if (kind) made.className = kind;
  return made;
}

const time = (at) => (at ? new Date(at).toLocaleTimeString() : "");
const percent = (value) => (value === null ? "" : `${Math.round(value)} %`);
const mebibytes = (value) => (value === null ? "" : `${Math.round(value / 2 ** 20)} MiB`);
const coloured = (state) => element("td", state, COLOURS[state] ?? "busy");

function fill(id, rows) {
  byId(id).replaceChildren(...rows.map((cells) => {
    const row = document.createElement("tr");
    row.append(...cells.map((cell) => (cell instanceof Node ? cell : element("td", cell))));
    return row;
  }));
}

function list(lines) {
  const made = document.createElement("ul");
  made.append(...lines.map((line) => element("li", line)));
  return made;
}

function showServices(services) {
  byId("services").replaceChildren(...services.flatMap((service) => [
    element("h3", `${service.name}: ${service.running} of ${service.desired} tasks run`),
    list(service.deployments.map((one) =>
      `${one.definition} ${one.rollout}, ${one.running} running, ${one.failed} failed`)),
    element("h3", "Releases"),
    list(service.releases.map((one) => `${one.number}: ${one.image}, ${time(one.at)}`)),
    element("h3", "Events"),
    list(service.events.map((one) => `${time(one.at)} ${one.message}`)),
  ]));
}

function showFaults(faults) {
  byId("faults-section").hidden = faults.length === 0;
  byId("faults").replaceChildren(list(faults.map((one) =>
    `${one.what}, failing since ${time(one.since * SECOND)} (${one.times} times): ${one.error}. ${one.fix}`)));
}

function showRate(targets) {
  const now = { at: performance.now(), requests: targets.reduce((sum, one) => sum + one.requests, 0) };
  if (counted && now.requests >= counted.requests) {
    rates.push((now.requests - counted.requests) / (now.at - counted.at) * SECOND);
    rates.splice(0, rates.length - POINTS);
    byId("rate").textContent = rates.at(-1).toFixed(1);
    const most = Math.max(1, ...rates);
    const points = rates.map((rate, index) => `${index + POINTS - rates.length},${29 - rate / most * 28}`);
    byId("curve").firstElementChild.setAttribute("points", points.join(" "));
  }
  counted = now;
}

function showLog(lines) {
  const log = byId("log");
  const follows = log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
  log.textContent = lines.map((one) => `${time(one.at)} ${one.stream.split("/")[0]} ${one.text}`).join("\n");
  if (follows) log.scrollTop = log.scrollHeight;
}

function show(facts) {
  byId("url").textContent = byId("url").href = facts.url;
  showFaults(facts.faults);
  showServices(facts.services);
  fill("tasks", facts.tasks.map((one) => [
    `${one.of || "one-off"} ${one.id.slice(0, 8)}`, one.definition, coloured(one.status), time(one.since),
    percent(one.cpu), mebibytes(one.memory), one.reason,
  ]));
  fill("targets", facts.targets.map((one) => [
    one.group, one.address, coloured(one.state), String(one.requests),
    Object.entries(one.statuses).map(([kind, count]) => `${kind}: ${count}`).join(" "), one.reason,
  ]));
  showRate(facts.targets);
  showLog(facts.log);
}

async function look() {
  try {
    const answer = await fetch("facts.json");
    if (!answer.ok) throw new Error(`the local AWS answers ${answer.status}`);
    show(await answer.json());
    byId("state").textContent = "Live";
    byId("state").className = "well";
  } catch (error) {
    byId("state").textContent = `Not live: ${error.message}`;
    byId("state").className = "ill";
  }
  setTimeout(look, SECOND);
}

look();
