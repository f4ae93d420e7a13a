import { BODY_STYLE, page } from "./pages.ts";

const head = `<meta name="robots" content="noindex">
<style>
${BODY_STYLE}
body { max-width: 36rem; }
button { font: inherit; padding: .5rem 1rem; }
</style>`;

/** Asks whether all mail is to end. The form goes to the page's own address, in which the mail's token is. */
export const unsubscribePage = page(
  "No more mail about your orders?",
  head,
  `<h1>No more mail about your orders?</h1>
<p>This shop will not send you mail about your orders any more: no confirmations, no tracking numbers.</p>
<p lang="de">Dieser Shop schickt Ihnen dann keine E-Mails mehr zu Ihren Bestellungen.</p>
<form method="post"><button type="submit">No more mail &middot; <span lang="de">Keine E-Mails mehr</span></button></form>`,
);

export const unsubscribedPage = page(
  "No more mail about your orders",
  head,
  `<h1>Done</h1>
<p>You will get no more mail about your orders from this shop.</p>
<p lang="de">Sie bekommen von diesem Shop keine E-Mails mehr zu Ihren Bestellungen.</p>`,
);
