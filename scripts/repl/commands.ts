import type { Command } from "./command.ts";
import {
  clientDisable,
  clientEnable,
  customerDisable,
  customerEnable,
  tenantDisable,
  tenantEnable,
} from "./commands/activity.ts";
import { audit } from "./commands/audit.ts";
import { clientCreate } from "./commands/client-create.ts";
import { clientRotate } from "./commands/client-rotate.ts";
import { clients } from "./commands/clients.ts";
import { deadLetters } from "./commands/dead-letters.ts";
import { discard } from "./commands/discard.ts";
import { keys, keysRotate } from "./commands/keys.ts";
import { order } from "./commands/order.ts";
import { redrive } from "./commands/redrive.ts";
import { relay } from "./commands/relay.ts";
import { replay } from "./commands/replay.ts";
import { stock } from "./commands/stock.ts";
import { stuck } from "./commands/stuck.ts";
import { tenantCreate, tenants } from "./commands/tenants.ts";
import { verifyAudit } from "./commands/verify-audit.ts";

/** All our own commands at the prompt. */
export const commands: readonly Command[] = [
  ...[order, stuck, deadLetters, redrive, discard, replay, stock, relay],
  ...[tenants, tenantCreate, tenantDisable, tenantEnable],
  ...[clients, clientCreate, clientRotate, clientDisable, clientEnable],
  ...[customerDisable, customerEnable],
  ...[keys, keysRotate, audit, verifyAudit],
];
