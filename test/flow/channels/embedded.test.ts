import { EmbeddedAdapter } from "../../../platform/channels/embedded-adapter.ts";
import type { Config } from "../../../platform/config.ts";
import { newId, partitionOf } from "../../../platform/ids.ts";
import { describeChannels } from "../../support/channel-suite.ts";
import { makeWorld } from "../../support/channel-world.ts";
import { eventually } from "../../support/waiting.ts";

const makeAdapter = ({ pollMs }: Config) => new EmbeddedAdapter({ pollMs, retryMs: [20, 500] });

describeChannels("PostgreSQL alone", makeAdapter);

test("a subscription that lingers deals with the first event at once, and lets those behind it gather", async () => {
  const world = await makeWorld(makeAdapter);
  try {
    const node = await world.start({ lingerMs: 3_000 });
    const stream = newId();
    const handled = (count: number) =>
      eventually(`${count} events had their effect`, async () => (await world.effects()).length === count);
    await world.append(node, [stream]);
    await handled(1);
    // Of the same loop's partitions.
    const isBeside = (id: string) => partitionOf(id) % 2 === partitionOf(stream) % 2;
    const others = Array.from({ length: 40 }, newId).filter(isBeside).slice(0, 5);
    for (const other of others) await world.append(node, [other]);
    await handled(1 + others.length);
    expect(world.sets).toEqual([1, others.length]);
  } finally {
    await world.end();
  }
});
