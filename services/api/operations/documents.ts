import { hash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { notFound } from "../../../platform/errors.ts";
import type { Exchange, Gateway } from "../http/exchange.ts";
import { type Headers, matches, respond } from "../http/respond.ts";
import type { Serve } from "../http/serve.ts";
import { allRoutes } from "../routes.ts";
import { openApi } from "./openapi.ts";
import { outboxPage, outboxScript } from "./outbox-page.ts";
import { docsPage, docsScript, errorsPage, PAGE_HEADERS } from "./pages.ts";
import { unsubscribePage } from "./unsubscribe-pages.ts";

/** Something that is the same for everybody, as long as the process runs. */
interface Document {
  readonly headers: Headers;
  readonly body: Buffer;
  readonly zipped: Buffer;
}

const VERSION = "0.1.0";
const SCRIPT = { "Content-Type": "text/javascript; charset=utf-8" };

/** Made when it is asked for first: most processes never are. */
const makers: Readonly<Record<string, () => Promise<Document>>> = {
  openapi: () => documentOf({ "Content-Type": "application/json" }, JSON.stringify(openApi(allRoutes, VERSION))),
  docs: () => documentOf(PAGE_HEADERS, docsPage),
  errors: () => documentOf(PAGE_HEADERS, errorsPage()),
  outbox: () => documentOf(PAGE_HEADERS, outboxPage),
  unsubscribe: () => documentOf(PAGE_HEADERS, unsubscribePage),
  "start.js": () => documentOf(SCRIPT, docsScript),
  "outbox.js": () => documentOf(SCRIPT, outboxScript),
  "swagger-ui.css": () => asset("swagger-ui.css", { "Content-Type": "text/css; charset=utf-8" }),
  "swagger-ui-bundle.js": () => asset("swagger-ui-bundle.js", SCRIPT),
  "favicon-32x32.png": () => asset("favicon-32x32.png", { "Content-Type": "image/png" }),
};
const made = new Map<string, Promise<Document>>();

async function asset(name: string, headers: Headers): Promise<Document> {
  // Its own entry point would load all of Swagger UI into this process to say where it lies.
  const folder = path.dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));
  return documentOf(headers, await readFile(path.join(folder, name)));
}

async function documentOf(headers: Headers, content: string | Buffer): Promise<Document> {
  const body = Buffer.from(content);
  // Weak, because the zipped form has it too.
  const etag = `W/"${hash("sha256", body, "base64url").slice(0, 27)}"`;
  const all = { "Cache-Control": "no-cache", Vary: "Accept-Encoding, Origin", ...headers, ETag: etag };
  return { headers: all, body, zipped: await promisify(gzip)(body) };
}

export async function send(gateway: Gateway, exchange: Exchange, name: string): Promise<void> {
  const maker = Object.hasOwn(makers, name) ? makers[name] : undefined;
  if (!maker) throw notFound();
  let making = made.get(name);
  if (!making) {
    making = maker();
    made.set(name, making);
    making.catch(() => made.delete(name));
  }
  const { headers, body, zipped } = await making;
  const asked = exchange.req.headers;
  if (matches(asked["if-none-match"], String(headers.ETag))) return respond(gateway, exchange, 304, headers);
  const takesGzip = /\bgzip\b/.test(String(asked["accept-encoding"] ?? ""));
  if (takesGzip) respond(gateway, exchange, 200, { ...headers, "Content-Encoding": "gzip" }, zipped);
  else respond(gateway, exchange, 200, headers, body);
}

export const serveOpenApi: Serve = (gateway, exchange) => send(gateway, exchange, "openapi");
export const serveDocs: Serve = (gateway, exchange) => send(gateway, exchange, "docs");
export const serveErrorDocs: Serve = (gateway, exchange) => send(gateway, exchange, "errors");

/** A file of the documentation's page; only those that it needs are there. */
export function serveDocsAsset(gateway: Gateway, exchange: Exchange, name: string): Promise<void> {
  return send(gateway, exchange, name.includes(".") ? name : "");
}
