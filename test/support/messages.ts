import type { TestPlatform } from "./platform.ts";

/**
 * Has each message that has failed be due at once, so that nobody waits for its pause. Once an attempt: a message that is
 * due again may be in a node's hand, and would be taken from it.
 */
export function hurrying(
  platform: () => TestPlatform,
  table: "messages" | "notices" = "messages",
): () => Promise<void> {
  const hurried = new Set<string>();
  return async () => {
    const { owner } = platform();
    const { rows } = await owner.query(
      `select id, attempts from notifications.${table} where state = 'PENDING' and attempts > 0`,
    );
    for (const { id, attempts } of rows) {
      if (hurried.has(`${id} ${attempts}`)) continue;
      hurried.add(`${id} ${attempts}`);
      await owner.query(`update notifications.${table} set due_at = now() where id = $1 and attempts = $2`, [
        id,
        attempts,
      ]);
    }
  };
}
