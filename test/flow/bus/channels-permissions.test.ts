import { SERVICES } from "../../../platform/config.ts";
import type { BusUser } from "../../../scripts/cluster/nats-config.ts";
import { ACCOUNTS, refused, split, startBus, type TestBus } from "../../support/bus.ts";

jest.setTimeout(60_000);

let bus: TestBus;
beforeAll(async () => {
  bus = await startBus();
});
afterEach(() => bus.disconnect());
afterAll(() => bus.stop());

/** The owner of each channel and the domains that read it, with the accounts of their nodes. */
const CHANNELS: Readonly<
  Record<string, { readonly owners: BusUser[]; readonly readers: Partial<Record<BusUser, BusUser[]>> }>
> = {
  catalog: { owners: ["catalog", "edge"], readers: {} },
  inventory: { owners: ["inventory", "edge"], readers: {} },
  payments: { owners: ["payments"], readers: {} },
  webhooks: { owners: ["webhooks"], readers: { notifications: ["notifications"] } },
  delivery: { owners: ["delivery"], readers: { inventory: ["inventory", "edge"], orders: ["orders", "edge"] } },
  orders: {
    owners: ["orders", "edge"],
    readers: {
      orders: ["orders", "edge"],
      delivery: ["delivery"],
      notifications: ["notifications"],
      webhooks: ["webhooks"],
    },
  },
};
const users = Object.entries(CHANNELS).flatMap(([channel, { owners, readers }]) =>
  [...new Set([...owners, ...Object.values(readers).flat()])].map((account) => [account, channel] as const),
);

describe("on the durable channels", () => {
  test.each(Object.keys(CHANNELS))("%s lets nobody in but its owner and its readers", async (channel) => {
    for (const account of ACCOUNTS) {
      const invited = users.some(([one, of]) => one === account && of === channel);
      const came = await bus.as(`${account}@${channel}`, account).then(
        () => true,
        (error: { code: string }) => error.code,
      );
      expect([account, came]).toEqual([account, invited ? true : "AUTHORIZATION_VIOLATION"]);
    }
  });

  test.each(users)("%s may do its part on the channel of %s, and no more", async (account, channel) => {
    const { owners, readers } = CHANNELS[channel] as (typeof CHANNELS)[string];
    const table = Object.keys(CHANNELS).flatMap((of) => {
      const own = of === channel ? owners : [];
      const stream = `waybill_${of}`;
      return [
        [`waybill.log.${of}.0`, own],
        ...["CREATE", "UPDATE", "INFO", "MSG.GET"].map((api) => [`$JS.API.STREAM.${api}.${stream}`, own]),
        ...["DELETE", "PURGE", "MSG.DELETE", "SNAPSHOT", "RESTORE", "LEADER.STEPDOWN", "PEER.REMOVE"].map((api) => [
          `$JS.API.STREAM.${api}.${stream}`,
          [],
        ]),
        [`$JS.API.CONSUMER.CREATE.${stream}`, []],
        [`$JS.API.CONSUMER.NAMES.${stream}`, []],
        ...SERVICES.flatMap((group) => {
          const who = of === channel ? (readers[group] ?? []) : [];
          return [
            [`$JS.API.CONSUMER.CREATE.${stream}.${group}_0.waybill.log.${of}.0`, who],
            [`$JS.API.CONSUMER.CREATE.${stream}.${group}_7.waybill.log.${of}.7`, who],
            [`$JS.API.CONSUMER.MSG.NEXT.${stream}.${group}_3`, who],
            [`$JS.ACK.${stream}.${group}_3.1.2.3.4.5`, who],
            // Another partition's events, all events, another name, and what would do away with it.
            [`$JS.API.CONSUMER.CREATE.${stream}.${group}_0.waybill.log.${of}.1`, []],
            [`$JS.API.CONSUMER.CREATE.${stream}.${group}_0.waybill.log.${of}.*`, []],
            [`$JS.API.CONSUMER.CREATE.${stream}.${group}_0`, []],
            [`$JS.API.CONSUMER.CREATE.${stream}.${group}_8.waybill.log.${of}.8`, []],
            [`$JS.API.CONSUMER.DURABLE.CREATE.${stream}.${group}_0`, []],
            [`$JS.API.CONSUMER.DELETE.${stream}.${group}_0`, who],
          ];
        }),
      ] as [string, BusUser[]][];
    });
    const others = ["$JS.API.STREAM.NAMES", "$JS.API.STREAM.CREATE.mine", "$JS.API.INFO", "$SYS.REQ.SERVER.PING", "x"];
    const { all, not } = split(account, [...table, ...others.map((subject) => [subject, []] as const)]);
    expect(await refused(await bus.as(`${account}@${channel}`, account), "publish", all)).toEqual(not);
  });

  test.each(users)("%s hears on the channel of %s what is sent to itself alone", async (account, channel) => {
    const connection = await bus.as(`${account}@${channel}`, account);
    const others = users.filter(([other, of]) => of === channel && other !== account).map(([other]) => other);
    const subjects = [
      ...others.map((other) => `_INBOX.${other}@${channel}.>`),
      ...["_INBOX.>", ">", "$JS.>", `waybill.log.${channel}.*`, "waybill.log.>"],
    ];
    expect(await refused(connection, "subscribe", [...subjects, `_INBOX.${account}@${channel}.>`])).toEqual(subjects);
  });
});
