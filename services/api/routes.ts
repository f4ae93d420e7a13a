import type { TObject, TSchema } from "@sinclair/typebox";
import type { ActionContract, Contract, Method, RestContract } from "../../platform/contracts.ts";
import { contract as auth } from "../auth/contract.ts";
import { contract as catalog } from "../catalog/contract.ts";
import { contract as delivery } from "../delivery/contract.ts";
import { contract as inventory } from "../inventory/contract.ts";
import { contract as notifications } from "../notifications/contract.ts";
import { contract as orders } from "../orders/contract.ts";
import { contract as payments } from "../payments/contract.ts";
import { contract as webhooks } from "../webhooks/contract.ts";
import { contract as api } from "./contract.ts";

/** Below which all routes are that are not at the root. */
export const BASE = "/api/v1";

/** How a text in a path or a query becomes what the schema wants. */
export type Coercion = "text" | "integer" | "number" | "boolean";

/** How to find out whether the object of a path is there for the caller. */
export interface Existence {
  readonly action: string;
  /** The action's own names for the path's parameters, in their order. */
  readonly names: readonly string[];
}

/** One public route, as its contract declares it. */
export interface Route {
  /** The action's full name. */
  readonly action: string;
  readonly method: Method;
  /** With base path and `:parameters`. */
  readonly path: string;
  readonly rest: RestContract;
  readonly contract: ActionContract;
  /** The path's parameters and their schemas, in order. */
  readonly pathParams: readonly { readonly name: string; readonly schema: TSchema }[];
  /** The query's members; none on a route with a body. */
  readonly query: ReadonlyMap<string, Coercion>;
  readonly hasBody: boolean;
  readonly exists?: Existence;
  /** What the id of a thing that was made is appended to, for `Location`. */
  readonly location?: string;
  /** The path's parameter that is an order's id, if one is. */
  readonly orderParam?: string;
}

/** The contracts of all domains, in the order of the documentation. */
export const allContracts: readonly Contract[] = [
  auth,
  orders,
  api,
  delivery,
  inventory,
  catalog,
  payments,
  notifications,
  webhooks,
];

/** All public routes. What no contract declares is not there. */
export const allRoutes: readonly Route[] = routesOf(allContracts);

/** The routes that contracts declare. */
export function routesOf(contracts: readonly Contract[]): Route[] {
  const actions = new Map(
    contracts.flatMap(({ domain, actions }) =>
      Object.entries(actions).map(([name, action]): [string, ActionContract] => [`${domain}.${name}`, action]),
    ),
  );
  const readable = new Set([...actions.values()].map((action) => action.rest?.route));
  return [...actions].flatMap(([name, contract]): Route[] => {
    const { rest } = contract;
    if (!rest) return [];
    const [method, declared] = rest.route.split(" ") as [Method, string];
    const path = rest.root ? declared : BASE + declared;
    const names = parametersOf(path);
    const properties = propertiesOf(contract);
    const hasBody = (method === "POST" || method === "PUT") && !rest.bodiless;
    const pathParams = names.map((param) => ({ name: param, schema: schemaOf(properties, param, rest) }));
    const queryNames = hasBody ? [] : Object.keys(properties).filter((member) => !names.includes(member));
    const exists = existenceOf(name, names, rest, actions);
    const isReadable = [...readable].some((other) => other?.startsWith(`GET ${declared}/:`));
    const orderParam =
      names.find((param) => param === "orderId") ?? (path.startsWith(`${BASE}/orders/:id`) ? "id" : undefined);
    return [
      {
        action: name,
        method,
        path,
        rest,
        contract,
        pathParams,
        query: new Map(queryNames.map((member) => [member, coercionOf(properties[member] as TSchema)])),
        hasBody,
        ...(exists && { exists }),
        ...(rest.status === 201 && isReadable && { location: `${path}/` }),
        ...(orderParam !== undefined && { orderParam }),
      },
    ];
  });
}

function parametersOf(path: string): string[] {
  return path.split("/").flatMap((segment) => (segment.startsWith(":") ? [segment.slice(1)] : []));
}

function propertiesOf(contract: ActionContract): Readonly<Record<string, TSchema>> {
  return (contract.params as TObject).properties ?? {};
}

function schemaOf(properties: Readonly<Record<string, TSchema>>, name: string, rest: RestContract): TSchema {
  const schema = properties[name];
  if (!schema) throw new Error(`${rest.route}: the action has no parameter ${name}`);
  return schema;
}

/**
 * Who says whether the path's object is there: the action that the contract names, or for a GET the action itself,
 * asked with the path alone.
 */
function existenceOf(
  name: string,
  names: readonly string[],
  rest: RestContract,
  actions: ReadonlyMap<string, ActionContract>,
): Existence | undefined {
  if (names.length === 0) return undefined;
  const action = rest.existsBy ?? (rest.route.startsWith("GET ") && !rest.produces ? name : undefined);
  if (action === undefined) return undefined;
  const contract = actions.get(action);
  if (!contract) throw new Error(`${rest.route}: there is no action ${action}`);
  const own = contract.rest ? parametersOf(contract.rest.route) : Object.keys(propertiesOf(contract));
  if (own.length < names.length) throw new Error(`${rest.route}: ${action} takes fewer parameters than the path has`);
  const more = (contract.rest ?? contract).scopes?.filter((scope) => !rest.scopes.includes(scope)) ?? [];
  // Who may ask for the route could not ask this: nobody lends their rights to another's token.
  if (more.length > 0) throw new Error(`${rest.route}: ${action} needs ${more.join(", ")} as well`);
  return { action, names: own.slice(0, names.length) };
}

function coercionOf(schema: TSchema): Coercion {
  const type: unknown = schema.type;
  return type === "integer" || type === "number" || type === "boolean" ? type : "text";
}
