import { Type } from "@sinclair/typebox";

/** The version of a record, as whoever changes it has seen it. */
export const Version = Type.Integer({ minimum: 1 });

/** A client as it names itself, whatever it says. */
export const ClientId = Type.String({ minLength: 1, maxLength: 255 });
