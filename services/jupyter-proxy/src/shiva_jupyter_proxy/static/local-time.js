// Say times as the reader's clock has them; without this they are UTC.
"use strict";
const page = document.documentElement.lang;
const language = navigator.languages.find((each) => each.slice(0, 2) === page.slice(0, 2)) ?? page; // with the region's habits
for (const time of document.querySelectorAll("time")) {
  const at = new Date(time.dateTime);
  const today = at.toDateString() === new Date().toDateString();
  time.textContent = at.toLocaleString(language, today ? { hour: "2-digit", minute: "2-digit" } : { dateStyle: "medium", timeStyle: "short" });
}
