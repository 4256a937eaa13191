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

// The menu: beside the page on a laptop, where its state is kept; over the page on a phone.
(function () {
  const button = document.querySelector(".hub-menu");
  const root = document.documentElement;
  if (!button) {
    return;
  }
  const narrow = window.matchMedia("(max-width: 1023px)");
  function tell() {
    const open = narrow.matches ? root.classList.contains("hub-menu-over") : !root.classList.contains("hub-menu-closed");
    button.setAttribute("aria-expanded", String(open));
  }
  button.addEventListener("click", function () {
    if (narrow.matches) {
      root.classList.toggle("hub-menu-over");
    } else {
      const closed = root.classList.toggle("hub-menu-closed");
      localStorage.setItem("hub.menu", closed ? "closed" : "open");
    }
    tell();
  });
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
