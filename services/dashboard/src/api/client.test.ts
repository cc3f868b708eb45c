import { expect, it } from "vitest";
import { problem } from "../testing/factories";
import { ApiError, answerOf } from "./client";

const answer = (status: number, error?: unknown) =>
  Promise.resolve({ data: "data", error, response: new Response(null, { status }) });

const failure = (call: ReturnType<typeof answer>) => answerOf(call).catch((error: unknown) => error);

it("gives the data of a good answer", async () => expect(await answerOf(answer(200))).toBe("data"));

it("keeps the words and the code of a problem", async () => {
  const error = await failure(answer(409, problem(409, "no-capacity", "No machine fits now")));
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ status: 409, code: "no-capacity", title: "No machine fits now" });
});

it.each([
  undefined,
  null,
  "bad gateway",
  { message: "?" },
])("has words for an answer that is no problem: %j", async (body) => {
  expect(await failure(answer(502, body))).toMatchObject({ code: "http-502", title: "Shiva does not answer" });
});

it("has words for no answer at all", async () => {
  expect(await failure(Promise.reject(new TypeError("failed to fetch")))).toMatchObject({
    code: "unreachable",
    status: 0,
  });
});

it("lets a call that was given up be given up", async () => {
  const aborted = new DOMException("aborted", "AbortError");
  expect(await failure(Promise.reject(aborted))).toBe(aborted);
});

it("has words for an answer that took too long", async () => {
  const late = new DOMException("too late", "TimeoutError");
  expect(await failure(Promise.reject(late))).toMatchObject({ code: "unreachable" });
});
