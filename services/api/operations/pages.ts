import { errorKinds, type Retry } from "../../../platform/errors.ts";
import type { Headers } from "../http/respond.ts";

/** Scripts from here alone and none inline; styles inline too, because Swagger UI sets some of its own. */
export const PAGE_HEADERS: Headers = {
  "Content-Type": "text/html; charset=utf-8",
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; " +
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
};

/** The page on which people read the API and try it. */
export const docsPage = page(
  "Waybill API",
  `<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" type="image/png" href="/docs/favicon-32x32.png">`,
  `<div id="swagger-ui"></div>
<noscript>This page needs JavaScript. The document itself is <a href="/openapi.json">openapi.json</a>.</noscript>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>`,
);

/** Starts Swagger UI; a file of its own, because the policy allows no script in the page. */
export const docsScript = `window.ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  persistAuthorization: false,
  tryItOutEnabled: true,
  validatorUrl: null,
});
`;

const AGAIN: Readonly<Record<Retry, string>> = {
  never: "no",
  changed: "after changing the request, or what it is about",
  later: "yes, as it is, after a pause (<code>Retry-After</code>, or growing pauses)",
};

/** How the text of our own pages looks. */
export const BODY_STYLE =
  "body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }";

/** The page that lists the error codes; a problem's `type` leads to its row. */
export function errorsPage(): string {
  const kinds = [...errorKinds.values()].sort((a, b) => a.status - b.status || a.code.localeCompare(b.code));
  const rows = kinds.map(
    ({ code, status, title, retry }) =>
      `<tr id="${escaped(code)}"><td><code>${escaped(code)}</code></td><td>${status}</td><td>${escaped(title)}</td><td>${AGAIN[retry]}</td></tr>`,
  );
  return page(
    "Waybill: error codes",
    `<style>
${BODY_STYLE}
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #ddd; padding: .4rem .8rem .4rem 0; text-align: left; vertical-align: top; }
tr:target { background: #fff3c4; }
</style>`,
    `<h1>Error codes</h1>
<p>Errors are <code>application/problem+json</code> (RFC 9457). <code>code</code> is stable; <code>detail</code> is for people.
A POST that got no answer at all may be sent again under the same <code>Idempotency-Key</code>.
The lower-case codes are those of the token routes (RFC 6749), in their <code>error</code>. <a href="/docs">The API</a></p>
<table><thead><tr><th>Code</th><th>Status</th><th>Meaning</th><th>Send it again?</th></tr></thead>
<tbody>
${rows.join("\n")}
</tbody></table>`,
  );
}

/** A whole page. */
export function page(title: string, head: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
${head}
</head>
<body>
${body}
</body>
</html>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
