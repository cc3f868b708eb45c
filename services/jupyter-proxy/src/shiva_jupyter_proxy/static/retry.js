// Try again until the container answers, or is gone.
"use strict";
document.getElementById("progress").textContent = "Trying again …";
setTimeout(() => location.reload(), 2000);
