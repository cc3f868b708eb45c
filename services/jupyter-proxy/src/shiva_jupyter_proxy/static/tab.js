// In JupyterLab's page: say what is wrong when its connections die, and offer what helps. Unsaved cells stay in the tab.
"use strict";
(() => {
  const WORDS = {
    en: {
      "not-running": ["Your container is not running. Your files are safe, and this tab goes on once it runs again.", "Start it"],
      "container-starting": ["Your container is starting. This tab goes on by itself.", "To the dashboard"],
      "machine-unreachable": ["The machine of your container is unreachable. Your files are safe, and this tab goes on when it comes back.", "To the dashboard"],
      "not-logged-in": ["You are logged out. Your container goes on running; log in, and this tab goes on.", "Log in"],
      "not-answering": ["Your container does not answer. Your files are safe, and this tab tries again by itself.", "To the dashboard"],
      away: ["Shiva does not answer. Your container goes on running, and this tab tries again by itself.", "Try now"],
    },
    ja: {
      "not-running": ["コンテナは動いていません。ファイルは安全です。再び動き出すと、このタブは自動的に続きます。", "起動する"],
      "container-starting": ["コンテナを起動しています。このタブは自動的に続きます。", "ダッシュボードへ"],
      "machine-unreachable": ["コンテナのマシンに接続できません。ファイルは安全です。マシンが戻ると、このタブは自動的に続きます。", "ダッシュボードへ"],
      "not-logged-in": ["ログアウトしています。コンテナは動き続けています。ログインすると、このタブは続きます。", "ログイン"],
      "not-answering": ["コンテナが応答しません。ファイルは安全です。このタブは自動的に再試行します。", "ダッシュボードへ"],
      away: ["Shiva が応答しません。コンテナは動き続けています。このタブは自動的に再試行します。", "今すぐ試す"],
    },
    zh: {
      "not-running": ["您的容器没有在运行。文件是安全的；容器重新运行后，本标签页会自动继续。", "启动"],
      "container-starting": ["您的容器正在启动。本标签页会自动继续。", "前往首页"],
      "machine-unreachable": ["无法连接到容器所在的机器。文件是安全的；机器恢复后，本标签页会自动继续。", "前往首页"],
      "not-logged-in": ["您已退出登录。容器仍在运行；登录后，本标签页会继续。", "登录"],
      "not-answering": ["您的容器没有响应。文件是安全的；本标签页会自动重试。", "前往首页"],
      away: ["Shiva 没有响应。容器仍在运行；本标签页会自动重试。", "立即重试"],
    },
  };
  const AGAIN_MS = 2000;
  const chosen = /(?:^|; )shiva-language=([\w-]+)/.exec(document.cookie)?.[1];
  const words = [chosen, ...navigator.languages].map((tag) => WORDS[tag?.slice(0, 2)]).find(Boolean) ?? WORDS.en;
  const base = /^\/user\/[^/]+\//.exec(location.pathname)?.[0];
  let bar = null;
  let timer = 0;
  let looks = 0; // how often to look again though all seems well: another process of the door may know less yet

  // What the door says of the container; null: all is well.
  async function trouble() {
    try {
      const answer = await fetch(`${base}api/status`, { cache: "no-store", headers: { Accept: "application/json" } });
      if (answer.ok) return null;
      const { code } = await answer.json().catch(() => ({}));
      return code in words ? code : "not-answering";
    } catch {
      return "away";
    }
  }

  function help(code) {
    if (code === "away") check();
    else if (code === "not-running") open(location.href); // the door's page there starts it; this tab keeps what is unsaved
    else open(code === "not-logged-in" ? "/-/login" : "/");
  }

  function show(code) {
    bar?.remove();
    bar = document.createElement("div");
    bar.id = "shiva-notice";
    bar.setAttribute("role", "alert");
    bar.style.cssText =
      "position:fixed;inset:auto 0 0;z-index:100000;display:flex;flex-wrap:wrap;gap:12px;align-items:center;justify-content:center;" +
      "padding:12px 20px;background:#5c1310;color:#fff;font:16px/1.5 system-ui,'Noto Sans','Noto Sans CJK JP',sans-serif";
    const sentence = document.createElement("span");
    const button = document.createElement("button");
    [sentence.textContent, button.textContent] = words[code];
    button.style.cssText = "min-height:44px;padding:0 18px;font:inherit;font-weight:600;color:#5c1310;background:#fff;border:0;border-radius:8px;cursor:pointer";
    button.addEventListener("click", () => help(code));
    bar.append(sentence, button);
    bar.dataset.code = code;
    document.body.append(bar);
  }

  async function check() {
    clearTimeout(timer);
    const code = await trouble();
    if (code === null) {
      bar?.remove();
      bar = null;
      if (looks > 0) timer = setTimeout(check, AGAIN_MS);
      looks -= 1;
      return;
    }
    if (bar?.dataset.code !== code) show(code);
    timer = setTimeout(check, AGAIN_MS);
  }

  // Nothing is asked while all is well: that would count as use. JupyterLab always holds a socket, and ends some itself.
  const clean = new Set([1000, 1001]);
  window.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      this.addEventListener("close", (event) => {
        if (!base || bar !== null || (event.wasClean && clean.has(event.code))) return;
        looks = 4;
        check();
      });
    }
  };
})();
