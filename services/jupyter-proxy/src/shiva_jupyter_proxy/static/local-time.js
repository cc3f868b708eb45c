// Say times as the reader's clock has them; without this they are UTC.
"use strict";
for (const time of document.querySelectorAll("time")) {
  const at = new Date(time.dateTime);
  const today = at.toDateString() === new Date().toDateString();
  time.textContent = at.toLocaleString([], today ? { hour: "2-digit", minute: "2-digit" } : { dateStyle: "medium", timeStyle: "short" });
}
