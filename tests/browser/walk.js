"use strict";
// Runs before a page's own scripts. What can be used on it, and a judge of each stop that Tab makes.
(function () {
  const NATIVE = "a[href], area[href], button, input:not([type=hidden]), select, textarea, summary, iframe, audio[controls], video[controls]";
  const ROLES = ["button", "link", "checkbox", "radio", "tab", "menuitem", "option", "switch", "combobox", "slider", "treeitem"];
  const USABLE = [NATIVE, "[onclick]", "[contenteditable=true]", "[tabindex]:not([tabindex='-1'])", ...ROLES.map((it) => `[role=${it}]`)].join(", ");
  const CLICKS = /^(click|dblclick|mousedown|mouseup|pointerdown|touchstart)$/;

  // No attribute tells what listens to a click.
  const listens = new Set();
  const listenTo = EventTarget.prototype.addEventListener;
  EventTarget.prototype.addEventListener = function (type, ...rest) {
    if (CLICKS.test(type) && this instanceof Element) { listens.add(this); }
    return listenTo.call(this, type, ...rest);
  };

  const walk = window.hubWalk = { waiting: new Map(), before: new Map(), stops: [], faults: [], there: null, last: null };

  function told(it) {
    return (it.outerHTML.split(">")[0] + ">").slice(0, 130) + (it.innerText || it.value || "").trim().slice(0, 40);
  }
  function seen(it) {
    return it.checkVisibility({ visibilityProperty: true }) && !it.matches(":disabled") && !it.closest("[inert]");
  }
  // A button that Enter presses for a form, kept from eyes, ears and Tab at once, takes nothing from anybody.
  function kept(it) {
    return it.getAttribute("aria-hidden") === "true" && it.tabIndex < 0 && it.offsetWidth <= 1;
  }
  // A form that listens for what happens in it is no thing to click.
  function frame(it) {
    return listens.has(it) && !it.matches(USABLE) && it.querySelector(NATIVE);
  }
  function pointed(it) {
    return getComputedStyle(it).cursor === "pointer" && getComputedStyle(it.parentElement).cursor !== "pointer" && !it.closest(`label, ${NATIVE}`);
  }
  // Of a colour as computed: how light (0 to 1), and how opaque.
  function light(colour) {
    const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number);
    const [x, y, z] = [r, g, b].map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return [0.2126 * x + 0.7152 * y + 0.0722 * z, a];
  }
  function behind(it) {
    for (; it; it = it.parentElement) {
      const [found, opaque] = light(getComputedStyle(it).backgroundColor);
      if (opaque > 0.9) { return found; }
    }
    return 1;
  }
  // WCAG 2.2, 2.4.7 and 1.4.11: something shows where the focus is, and stands out by 3 to 1.
  function shows(it) {
    const style = getComputedStyle(it);
    if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 1) {
      const before = walk.before.get(it);
      return before !== undefined && before !== style.boxShadow ? "" : "nothing shows that the focus is on it";
    }
    if (style.outlineStyle === "auto") { return ""; }
    const [line, opaque] = light(style.outlineColor);
    const back = behind(parseFloat(style.outlineOffset) < 0 ? it : it.parentElement);
    const ratio = (Math.max(line, back) + 0.05) / (Math.min(line, back) + 0.05);
    return opaque > 0.5 && ratio >= 3 ? "" : `its outline ${style.outlineColor} stands out by ${ratio.toFixed(1)} to 1 only`;
  }

  // Spots over the thing; what of it a table's cell cuts off does not count.
  function spots(it) {
    const cell = (it.closest("td, th") || document.documentElement).getBoundingClientRect();
    const found = [];
    for (const box of [...it.getClientRects()].slice(0, 4)) {
      const left = Math.max(box.left, cell.left);
      const width = Math.min(box.right, cell.right) - left;
      if (width <= 2 || box.height <= 2) { continue; }
      for (const x of [0.1, 0.5, 0.9]) {
        for (const y of [0.15, 0.5, 0.85]) { found.push([left + width * x, box.top + box.height * y]); }
      }
    }
    return found;
  }
  // 2.4.11, and stricter: more than half of it can be seen, or some of what is taller than half the window.
  function covered(it) {
    const all = spots(it);
    if (!all.length) { return "it has no size"; }
    const labels = new Set(it.labels || []);
    const free = all.filter(function ([x, y]) {
      const top = document.elementFromPoint(x, y);
      return top && (it.contains(top) || labels.has(top) || (top.contains(it) && top.matches("label, td, th, summary")));
    });
    const large = it.offsetHeight > innerHeight / 2 || it.offsetWidth > innerWidth;
    if (free.length >= (large ? 1 : all.length * 0.6)) { return ""; }
    const top = document.elementFromPoint(...all[4]);
    const where = top ? `by ${told(top).slice(0, 70)}` : `(y ${Math.round(all[4][1])} of ${innerHeight})`;
    return `${all.length - free.length} of its ${all.length} spots are out of sight or covered ${where}`;
  }

  // Asked at the next key, when the page has scrolled and drawn.
  walk.judge = function () {
    const it = document.activeElement;
    if (!it || it === document.body || it === walk.last || it.tabIndex < 0) { return; }
    walk.last = it;
    // A date's inner parts, come by from behind, show the focus themselves.
    for (const wrong of [walk.there ? "" : shows(it), covered(it)]) {
      if (wrong) { walk.faults.push(`${wrong}: ${told(it)}`); }
    }
  };
  function wrong() {
    walk.judge();
    return [...new Set(walk.faults)].slice(0, 8);
  }

  // Opens every fold and notes what is to be come by. whole: with the header and the menu. Answers how many keys it may take.
  walk.begin = function (whole) {
    const scope = whole ? document.body : document.querySelector("main") || document.body;
    for (const it of document.querySelectorAll("details:not([name])")) { it.open = true; }
    // Rows are alike: the first eight stand for all.
    for (const it of scope.querySelectorAll("tbody > tr:nth-child(n+9)")) { it.remove(); }
    const all = new Set(scope.querySelectorAll(USABLE));
    for (const it of scope.querySelectorAll("*")) {
      if (listens.has(it) || pointed(it)) { all.add(it); }
    }
    for (const it of all) {
      if (!seen(it) || kept(it) || frame(it)) { continue; }
      walk.waiting.set(it, it.type === "radio" ? it.name : "");
      walk.before.set(it, getComputedStyle(it).boxShadow);
    }
    window.addEventListener("keydown", walk.judge, true);
    document.addEventListener("focusin", function (event) {
      const it = event.target;
      const name = walk.waiting.get(it);
      walk.stops.push(it);
      walk.waiting.delete(it);
      for (const [other, its] of name ? [...walk.waiting] : []) {
        if (its === name) { walk.waiting.delete(other); } // Tab stops at one of them, arrows do the rest
      }
    });
    // A date has stops of its own inside.
    return walk.waiting.size + 4 * document.querySelectorAll("input[type=date], input[type=time], input[type=datetime-local]").length;
  };
  // A field may have the focus from the start; the walk begins before everything. Answers whether the first stop skips the menu.
  walk.top = function () {
    const first = document.createElement("i");
    first.tabIndex = 0;
    document.body.prepend(first);
    first.focus();
    first.remove();
    Object.assign(walk, { last: null, stops: [], faults: [] });
    return document.querySelector(".skip-to-content-link") !== null;
  };
  walk.end = function () {
    const left = [...walk.waiting.keys()].filter((it) => it.isConnected && seen(it));
    return { left: left.slice(0, 6).map(told), faults: wrong(), stops: walk.stops.length };
  };
  // From the last stop on the page itself: round by the browser's own frame the focus comes late, and twice. Answers how far it goes.
  walk.back = function () {
    const page = document.querySelector("main") || document.body;
    const there = [...new Set(walk.stops)].filter((it) => page.contains(it) && it.isConnected && it.tabIndex >= 0);
    Object.assign(walk, { there, stops: [], faults: [], last: null });
    if (there.length) { there.at(-1).focus(); }
    return there.length - 1;
  };
  walk.came = function () {
    const back = walk.stops;
    const on = back.filter((it, n) => n && !back[n - 1].contains(it) && back[n - 1].compareDocumentPosition(it) & Node.DOCUMENT_POSITION_FOLLOWING);
    return on.length ? [...wrong(), `Shift+Tab went on instead of back: ${on.map(told).join(" and ")}`] : wrong();
  };
  // Pages of one shape are walked once: each thing to use by what kind of thing it is and where it stands.
  walk.shape = function () {
    const things = document.querySelectorAll("#content :is(a, button, input, select, textarea, summary, details, [tabindex])");
    const kinds = [...things].map(function (it) {
      const place = it.closest("table, .submit-row, .hub-tools, .form-row, nav");
      return `${it.tagName}.${it.type || ""}.${it.className}.${place ? place.tagName + place.className : ""}`;
    });
    return [...new Set(kinds)].sort().join(" ");
  };
})();
