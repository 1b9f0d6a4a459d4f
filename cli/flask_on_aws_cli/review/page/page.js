// Opens what is folded: all of it by the buttons and for print, and a change that the picture links to.
"use strict";

const all = () => [...document.querySelectorAll("details")];

document.querySelectorAll("[data-open]").forEach((button) => {
  button.parentElement.hidden = false;
  button.addEventListener("click", () => {
    all().forEach((details) => { details.open = button.dataset.open === "true"; });
  });
});

let closed = [];
addEventListener("beforeprint", () => {
  closed = all().filter((details) => !details.open);
  closed.forEach((details) => { details.open = true; });
});
addEventListener("afterprint", () => {
  closed.forEach((details) => { details.open = false; });
  closed = [];
});

function show() {
  const target = document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.querySelector("summary").focus();
  }
}
addEventListener("hashchange", show);
show();
