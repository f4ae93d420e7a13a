import type { Serve } from "./http/serve.ts";
import { serveFeed } from "./live/serve-feed.ts";
import { serveDocs, serveErrorDocs, serveOpenApi } from "./operations/documents.ts";
import { serveOutbox, serveUnsubscribe, serveUnsubscribePage } from "./operations/mail-pages.ts";
import { serveHealth, serveLive, serveMetrics, serveReady } from "./operations/reports.ts";

/** The routes that the gateway serves itself; every other one is an action's. */
export const ownRoutes: Readonly<Record<string, Serve>> = {
  "api.events": serveFeed,
  "api.orderEvents": serveFeed,
  "api.health": serveHealth,
  "api.live": serveLive,
  "api.ready": serveReady,
  "api.metrics": serveMetrics,
  "api.openapi": serveOpenApi,
  "api.docs": serveDocs,
  "api.errorDocs": serveErrorDocs,
  "api.unsubscribePage": serveUnsubscribePage,
  "api.unsubscribe": serveUnsubscribe,
  "api.outboxPage": serveOutbox,
};
