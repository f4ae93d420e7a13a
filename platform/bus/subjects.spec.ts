import { accountOf, servicesOf } from "./accounts.ts";
import { listenTo, subjectOf, untruthOf } from "./subjects.ts";

const PREFIX = "MOL-waybill";
const request = { type: "REQ", target: "payments.n1", payload: { sender: "orders.n2", action: "payments.void" } };

describe("the subject of a packet", () => {
  test.each([
    [request, "MOL-waybill.REQ.payments.n1.orders.payments.void"],
    [
      { type: "EVENT", target: "api.n1", payload: { event: "auth.token_revoked" } },
      "MOL-waybill.EVENT.api.n1.orders.auth.token_revoked",
    ],
    [{ type: "RES", target: "api.n1", payload: {} }, "MOL-waybill.RES.api.n1.orders"],
    [{ type: "INFO", target: "api.n1", payload: {} }, "MOL-waybill.INFO.api.n1.orders"],
    [{ type: "INFO", target: null, payload: {} }, "MOL-waybill.INFO.orders"],
    [{ type: "HEARTBEAT", payload: {} }, "MOL-waybill.HEARTBEAT.orders"],
  ])("says whose it is and what it asks for", (packet, subject) => {
    expect(subjectOf(PREFIX, packet, "orders")).toBe(subject);
  });

  test("is one that its node listens to", () => {
    expect(listenTo(PREFIX, "REQ", "payments.n1")).toBe("MOL-waybill.REQ.payments.n1.>");
    expect(listenTo(PREFIX, "RES", "api.n1")).toBe("MOL-waybill.RES.api.n1.*");
    expect(listenTo(PREFIX, "INFO")).toBe("MOL-waybill.INFO.*");
  });
});

describe("a packet is not taken", () => {
  const subject = "MOL-waybill.REQ.payments.n1.orders.payments.void";
  const info = (services: unknown) => ({ type: "INFO", payload: { sender: "orders.n2", services } });
  const announced = (name: string, action: string, named = action) => [
    { name, actions: { [action]: { name: named } } },
  ];

  test("unless it is what its subject says", () => {
    expect(untruthOf(request, subject, true)).toBeUndefined();
    expect(untruthOf(info(announced("orders", "orders.get")), "MOL-waybill.INFO.orders", true)).toBeUndefined();
    expect(untruthOf(info(announced("orders", "orders.get")), "MOL-waybill.INFO.api.n1.orders", true)).toBeUndefined();
    expect(untruthOf(info([]), "MOL-waybill.INFO.orders", true)).toBeUndefined();
  });

  test.each([
    ["of another account", { sender: "api.n2", action: "payments.void" }],
    ["of an account whose name begins alike", { sender: "orders-api.n2", action: "payments.void" }],
    ["of nobody", { action: "payments.void" }],
    ["of no text", { sender: ["orders.n2"], action: "payments.void" }],
    ["that asks for something else", { sender: "orders.n2", action: "payments.refund" }],
    ["that asks for nothing", { sender: "orders.n2" }],
    ["that asks for it by the name of an event", { sender: "orders.n2", event: "payments.void" }],
  ])("%s", (_, payload) => {
    expect(untruthOf({ type: "REQ", payload }, subject, true)).toMatch(/^it /);
  });

  test.each([
    ["another service", announced("payments", "payments.void")],
    ["another's action", announced("orders", "payments.void")],
    ["another's action under a name of its own", announced("orders", "orders.void", "payments.void")],
    ["another service under a name of its own", [{ name: "orders", fullName: "payments", actions: {} }]],
    ["a service without a name", [{ actions: {} }]],
    ["what is no list", { name: "orders" }],
    ["an own service and another", [...announced("orders", "orders.get"), ...announced("api", "api.get")]],
  ])("that announces %s", (_, services) => {
    expect(untruthOf(info(services), "MOL-waybill.INFO.orders", true)).toMatch(/services/);
  });

  test("where NATS knows no accounts, for the services that it announces", () => {
    const packet = { type: "INFO", payload: { sender: "waybill.n2", services: announced("orders", "orders.get") } };
    expect(untruthOf(packet, "MOL-waybill.INFO.waybill", true)).toMatch(/services/);
    expect(untruthOf(packet, "MOL-waybill.INFO.waybill", false)).toBeUndefined();
  });
});

test("an account says which services its nodes run", () => {
  expect(accountOf("orders-inventory.n1")).toBe("orders-inventory");
  expect(servicesOf("orders-inventory")).toEqual(["orders", "inventory"]);
  expect(servicesOf("operator")).toEqual([]);
  expect(servicesOf("edge")).toEqual(["api", "auth", "catalog", "inventory", "orders"]);
});
