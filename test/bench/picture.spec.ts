import { pictureOf } from "./picture.ts";

const frame = (functionName: string, url: string) => ({
  ...{ functionName, url, scriptId: "0", lineNumber: 0, columnNumber: 0 },
});
const own = (file: string) => new URL(`../../${file}`, import.meta.url).href;

it("shows packages, files and functions by their own time, without what was idle", () => {
  const nodes = [
    { id: 1, callFrame: frame("(idle)", "") },
    { id: 2, callFrame: frame("(garbage collector)", "") },
    { id: 3, callFrame: frame("query", own("node_modules/pg/lib/client.js")) },
    { id: 4, callFrame: frame("decide<Order>", own("services/orders/order.ts")) },
  ];
  const samples = [1, 2, 3, 4, 4];
  const picture = pictureOf({ nodes, startTime: 0, endTime: 0, samples, timeDeltas: [1_000, 100, 200, 300, 400] });
  const titles = [...picture.matchAll(/<title>(.*?)<\/title>/g)].map(([, title]) => title);
  expect(titles).toEqual([
    ...["services/orders 70.0 %", "services/orders/order.ts 70.0 %", "decide&#60;Order&#62; 70.0 %"],
    ...["pg 20.0 %", "lib/client.js 20.0 %", "query 20.0 %"],
    ...["V8 and the system 10.0 %", "(garbage collector) 10.0 %", "(garbage collector) 10.0 %"],
  ]);
});
