// Comfort only: every page works without this file.
(() => {
  "use strict";
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let kept = null;
  try { kept = localStorage.getItem("theme"); } catch { /* storage is switched off */ }
  if (kept) root.dataset.theme = kept;

  const switcher = document.createElement("button");
  switcher.type = "button";
  switcher.className = "theme";
  const isDark = () => (root.dataset.theme || (dark.matches ? "dark" : "light")) === "dark";
  const name = () => { switcher.textContent = isDark() ? "Light" : "Dark"; switcher.setAttribute("aria-label", isDark() ? "Light colors" : "Dark colors"); };
  switcher.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* for this page only */ }
    name();
  });
  dark.addEventListener("change", name);
  document.querySelector(".top")?.append(switcher);
  name();

  // "/" goes to the search field, as people know it from elsewhere.
  document.addEventListener("keydown", (event) => {
    const typing = event.target instanceof HTMLElement && event.target.closest("input, textarea, select, [contenteditable], .CodeMirror");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      const field = document.querySelector("input[type=search]");
      if (field) { event.preventDefault(); field.focus(); }
    }
  });

  // Forms that ask for an address leave out what was not filled in.
  for (const form of document.querySelectorAll("form[method=get]")) {
    form.addEventListener("submit", () => {
      for (const field of form.elements) {
        if (field.name && !field.value) { field.disabled = true; setTimeout(() => { field.disabled = false; }, 0); }
      }
    });
  }

  // What is ticked for a comparison is counted, and nine are too many.
  const picks = [...document.querySelectorAll("input[name=thing][type=checkbox]")];
  const compare = document.querySelector("[data-compare]");
  if (compare && picks.length) {
    const count = () => {
      const chosen = picks.filter((each) => each.checked).length;
      compare.textContent = chosen ? `Compare ${chosen} ticked` : "Compare ticked";
      compare.disabled = chosen === 1 || chosen > 8;
    };
    for (const pick of picks) pick.addEventListener("change", count);
    count();
  }

  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = "Copied";
    });
  }
})();
