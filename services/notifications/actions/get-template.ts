import { notFound } from "../../../platform/errors.ts";
import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { findTemplate } from "../template-repository.ts";
import { defaultTemplate } from "../templates/defaults.ts";

/** What a message says in a language. Throws NOT_FOUND where there are no words for it in that language. */
export const getTemplate: ActionHandler<"notifications.getTemplate"> = async function (ctx) {
  const { type, medium, language } = ctx.params;
  const own = await findTemplate(this.database, { tenant: ownTenant(ctx), type, medium, language });
  if (own) {
    const { subject, text, html, updatedAt } = own;
    const parts = { ...(subject !== null && { subject }), text, ...(html !== null && { html }) };
    return { type, medium, language, ...parts, source: "own", updatedAt };
  }
  const template = defaultTemplate(type, medium, language);
  if (!template) throw notFound();
  return { type, medium, language, ...template, source: "default" };
};
