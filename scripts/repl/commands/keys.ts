import type { Command } from "../command.ts";
import { columns, section, time } from "../text.ts";

const MOST = 20;

/** The keys that tokens are signed with. */
export const keys: Command = {
  usage: "keys",
  description: "The keys that tokens are signed with, the newest first",
  async run(operator) {
    const { items } = await operator.ask("auth.listKeys", { limit: MOST });
    const rows = items.map(({ kid, state, createdAt, retiredAt }) => [
      kid,
      state,
      time(createdAt),
      retiredAt === undefined ? "" : time(retiredAt),
    ]);
    return section("Keys", columns(["id", "state", "since", "until"], rows));
  },
};

/** Has tokens signed with a new key. */
export const keysRotate: Command = {
  usage: "keys-rotate",
  description: "Has tokens signed with a new key in a few seconds; those that there are stay good",
  async run(operator) {
    const { kid } = await operator.ask("auth.rotateKeys", {});
    return `Tokens are signed with ${kid} as soon as all nodes know it.`;
  },
};
