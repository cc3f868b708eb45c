import "@testing-library/jest-dom/vitest";
import { cleanup, configure } from "@testing-library/react";
import { afterAll, afterEach, beforeAll, beforeEach, vi } from "vitest";
import { browser } from "../api/browser";
import { clock } from "../api/clock";
import { forgetCsrfToken } from "../api/csrf";
import { fetchProblemWords } from "../components/problemWords";
import { server } from "./world";

configure({ asyncUtilTimeout: 5_000 }); // machines that are busy with other tests are slow

// jsdom lays nothing out: nothing changes its size, and nothing is seen until a test says so.
class Watching {
  observe() {}
  unobserve() {}
  disconnect() {}
}

beforeAll(fetchProblemWords);
beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
beforeEach(() => {
  vi.spyOn(browser, "goTo").mockImplementation(() => undefined);
  vi.stubGlobal("ResizeObserver", Watching);
  vi.stubGlobal("IntersectionObserver", Watching);
  window.localStorage.clear();
  forgetCsrfToken();
  clock.forget();
  vi.spyOn(window, "scrollTo").mockImplementation(() => undefined);
});
afterEach(() => {
  cleanup();
  server.resetHandlers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});
afterAll(() => server.close());
