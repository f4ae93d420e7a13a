import type { TObject, TSchema } from "@sinclair/typebox";
import type { Route } from "../routes.ts";
import { type Json, jsonSchema } from "./json-schema.ts";
import { failures, isReport, OAUTH_ERROR, PROBLEM } from "./openapi-errors.ts";

/** The OpenAPI 3.1 document of some routes: what the contracts say, and nothing beside. */
export function openApi(routes: readonly Route[], version: string): Json {
  const schemas = new Map<string, Json>();
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route, schemas) };
  }
  schemas.set("Problem", PROBLEM);
  schemas.set("OAuthError", OAUTH_ERROR);
  const tags = [...new Set(routes.map((route) => route.rest.tag))].map((name) => ({ name }));
  return {
    openapi: "3.1.0",
    info: {
      title: "Waybill",
      version,
      description:
        "Order processing from a shop's checkout to the customer's door. Money is in minor units, times are ISO 8601 UTC. " +
        "Lists are paged by cursor. Clients must tolerate new fields and new values. " +
        "How a limit of requests stands is in `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` (in seconds). " +
        "Errors are problems (RFC 9457) with a stable `code`: [all codes](/docs/errors).",
      license: { name: "Unlicensed", identifier: "LicenseRef-Unlicensed" },
    },
    servers: [{ url: "/" }],
    tags,
    paths,
    components: {
      schemas: Object.fromEntries([...schemas].sort(([a], [b]) => a.localeCompare(b))),
      securitySchemes: {
        oauth2: {
          type: "oauth2",
          description: "Client credentials.",
          flows: { clientCredentials: { tokenUrl: "/api/v1/auth/token", scopes: scopesOf(routes) } },
        },
        bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
        client: { type: "http", scheme: "basic", description: "A client's id and secret, on the token routes." },
      },
    },
  };
}

function scopesOf(routes: readonly Route[]): Record<string, string> {
  const scopes = [...new Set(routes.flatMap((route) => route.rest.scopes))].sort();
  return Object.fromEntries(scopes.map((scope) => [scope, ""]));
}

function operation(route: Route, schemas: Map<string, Json>): Json {
  const { rest, contract, action } = route;
  const { summary, description, tag, scopes } = rest;
  const parameters = parametersOf(route, schemas);
  return {
    operationId: action,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    ...(parameters.length > 0 && { parameters }),
    ...(route.hasBody && { requestBody: requestBody(route, schemas) }),
    responses: { ...success(route, schemas), ...failures(route, contract.errors ?? []) },
    // An empty list: nobody need say who they are.
    security: rest.open ? (rest.oauth ? [{ client: [] }, {}] : []) : [{ oauth2: scopes }, { bearer: [] }],
  };
}

function parametersOf(route: Route, schemas: Map<string, Json>): Json[] {
  const { properties, required } = route.contract.params as TObject;
  const names = route.pathParams.map(({ name }) => name);
  const inPath = names.map((name) => parameter(name, "path", properties[name] as TSchema, true, schemas));
  const inQuery = [...route.query.keys()].map((name) =>
    parameter(name, "query", properties[name] as TSchema, required?.includes(name) ?? false, schemas),
  );
  return [...inPath, ...inQuery, ...headersOf(route)];
}

function parameter(name: string, place: string, schema: TSchema, required: boolean, schemas: Map<string, Json>): Json {
  const { description, ...rest } = jsonSchema(schema, schemas);
  return { name, in: place, required, ...(description !== undefined && { description }), schema: rest };
}

function headersOf({ method, rest, contract }: Route): Json[] {
  const header = (name: string, description: string, schema: Json, required = false): Json => ({
    name,
    in: "header",
    required,
    description,
    schema,
  });
  const headers: Json[] = [];
  if (method === "POST" && !rest.oauth) {
    const schema = { type: "string", minLength: 1, maxLength: 255, pattern: "^[\\x21-\\x7e]+$" };
    const description = "The first success under a key is kept for at least 24 h and answered again.";
    headers.push(header("Idempotency-Key", description, schema, rest.idempotency === "required"));
  }
  if (contract.errors?.some((kind) => kind.status === 412)) {
    headers.push(header("If-Match", "The `ETag` that the object must still have.", { type: "string" }));
  }
  if (rest.produces === "text/event-stream") {
    headers.push(
      header("Last-Event-ID", "The `id` of the last event received: the feed goes on behind it.", { type: "string" }),
    );
  }
  return headers;
}

function requestBody(route: Route, schemas: Map<string, Json>): Json {
  const inPath = route.pathParams.map(({ name }) => name);
  const { properties, required = [], ...rest } = route.contract.params as TObject;
  const own = Object.fromEntries(Object.entries(properties).filter(([name]) => !inPath.includes(name)));
  const needed = required.filter((name) => !inPath.includes(name));
  const schema = jsonSchema(
    { ...rest, properties: own, ...(needed.length > 0 && { required: needed }) } as TSchema,
    schemas,
  );
  const content = { schema };
  return {
    required: needed.length > 0,
    content: { ...(route.rest.oauth && { "application/x-www-form-urlencoded": content }), "application/json": content },
  };
}

function success({ rest, contract, method, location }: Route, schemas: Map<string, Json>): Json {
  const status = rest.status ?? 200;
  const text = (description: string) => ({ description, schema: { type: "string" } });
  const headers: Json = {
    "X-Request-Id": text("The request, for whoever looks into it."),
    ...(location !== undefined && { Location: text("Where the new object is.") }),
    ...(method === "POST" && !rest.oauth && { "Idempotency-Replayed": text("`true` when this was answered before.") }),
  };
  if (status === 204) return { 204: { description: "Done.", headers } };
  const schema = rest.produces ? { type: "string" } : jsonSchema(contract.result, schemas);
  const content = { [rest.produces ?? "application/json"]: { schema } };
  const answer = { [status]: { description: DESCRIPTIONS[status], headers, content } };
  if (!isReport(contract)) return answer;
  return { ...answer, 503: { description: "Something does not work.", headers, content } };
}

const DESCRIPTIONS: Readonly<Record<number, string>> = { 200: "Done.", 201: "Made." };
