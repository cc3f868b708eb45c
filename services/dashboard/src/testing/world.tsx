import { QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import { delay, HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import type { ReactNode } from "react";
import { MemoryRouter } from "react-router";
import type { Schemas } from "../api/client";
import { Look, newClient } from "../app/App";
import { Pages } from "../app/Pages";
import type { Act, Person } from "../features/admin/queries";
import en from "../words/en";
import type { Language } from "../words/language";
import { type Catalogue, WordsIn } from "../words/Words";
import {
  container,
  containerHistory,
  explanation,
  history,
  idle,
  image,
  log,
  me,
  overview,
  problem,
  token,
  usage,
} from "./factories";

const at = (path: string) => `${window.location.origin}/api/v1/${path}`;

const EXTENDED = { state: "kept", reason: "extended", sentence: "Kept, as you asked.", stop_at: null } as const;

/** What the manager says in a test; a problem is answered with its status, a promise is waited for. */
export class World {
  me: Schemas["Me"] | Schemas["Problem"] = me();
  machines: Schemas["Machines"] | Schemas["Problem"] = overview();
  machinesAge = 0;
  history: Schemas["MachineHistory"] | Schemas["Problem"] = history();
  images: Schemas["Images"]["images"] | Schemas["Problem"] = [image()];
  containers: Schemas["Container"][] | Schemas["Problem"] = [];
  start: Schemas["Container"] | Schemas["Problem"] | null = null;
  /** So many answers to a start get lost on their way. */
  startsLost = 0;
  explanation: Schemas["Explanation"] | Schemas["Problem"] = explanation();
  log: Schemas["Log"] | Schemas["Problem"] = log();
  containerHistory: Schemas["ContainerHistory"] | Schemas["Problem"] = containerHistory();
  events: Schemas["Events"]["events"] | Schemas["Problem"] = [];
  stop: Schemas["Problem"] | null = null;
  keep: Schemas["Problem"] | null = null;
  tokens: Schemas["Token"][] | Schemas["Problem"] = [];
  device: Schemas["Device"] | Schemas["Problem"] = problem(404, "device-not-found", "No program waits with that code");
  people: Person[] | Schemas["Problem"] = [];
  acts: Act[] = [];
  usage: Schemas["Usage"] | Schemas["Problem"] = usage();
  contract: object = {};
  /** The answer to any change that is not a container's; null: done. */
  change: Schemas["Problem"] | null = null;
  unreachable = false;
  silent = false;
  readonly wishes: unknown[] = [];
  /** The Idempotency-Key of each start. */
  readonly keys: (string | null)[] = [];
  /** Whether which wishes fit was asked. */
  readonly explained: unknown[] = [];
  /** The audit log or the usage was asked for. */
  readonly asked: string[] = [];
  /** What else was changed: "PUT admin/announcement" and the body. */
  readonly changes: [what: string, body: unknown][] = [];
  /** What the changes brought as X-CSRF-Token. */
  readonly proofs: (string | null)[] = [];
  readonly stopped: string[] = [];
  readonly kept: string[] = [];

  readonly handlers = [
    http.get(at("me"), () => this.answer(this.me)),
    http.get(at("machines"), () => this.answer(this.machines, 200, { Age: String(this.machinesAge) })),
    http.get(at("machines/:machine/history"), () => this.answer(this.history)),
    http.get(at("images"), () => this.answer(this.list("images", this.images))),
    http.get(at("containers"), () =>
      this.answer(Array.isArray(this.containers) ? { containers: this.containers } : this.containers),
    ),
    http.post(at("containers"), async ({ request }) => {
      this.wishes.push(await request.json());
      this.keys.push(request.headers.get("Idempotency-Key"));
      if (this.startsLost-- > 0) return HttpResponse.error();
      if (this.start !== null && "id" in this.start) this.containers = [this.start];
      return this.answer(this.start ?? {}, 201);
    }),
    http.post(at("containers/explain"), async ({ request }) => {
      this.explained.push(await request.json());
      return this.answer(this.explanation);
    }),
    http.get(at("containers/:id"), ({ params }) => this.answer(this.one(String(params.id)))),
    http.get(at("containers/:id/log"), () => this.answer(this.log)),
    http.get(at("containers/:id/history"), () => this.answer(this.containerHistory)),
    http.get(at("events"), () => {
      const told = this.list("events", this.events);
      return this.answer("code" in told ? told : { ...told, last_id: "000000000000-0000000000" });
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
    http.get(at("tokens"), () => this.answer(this.list("tokens", this.tokens))),
    http.post(at("tokens"), ({ request }) =>
      this.changed(request, (body) => {
        const made = token({ ...body, id: "new1" });
        this.tokens = [made];
        return this.answer({ ...made, token: "shiva_new1_secret" }, 201);
      }),
    ),
    http.get(at("device/:code"), () => this.answer(this.device)),
    http.post(at("device/:code"), ({ request }) =>
      this.changed(request, ({ approve }) => {
        if ("client" in this.device) this.device = { ...this.device, state: approve ? "approved" : "denied" };
        return undefined;
      }),
    ),
    http.get(at("admin/people"), () => this.answer(this.list("people", this.people))),
    http.get(at("admin/tokens"), () => this.answer(this.list("tokens", this.tokens))),
    http.get(at("admin/audit"), ({ request }) => {
      const asked = new URL(request.url).searchParams;
      this.asked.push(asked.toString());
      const left = this.acts.filter((each) => each.id < Number(asked.get("before") ?? Number.POSITIVE_INFINITY));
      const acts = left.slice(0, 2);
      return this.answer({ acts, next_before: left.length > acts.length ? (acts.at(-1)?.id ?? null) : null });
    }),
    http.get(at("usage"), ({ request }) => {
      this.asked.push(new URL(request.url).searchParams.toString());
      return this.answer(this.usage);
    }),
    http.get(at("openapi.json"), () => this.answer(this.contract)),
    http.put(at("*"), ({ request }) => this.changed(request)),
    http.post(at("admin/*"), ({ request }) => this.changed(request)),
    http.delete(at("*"), ({ request }) => this.changed(request)),
  ];

  private one(id: string) {
    if (!Array.isArray(this.containers)) return this.containers;
    return (
      this.containers.find((each) => each.id === id) ??
      problem(404, "container-not-found", "There is no such container")
    );
  }

  private list(key: string, found: unknown[] | Schemas["Problem"]) {
    return Array.isArray(found) ? { [key]: found } : found;
  }

  private async changed(
    request: Request,
    done: (body: Record<string, unknown>) => Promise<HttpResponse<object>> | undefined = () => undefined,
  ) {
    const text = await request.text();
    const body = text === "" ? null : JSON.parse(text);
    this.changes.push([`${request.method} ${new URL(request.url).pathname.replace("/api/v1/", "")}`, body]);
    this.proofs.push(request.headers.get("X-CSRF-Token"));
    if (this.change !== null) return this.answer(this.change);
    return (await done(body)) ?? new HttpResponse(null, { status: 204 });
  }

  private async answer(body: object, status = 200, headers: Record<string, string> = {}) {
    if (this.silent) await delay("infinite");
    if (this.unreachable) return HttpResponse.error();
    return "code" in body && "status" in body
      ? HttpResponse.json(body, {
          status: Number(body.status),
          headers: { "Content-Type": "application/problem+json" },
        })
      : HttpResponse.json(body, { status, headers });
  }
}

export const server = setupServer();

/** Answer as `world` says from now on. */
export function worldOf(changes: Partial<World> = {}): World {
  const world = Object.assign(new World(), changes);
  server.use(...world.handlers);
  return world;
}

type Spoken = { language: Language; catalogue: Catalogue };
const ENGLISH: Spoken = { language: "en", catalogue: en };

/** Render something with everything that the app puts around it. */
export function shown(inner: ReactNode, spoken = ENGLISH) {
  return render(
    <QueryClientProvider client={newClient()}>
      <WordsIn {...spoken}>
        <Look>{inner}</Look>
      </WordsIn>
    </QueryClientProvider>,
  );
}

/** Render the page at `path`. */
export function page(path = "/", spoken = ENGLISH) {
  return shown(
    <MemoryRouter initialEntries={[path]}>
      <Pages />
    </MemoryRouter>,
    spoken,
  );
}
