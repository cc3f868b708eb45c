// Try again until the container answers, or is gone; a start that was pressed meanwhile goes on alone.
"use strict";
const { wanted: there, seconds } = document.currentScript.dataset;
const again = setTimeout(() => {
  if (location.pathname + location.search === there) location.reload();
  else location.replace(there);
}, seconds * 1000);
document.getElementById("progress").textContent = "Trying again …";
document.getElementById("start")?.addEventListener("click", () => clearTimeout(again));
