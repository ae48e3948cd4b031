// Keys that work wherever one is in the page, unless they are switched off or something is being typed.
const keys = one("#keys");
const does = {
  ",": () => turnStill(-1), ".": () => turnStill(1), "[": () => turnShot(-1), "]": () => turnShot(1), p: () => play(),
  w: nextWorst, "?": () => keys.showModal(),
};
// Paper shows what is folded away on the screen.
const folded = all("details:not([open])");
addEventListener("beforeprint", () => folded.forEach((each) => (each.open = true)));
addEventListener("afterprint", () => folded.forEach((each) => (each.open = false)));
one("#help").hidden = false;
one("#help").addEventListener("click", () => keys.showModal());
document.addEventListener("keydown", (event) => {
  const busy = event.ctrlKey || event.metaKey || event.altKey || keys.open || !one("#keys-on").checked;
  if (busy || !shots.length || event.target.matches("input:not([type=radio]), textarea, select")) return;
  const pair = /^[1-9]$/.test(event.key) && pairs[event.key - 1];
  if (pair) {
    pair.checked = true;
    lay();
  } else if (does[event.key]) {
    event.preventDefault();
    does[event.key]();
  }
});
