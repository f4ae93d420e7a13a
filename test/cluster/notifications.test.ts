import { newId } from "../../platform/ids.ts";
import { orderBody } from "../support/client.ts";
import { ClusterProcess } from "../support/cluster-process.ts";
import { MailServer } from "../support/mail-server.ts";
import { eventually, pause } from "../support/waiting.ts";
import { describeWithServers } from "../support/with-servers.ts";

jest.setTimeout(300_000);

const ORDERS = 40;
const KILLS = 3;
/** As many mails are with the server at once from a node: so many may leave twice when it is killed. */
const IN_FLIGHT = 5;
const WHOLE_LIFE = ["received your order", "is confirmed", "is on its way", "was delivered"];

describeWithServers("two nodes that tell customers", () => {
  let server: MailServer;
  let cluster: ClusterProcess;
  beforeAll(async () => {
    server = await MailServer.start();
    cluster = await ClusterProcess.make({
      ...{ SMTP_URL: server.url, MAIL_FROM: "orders@shop.example" },
    });
    await cluster.start();
  });
  afterAll(async () => {
    await cluster.remove();
    await server.down();
  });

  test("lose no mail and send none out of order when one of them is killed over it, again and again", async () => {
    server.delay = () => pause(100);
    const shop = await cluster.client();
    const emails = Array.from({ length: ORDERS }, (_, n) => `reader-${n}@example.com`);
    let kills = 0;
    for (const [n, email] of emails.entries()) {
      const { status } = await shop.post("/api/v1/orders", orderBody({ customer: { email } }), newId());
      expect(status).toBe(201);
      if (n % 10 !== 9 || kills === KILLS) continue;
      await eventually("mails are on their way", () => server.mails.length > kills * 20);
      const killed = cluster.pidsOf("notifications")[kills % 2] as number;
      cluster.kill(killed, "SIGKILL");
      kills++;
      await eventually("it runs again", () => {
        const pids = cluster.pidsOf("notifications");
        return pids.length === 2 && !pids.includes(killed);
      });
    }
    expect(kills).toBe(KILLS);
    const ofReader = (email: string) => server.mails.filter(({ to }) => to === email);
    const idsOf = (email: string) => [...new Set(ofReader(email).map(({ headers }) => headers.get("message-id")))];
    await eventually("all have all", () => emails.every((email) => idsOf(email).length === 4), 180_000);
    await pause(1_000);
    for (const email of emails) {
      const firsts = idsOf(email).map((id) => ofReader(email).find(({ headers }) => headers.get("message-id") === id));
      const subjects = firsts.map((mail) => mail?.headers.get("subject"));
      expect(subjects).toEqual(WHOLE_LIFE.map((part) => expect.stringContaining(part)));
    }
    expect(server.mails.length - ORDERS * 4).toBeLessThanOrEqual(KILLS * IN_FLIGHT);
  });
});
