import type { TSchema } from "@sinclair/typebox";

export type Json = { [member: string]: unknown };

/**
 * A schema of a contract as plain JSON Schema. What has an `$id` becomes a component, said once; what only our own
 * validator reads is left out.
 */
export function jsonSchema(schema: TSchema, schemas: Map<string, Json>): Json {
  const id = schema.$id;
  if (typeof id !== "string") return plain(schema, schemas) as Json;
  if (!schemas.has(id)) {
    // Set before it is filled: a schema may contain itself.
    const component: Json = {};
    schemas.set(id, component);
    const { $id: _, ...rest } = schema;
    Object.assign(component, plain(rest, schemas));
  }
  return { $ref: `#/components/schemas/${id}` };
}

function plain(value: unknown, schemas: Map<string, Json>): unknown {
  if (Array.isArray(value)) return value.map((item) => plain(item, schemas));
  if (typeof value !== "object" || value === null) return value;
  if (typeof (value as TSchema).$id === "string") return jsonSchema(value as TSchema, schemas);
  const entries = Object.entries(value).filter(([name]) => name !== "errorMessage");
  return Object.fromEntries(entries.map(([name, member]) => [name, plain(member, schemas)]));
}
