"use strict";
// The stage: one shot at a time, two of its pictures on each other, and a divider between them. Without this script
// all pictures of all shots stand side by side.
const all = (query, within = document) => [...within.querySelectorAll(query)];
const one = (query, within = document) => within.querySelector(query);
const between = (low, value, high) => Math.min(high, Math.max(low, value));

const shots = all(".shot");
const stage = one(".stage");
const stills = all(".still");
const pairs = all("input[name=pair]");
const divider = document.createElement("div");
const now = { still: null, cut: 50, timer: 0 };
let worst = -1;

function cutAt(percent) {
  now.cut = between(0, Math.round(percent), 100);
  stage.style.setProperty("--cut", now.cut + "%");
  divider.setAttribute("aria-valuenow", String(now.cut));
  const [left, right] = all(".left figcaption, .right figcaption", now.still).map((name) => name.textContent.trim());
  divider.setAttribute("aria-valuetext", right ? `${now.cut} per cent ${left}, the rest ${right}` : left || "");
}

// Lays the chosen two pictures of the still on each other. A still may lack a map: then the other is shown whole.
function lay() {
  const [left, right] = one("input[name=pair]:checked").value.split(" ");
  for (const layer of all(".layer", now.still)) layer.classList.remove("left", "right", "only");
  const find = (look) => one(`.layer[data-look="${look}"]`, now.still);
  const [ours, theirs] = [find(left), find(right)];
  if (ours) ours.classList.add("left");
  if (theirs) theirs.classList.add("right");
  if (ours && !theirs) ours.classList.add("only");
  divider.hidden = !(ours && theirs);
  for (const legend of all(".legend")) legend.classList.toggle("on", [left, right].includes(legend.dataset.legend));
  cutAt(now.cut);
}

function show(still) {
  if (!still) return;
  const shot = still.closest(".shot");
  for (const each of all(".on", stage)) each.classList.remove("on");
  shot.classList.add("on");
  still.classList.add("on");
  now.still = still;
  const picture = one("img", still);
  stage.style.setProperty("--aspect", String(picture.width && picture.getAttribute("width") / picture.getAttribute("height")));
  const inShot = all(".still", shot);
  const at = inShot.indexOf(still);
  one("#where").textContent =
    `Shot ${shot.dataset.shot}, frame ${still.dataset.frame} · ${still.dataset.time} · still ${at + 1} of ${inShot.length}`;
  for (const tile of all(".tile")) tile.classList.toggle("on", tile.dataset.shot === shot.dataset.shot);
  one("#shot-before").disabled = shots.indexOf(shot) === 0;
  one("#shot-next").disabled = shots.indexOf(shot) === shots.length - 1;
  for (const button of ["#still-before", "#still-next", "#play"]) one(button).disabled = inShot.length < 2;
  lay();
}

const mainOf = (shot) => shot && (one(".still.main", shot) || one(".still", shot));

// The still nearest to a frame, of those in its shot if there are any.
function nearest(frame) {
  const own = shots.find((shot) => frame >= +shot.dataset.start && frame < +shot.dataset.stop);
  const near = (still) => Math.abs(still.dataset.frame - frame);
  return (own ? all(".still", own) : stills).reduce((a, b) => (near(b) < near(a) ? b : a));
}

function turnShot(step) {
  const at = shots.indexOf(now.still.closest(".shot"));
  show(mainOf(shots[between(0, at + step, shots.length - 1)]));
}

function turnStill(step, around = false) {
  const inShot = all(".still", now.still.closest(".shot"));
  const to = inShot.indexOf(now.still) + step;
  show(inShot[around ? (to + inShot.length) % inShot.length : between(0, to, inShot.length - 1)]);
}

function play(wanted = !now.timer) {
  clearInterval(now.timer);
  now.timer = wanted ? setInterval(() => turnStill(1, true), 500) : 0;
  one("#play").setAttribute("aria-pressed", String(wanted));
  one("#play").textContent = wanted ? "Stop" : "Play";
  one("#where").setAttribute("aria-live", wanted ? "off" : "polite");
}

// Follows an address inside the page: to a shot's main still, or to the very frame.
function go(hash) {
  const [, kind, number] = /^#(shot|frame)-(\d+)$/.exec(hash) || [];
  const target = kind && document.getElementById(`${kind}-${number}`);
  if (!target) return false;
  play(false);
  show(kind === "shot" ? mainOf(target) : target);
  one("#look").scrollIntoView();
  divider.focus({ preventScroll: true });
  return true;
}

function nextWorst() {
  const links = all(".worst a");
  if (!links.length) return;
  worst = (worst + 1) % links.length;
  go(links[worst].hash);
}

function slide(event) {
  const box = divider.getBoundingClientRect();
  cutAt(((event.clientX - box.left) / box.width) * 100);
}

function keyed(event) {
  const far = event.shiftKey ? 10 : 2;
  const to = {
    ArrowLeft: now.cut - far, ArrowDown: now.cut - far, ArrowRight: now.cut + far, ArrowUp: now.cut + far,
    PageDown: now.cut - 10, PageUp: now.cut + 10, Home: 0, End: 100,
  }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  cutAt(to);
}

function sortTiles(byWorst) {
  const sheet = one(".sheet");
  const key = byWorst ? (tile) => -(tile.dataset.bad ?? -Infinity) : (tile) => +tile.dataset.shot;
  sheet.append(...all(".tile", sheet).sort((a, b) => key(a) - key(b)));
}

if (shots.length) {
  document.documentElement.classList.add("live");
  divider.className = "divider";
  const says = { role: "slider", tabindex: "0", "aria-label": "Divider between two pictures", "aria-valuemin": "0", "aria-valuemax": "100" };
  for (const [name, value] of Object.entries(says)) divider.setAttribute(name, value);
  divider.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    divider.setPointerCapture(event.pointerId);
    slide(event);
  });
  divider.addEventListener("pointermove", (event) => {
    if (divider.hasPointerCapture(event.pointerId)) slide(event);
  });
  divider.addEventListener("keydown", keyed);
  stage.append(divider);
  for (const pair of pairs) pair.addEventListener("change", lay);
  for (const order of all("input[name=order]")) order.addEventListener("change", () => sortTiles(order.value === "worst"));
  const does = {
    "shot-before": () => turnShot(-1), "still-before": () => turnStill(-1), play: () => play(),
    "still-next": () => turnStill(1), "shot-next": () => turnShot(1),
  };
  for (const [button, act] of Object.entries(does)) document.getElementById(button).addEventListener("click", act);
  for (const part of all(".choices, .controls, .order")) part.hidden = false;
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#shot-'], a[href^='#frame-']");
    if (!link || !go(link.hash)) return;
    event.preventDefault();
    history.replaceState(null, "", link.hash);
  });
  addEventListener("hashchange", () => go(location.hash));
  show(mainOf(shots[0]));
  if (location.hash) go(location.hash);
}
