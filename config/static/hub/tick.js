"use strict";
// One button ticks all boxes of a name, or none when all of them are ticked.
(function () {
  for (const button of document.querySelectorAll("[data-tick]")) {
    const boxes = function () {
      return [...document.querySelectorAll("input[type=checkbox][name=" + button.dataset.tick + "]:not(:disabled)")];
    };
    const tell = function () {
      const all = boxes();
      button.textContent = all.length && all.every(function (box) { return box.checked; }) ? "Tick none" : "Tick all";
    };
    button.hidden = false;
    button.addEventListener("click", function () {
      const all = boxes();
      const tick = !all.every(function (box) { return box.checked; });
      for (const box of all) {
        box.checked = tick;
      }
      tell();
    });
    document.addEventListener("change", tell);
    tell();
  }
})();
