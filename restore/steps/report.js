"use strict";
// Lays the pictures of a shot on each other and moves the divider. Without this script they stand side by side.
document.documentElement.classList.add("live");

const dividers = [...document.querySelectorAll(".divider")];
const all = document.getElementById("all");

function place(divider) {
  divider.parentElement.style.setProperty("--cut", divider.value + "%");
}

function choose(kind) {
  for (const pair of document.querySelectorAll(".pair")) {
    const known = pair.querySelector("." + kind) !== null;
    for (const left of pair.querySelectorAll(".left")) {
      left.hidden = !left.classList.contains(known ? kind : "before");
    }
  }
}

for (const divider of dividers) {
  divider.hidden = false;
  divider.addEventListener("input", () => place(divider));
  place(divider);
}
all.addEventListener("input", () => {
  for (const divider of dividers) {
    divider.value = all.value;
    place(divider);
  }
});
for (const choice of document.querySelectorAll("input[name=with]")) {
  choice.addEventListener("change", () => choose(choice.value));
}
document.querySelector(".choices").hidden = false;
choose("before");
