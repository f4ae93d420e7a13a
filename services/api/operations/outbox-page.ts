import { BODY_STYLE, page } from "./pages.ts";

/** The page on which operators look at what customers were told. It has nothing but what the token may read. */
export const outboxPage = page(
  "Waybill: outbox",
  `<style>
${BODY_STYLE}
form { display: flex; flex-wrap: wrap; gap: .5rem; }
input, select, button { font: inherit; padding: .3rem .5rem; }
#token { flex: 1 1 20rem; }
article { border-bottom: 1px solid #ddd; padding: .8rem 0; }
article h2 { font-size: 1rem; margin: 0; }
article p { color: #555; margin: .2rem 0; }
pre { background: #f6f6f6; margin: .4rem 0 0; overflow-wrap: anywhere; padding: .6rem; white-space: pre-wrap; }
</style>`,
  `<h1>Outbox</h1>
<p>What customers were told. What the sandboxes were given is shown for thirty days.</p>
<form id="ask">
<input id="token" type="password" autocomplete="off" placeholder="Access token with the scope admin" aria-label="Access token" required>
<select id="medium" aria-label="Medium"><option value="">all media</option><option>email</option><option>sms</option><option>push</option></select>
<select id="state" aria-label="State"><option value="">all states</option><option>PENDING</option><option>SENT</option><option>SKIPPED</option><option>DEAD</option></select>
<button type="submit">Show</button>
</form>
<p id="status" role="status"></p>
<main id="messages"></main>
<button id="more" type="button" hidden>More</button>
<noscript>This page needs JavaScript.</noscript>
<script src="/docs/outbox.js"></script>`,
);

/** Asks for the list and shows it. All that comes from outside is put in as text, never as HTML. */
export const outboxScript = `"use strict";
const byId = (id) => document.getElementById(id);
let cursor = null;

function element(name, text) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  return made;
}

function shown(message) {
  const { type, medium, state, attempts, error, orderId, createdAt, content } = message;
  const article = element("article");
  article.append(element("h2", content?.subject ?? type));
  const facts = [medium, state, error, attempts > 1 ? attempts + " attempts" : undefined, content?.to, createdAt, "order " + orderId];
  article.append(element("p", facts.filter((fact) => fact !== undefined).join(" · ")));
  if (content) article.append(element("pre", content.text));
  return article;
}

async function load() {
  const query = new URLSearchParams({ limit: "50" });
  for (const name of ["medium", "state"]) if (byId(name).value !== "") query.set(name, byId(name).value);
  if (cursor !== null) query.set("cursor", cursor);
  const answer = await fetch("/api/v1/admin/outbox?" + query, {
    headers: { Authorization: "Bearer " + byId("token").value.trim() },
  });
  const body = await answer.json();
  if (!answer.ok) {
    byId("status").textContent = answer.status + " " + (body.detail ?? body.title ?? "");
    return;
  }
  byId("messages").append(...body.items.map(shown));
  cursor = body.nextCursor;
  byId("more").hidden = cursor === null;
  byId("status").textContent = byId("messages").childElementCount + " messages" + (cursor === null ? "" : ", and more");
}

function run() {
  load().catch((error) => {
    byId("status").textContent = String(error);
  });
}

byId("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  cursor = null;
  byId("messages").replaceChildren();
  run();
});
byId("more").addEventListener("click", run);
`;
