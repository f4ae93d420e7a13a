import type { Answer, Client } from "./client.ts";
import { mismatches, type Schema } from "./json-schema.ts";

interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required?: boolean;
  readonly schema: Schema;
}

/** One operation of the document, with what tests ask of it. */
export interface Operation {
  /** `POST /api/v1/orders/{id}/cancel` */
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly Parameter[];
  /** What the token must be allowed; undefined: no token is asked for. */
  readonly scopes: readonly string[] | undefined;
  /** The schema of the JSON body, if it takes one. */
  readonly body: Schema | undefined;
  readonly responses: Readonly<Record<string, { content?: Record<string, { schema: Schema }>; headers?: object }>>;
}

/** One member of a body at any depth, by its JSON Pointer in a given sample. */
export interface Field {
  readonly path: string;
  readonly schema: Schema;
  readonly required: boolean;
}

/** The platform's own OpenAPI document. */
export class ApiDocument {
  readonly document: Record<string, unknown>;
  readonly operations: readonly Operation[];

  constructor(document: Record<string, unknown>) {
    this.document = document;
    this.operations = Object.entries(document.paths as Record<string, Record<string, unknown>>).flatMap(
      ([path, methods]) =>
        Object.entries(methods)
          .filter(([method]) => /^(get|put|post|delete|patch|head|options)$/.test(method))
          .map(([method, operation]) => this.#operation(method, path, { ...methods, ...(operation as object) })),
    );
  }

  static async load(client: Client): Promise<ApiDocument> {
    const answer = await client.get("/openapi.json");
    if (answer.status !== 200) throw new Error(`no document: ${answer.status} ${answer.text}`);
    return new ApiDocument(answer.body);
  }

  operation(name: string): Operation {
    const found = this.operations.find((operation) => operation.name === name);
    if (!found) throw new Error(`${name} is not in the document`);
    return found;
  }

  /** Where an answer is not as the document says of the operation. */
  differences(operation: Operation, answer: Answer): string[] {
    const response = operation.responses[String(answer.status)] ?? operation.responses.default;
    if (!response) return [`${operation.name}: ${answer.status} is not in the document`];
    const { content } = this.#deref(response as Schema) as { content?: Record<string, { schema: Schema }> };
    if (!content) return answer.text === "" ? [] : [`${operation.name}: a body that is not in the document`];
    const type = String(answer.headers["content-type"]).split(";")[0] as string;
    const media = content[type];
    if (!media) return [`${operation.name}: ${type} is not in the document, but ${Object.keys(content)}`];
    if (!/json/.test(type)) return [];
    return mismatches(media.schema, answer.body, (ref) => this.find(ref)).map(
      (line) => `${operation.name} ${answer.status} ${line}`,
    );
  }

  /** All members of a sample body that its schema describes, in their order. */
  fields(schema: Schema, sample: unknown, path = ""): Field[] {
    const {
      properties = {},
      required = [],
      items,
    } = this.#deref(schema) as {
      properties?: Record<string, Schema>;
      required?: string[];
      items?: Schema;
    };
    if (Array.isArray(sample) && items) {
      return sample.flatMap((item, i) => [
        { path: `${path}/${i}`, schema: this.#deref(items), required: false },
        ...this.fields(items, item, `${path}/${i}`),
      ]);
    }
    if (typeof sample !== "object" || sample === null) return [];
    return Object.entries(properties).flatMap(([name, inner]) => {
      if (!Object.hasOwn(sample, name)) return [];
      const here = `${path}/${name}`;
      const field = { path: here, schema: this.#deref(inner), required: required.includes(name) };
      return [field, ...this.fields(inner, (sample as Record<string, unknown>)[name], here)];
    });
  }

  find(ref: string): Schema {
    let found: unknown = this.document;
    for (const segment of ref.slice(2).split("/")) {
      found = (found as Record<string, unknown>)[
        decodeURIComponent(segment).replaceAll("~1", "/").replaceAll("~0", "~")
      ];
    }
    if (!found) throw new Error(`${ref} points nowhere`);
    return found as Schema;
  }

  #deref(schema: Schema): Schema {
    return typeof schema.$ref === "string" ? this.#deref(this.find(schema.$ref)) : schema;
  }

  #operation(method: string, path: string, operation: Record<string, unknown>): Operation {
    const security = (operation.security ?? this.document.security ?? []) as Record<string, string[]>[];
    const body = operation.requestBody as Schema | undefined;
    const content = body && (this.#deref(body).content as Record<string, { schema: Schema }>);
    const open = security.length === 0 || security.some((way) => Object.keys(way).length === 0);
    return {
      name: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase(),
      path,
      parameters: ((operation.parameters ?? []) as Schema[]).map((one) => this.#deref(one) as unknown as Parameter),
      scopes: open ? undefined : Object.values(security[0] as object).flat(),
      body: content?.["application/json"] && this.#deref(content["application/json"].schema),
      responses: operation.responses as Operation["responses"],
    };
  }
}

/** A copy of a JSON value in which the member at a JSON Pointer is another one, or is gone when it is `undefined`. */
export function withValue(sample: unknown, pointer: string, value: unknown): unknown {
  const copy = structuredClone(sample);
  const segments = pointer
    .split("/")
    .slice(1)
    .map((one) => one.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = segments.pop();
  if (last === undefined) return value;
  let parent = copy as Record<string, unknown>;
  for (const segment of segments) parent = parent[segment] as Record<string, unknown>;
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return copy;
}
