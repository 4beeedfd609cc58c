// The console works without this file; with it, some things are quicker.
(() => {
  "use strict";

  const SECOND = 1000;
  const EVERY = SECOND;
  const AT_MOST = 60 * SECOND;

  /** Tells a screen reader something, in the frame's live region. */
  const say = (text) => {
    const region = document.getElementById("live");
    if (!region) return;
    region.textContent = "";
    setTimeout(() => { region.textContent = text; }, 50);
  };

  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // What only works with script is hidden in the page.
  const reveal = (root) => { for (const element of all("[data-copy][hidden], [data-select-all][hidden], [data-filter][hidden]", root)) element.hidden = false; };

  /* data-copy="#id": copies the text of that element. */

  const copy = async (button) => {
    const source = document.querySelector(button.dataset.copy);
    if (!source) return;
    const text = source.value ?? source.textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.dataset.said ??= button.textContent;
      button.textContent = "Copied";
      say("Copied");
      setTimeout(() => { button.textContent = button.dataset.said; }, 2 * SECOND);
    } catch {
      // Without permission, or on plain http, the text is selected: the keyboard copies it.
      getSelection().selectAllChildren(source);
      say("Selected. Press Ctrl+C to copy.");
    }
  };

  /* data-select-all="name": ticks the checkboxes of that name; data-selected shows how many are ticked. */

  const boxes = (master) => all(`input[type="checkbox"][name="${CSS.escape(master.dataset.selectAll)}"]:not(:disabled)`, master.form ?? document);

  const count = () => {
    for (const master of all("[data-select-all]")) {
      const own = boxes(master);
      const ticked = own.filter((box) => box.checked).length;
      master.checked = ticked > 0 && ticked === own.length;
      master.indeterminate = ticked > 0 && ticked < own.length;
      const told = (master.form ?? document).querySelector("[data-selected]");
      if (told) told.textContent = ticked === 0 ? "" : `${ticked} selected`;
      for (const button of all(".bulk button", master.form ?? document)) button.disabled = ticked === 0;
    }
  };

  /* data-filter="#list": hides the children of that element that do not hold every word typed. */

  const filter = (input) => {
    const list = document.querySelector(input.dataset.filter);
    if (!list) return;
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const item of list.children) {
      const text = (item.dataset.text ?? item.textContent).toLowerCase();
      item.hidden = !words.every((word) => text.includes(word));
      if (!item.hidden) shown += 1;
    }
    clearTimeout(input.told);
    input.told = setTimeout(() => say(`${shown} shown`), 500);
  };

  /* data-refresh="URL": asks for the fragment again and again, and swaps it in when it has changed. */

  const keyOf = (element) => element.id || [element.name, element.value, element.getAttribute("href")].join("|");

  const rows = (root) => new Map(all("[data-key]", root).map((row) => [row.dataset.key, row]));

  const swap = (holder, text) => {
    const fresh = new DOMParser().parseFromString(text, "text/html").body;
    const before = rows(holder);
    const ticked = new Set(all('input[type="checkbox"]', holder).filter((box) => box.checked).map(keyOf));
    const open = new Set(all("details[open][id]", holder).map((details) => details.id));
    const focused = holder.contains(document.activeElement) ? keyOf(document.activeElement) : null;
    const scrolled = all(".table-box", holder).map((box) => box.scrollLeft);
    for (const box of all('input[type="checkbox"]', fresh)) if (ticked.has(keyOf(box))) box.checked = true;
    for (const details of all("details[id]", fresh)) if (open.has(details.id)) details.open = true;
    const added = [...rows(fresh)].filter(([key]) => !before.has(key));
    for (const [, row] of added) if (before.size > 0) row.classList.add("fresh");
    reveal(fresh);
    holder.replaceChildren(...fresh.childNodes);
    all(".table-box", holder).forEach((box, at) => { box.scrollLeft = scrolled[at] ?? 0; });
    if (focused) all("a, button, input, select, textarea, summary, [tabindex]", holder).find((element) => keyOf(element) === focused)?.focus({ preventScroll: true });
    count();
    if (added.length > 0) say(added.length === 1 ? "1 new row" : `${added.length} new rows`);
  };

  /** Somebody who is selecting text, or typing, is not disturbed. */
  const busy = (holder) => {
    const selection = getSelection();
    const typing = document.activeElement?.matches("input:not([type=checkbox]), textarea, select") && holder.contains(document.activeElement);
    return typing || (!selection.isCollapsed && holder.contains(selection.anchorNode));
  };

  const follow = (holder) => {
    let tag = null;
    let last = null;
    let pause = EVERY;
    let timer = 0;
    const ask = async () => {
      if (!holder.isConnected) return;
      if (document.hidden || busy(holder)) return again();
      try {
        const headers = { Accept: "text/html", ...(tag && { "If-None-Match": tag }) };
        const answer = await fetch(holder.dataset.refresh, { headers, credentials: "same-origin", redirect: "manual", cache: "no-store" });
        // A redirect leads to the login page.
        if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403 || answer.status === 404) return stop();
        if (answer.status !== 304 && !answer.ok) throw new Error(String(answer.status));
        pause = EVERY;
        if (answer.status === 200) {
          const text = await answer.text();
          tag = answer.headers.get("ETag");
          // The first answer is compared with nothing; the page may be older than it.
          if (text !== last && !busy(holder)) {
            last = text;
            swap(holder, text);
          }
        }
        holder.removeAttribute("data-stale");
      } catch {
        pause = Math.min(2 * pause, AT_MOST);
        holder.setAttribute("data-stale", "");
      }
      again();
    };
    const again = () => { timer = setTimeout(ask, pause); };
    const stop = () => {
      holder.setAttribute("data-stale", "");
      document.removeEventListener("visibilitychange", seen);
    };
    const seen = () => {
      if (document.hidden) return;
      clearTimeout(timer);
      pause = EVERY;
      again();
    };
    document.addEventListener("visibilitychange", seen);
    again();
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (button) copy(button);
  });
  document.addEventListener("change", (event) => {
    const master = event.target.closest?.("[data-select-all]");
    if (master) for (const box of boxes(master)) box.checked = master.checked;
    count();
  });
  document.addEventListener("input", (event) => {
    if (event.target.matches?.("[data-filter]")) filter(event.target);
  });
  document.addEventListener("submit", (event) => {
    const chosen = event.target.querySelector("option[data-confirm]:checked");
    const asks = event.submitter?.dataset.confirm ?? chosen?.dataset.confirm ?? event.target.dataset.confirm;
    if (asks && !confirm(asks)) return event.preventDefault();
    // What makes something is sent once.
    const form = event.target;
    if (!form.elements.namedItem("once")) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    setTimeout(() => { delete form.dataset.sent; }, 5 * SECOND);
  });
  // One switcher is open at a time, and Escape closes it.
  document.addEventListener("keydown", (event) => {
    const open = event.key === "Escape" && event.target.closest?.("details.switcher[open]");
    if (open) {
      open.open = false;
      open.querySelector("summary").focus();
    }
  });
  document.addEventListener("focusin", (event) => {
    for (const details of all("details.switcher[open]")) if (!details.contains(event.target)) details.open = false;
  });

  // Of pages that stand side by side, the present one is in sight.
  const showCurrent = (strip) => {
    const current = strip.querySelector("[aria-current]");
    if (!current) return;
    const [inner, outer] = [current.getBoundingClientRect(), strip.getBoundingClientRect()];
    strip.scrollLeft += inner.left + inner.width / 2 - outer.left - outer.width / 2;
  };

  reveal(document);
  count();
  for (const strip of all(".tabs")) showCurrent(strip);
  for (const holder of all("[data-refresh]")) follow(holder);
})();
