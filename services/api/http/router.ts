/** A node of the tree of paths: one segment. */
interface Node<T> {
  readonly literals: Map<string, Node<T>>;
  parameter: Node<T> | undefined;
  readonly targets: Map<string, Target<T>>;
}

interface Target<T> {
  readonly target: T;
  /** The parameters' names: routes may call the same segment differently. */
  readonly names: readonly string[];
}

/** A route that was found, with its path's parameters as they were sent: not decoded. */
export interface Match<T> {
  readonly target: T;
  readonly params: Record<string, string>;
}

/** Finds routes by method and path, segment by segment. A literal segment goes before a parameter. */
export class Router<T> {
  readonly #root: Node<T> = emptyNode();

  add(method: string, path: string, target: T): void {
    let node = this.#root;
    const names: string[] = [];
    for (const segment of path.split("/").slice(1)) {
      if (segment.startsWith(":")) {
        names.push(segment.slice(1));
        node.parameter ??= emptyNode();
        node = node.parameter;
      } else {
        let next = node.literals.get(segment);
        if (!next) {
          next = emptyNode();
          node.literals.set(segment, next);
        }
        node = next;
      }
    }
    if (node.targets.has(method)) throw new Error(`${method} ${path} is declared twice`);
    node.targets.set(method, { target, names });
  }

  find(method: string, path: string): Match<T> | undefined {
    const values: string[] = [];
    const found = search(this.#root, path.split("/"), 1, method, values);
    if (!found) return undefined;
    const params: Record<string, string> = {};
    for (let i = 0; i < found.names.length; i++) params[found.names[i] as string] = values[i] as string;
    return { target: found.target, params };
  }
}

function search<T>(
  node: Node<T>,
  segments: readonly string[],
  at: number,
  method: string,
  values: string[],
): Target<T> | undefined {
  if (at === segments.length) return node.targets.get(method);
  const segment = segments[at] as string;
  const literal = node.literals.get(segment);
  if (literal) {
    const found = search(literal, segments, at + 1, method, values);
    if (found) return found;
  }
  // An empty segment names nothing.
  if (!node.parameter || segment === "") return undefined;
  values.push(segment);
  const found = search(node.parameter, segments, at + 1, method, values);
  if (!found) values.pop();
  return found;
}

function emptyNode<T>(): Node<T> {
  return { literals: new Map(), parameter: undefined, targets: new Map() };
}
