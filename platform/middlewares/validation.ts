import type { TSchema } from "@sinclair/typebox";
import { Validators } from "moleculer";
import { assertValid } from "../validator.ts";

/** Moleculer's validator on the contracts' JSON Schemas: every call's params, whoever calls. */
export class ContractValidator extends Validators.Base {
  override compile(schema: object): (params: unknown) => true {
    return (params) => {
      assertValid(schema as TSchema, params ?? {});
      return true;
    };
  }

  override validate(params: object, schema: object): true {
    assertValid(schema as TSchema, params);
    return true;
  }

  override convertSchemaToMoleculer(): never {
    throw new Error("contracts are JSON Schemas");
  }
}
