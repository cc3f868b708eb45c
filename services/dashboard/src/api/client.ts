import createClient from "openapi-fetch";
import { browser } from "./browser";
import { guardedFetch } from "./csrf";
import type { components, paths } from "./schema.gen";

export type Schemas = components["schemas"];
export type Problem = Schemas["Problem"];

/** What went wrong, in words for people, with a stable code. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly parameters: Record<string, unknown>;

  constructor(problem: Omit<Problem, "type">) {
    super(problem.title);
    this.status = problem.status;
    this.code = problem.code;
    this.title = problem.title;
    this.detail = problem.detail;
    this.parameters = problem.parameters;
  }
}

const UNREACHABLE = {
  status: 0,
  code: "unreachable",
  title: "Shiva does not answer",
  detail: "Notebooks go on running and files are safe. This page tries again by itself.",
  parameters: {},
};

export const api = createClient<paths>({ baseUrl: window.location.origin, fetch: guardedFetch });

function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null && "code" in body && "title" in body && "detail" in body;
}

/** Where to log in, and come back to this page afterwards. */
export function loginAddress(location: Location): string {
  return `/-/login?next=${encodeURIComponent(location.pathname + location.search)}`;
}

/** Return the data of a call, or throw an ApiError; without a session, go to the login page. */
export async function answerOf<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  let outcome: { data?: T; error?: unknown; response: Response };
  try {
    outcome = await call;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(UNREACHABLE);
  }
  const { data, error, response } = outcome;
  if (response.status === 401) browser.goTo(loginAddress(window.location));
  if (response.ok) return data as T;
  if (isProblem(error)) throw new ApiError(error);
  throw new ApiError({ ...UNREACHABLE, status: response.status, code: `http-${response.status}` });
}
