import { clock, steadyNow } from "./clock";

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);
const ME = "/api/v1/me";

let token: Promise<string | null> | null = null;

async function ask(): Promise<string | null> {
  const answer = await window.fetch(window.location.origin + ME);
  return answer.ok ? ((await answer.json()) as { csrf_token: string | null }).csrf_token : null;
}

/** Ask for this session's token at the next change, whatever was known. */
export function forgetCsrfToken() {
  token = null;
}

/** What this session's pages must send with each change; asked for once. Null: the door gave none. */
export async function csrfToken(): Promise<string | null> {
  token ??= ask();
  try {
    const known = await token;
    if (known === null) forgetCsrfToken();
    return known;
  } catch (error) {
    forgetCsrfToken();
    throw error;
  }
}

/** Nobody waits longer for what only reads; the door's word for who asks is good for 30 s, and then nobody is logged in. */
const READ_MS = 20_000;

/** fetch, and what its answer tells about the server's clock. */
async function timed(request: Request): Promise<Response> {
  const asked = steadyNow();
  const limit = SAFE.has(request.method) ? [AbortSignal.timeout(READ_MS)] : [];
  const response = await window.fetch(request, { signal: AbortSignal.any([request.signal, ...limit]) });
  clock.learn(response.headers.get("Date"), asked);
  return response;
}

async function sent(request: Request): Promise<Response> {
  const known = await csrfToken();
  if (known !== null) request.headers.set("X-CSRF-Token", known);
  return timed(request);
}

async function isRefusedToken(response: Response): Promise<boolean> {
  if (response.status !== 403) return false;
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => null);
  return typeof body === "object" && body !== null && "code" in body && body.code === "csrf";
}

/** fetch, but each change brings what proves that one of this session's pages asks; once more when that was too old. */
export async function guardedFetch(request: Request): Promise<Response> {
  if (SAFE.has(request.method)) return timed(request);
  const again = request.clone();
  const response = await sent(request);
  if (!(await isRefusedToken(response))) return response;
  forgetCsrfToken();
  return sent(again);
}
