import { readFileSync } from "node:fs";
import path from "node:path";
import type { Command } from "../../scripts/repl/command.ts";
import { commands } from "../../scripts/repl/commands.ts";
import { type Completion, completerOf } from "../../scripts/repl/completion.ts";
import { loadPrompt } from "../../scripts/repl/prompt.ts";
import { run } from "../../scripts/repl/run.ts";
import { Client, orderBody } from "../support/client.ts";
import { startPlatform, type TestPlatform } from "../support/platform.ts";
import { confirmedOrder, deadLetter, SKU, troubledProcess } from "../support/samples.ts";
import { eventually } from "../support/waiting.ts";

jest.setTimeout(60_000);

describe("the operators' commands", () => {
  let platform: TestPlatform;
  let shop: Client;
  let acme: Client;
  beforeEach(async () => {
    platform = await startPlatform({ CARRIER: "manual" });
    shop = await platform.client("demo-operator");
    acme = await platform.client("acme-operator");
  });
  afterEach(async () => {
    await platform.stop();
  });

  /** What is shown for a line, as the prompt splits it. */
  const type = (line: string): Promise<string> => {
    const [name, ...words] = line.split(" ");
    const command = commands.find(({ usage }) => usage.split(" ")[0] === name) as Command;
    const names = [...command.usage.matchAll(/[<[]([^>\]]+)[>\]]/g)].map(([, argument]) => argument as string);
    const typed: Record<string, string> = {};
    for (let i = 0; i < words.length; i++) {
      const word = words[i] as string;
      if (word.startsWith("--")) typed[word.slice(2)] = words[++i] as string;
      else typed[names.shift() as string] = word;
    }
    return run(command, platform.node("orders"), typed);
  };
  const complete = (line: string): Promise<Completion> =>
    new Promise((resolve, reject) =>
      completerOf(platform.node("orders"), commands, (other, done) => done(null, [["order", "others"], other]))(
        line,
        (error, completion) => (error ? reject(error) : resolve(completion)),
      ),
    );

  describe("order", () => {
    test("shows where an order is, what it waits for, its payment, its shipment, and all that has happened", async () => {
      const placed = await confirmedOrder(shop);
      await shop.post(`/api/v1/delivery/shipment/${placed.shipment.id}/status`, {
        ...{ status: "SHIPPED", detail: "collected", location: "Hamburg" },
      });
      await eventually(
        "it is paid",
        async () => (await shop.get(`/api/v1/orders/${placed.id}`)).body.payment.status === "CAPTURED",
      );
      const shown = await type(`order ${placed.number.toLowerCase()}`);
      expect(shown).toMatch(
        new RegExp(`^Order ${placed.number}\n  id +${placed.id}\n  tenant +demo\n  status +SHIPPED\n`),
      );
      expect(shown).toContain(`1 x ${SKU}`);
      expect(shown).toMatch(/process +waits for nothing of its own/);
      expect(shown).toMatch(/Payment CAPTURED: authorised (\d+\.\d\d EUR), captured \1, refunded 0\.00 EUR\n/);
      expect(shown).toMatch(/ {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ {2}CAPTURED +\d+\.\d\d EUR +\S+:capture:\S+/);
      expect(shown).toMatch(new RegExp(`Shipment SHIPPED: ${placed.shipment.id}, `));
      expect(shown).toMatch(/SHIPPED +demo-operator +collected, Hamburg/);
      const timeline = shown.slice(shown.indexOf(`What has happened to ${placed.number}`));
      expect(
        [...timeline.matchAll(/^ {2}(\d+) +(?:\+ \S+ s|\d{4}\S+ \S+) +(\w+) /gm)].map(
          ([, n, event]) => `${n} ${event}`,
        ),
      ).toEqual([
        "1 placed",
        "2 stock_reserved",
        "3 payment_authorised",
        "4 confirmed",
        "5 processing",
        "6 shipped",
        "7 payment_captured",
      ]);
      // Nothing personal.
      expect(shown).not.toMatch(/Ada|Harbour|pm_card/);
    });

    test("shows the trouble of its process, and why it was given up", async () => {
      const placed = await confirmedOrder(shop);
      await troubledProcess(platform, placed.id);
      expect(await type(`order ${placed.number}`)).toMatch(
        /process +stuck at capture since \S+ \S+, 8 attempts, next \S+ \S+\n +error +Error: the bank is closed\n/,
      );
      const declined = await shop.post(
        "/api/v1/orders",
        orderBody({ paymentToken: "pm_card_visa_chargeDeclined" }),
        "no",
      );
      await eventually(
        "it is cancelled",
        async () => (await shop.get(`/api/v1/orders/${declined.body.id}`)).body.status === "CANCELLED",
      );
      const shown = await type(`order ${declined.body.number}`);
      expect(shown).toMatch(/cancellation_decided +service:orders +code PAYMENT_DECLINED, declineCode generic_decline/);
      expect(shown).toMatch(/Shipment\n {2}none/);
    });

    test("finds the orders of all tenants, or of one", async () => {
      const theirs = await confirmedOrder(acme);
      expect(await type(`order ${theirs.number}`)).toMatch(/tenant +acme/);
      expect(await type(`order ${theirs.number} --tenant acme`)).toMatch(/tenant +acme/);
      expect(await type(`order ${theirs.number} --tenant demo`)).toBe(`There is no order ${theirs.number}.`);
      expect(await type("order W0000000")).toBe("There is no order W0000000.");
      expect(await type(`order ${"x".repeat(100)}`)).toMatch(/^number must be a text of 1 to 64 characters$/);
      expect(await type("order x --tenant *")).toBe("* is not a tenant.");
    });

    test("shows what is known when the others are away", async () => {
      const placed = await confirmedOrder(shop);
      const broker = platform.node("orders");
      for (const name of ["payments", "delivery"]) await broker.destroyService(name);
      const shown = await type(`order ${placed.number}`);
      expect(shown).toMatch(/status +PENDING_SHIPMENT/);
      expect(shown).toMatch(/Payment AUTHORISED: .*\n {2}payments is not available\./);
      expect(shown).toMatch(/Shipment\n {2}delivery is not available\./);
      await broker.destroyService("orders");
      expect(await type(`order ${placed.number}`)).toBe("orders is not available.");
    });
  });

  test("stuck shows the processes in trouble of all tenants, the stuck ones first", async () => {
    expect(await type("stuck")).toBe("Order processes in trouble\n  none");
    const [own, theirs] = [await confirmedOrder(shop), await confirmedOrder(acme)];
    await troubledProcess(platform, theirs.id, "stuck", "capture");
    await troubledProcess(platform, own.id, "retrying", "compensate");
    const lines = (await type("stuck")).split("\n");
    expect(lines).toHaveLength(4);
    expect(lines[2]).toMatch(
      new RegExp(`^  ${theirs.number} +acme +stuck +capture +8 +\\S+ \\S+ +\\S+ \\S+ +Error: the bank is closed$`),
    );
    expect(lines[3]).toMatch(new RegExp(`^  ${own.number} +demo +retrying +compensate `));
    expect((await type("stuck --tenant demo")).split("\n")).toHaveLength(3);
  });

  test("dead-letters lists them, and shows one whole", async () => {
    expect(await type("dead-letters")).toBe("Dead letters\n  none");
    const [own, theirs] = [await deadLetter(platform), await deadLetter(platform, "acme")];
    const lines = (await type("dead-letters")).split("\n");
    // The newest first.
    expect(lines).toHaveLength(4);
    expect(lines[2]).toMatch(new RegExp(`^  ${theirs}  acme `));
    expect(lines[3]).toMatch(
      new RegExp(
        `^  ${own}  demo +inventory < delivery +delivery\\.shipped\\.v1 +\\S+ \\S+ +0 +Error: goods have left`,
      ),
    );
    expect((await type("dead-letters --tenant acme")).split("\n")).toHaveLength(3);
    const whole = await type(`dead-letters ${own}`);
    expect(whole).toMatch(/event +delivery\.shipped\.v1, version 2, sequence 1000000, /);
    expect(whole).toMatch(/error +Error: goods have left that nobody held\n/);
    expect(JSON.parse(whole.slice(whole.indexOf("{")))).toMatchObject({ data: { lines: [{ sku: SKU, quantity: 1 }] } });
    expect(await type("dead-letters 5")).toBe("5 is not the id of a dead letter, which is a UUID.");
    const absent = "01900000-0000-7000-8000-00000000dead";
    expect(await type(`dead-letters ${absent}`)).toBe(`There is no dead letter ${absent}.`);
    expect(await type(`dead-letters ${theirs} --tenant demo`)).toBe(`There is no dead letter ${theirs}.`);
    await platform.node("orders").destroyService("notifications");
    expect(await type(`dead-letters ${absent}`)).toBe(
      `There is no dead letter ${absent}, unless it is one of notifications, not available now.`,
    );
    expect(await type("dead-letters")).toMatch(/\n {2}Not available, so not asked: notifications\.$/);
  });

  test("redrive and discard decide on one, redrive on all", async () => {
    const [first, second, theirs] = [
      await deadLetter(platform),
      await deadLetter(platform),
      await deadLetter(platform, "acme"),
    ];
    const left = async () =>
      (await platform.owner.query("select id from inventory.parked_streams where state = 'dead' order by id")).rows.map(
        ({ id }) => id,
      );
    expect(await type(`discard ${first}`)).toBe(
      `The dead letter ${first} is discarded. The log of its domain keeps it.`,
    );
    expect(await left()).toEqual([second, theirs]);
    expect(await type(`redrive ${second}`)).toBe(`The dead letter ${second} is tried again from now on.`);
    expect(await left()).toEqual([theirs]);
    expect(await type(`redrive ${second}`)).toBe(`There is no dead letter ${second}.`);
    expect(await type("redrive all --domain orders")).toBe("0 dead letters are tried again from now on.");
    expect(await type("redrive all --tenant demo")).toBe("0 dead letters are tried again from now on.");
    expect(await left()).toEqual([theirs]);
    expect(await type("redrive all --channel delivery")).toBe("1 dead letter is tried again from now on.");
    expect(await left()).toEqual([]);
  });

  test("replay has a domain deal with events again, of all tenants or of one", async () => {
    const [own, theirs] = [await confirmedOrder(shop), await confirmedOrder(acme)];
    const told = async () =>
      (await platform.owner.query("select distinct tenant from notifications.messages order by 1")).rows.map(
        ({ tenant }) => tenant,
      );
    const all = async () =>
      (await platform.owner.query("select from notifications.messages where order_id = any($1)", [[own.id, theirs.id]]))
        .rowCount === 4;
    await eventually("all are told", all);
    await platform.owner.query("delete from notifications.messages");
    expect(await type("replay notifications orders 0 --tenant acme")).toMatch(
      /^notifications deals with the events of acme of orders after 0 again, in [12] partitions\./,
    );
    await eventually("one is told", async () => (await told()).length > 0);
    expect(await told()).toEqual(["acme"]);
    await type("replay notifications orders 2020-01-01T00:00:00Z");
    await eventually("both are told", all);
    expect(await type("replay notifications orders 1000000")).toMatch(/goes back, never forward/);
    expect(await type("replay notifications orders yesterday")).toMatch(/^yesterday is neither a sequence/);
    expect(await type("replay notifications payments 0")).toBe(
      "notifications reads orders and webhooks, not payments.",
    );
    expect(await type("replay payments orders 0")).toBe(
      "payments reads no channel; inventory, delivery, notifications, webhooks, orders do.",
    );
    await platform.node("orders").destroyService("notifications");
    expect(await type("replay notifications orders 0")).toBe("notifications is not available.");
  });

  test("stock shows what there is of a SKU, of every tenant, and what has moved it", async () => {
    await confirmedOrder(shop);
    const shown = await type(`stock ${SKU}`);
    expect(shown).toMatch(
      new RegExp(
        `${SKU} of demo\n  on hand +1000000\n  reserved +1\n  available +999999\n.*\n +\\S+ \\S+ +RESERVED +0 +\\+1 `,
      ),
    );
    expect(shown).toContain(`${SKU} of acme`);
    expect(await type(`stock ${SKU} --tenant demo`)).not.toContain("acme");
    expect(await type("stock NOPE")).toBe("There is no stock of NOPE.");
    expect(await type("stock a/b")).toMatch(/^sku must be 1 to 64 of the characters/);
  });

  test("relay shows who numbers the events, what waits, and how far the readers are", async () => {
    const { nodeID } = platform.node("orders");
    await confirmedOrder(shop);
    const shown = await eventually("nothing waits", async () => {
      const now = await type("relay");
      return / {2}orders +1 +\S+ +0 /.test(now) && (now.match(/ 0\.000 s {2}0 /g) ?? []).length === 7 ? now : undefined;
    });
    for (const domain of ["catalog", "inventory", "payments", "delivery", "webhooks", "orders"])
      expect(shown).toMatch(new RegExp(`\n  ${domain} +1 +${nodeID.replaceAll(".", "\\.")} +0 +0\\.000 s\n`));
    expect(shown).toMatch(/\n {2}delivery +orders +0 +0\.000 s +0 +0/);
    await platform.node("orders").destroyService("delivery");
    const without = await type("relay");
    expect(without).toMatch(/\n {2}delivery +0 +not available/);
    expect(without).toMatch(/\n {2}inventory +delivery +not known/);
  });

  test("Tab completes ids, numbers and names, and leaves the rest to moleculer-repl", async () => {
    const placed = await confirmedOrder(shop);
    await troubledProcess(platform, placed.id);
    const id = await deadLetter(platform);
    expect(await complete("ord")).toEqual([["order", "others"], "ord"]);
    expect(await complete("call orders.p")).toEqual([["order", "others"], "call orders.p"]);
    expect(await complete("order ")).toEqual([[placed.number], ""]);
    expect(await complete(`redrive ${id.slice(0, 5)}`)).toEqual([[id], id.slice(0, 5)]);
    expect(await complete("redrive a")).toEqual([["all"], "a"]);
    expect(await complete("replay o")).toEqual([["orders"], "o"]);
    expect(await complete("replay orders ")).toEqual([["orders", "delivery"], ""]);
    expect(await complete("replay orders delivery ")).toEqual([[], ""]);
    expect(await complete("replay payments ")).toEqual([[], ""]);
    expect(await complete("stuck ")).toEqual([[], "stuck "]);
  });

  test("tenants and clients are made, rotated and disabled, and the audit log says by whom", async () => {
    expect(await type("tenant-create globex Globex")).toMatch(/^There is the tenant globex now/);
    expect(await type("tenant-create globex Globex")).toMatch(/another tenant with this id/);
    expect(await type("tenants")).toMatch(/\n {2}globex +active +1 +\S+ \S+ +Globex\n/);
    const shown = await type("client-create globex Shop admin,orders:read");
    const [, id = "", secret = ""] = /the client (globex-\w+) now.*: ([\w-]{43})$/.exec(shown) ?? [];
    const as = async (one: string) =>
      new Client(platform.url).as(id, one).then(
        () => true,
        () => false,
      );
    expect(await as(secret)).toBe(true);
    const rotated = await type(`client-rotate ${id} --overlap 60`);
    const [, fresh = ""] = /: ([\w-]{43})\nThe one before stays good until /.exec(rotated) ?? [];
    expect([await as(secret), await as(fresh)]).toEqual([true, true]);
    expect(await type("clients globex")).toMatch(
      new RegExp(`\n  ${id} +globex +active +two until \\S+ \\S+ +admin orders:read +Shop$`),
    );
    expect(await type(`client-disable ${id}`)).toBe(`The client ${id} of globex is disabled.`);
    expect(await as(fresh)).toBe(false);
    expect(await type(`client-enable ${id}`)).toBe(`The client ${id} of globex is active.`);
    expect(await type("tenant-disable globex")).toBe("The tenant globex is disabled.");
    expect(await as(fresh)).toBe(false);
    expect(await type("tenant-enable globex")).toBe("The tenant globex is active.");
    expect(await as(fresh)).toBe(true);
    expect(await type("client-disable demo-shop --tenant acme")).toMatch(/^The client demo-shop of demo/);
    const found = await platform.owner.query("select id from auth.customers where tenant = 'demo' limit 1");
    const customer = found.rows[0].id as string;
    expect(await type(`customer-disable ${customer}`)).toBe(`The customer ${customer} of demo is disabled.`);
    expect(await type(`customer-enable ${customer}`)).toBe(`The customer ${customer} of demo is active.`);
    expect(await type("client-rotate nobody")).toBe("There is no such thing here.");
    expect(await type("client-create nowhere Shop admin")).toBe("tenant must be a tenant");
    expect(await type("keys-rotate")).toMatch(/^Tokens are signed with \S+ as soon as all nodes know it\.$/);
    await eventually("the new key signs", async () => / signs .*\n.* retired /.test(await type("keys")));
    const log = await type("audit");
    for (const action of ["createTenant", "createClient", "rotateSecret", "updateClient", "updateTenant", "rotateKeys"])
      expect(log).toMatch(new RegExp(`operator:\\S+ +auth\\.${action} `));
    expect(log).not.toContain(secret);
    expect(await type(`audit --action auth.rotateSecret`)).toMatch(new RegExp(`auth.rotateSecret +${id} +OK`));
    const whole = await type("verify-audit");
    const [, rows = "", hash = ""] = /The last one: (\d+) ([0-9a-f]{64})$/.exec(whole) ?? [];
    expect(await type(`verify-audit ${rows} ${hash}`)).toMatch(/ rows of the audit log fit/);
    expect(await type("verify-audit 1 x")).toMatch(/^A sequence is noted with its hash/);
    await platform.owner.query("update auth.audit_log set client = 'somebody' where sequence = 2");
    expect(await type("verify-audit")).toMatch(/^Row 2 does not: it is not as it was written\.\n1 rows/);
  });
});

describe("the prompt", () => {
  test("is refused in production", async () => {
    await expect(loadPrompt({ NODE_ENV: "production" })).rejects.toThrow("there is no prompt with NODE_ENV=production");
    await expect(loadPrompt({})).resolves.toBeInstanceOf(Function);
  });

  test("is not installed in production, with all that it alone needs", () => {
    const root = path.resolve(import.meta.dirname, "../..");
    const read = (file: string) => JSON.parse(readFileSync(path.join(root, file), "utf8"));
    const manifest = read("package.json");
    expect(manifest.devDependencies).toHaveProperty("moleculer-repl");
    expect(manifest.dependencies).not.toHaveProperty("moleculer-repl");
    const { packages } = read("package-lock.json");
    // What `npm ci --omit=dev --omit=optional` leaves out.
    for (const name of ["moleculer-repl", "commander", "clui", "string-argv"])
      expect([name, packages[`node_modules/${name}`].dev]).toEqual([name, true]);
  });
});
