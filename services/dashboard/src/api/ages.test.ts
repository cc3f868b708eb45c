import { expect, it } from "vitest";
import { machine, overview } from "../testing/factories";
import { aged, ageOf } from "./ages";

it("makes every age of an overview older, and leaves unknown ones unknown", () => {
  const told = overview([machine({ sample_age_seconds: 3 }), machine({ sample_age_seconds: null })], {
    metrics: { state: "stale", age_seconds: 20 },
    broker: { state: "unavailable", age_seconds: null },
  });
  const now = aged(told, 4);
  expect(now.machines.map((each) => each.sample_age_seconds)).toEqual([7, null]);
  expect([now.metrics.age_seconds, now.broker.age_seconds]).toEqual([24, null]);
  expect(now.as_of).toBe(told.as_of);
});

it.each([
  [{ Age: "7" }, 7],
  [{ Age: "0" }, 0],
  [{ Age: "-3" }, 0],
  [{ Age: "soon" }, 0],
  [{}, 0],
])("reads the age of an answer: %j is %i", (headers, age) => {
  expect(ageOf(new Response(null, { headers }))).toBe(age);
});
