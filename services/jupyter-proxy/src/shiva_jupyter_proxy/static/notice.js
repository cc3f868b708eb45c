// Start the container and go on to the page that was wanted.
"use strict";
const button = document.getElementById("start");
const progress = document.getElementById("progress");
const pending = new Set(["pending", "pulling", "booting"]);
const sentences = {
  en: { pending: "Placed", pulling: "Fetching the image", booting: "Jupyter is booting", stopping: "It is still stopping.", lost: "Its machine is still unreachable.", ready: "Ready." },
  ja: { pending: "マシンが決まりました", pulling: "イメージを取得しています", booting: "Jupyter を起動しています", stopping: "まだ停止中です。", lost: "マシンにまだ接続できません。", ready: "準備ができました。" },
  "zh-CN": { pending: "已分配机器", pulling: "正在拉取镜像", booting: "Jupyter 正在启动", stopping: "仍在停止中。", lost: "机器仍然无法连接。", ready: "已就绪。" },
};
const words = sentences[document.documentElement.lang] ?? sentences.en;

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
    if (container.state !== "ready") throw new Error(container.reason ?? words[container.state] ?? container.state);
    progress.textContent = words.ready;
    const wanted = button.dataset.wanted;
    if (location.pathname + location.search === wanted) location.reload();
    else location.assign(wanted);
  } catch (error) {
    progress.textContent = error.message;
    button.disabled = false;
  }
}

button.addEventListener("click", start);
