import { expect, it, vi } from "vitest";
import { machine } from "../testing/factories";
import { keepWish, lastWish } from "./lastWish";

const two = [machine({ gpus_total: 2, gpus_free: 1 })];
const wish = (gpus: number, image: string | null = null) => ({ machine: null, image, gpus });

it("asks for a GPU where one is free, for none else", () => {
  expect(lastWish(two)).toEqual(wish(1));
  expect(lastWish([machine({ gpus_free: 0 })])).toEqual(wish(0));
  expect(lastWish([machine({ gpus_free: null })])).toEqual(wish(0));
  expect(lastWish([])).toEqual(wish(0));
});

it("remembers how many, never more than a machine has, and chooses the machine anew", () => {
  keepWish({ machine: "gpu-01", image: "x", gpus: 2 });
  expect(lastWish(two)).toEqual(wish(2, "x"));
  expect(lastWish([machine()])).toEqual(wish(1, "x"));
});

it("remembers the image for as long as it is on offer", () => {
  keepWish({ machine: null, image: "x", gpus: 1 });
  expect(lastWish(two, undefined)).toEqual(wish(1, "x"));
  expect(lastWish(two, [{ name: "x" }])).toEqual(wish(1, "x"));
  expect(lastWish(two, [{ name: "y" }])).toEqual(wish(1));
});

it.each(["{", "null", "1", '{"gpus": "2"}', '{"gpus": -1}', "[]"])("forgets what is no wish: %s", (kept) => {
  window.localStorage.setItem("shiva.last-wish", kept);
  expect(lastWish(two)).toEqual(wish(1));
});

it("works in a browser that keeps nothing", () => {
  vi.spyOn(Storage.prototype, "getItem").mockImplementation(() => {
    throw new DOMException("denied");
  });
  vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
    throw new DOMException("denied");
  });
  keepWish(wish(2));
  expect(lastWish(two)).toEqual(wish(1));
});
