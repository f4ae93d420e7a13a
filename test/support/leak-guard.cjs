const { setTimeout: sleep } = require("node:timers/promises");
const { TestEnvironment } = require("jest-environment-node");

/** How long may take to go what the last hook closed, in milliseconds. */
const GRACE = 1000;

/** What keeps this process alive, by kind: sockets, servers, timers, child processes. */
function openResources() {
  const counts = new Map();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** Node's environment, in which a test file fails that leaves open what it opened. */
module.exports = class LeakGuard extends TestEnvironment {
  async setup() {
    await super.setup();
    this.before = openResources();
  }

  handleTestEvent({ name, test }) {
    if (name === "hook_failure" || (name === "test_done" && test.errors.length > 0)) this.hasFailed = true;
  }

  async teardown() {
    const deadline = Date.now() + GRACE;
    let left = this.leftOpen();
    while (left.length > 0 && Date.now() < deadline) {
      await sleep(20);
      left = this.leftOpen();
    }
    await super.teardown();
    // What a failed test has left open is no news, and would be told instead of the failure.
    if (left.length > 0 && !this.hasFailed) {
      const leak = new Error(`This test file left open: ${left.join(", ")}`);
      leak.stack = leak.message; // where it was noticed says nothing of where it was opened
      throw leak;
    }
  }

  leftOpen() {
    return [...openResources()].flatMap(([kind, count]) => {
      const more = count - (this.before.get(kind) ?? 0);
      return more > 0 ? [`${more} ${kind}`] : [];
    });
  }
};
