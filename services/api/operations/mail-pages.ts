import { type Ctx, call } from "../../../platform/service.ts";
import { respond } from "../http/respond.ts";
import type { Serve } from "../http/serve.ts";
import { send } from "./documents.ts";
import { PAGE_HEADERS } from "./pages.ts";
import { unsubscribedPage } from "./unsubscribe-pages.ts";

export const serveOutbox: Serve = (gateway, exchange) => send(gateway, exchange, "outbox");

/** Asks, and does nothing: whoever looks into mails for their reader follows every link in them. */
export const serveUnsubscribePage: Serve = (gateway, exchange) => send(gateway, exchange, "unsubscribe");

/** Ends the mail, for a mail program that shows a button of its own, or for the page that asks. */
export const serveUnsubscribe: Serve = async (gateway, exchange, { token }) => {
  await call(exchange.ctx as Ctx, "notifications.unsubscribe", { token: token as string });
  respond(gateway, exchange, 200, PAGE_HEADERS, unsubscribedPage);
};
