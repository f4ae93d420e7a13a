import { validationFailed } from "../../../platform/errors.ts";

let known: Promise<ReadonlySet<string>> | undefined;

/** The passwords that are in use most, as leaks have shown. Read when it is needed first: most nodes never do. */
function knownPasswords(): Promise<ReadonlySet<string>> {
  known ??= import("@zxcvbn-ts/language-common").then(
    ({ dictionary }) => new Set(dictionary["passwords-common"].map((password) => password.toLowerCase())),
  );
  return known;
}

/**
 * Whether a password is among the first that somebody would try: one that is in use everywhere or a word of the context,
 * in whatever case, also with digits or signs before and after it.
 *
 * @param context names that go with the account: the address, the tenant, the client
 */
export async function isWellKnown(password: string, context: readonly string[]): Promise<boolean> {
  const text = password.normalize("NFKC").toLowerCase();
  const ended = text.replace(/[^\p{L}]+$/u, "");
  const forms = [text, ended, ended.replace(/^[^\p{L}]+/u, "")].filter((form) => form !== "");
  const words = ["waybill", ...context.flatMap((name) => [name, ...name.split(/[^\p{L}\p{N}]+/u)])];
  if (new Set(text).size <= 2 || words.some((word) => forms.includes(word.toLowerCase()))) return true;
  const common = await knownPasswords();
  return forms.some((form) => common.has(form));
}

/** Throws VALIDATION_FAILED for a password that {@link isWellKnown}, as that of a member of the body. */
export async function assertGoodPassword(member: string, password: string, context: readonly string[]): Promise<void> {
  if (await isWellKnown(password, context))
    throw validationFailed({ errors: [{ path: `/${member}`, message: "must not be one that is tried first" }] });
}
