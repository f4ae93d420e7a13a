// The tests of this project find every service in a broker of its own: see test/support/platform.ts.
process.env.PLATFORM = "cluster";
