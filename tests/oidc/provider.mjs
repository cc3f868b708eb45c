// A certified OpenID provider (oidc-provider) on the loopback, for tests and for trying a login by hand.
//
//   node provider.mjs ACCOUNTS.json REDIRECT_URI…
//
// prints {"issuer", "client_id", "client_secret"} in one line and runs until its standard input ends. ACCOUNTS.json is a list of claims
// (sub, email, email_verified, hd, name, picture, groups) and is read again at each login. POST /rotate replaces the signing key.
// A second client, "other", is there so that its codes can be tried where they do not belong.

import { generateKeyPairSync, randomBytes, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";

const load = createRequire(new URL("../../.tools/oidc/", import.meta.url)); // where make installs it
const { Provider, interactionPolicy } = load("oidc-provider");
const [accountsFile, ...redirectUris] = process.argv.slice(2);
const client = { client_id: "shiva", client_secret: randomBytes(24).toString("base64url") };
const other = { client_id: "other", client_secret: randomBytes(24).toString("base64url"), redirect_uris: ["http://localhost:1/"] };
const cookieKey = randomBytes(32).toString("hex");

const accounts = () => JSON.parse(readFileSync(accountsFile, "utf8"));
const escaped = (text) => String(text).replace(/[&<>"]/g, (mark) => `&#${mark.charCodeAt(0)};`);

function newKey() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), kid: randomUUID(), alg: "RS256", use: "sig" };
}

/** Whoever logged in has granted all that the one client may ask for: there is no page for consent. */
async function grant(ctx) {
  const { client: asking, session, provider } = ctx.oidc;
  const kept = session.grantIdFor(asking.clientId);
  if (kept) return provider.Grant.find(kept);
  const given = new provider.Grant({ clientId: asking.clientId, accountId: session.accountId });
  given.addOIDCScope("openid email profile groups");
  await given.save();
  return given;
}

function provider(issuer) {
  const policy = interactionPolicy.base();
  policy.add(new interactionPolicy.Prompt({ name: "select_account", requestable: true }), 0);
  const made = new Provider(issuer, {
    clients: [{ ...client, redirect_uris: redirectUris }, other],
    claims: { openid: ["sub"], email: ["email", "email_verified", "hd"], profile: ["name", "picture"], groups: ["groups"] },
    conformIdTokenClaims: false, // as Google: what was asked for is in the ID token
    cookies: { keys: [cookieKey] },
    features: { devInteractions: { enabled: false } },
    findAccount(_, sub) {
      const found = accounts().find((account) => account.sub === sub);
      return found && { accountId: sub, claims: () => found };
    },
    interactions: { policy, url: (_, interaction) => `/interaction/${interaction.uid}` },
    jwks: { keys: [newKey()] },
    loadExistingGrant: grant,
    pkce: { required: () => true },
    ttl: { AccessToken: 60, AuthorizationCode: 60, Grant: 3600, IdToken: 600, Interaction: 600, Session: 3600 },
  });
  return { answer: made.callback(), made };
}

function loginPage(uid) {
  const choices = accounts().map(
    ({ sub, email, name }) => `<p><button name="sub" value="${escaped(sub)}">${escaped(name ?? sub)} ${escaped(email ?? "")}</button></p>`,
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Test provider</title>
<h1>Who are you?</h1><form method="post" action="/interaction/${uid}">${choices.join("")}
<p><button name="sub" value="">Cancel</button></p></form></html>`;
}

async function form(request) {
  let text = "";
  for await (const piece of request) text += piece;
  return new URLSearchParams(text);
}

async function interact(request, response) {
  const { uid } = await current.made.interactionDetails(request, response);
  if (request.method !== "POST") {
    response.setHeader("content-type", "text/html; charset=utf-8").end(loginPage(uid));
    return;
  }
  const sub = (await form(request)).get("sub");
  const result = sub ? { login: { accountId: sub }, select_account: {} } : { error: "access_denied", error_description: "The person said no." };
  await current.made.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

async function serve(request, response) {
  if (request.method === "POST" && request.url === "/rotate") {
    current = provider(issuer);
    response.writeHead(204).end();
  } else if (request.url.startsWith("/interaction/")) {
    await interact(request, response).catch((error) => response.writeHead(400).end(String(error)));
  } else {
    current.answer(request, response);
  }
}

const server = createServer(serve);
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const issuer = `http://127.0.0.1:${server.address().port}`;
let current = provider(issuer);
console.log(JSON.stringify({ issuer, ...client }));
process.stdin.resume().once("end", () => process.exit(0));
