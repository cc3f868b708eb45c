import { screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { problem } from "../../testing/factories";
import { page, worldOf } from "../../testing/world";

const CONTRACT = {
  openapi: "3.1.0",
  info: { title: "Shiva manager-api", version: "1.0.0" },
  paths: {
    "/api/v1/me": { get: { description: "Who is asking.", responses: { "200": { description: "You." } } } },
    "/internal/v1/logins": { post: { responses: { "200": { description: "Come in." } } } },
  },
};

it("shows each operation that people have of the API's own description, and nothing that sends one", async () => {
  worldOf({ contract: CONTRACT });
  page("/api-docs");
  expect(await screen.findByText("Shiva manager-api", {}, { timeout: 10_000 })).toBeInTheDocument();
  const paths = Array.from(document.querySelectorAll("[data-path]"), (path) => path.getAttribute("data-path"));
  expect(paths).toEqual(["/api/v1/me"]);
  expect(screen.queryByText(/Try it out/)).toBeNull();
});

it("says why there is none", async () => {
  worldOf({ contract: problem(503, "manager-unavailable", "The manager does not answer") });
  page("/api-docs");
  expect(await screen.findByText("manager-unavailable", {}, { timeout: 10_000 })).toBeVisible();
});
