import { useSyncExternalStore } from "react";
import { browser } from "../../api/browser";

const KEY = "shiva.new-tab";
const listeners = new Set<() => void>();
let unkept = false; // the choice in a browser that keeps nothing

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function read(): boolean {
  try {
    return window.localStorage.getItem(KEY) === "1";
  } catch {
    return unkept;
  }
}

function choose(on: boolean) {
  unkept = on;
  try {
    window.localStorage.setItem(KEY, on ? "1" : "0");
  } catch {
    // then it is remembered for as long as this page is open
  }
  for (const listener of listeners) listener();
}

/** Whether JupyterLab opens in a new tab, as this browser remembers it, and how to choose. */
export function useNewTab(): [on: boolean, choose: (on: boolean) => void] {
  return [useSyncExternalStore(subscribe, read), choose];
}

/** Go to a notebook as was chosen; false: the browser let no tab open. */
export function openNotebook(address: string): boolean {
  if (read()) return browser.openTab(address);
  browser.goTo(address);
  return true;
}
