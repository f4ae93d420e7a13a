import type { Answer } from "./client.ts";

/**
 * Holds an answer against RFC 9457 and `api.md`: a problem with its status, a stable code, a title, and the request's id
 * as in the header. Answers the fields it names.
 */
export function expectProblem(answer: Answer, status: number | readonly number[], code?: string): string[] {
  const allowed = typeof status === "number" ? [status] : status;
  const said = `${answer.status} ${answer.text.slice(0, 500)}`;
  if (!allowed.includes(answer.status)) throw new Error(`not ${allowed.join(" or ")} but ${said}`);
  if (!/^application\/problem\+json/.test(String(answer.headers["content-type"])))
    throw new Error(`no problem: ${said}`);
  const { body } = answer;
  expect(body).toMatchObject({
    status: answer.status,
    code: code ?? expect.stringMatching(/^[A-Z][A-Z_]+$/),
    title: expect.stringMatching(/./),
    type: expect.stringMatching(/./),
    requestId: expect.stringMatching(/./),
  });
  expect(body.requestId).toBe(answer.headers["x-request-id"]);
  // Nothing of the inside: no stack, no statement, no path of a file.
  expect(answer.text).not.toMatch(/node_modules|\.ts:\d|\bselect \b|\binsert into\b|at Object\./i);
  if (answer.status === 422 && body.code === "VALIDATION_FAILED") expect(body.errors.length).toBeGreaterThan(0);
  return pathsOf(answer);
}

/** The fields that a problem names, as JSON Pointers. */
export function pathsOf(answer: Answer): string[] {
  return (answer.body?.errors ?? []).map((error: { path: string; message: string }) => {
    expect(error.message).toMatch(/./);
    return error.path;
  });
}

/** Holds an answer against RFC 6749, 5.2: an error in its own form, never a problem. */
export function expectOAuthError(answer: Answer, status: number, error: string): void {
  expect([answer.status, answer.body?.error]).toEqual([status, error]);
  expect(answer.headers["content-type"]).toMatch(/^application\/json/);
  expect(answer.body.error_description ?? "").toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/);
  expect(answer.headers["x-request-id"]).toMatch(/./);
  if (status === 401) expect(answer.headers["www-authenticate"]).toMatch(/^Basic/);
}
