"use strict";
// A button copies the field it names, and says so; where the clipboard is not to be had, the text is marked instead.
(function () {
  const told = document.getElementById("hub-copied");
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.addEventListener("click", async function () {
      const field = document.getElementById(button.dataset.copy);
      field.focus();
      field.select();
      try {
        await navigator.clipboard.writeText(field.value);
        told.textContent = "Copied: " + field.value.replace(/\n/g, ", ");
      } catch {
        told.textContent = "Marked: press Ctrl+C to copy.";
      }
    });
  }
})();
