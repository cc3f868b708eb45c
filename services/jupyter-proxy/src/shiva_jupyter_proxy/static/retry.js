// Try again until the container answers, or is gone; a start that is under way is let be.
"use strict";
const { wanted: there, seconds } = document.currentScript.dataset;
const startButton = document.getElementById("start");
const again = { ja: "再試行しています …", "zh-CN": "正在重试 …" }[document.documentElement.lang] ?? "Trying again …";
document.getElementById("progress").textContent = again;
setInterval(() => {
  if (startButton?.disabled) return;
  if (location.pathname + location.search === there) location.reload();
  else location.replace(there);
}, seconds * 1000);
