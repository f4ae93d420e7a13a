/**
 * What Node is started with wherever a node of the platform is a process of its own. package.json and the Dockerfile say
 * the same, which a test holds against this.
 *
 * Left alone, V8 lets the space for new objects grow to more than 100 MB under load; a busy node does as much with 16.
 */
export const NODE_FLAGS = ["--disable-warning=ExperimentalWarning", "--max-semi-space-size=8"];

/**
 * What the process of `npm start` has beside: V8 lets garbage lie for as long as the heap may grow, and without it takes
 * 280 MB for what 170 are enough for. A container says by its own limit how far that is.
 */
export const START_FLAGS = [...NODE_FLAGS, "--max-old-space-size=1024"];
