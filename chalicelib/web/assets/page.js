// What the page does beyond links and forms; without it everything still works.
"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("scripted");
  const main = document.getElementById("main");
  const languages = navigator.languages && navigator.languages.length ? navigator.languages : undefined;

  // Numbers, days and instants as the reader writes them; every digit stays in the attribute, and is told where it is pointed at.
  const formats = new Map();
  const kept = (key, make) => formats.get(key) || (formats.set(key, make()), formats.get(key));
  const CODE = /^[A-Z]{3}$/;

  function localNumber(text, shown, kind, unit) {
    if (!/^-?\d+(\.\d+)?$/.test(text)) return null;
    const places = (shown.match(/[.](\d+)/) || ["", ""])[1].length;
    const options = { roundingMode: "halfEven", minimumFractionDigits: places, maximumFractionDigits: places };
    if (kind === "money" && CODE.test(unit)) Object.assign(options, { style: "currency", currency: unit });
    const format = kept(kind + unit + places, () => new Intl.NumberFormat(languages, options));
    const found = format.format(text);
    return unit && !options.style ? found + " " + unit : found;
  }

  const STYLES = {
    month: { month: "long", year: "numeric" },
    day: { dateStyle: "medium" },
    time: { dateStyle: "medium", timeStyle: "short" },
    label: { month: "short", day: "numeric" },
    far: { month: "short", year: "numeric" },
  };
  function localTime(text, style) {
    const length = text.length;
    const name = style || { 7: "month", 10: "day" }[length] || "time";
    const when = new Date({ 7: text + "-01", 13: text + ":00Z" }[length] || text);
    if (isNaN(when)) return null;
    const format = kept(name, () => new Intl.DateTimeFormat(languages, { ...STYLES[name], timeZone: "UTC" }));
    return format.format(when) + (name === "time" ? " UTC" : "");
  }

  function localise(within) {
    for (const element of within.querySelectorAll("data[value]")) {
      const { kind, unit } = element.dataset;
      const shown = element.textContent.split(" ")[0];
      const found = localNumber(element.value, shown, kind, unit || "");
      if (found === null) continue;
      if (!element.closest("[aria-hidden]")) element.title = element.value + (unit ? " " + unit : "");
      element.textContent = found;
    }
    for (const table of within.querySelectorAll("table")) {
      const heads = table.tHead ? [...table.tHead.rows[0].cells] : [];
      for (const cell of table.querySelectorAll("td[data-v]")) {
        const of = table.dataset.kind ? table : heads[cell.cellIndex];
        const kind = (of && of.dataset.kind) || "number";
        const found = localNumber(cell.dataset.v, cell.textContent, kind === "money" ? "number" : kind, "");
        if (found === null) continue;
        cell.title = cell.dataset.v;
        cell.textContent = found;
      }
    }
    for (const element of within.querySelectorAll("time[datetime]")) {
      const found = localTime(element.dateTime);
      if (found === null) continue;
      element.title = element.dateTime;
      element.textContent = found;
    }
    for (const of of within.querySelectorAll("[data-labels=date], [data-labels=hour]")) {
      const labels = [...of.querySelectorAll(of.matches("table") ? "tbody th" : "text")];
      const [first, last] = [labels[0], labels[labels.length - 1]].map((label) => label && Date.parse(label.textContent));
      const style = of.matches("table") || of.dataset.labels === "hour" ? "" : last - first > 2e10 ? "far" : "label";
      const hour = (text) => of.dataset.labels === "hour" && text.length === 10 ? text + "T00" : text;
      for (const label of labels) label.textContent = localTime(hour(label.textContent), style) || label.textContent;
    }
  }

  // A chart's point in words: the row of its table, by mouse or by the arrow keys.
  const said = document.createElement("p");
  said.className = "unseen";
  said.setAttribute("role", "status");
  document.body.append(said);
  let tip = null;
  function point(walk, index) {
    const hits = walk.querySelectorAll(".hit");
    const rows = walk.closest("figure").querySelectorAll("details tbody tr");
    const at = Math.max(0, Math.min(hits.length - 1, index));
    if (!rows[at]) return;
    walk.dataset.at = at;
    hits.forEach((hit, number) => hit.classList.toggle("on", number === at));
    const heads = [...walk.closest("figure").querySelectorAll("details thead th")];
    if (!tip) {
      tip = document.createElement("div");
      tip.className = "tip";
      tip.setAttribute("aria-hidden", "true");
    }
    tip.replaceChildren();
    const name = document.createElement("b");
    name.textContent = rows[at].cells[0].textContent;
    tip.append(name);
    [...rows[at].cells].slice(1).forEach((cell, number) => {
      if (!cell.textContent) return;
      const line = document.createElement("span");
      const head = heads[number + 1] ? heads[number + 1].textContent : "";
      line.textContent = (head && head !== "Remarks" ? head + ": " : "") + cell.textContent;
      tip.append(line, document.createElement("br"));
    });
    walk.append(tip);
    said.textContent = document.activeElement === walk ? tip.innerText : "";
    const share = (at + 0.5) / hits.length;
    const left = share * walk.clientWidth;
    tip.style.left = Math.max(0, Math.min(walk.clientWidth - tip.offsetWidth, share > 0.6 ? left - tip.offsetWidth - 10 : left + 10)) + "px";
    tip.style.top = "6px";
  }
  function unpoint() {
    document.querySelectorAll(".hit.on").forEach((hit) => hit.classList.remove("on"));
    if (tip) tip.remove();
  }
  document.addEventListener("pointerover", (event) => {
    const hit = event.target.closest && event.target.closest(".hit");
    if (hit) point(hit.closest(".walk"), Number(hit.dataset.i));
    else if (!event.target.closest || !event.target.closest(".walk")) unpoint();
  });
  document.addEventListener("focusin", (event) => {
    if (event.target.classList.contains("walk")) point(event.target, Number(event.target.dataset.at || 0));
  });
  document.addEventListener("focusout", (event) => {
    if (event.target.classList.contains("walk")) unpoint();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      unpoint();
      document.querySelectorAll("details.own[open]").forEach((own) => { own.open = false; own.querySelector("summary").focus(); });
    }
    const walk = event.target.closest && event.target.closest(".walk");
    if (!walk) return;
    const at = Number(walk.dataset.at || 0);
    const last = walk.querySelectorAll(".hit").length - 1;
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    point(walk, to);
  });

  // Links and forms that only look: the page's inside is put in place without a reload. Whatever goes wrong is the browser's again.
  let turn = 0;
  function settle() {
    const views = document.querySelector(".views");
    const here = views && views.querySelector("[aria-current]");
    if (here) views.scrollLeft = here.offsetLeft - (views.clientWidth - here.offsetWidth) / 2;
  }
  async function fetched(address) {
    const answer = await fetch(address, { headers: { Accept: "text/html" }, credentials: "same-origin" });
    if (!(answer.headers.get("Content-Type") || "").startsWith("text/html")) throw new Error("no page");
    if (answer.status === 429 || answer.status >= 500) throw new Error("not now");
    const text = (await answer.text()).replace(/<style[^]*?<\/style>/g, ""); // of another nonce: the policy would complain
    return new DOMParser().parseFromString(text, "text/html");
  }
  async function go(address, keep) {
    const mine = ++turn;
    main.setAttribute("aria-busy", "true");
    try {
      const there = await fetched(address);
      if (mine !== turn) return;
      const views = there.querySelector(".views");
      if (!views) throw new Error("signed out");
      if (!keep) history.pushState({}, "", address);
      here = where();
      document.title = there.title;
      document.querySelector(".views").replaceWith(document.adoptNode(views));
      main.replaceChildren(...document.adoptNode(there.getElementById("main")).childNodes);
      localise(main);
      settle();
      wait();
      if (!keep) {
        main.focus({ preventScroll: true });
        window.scrollTo(0, 0);
      }
    } catch (error) {
      if (mine === turn) location.assign(address);
    } finally {
      if (mine === turn) main.removeAttribute("aria-busy");
    }
  }
  const plain = (event) => event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("a[href]");
    const swaps = link && (link.hasAttribute("data-swap") || link.closest(".bars"));
    if (!swaps || !plain(event) || link.origin !== location.origin) return;
    event.preventDefault();
    go(link.href);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.hasAttribute("data-swap")) {
      setTimeout(() => form.querySelectorAll("button").forEach((button) => { button.disabled = true; }));
      return;
    }
    event.preventDefault();
    const address = new URL(form.action);
    address.search = new URLSearchParams(new FormData(form)).toString();
    go(address.href);
  });
  // A choice by the pointer is one; by the keyboard it is made on the way to another, so there the button says when.
  let pointed = false;
  document.addEventListener("pointerdown", () => { pointed = true; }, true);
  document.addEventListener("keydown", () => { pointed = false; }, true);
  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (pointed && form && form.hasAttribute("data-auto")) form.requestSubmit();
  });
  const where = () => location.pathname + location.search;
  let here = where();
  window.addEventListener("popstate", () => {
    if (where() !== here) go(location.href, true);
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form button:disabled").forEach((button) => { button.disabled = false; });
  });

  // What is under way is looked at again until it is done: only its own part is put in place.
  let timer = 0;
  async function look() {
    const live = document.querySelector("[data-live]");
    if (!live || document.hidden) return wait();
    try {
      const there = await fetched(location.href);
      const now = there.getElementById(live.id);
      if (!now) return there.querySelector(".views") ? wait() : location.reload();
      const held = live.contains(document.activeElement) || live.querySelector("details[open]");
      if (!held) {
        live.replaceWith(document.adoptNode(now));
        localise(document.getElementById(live.id));
      }
    } catch (error) { /* it is looked at again */ }
    wait();
  }
  function wait() {
    clearTimeout(timer);
    if (document.querySelector("[data-live]")) timer = setTimeout(look, 2000);
  }

  // A form's answer stands at the form's address, where nothing can be looked at: from here on at its view's.
  const answered = document.querySelector("[data-at]");
  if (answered) history.replaceState(history.state, "", answered.dataset.at);

  // What was done is told once, not at every reload.
  const told = new URL(location.href);
  if (told.searchParams.has("done")) {
    told.searchParams.delete("done");
    history.replaceState(history.state, "", told);
  }
  here = where();
  localise(document.body);
  settle();
  wait();
})();
