"use strict";
(() => {
  const PART = 100; // rows that are laid out at once: thousands take half a second
  const table = document.getElementById("runs");
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const filter = document.getElementById("filter");
  const severity = document.getElementById("severity");
  const status = document.getElementById("shown");
  const more = document.getElementById("more");
  const varied = heads.flatMap((head, column) => (head.dataset.parameter === undefined ? [] : [column]));
  const compare = new Intl.Collator("en", { numeric: true, sensitivity: "base" }).compare;

  const runs = [...body.rows].map((row, place) => ({
    row,
    place,
    severity: row.dataset.severity,
    text: [...row.cells].map((cell) => cell.textContent).join(" ").toLowerCase(),
    settings: new Set(varied.map((column) => `${heads[column].dataset.parameter}=${row.cells[column].textContent}`.toLowerCase())),
    keys: [...row.cells].map((cell, column) => {
      const key = cell.dataset.key;
      if (heads[column].dataset.sort !== "number") return cell.textContent.trim();
      return key ? Number(key) : null;
    }),
  }));
  let order = runs;
  let all = runs.length <= PART;
  let filling = 0;

  const isEmpty = (key) => key === null || key === "";

  // Empty cells stand last either way; equal ones keep the order in which the page came.
  function sort(column, down) {
    const number = heads[column].dataset.sort === "number";
    const ranks = number ? null : new Map([...new Set(runs.map((run) => run.keys[column]))].sort(compare).map((key, i) => [key, i]));
    const value = (run) => (number ? run.keys[column] : ranks.get(run.keys[column]));
    const full = runs.filter((run) => !isEmpty(run.keys[column]));
    full.sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      return (x === y ? 0 : x < y ? -1 : 1) * (down ? -1 : 1) || a.place - b.place;
    });
    order = full.concat(runs.filter((run) => isEmpty(run.keys[column])));
    heads.forEach((head, i) => {
      if (i === column) head.setAttribute("aria-sort", down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    show();
  }

  function show() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = order.filter(
      (run) =>
        (!severity.value || run.severity === severity.value) &&
        words.every((word) => run.text.includes(word) || run.settings.has(word)),
    );
    body.replaceChildren(...chosen.slice(0, PART).map((run) => run.row));
    clearTimeout(filling);
    if (all) fill(chosen, PART);
    const count = (n) => n.toLocaleString("en");
    const found = chosen.length === runs.length ? `${count(runs.length)} runs` : `${count(chosen.length)} of ${count(runs.length)} runs`;
    const whole = all || chosen.length <= PART;
    status.textContent = whole ? found : `${found}, the first ${PART} shown`;
    more.hidden = whole;
    more.textContent = `Show all ${count(chosen.length)}`;
  }

  // The rest follows part by part, so that the page answers at once.
  function fill(chosen, from) {
    if (from >= chosen.length) return;
    filling = setTimeout(() => {
      body.append(...chosen.slice(from, from + PART).map((run) => run.row));
      fill(chosen, from + PART);
    });
  }

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const before = head.getAttribute("aria-sort");
      // A first click shows what is looked for: the worst, the longest, the last; of words, the first in the alphabet.
      sort(column, before ? before === "ascending" : head.dataset.first === "descending");
    });
  });
  filter.addEventListener("input", show);
  severity.addEventListener("change", show);
  more.addEventListener("click", () => {
    all = true;
    show();
  });
  // A tracker's viewer may show the page in a frame that opens no windows: then links lead nowhere.
  document.getElementById("framed").hidden = window.parent === window || window.origin !== "null";
  document.getElementById("tools").hidden = false;
  show();
})();
