import { newTicket, openToken, sealToken, ticketHash } from "./ticket.ts";

const TOKEN = "header.claims.signature";

test("a ticket opens the token that was sealed with it", () => {
  const ticket = newTicket();
  expect(openToken(sealToken(TOKEN, ticket), ticket)).toBe(TOKEN);
});

test("nothing else does: not its hash, not another ticket", () => {
  const ticket = newTicket();
  const sealed = sealToken(TOKEN, ticket);
  expect(sealed.toString("latin1")).not.toContain("claims");
  for (const other of [newTicket(), ticketHash(ticket).toString("base64url"), ""]) {
    expect(() => openToken(sealed, other)).toThrow();
  }
});

test("a sealed token that was changed is not opened", () => {
  const ticket = newTicket();
  const sealed = sealToken(TOKEN, ticket);
  for (const at of [0, 12, 28]) {
    const changed = Buffer.from(sealed);
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
    expect(() => openToken(changed, ticket)).toThrow();
  }
  expect(() => openToken(sealed.subarray(0, 20), ticket)).toThrow();
});
