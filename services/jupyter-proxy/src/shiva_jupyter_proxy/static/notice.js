// Start the container and go on to the page that was wanted.
"use strict";
const button = document.getElementById("start");
const progress = document.getElementById("progress");
const pending = new Set(["pending", "pulling", "booting"]);
const words = { pending: "Placed", pulling: "Fetching the image", booting: "Jupyter is booting", stopping: "It is still stopping.", lost: "Its machine is still unreachable." };

async function ask(method, path, body) {
  const answer = await fetch(`/api/v1/${path}`, {
    method,
    headers: body ? { "Content-Type": "application/json", "X-CSRF-Token": button.dataset.csrf } : {},
    body: body ? JSON.stringify(body) : undefined,
  });
  const facts = await answer.json();
  if (!answer.ok) throw new Error(`${facts.title}. ${facts.detail} (${facts.code})`);
  return facts;
}

async function start() {
  button.disabled = true;
  const began = performance.now();
  try {
    let container = await ask("POST", "containers", button.dataset.name ? { name: button.dataset.name } : {});
    while (pending.has(container.state)) {
      progress.textContent = `${words[container.state]} … ${((performance.now() - began) / 1000).toFixed(1)} s`;
      await new Promise((done) => setTimeout(done, 200));
      container = await ask("GET", `containers/${encodeURIComponent(container.id)}`);
    }
    if (container.state !== "ready") throw new Error(container.reason ?? words[container.state] ?? `It is ${container.state}.`);
    progress.textContent = `Ready after ${container.time_to_notebook_seconds} s.`;
    const wanted = button.dataset.wanted;
    if (location.pathname + location.search === wanted) location.reload();
    else location.assign(wanted);
  } catch (error) {
    progress.textContent = error.message;
    button.disabled = false;
  }
}

button.addEventListener("click", start);
