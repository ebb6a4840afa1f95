// Copy buttons, the theme, and the planner's start.
"use strict";

(() => {
  const tables = JSON.parse(document.getElementById("csv").textContent), copyables = {};

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch { // a browser that keeps the clipboard from pages in files
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  }

  for (const button of document.querySelectorAll("button[data-copy]")) {
    const label = button.textContent;
    button.addEventListener("click", async () => {
      const name = button.dataset.copy;
      await copy(name in copyables ? copyables[name]() : tables[name]);
      button.textContent = "Copied";
      document.getElementById("told").textContent = "Copied to the clipboard";
      setTimeout(() => { button.textContent = label; document.getElementById("told").textContent = ""; }, 1600);
    });
  }

  const root = document.documentElement, toggle = document.getElementById("theme");
  const isDark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const name = () => { toggle.textContent = isDark() ? "Light" : "Dark"; toggle.setAttribute("aria-label", `${toggle.textContent} theme`); };
  toggle.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; name(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", name);
  toggle.hidden = false;
  name();

  const start = document.getElementById("planner-start");
  if (start) startPlanner(JSON.parse(start.textContent), copyables);
})();
