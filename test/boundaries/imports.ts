import { parseSync } from "@swc/core";

export interface Import {
  readonly specifier: string;
  /** Erased at run time. `import { type X }` is not: Node strips the name and keeps the import. */
  readonly typesOnly: boolean;
  readonly line: number;
}

interface Node {
  readonly type?: string;
  readonly [key: string]: unknown;
}

/**
 * Every module that a source names: imports, re-exports, `import()`, `require()`, `import("x").T` at any depth of a
 * type, and `declare module "x"`. swc's own visitor, which dependency-cruiser uses, stops on `using` and skips most
 * type positions; hence the walk over the whole tree.
 */
export function importsOf(source: string): Import[] {
  const bytes = Buffer.from(source);
  const found: Import[] = [];

  function add(named: unknown, typesOnly: unknown): void {
    const { value, span } = named as { value: string; span: { start: number } };
    const line = bytes
      .subarray(0, span.start - 1)
      .toString("latin1")
      .split("\n").length;
    found.push({ specifier: value, typesOnly: typesOnly === true, line });
  }

  function visit(value: unknown): void {
    if (value === null || typeof value !== "object") return;
    const node = value as Node;
    switch (node.type) {
      case "ImportDeclaration":
      case "ExportAllDeclaration":
      case "ExportNamedDeclaration":
        if (node.source) add(node.source, node.typeOnly);
        break;
      case "TsImportType":
        add(node.argument, true);
        break;
      case "TsModuleDeclaration":
        if ((node.id as Node).type === "StringLiteral") add(node.id, true);
        break;
      case "CallExpression":
        addCall(node);
        break;
    }
    for (const child of Object.values(node)) visit(child);
  }

  function addCall(call: Node): void {
    const callee = call.callee as Node;
    if (callee.type !== "Import" && callee.value !== "require") return;
    const [first] = call.arguments as { expression: Node }[];
    if (first?.expression.type === "StringLiteral") add(first.expression, false);
    if (first?.expression.type === "TemplateLiteral") {
      const [text, ...more] = first.expression.quasis as { cooked: string; span: unknown }[];
      if (text && more.length === 0) add({ value: text.cooked, span: text.span }, false);
    }
  }

  visit(parseSync(source, { syntax: "typescript", target: "esnext" }));
  return found;
}
