// The curves: a line that follows pointer and keys through all of them, and the values beneath.
const { axis, curves } = JSON.parse(one("#points").textContent) || { axis: null, curves: [] };
const areas = all(".area");
let point = 0;

function span(index) {
  const first = index * axis.size;
  const last = Math.min(first + axis.size, axis.frames) - 1;
  return last > first ? `frames ${first}–${last}` : `frame ${first}`;
}

function timed(seconds) {
  const [whole, thousandths] = seconds.toFixed(3).split(".");
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return parts.map((part) => String(part).padStart(2, "0")).join(":") + "." + thousandths;
}

function valueText(line, index) {
  const mean = line.mean[index];
  if (mean === null) return `${line.name} not measured here`;
  const wide = line.low && line.low[index] !== line.high[index];
  return `${line.name} ${mean}` + (wide ? ` (${line.low[index]} to ${line.high[index]})` : "");
}

function read(index, measured) {
  point = between(0, index, axis.seconds.length - 1);
  const place = `${timed(axis.seconds[point])}, ${span(point)}, shot ${axis.shots[point]}`;
  const share = ((point + 0.5) * axis.size) / axis.frames;
  areas.forEach((area, which) => {
    area.style.setProperty("--at", `${Math.min(share, 1) * 100}%`);
    one(".cursor", area).hidden = false;
    const said = `${place} · ${curves[which].map((line) => valueText(line, point)).join(" · ")}`;
    area.setAttribute("aria-valuenow", String(point));
    area.setAttribute("aria-valuetext", said);
    const readout = one(".readout", area.closest(".curve"));
    one("output", readout).textContent = said;
    one("a", readout).hidden = area !== measured || !shots.length;
  });
}

function pointed(event) {
  const box = event.currentTarget.getBoundingClientRect();
  read(Math.floor((((event.clientX - box.left) / box.width) * axis.frames) / axis.size), event.currentTarget);
}

const look = () => {
  const still = shots.length && nearest(point * axis.size);
  if (still) go("#frame-" + still.dataset.frame);
};

for (const area of areas) {
  const cursor = document.createElement("span");
  cursor.className = "cursor";
  cursor.hidden = true;
  area.append(cursor);
  const says = {
    tabindex: "0", role: "slider", "aria-label": one("svg", area).getAttribute("aria-label"), "aria-valuemin": "0",
    "aria-valuemax": String(axis.seconds.length - 1), "aria-valuenow": "0",
  };
  for (const [name, value] of Object.entries(says)) area.setAttribute(name, value);
  area.addEventListener("pointermove", pointed);
  area.addEventListener("pointerdown", pointed);
  one("a", area.closest(".curve")).addEventListener("click", (event) => {
    event.preventDefault();
    look();
  });
  area.addEventListener("keydown", (event) => {
    const far = event.shiftKey ? 10 : 1;
    const to = { ArrowLeft: point - far, ArrowRight: point + far, Home: 0, End: axis.seconds.length - 1 }[event.key];
    if (event.key === "Enter") look();
    if (to === undefined) return;
    event.preventDefault();
    read(to, area);
  });
  area.addEventListener("focus", () => read(point, area));
}
