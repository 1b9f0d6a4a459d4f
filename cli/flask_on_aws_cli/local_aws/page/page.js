// Reads the state of the local AWS once a second, and shows it.
"use strict";

const SECOND = 1000;
const POINTS = 120; // two minutes of the curve
const COLOURS = {
  RUNNING: "well", healthy: "well", COMPLETED: "well",
  STOPPED: "ill", unhealthy: "ill", FAILED: "ill",
};
const rates = [];
let lastCount = null;

const byId = (id) => document.getElementById(id);

function element(name, text, className) {
  const node = document.createElement(name);
  node.textContent = text ?? "";
  if (className) node.className = className;
  return node;
}

const time = (at) => (at ? new Date(at).toLocaleTimeString() : "");
const percent = (value) => (value === null ? "" : `${Math.round(value)} %`);
const mebibytes = (value) => (value === null ? "" : `${Math.round(value / 2 ** 20)} MiB`);
const statusCell = (state) => element("td", state, COLOURS[state] ?? "busy");

function fill(id, rows) {
  byId(id).replaceChildren(...rows.map((cells) => {
    const row = document.createElement("tr");
    row.append(...cells.map((cell) => (cell instanceof Node ? cell : element("td", cell))));
    return row;
  }));
}

function list(lines) {
  const node = document.createElement("ul");
  node.append(...lines.map((line) => element("li", line)));
  return node;
}

function showServices(services) {
  byId("services").replaceChildren(...services.flatMap((service) => [
    element("h3", `${service.name}: ${service.running} of ${service.desired} tasks run`),
    list(service.deployments.map((deployment) =>
      `${deployment.definition} ${deployment.rollout}, ${deployment.running} running, ${deployment.failed} failed`)),
    element("h3", "Releases"),
    list(service.releases.map((release) => `${release.number}: ${release.image}, ${time(release.at)}`)),
    element("h3", "Events"),
    list(service.events.map((event) => `${time(event.at)} ${event.message}`)),
  ]));
}

function showFaults(faults) {
  byId("faults-section").hidden = faults.length === 0;
  byId("faults").replaceChildren(list(faults.map((fault) =>
    `${fault.what}, failing since ${time(fault.since * SECOND)} (${fault.times} times): ${fault.error}. ${fault.fix}`)));
}

// The version is in the address, so that the picture is only loaded when the stack has changed.
function showPicture(picture) {
  byId("picture-section").hidden = !picture.version;
  const address = `picture.svg?${picture.version}`;
  if (!picture.version || byId("picture").getAttribute("src") === address) return;
  byId("picture").src = address;
  byId("picture").alt = picture.text;
}

function showRate(targets) {
  const now = { at: performance.now(), requests: targets.reduce((sum, target) => sum + target.requests, 0) };
  if (lastCount && now.requests >= lastCount.requests) {
    rates.push((now.requests - lastCount.requests) / (now.at - lastCount.at) * SECOND);
    rates.splice(0, rates.length - POINTS);
    byId("rate").textContent = rates.at(-1).toFixed(1);
    const maximum = Math.max(1, ...rates);
    const points = rates.map((rate, index) => `${index + POINTS - rates.length},${29 - rate / maximum * 28}`);
    byId("curve").firstElementChild.setAttribute("points", points.join(" "));
  }
  lastCount = now;
}

function showLog(lines) {
  const log = byId("log");
  const isAtEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
  log.textContent = lines.map((line) => `${time(line.at)} ${line.stream.split("/")[0]} ${line.text}`).join("\n");
  if (isAtEnd) log.scrollTop = log.scrollHeight;
}

function show(facts) {
  byId("url").textContent = byId("url").href = facts.url;
  showFaults(facts.faults);
  showServices(facts.services);
  showPicture(facts.picture);
  fill("tasks", facts.tasks.map((task) => [
    `${task.of || "one-off"} ${task.id.slice(0, 8)}`, task.definition, statusCell(task.status), time(task.since),
    percent(task.cpu), mebibytes(task.memory), task.reason,
  ]));
  fill("targets", facts.targets.map((target) => [
    target.group, target.address, statusCell(target.state), String(target.requests),
    Object.entries(target.statuses).map(([kind, count]) => `${kind}: ${count}`).join(" "), target.reason,
  ]));
  showRate(facts.targets);
  showLog(facts.log);
}

async function update() {
  try {
    const response = await fetch("facts.json");
    if (!response.ok) throw new Error(`the local AWS responded with ${response.status}`);
    show(await response.json());
    byId("state").textContent = "Live";
    byId("state").className = "well";
  } catch (error) {
    byId("state").textContent = `Not live: ${error.message}`;
    byId("state").className = "ill";
  }
  setTimeout(update, SECOND);
}

update();
