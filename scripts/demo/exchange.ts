import { STATUS_CODES } from "node:http";
import { DemoFailure } from "./story.ts";

/** An answer of the platform, and how long it took. */
export interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly milliseconds: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: each step knows the shape of what it asked for, and checks what it shows
  readonly body: any;
}

/** Sends a request and reads the answer to its end. */
export async function exchange(url: string, init: RequestInit): Promise<Answer> {
  const began = performance.now();
  const response = await fetch(url, init);
  const text = await response.text();
  const milliseconds = performance.now() - began;
  const { status, headers } = response;
  const isJson = /json/.test(headers.get("content-type") ?? "") && text !== "";
  return {
    status,
    reason: STATUS_CODES[status] ?? "",
    milliseconds,
    headers,
    text,
    body: isJson ? JSON.parse(text) : undefined,
  };
}

/** What is said of an answer with another status than a step expects. */
export function unexpected(what: string, expected: readonly number[], status: number): DemoFailure {
  return new DemoFailure(`${what} was to be answered with ${expected.join(" or ")}, and the answer is ${status}.`);
}
