"use strict";
// Times are shown in the zone of whoever looks; the server learns it from this cookie.
(function () {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !document.cookie.split("; ").includes("hub_zone=" + zone)) {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = "hub_zone=" + zone + "; Path=/; Max-Age=31536000; SameSite=Lax" + secure;
  }
})();

// A vendor's picture that cannot be had leaves its place empty.
(function () {
  function lost(picture) {
    picture.classList.add("hub-lost");
  }
  for (const picture of document.querySelectorAll(".hub-thumb, .hub-picture")) {
    if (picture.complete && picture.naturalWidth === 0 && picture.currentSrc) {
      lost(picture);
    }
    picture.addEventListener("error", function () { lost(picture); });
  }
})();

// The menu: beside the page on a laptop, where its state is kept; over the page on a phone, until somebody turns to the page.
(function () {
  const button = document.querySelector(".hub-menu");
  const menu = document.getElementById("hub-nav");
  const root = document.documentElement;
  if (!button || !menu) {
    return;
  }
  const narrow = window.matchMedia("(max-width: 1023px)");
  function over() {
    return narrow.matches && root.classList.contains("hub-menu-over");
  }
  function tell() {
    const open = narrow.matches ? over() : !root.classList.contains("hub-menu-closed");
    button.setAttribute("aria-expanded", String(open));
  }
  function close() {
    root.classList.remove("hub-menu-over");
    tell();
  }
  button.addEventListener("click", function () {
    if (narrow.matches) {
      if (root.classList.toggle("hub-menu-over")) {
        menu.querySelector("a").focus();
      }
    } else {
      const closed = root.classList.toggle("hub-menu-closed");
      localStorage.setItem("hub.menu", closed ? "closed" : "open");
    }
    tell();
  });
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape" && over()) {
      close();
      button.focus();
    }
  });
  for (const turned of ["focusin", "click"]) {
    document.addEventListener(turned, function (event) {
      if (over() && !menu.contains(event.target) && !button.contains(event.target)) {
        close();
      }
    });
  }
  narrow.addEventListener("change", tell);
  tell();
})();

// An open filter closes with Escape or a click beside it.
(function () {
  const filters = document.querySelectorAll(".hub-filter");
  function close(but) {
    for (const filter of filters) {
      if (filter !== but) {
        filter.open = false;
      }
    }
  }
  document.addEventListener("click", function (event) { close(event.target.closest(".hub-filter")); });
  document.addEventListener("keydown", function (event) {
    const open = document.querySelector(".hub-filter[open]");
    if (event.key === "Escape" && open) {
      close();
      open.querySelector("summary").focus();
    }
  });
})();

// A frame that scrolls sideways can be reached with the keyboard; one that does not is no stop on the way.
(function () {
  const framed = ".hub-scroll, #changelist-form .results";
  const watch = new ResizeObserver(function (seen) {
    for (const frame of seen.map(function (entry) { return entry.target.closest(framed); })) {
      frame.toggleAttribute("tabindex", false);
      if (frame.scrollWidth > frame.clientWidth) {
        frame.setAttribute("tabindex", "0");
      }
    }
  });
  // What stands in it may grow by itself, such as by a picture that comes later.
  document.querySelectorAll(framed).forEach(function (frame) {
    [frame, ...frame.children].forEach(function (part) { watch.observe(part); });
  });
})();

// What Tab comes to is scrolled whole into sight, free of what stays in place: the buttons at the foot, a list's first column.
(function () {
  const foot = document.querySelector(".submit-row, .hub-verb > .hub-tools:last-child");
  const stays = function (part) { return part && getComputedStyle(part).position === "sticky"; };
  document.addEventListener("focusin", function (event) {
    const at = event.target;
    const column = at.closest("tr") && [...at.closest("tr").cells].find(stays);
    if (!at.matches(":focus-visible") || stays(at.closest(".submit-row, .hub-verb > .hub-tools, #hub-nav"))) {
      return;
    }
    document.documentElement.style.scrollPaddingBlockEnd = stays(foot) ? foot.offsetHeight + 8 + "px" : "";
    const frame = at.closest(".hub-scroll, #changelist-form .results");
    if (frame && frame !== at) {
      frame.style.scrollPaddingInlineStart = column && !column.contains(at) ? column.offsetWidth + 8 + "px" : "";
    }
    // A thing in a column that stays is where it is, however far its frame has gone.
    const inline = column && column.contains(at) ? frame.scrollLeft : null;
    at.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (inline !== null) {
      frame.scrollLeft = inline;
    }
  });
})();
