import { type MakeRequests, requestBytes } from "../requests.ts";

/** Reads the paths in turn. */
export const makeRequests: MakeRequests<{ readonly paths: readonly string[] }> = (target, { paths }) => {
  const ready = paths.map((path) => ({ kind: "get", bytes: requestBytes(target, ["GET", path]) }));
  let made = 0;
  return () => ready[made++ % ready.length] as (typeof ready)[number];
};
