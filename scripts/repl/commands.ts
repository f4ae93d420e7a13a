import type { Command } from "./command.ts";
import { deadLetters } from "./commands/dead-letters.ts";
import { discard } from "./commands/discard.ts";
import { order } from "./commands/order.ts";
import { redrive } from "./commands/redrive.ts";
import { relay } from "./commands/relay.ts";
import { replay } from "./commands/replay.ts";
import { stock } from "./commands/stock.ts";
import { stuck } from "./commands/stuck.ts";

/** All our own commands at the prompt. */
export const commands: readonly Command[] = [order, stuck, deadLetters, redrive, discard, replay, stock, relay];
