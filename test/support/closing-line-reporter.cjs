/** Ends the output of jest with `N passed, N failed`, over the tests of all projects. */
module.exports = class ClosingLineReporter {
  onRunComplete(_contexts, results) {
    // A file that could not run, or that leaked, has no failed test of its own.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    // Coverage and its thresholds are printed after the reporters have run.
    process.on("exit", () => console.log(`${results.numPassedTests} passed, ${failed} failed`));
  }
};
