import { ThemeProvider } from "@mui/material/styles";
import { QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import { delay, HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import type { ReactNode } from "react";
import { MemoryRouter, Route, Routes } from "react-router";
import type { Schemas } from "../api/client";
import { newClient } from "../app/App";
import { Home } from "../app/Home";
import { Layout } from "../app/Layout";
import { NotFound } from "../app/NotFound";
import { theme } from "../app/theme";
import { container, idle, overview, session } from "./factories";

const at = (path: string) => `${window.location.origin}/api/v1/${path}`;

const EXTENDED = { state: "kept", reason: "extended", sentence: "Kept, as you asked.", stop_at: null } as const;

/** What the manager says in a test; a problem is answered with its status, a promise is waited for. */
export class World {
  session: Schemas["Session"] | Schemas["Problem"] = session();
  machines: Schemas["Machines"] | Schemas["Problem"] = overview();
  containers: Schemas["Container"][] | Schemas["Problem"] = [];
  start: Schemas["Container"] | Schemas["Problem"] | null = null;
  stop: Schemas["Problem"] | null = null;
  keep: Schemas["Problem"] | null = null;
  unreachable = false;
  silent = false;
  readonly wishes: unknown[] = [];
  readonly stopped: string[] = [];
  readonly kept: string[] = [];

  readonly handlers = [
    http.get(at("session"), () => this.answer(this.session)),
    http.get(at("machines"), () => this.answer(this.machines)),
    http.get(at("images"), () =>
      this.answer({ images: [{ name: "shiva-jupyter", title: "JupyterLab", description: "" }] }),
    ),
    http.get(at("containers"), () =>
      this.answer(Array.isArray(this.containers) ? { containers: this.containers } : this.containers),
    ),
    http.post(at("containers"), async ({ request }) => {
      this.wishes.push(await request.json());
      if (this.start !== null && "id" in this.start) this.containers = [this.start];
      return this.answer(this.start ?? {}, 201);
    }),
    http.post(at("containers/:id/extend"), ({ params }) => {
      this.kept.push(String(params.id));
      if (this.keep === null) this.containers = [container({ idle: idle(EXTENDED) })];
      return this.answer(this.keep ?? { keep_until: "2026-11-23T14:00:00.000Z" });
    }),
    http.delete(at("containers/:id"), ({ params }) => {
      this.stopped.push(String(params.id));
      if (this.stop === null) this.containers = [];
      return this.stop === null ? new HttpResponse(null, { status: 204 }) : this.answer(this.stop);
    }),
  ];

  private async answer(body: object, status = 200) {
    if (this.silent) await delay("infinite");
    if (this.unreachable) return HttpResponse.error();
    return "code" in body && "status" in body
      ? HttpResponse.json(body, {
          status: Number(body.status),
          headers: { "Content-Type": "application/problem+json" },
        })
      : HttpResponse.json(body, { status });
  }
}

export const server = setupServer();

/** Answer as `world` says from now on. */
export function worldOf(changes: Partial<World> = {}): World {
  const world = Object.assign(new World(), changes);
  server.use(...world.handlers);
  return world;
}

/** Render something with everything that the app puts around it. */
export function shown(inner: ReactNode) {
  return render(
    <QueryClientProvider client={newClient()}>
      <ThemeProvider theme={theme}>{inner}</ThemeProvider>
    </QueryClientProvider>,
  );
}

/** Render the page at `path`. */
export function page(path = "/") {
  return shown(
    <MemoryRouter initialEntries={[path]}>
      <Routes>
        <Route element={<Layout />}>
          <Route index element={<Home />} />
          <Route path="*" element={<NotFound />} />
        </Route>
      </Routes>
    </MemoryRouter>,
  );
}
