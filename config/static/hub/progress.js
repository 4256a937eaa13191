"use strict";
// The figures of a run under way, fetched again until it has ended; then the page is read anew, once, for its tables.
(function () {
  const box = document.getElementById("hub-progress");
  if (!box || !box.dataset.url) { return; }
  const pause = Number(box.dataset.look) * 1000;
  async function look() {
    let again = true;
    if (!document.hidden) {
      try {
        const answer = await fetch(box.dataset.url, { credentials: "same-origin" });
        if (answer.redirected || !answer.ok) { return; } // signed out, or not allowed any more
        box.innerHTML = await answer.text();
        again = box.querySelector("[data-again]") !== null;
      } catch (error) {
        again = true; // the hub is away for a moment
      }
    }
    if (again) { setTimeout(look, pause); } else { location.reload(); }
  }
  setTimeout(look, pause);
})();
