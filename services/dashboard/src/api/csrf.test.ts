import { HttpResponse, http } from "msw";
import { expect, it } from "vitest";
import { me, problem } from "../testing/factories";
import { server } from "../testing/world";
import { answerOf, api } from "./client";

const at = (path: string) => `${window.location.origin}/api/v1/${path}`;
const REFUSED = problem(403, "csrf", "The page is out of date");

/** A door whose token is the next of `tokens` each time that it is asked, and that takes `good` alone. */
function door(tokens: (string | null)[], good: string | null) {
  const proofs: (string | null)[] = [];
  const left = [...tokens];
  let asked = 0;
  server.use(
    http.get(at("me"), () => {
      asked += 1;
      return HttpResponse.json(me({ csrf_token: left.length > 1 ? (left.shift() ?? null) : (left[0] ?? null) }));
    }),
    http.put(at("admin/announcement"), async ({ request }) => {
      const proof = request.headers.get("X-CSRF-Token");
      proofs.push(proof);
      expect(await request.json()).toMatchObject({ text: "hello" });
      return proof === good ? new HttpResponse(null, { status: 204 }) : HttpResponse.json(REFUSED, { status: 403 });
    }),
  );
  return { proofs, asked: () => asked };
}

const change = () => answerOf(api.PUT("/api/v1/admin/announcement", { body: { text: "hello", level: "info" } }));

it("sends the session's token with each change, and asks for it once", async () => {
  const { proofs, asked } = door(["one"], "one");
  await change();
  await change();
  expect(proofs).toEqual(["one", "one"]);
  expect(asked()).toBe(1);
});

it("asks for a new token and tries once more when the old one is refused", async () => {
  const { proofs } = door(["old", "new"], "new");
  await change();
  expect(proofs).toEqual(["old", "new"]);
});

it("tries no third time", async () => {
  const { proofs } = door(["a", "b", "c"], null);
  await expect(change()).rejects.toMatchObject({ code: "csrf" });
  expect(proofs).toEqual(["a", "b"]);
});

it("sends none where the door gives none, and asks again at the next change", async () => {
  const { proofs, asked } = door([null, "late"], null);
  await change();
  await expect(change()).rejects.toMatchObject({ code: "csrf" });
  expect(proofs).toEqual([null, "late", "late"]);
  expect(asked()).toBe(3);
});

it("says that Shiva does not answer when the token cannot be fetched, and fetches it later", async () => {
  const { proofs } = door(["one"], "one");
  server.use(http.get(at("me"), () => HttpResponse.error(), { once: true }));
  await expect(change()).rejects.toMatchObject({ code: "unreachable" });
  await change();
  expect(proofs).toEqual(["one"]);
});

it("looks without any token", async () => {
  const seen: (string | null)[] = [];
  server.use(
    http.get(at("images"), ({ request }) => {
      seen.push(request.headers.get("X-CSRF-Token"));
      return HttpResponse.json({ images: [] });
    }),
  );
  await answerOf(api.GET("/api/v1/images"));
  expect(seen).toEqual([null]);
});
