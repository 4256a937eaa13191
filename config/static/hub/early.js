"use strict";
// Before anything is painted: a menu that was folded away stays so.
if (localStorage.getItem("hub.menu") === "closed") {
  document.documentElement.classList.add("hub-menu-closed");
}
