import { connect } from "node:net";
import type { Answer } from "./client.ts";

/** Sends bytes that no HTTP client would send, and reads the answer until the other side closes. */
export function sendBytes(url: string, bytes: string | Buffer, milliseconds = 10_000): Promise<Answer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    const chunks: Buffer[] = [];
    socket.setTimeout(milliseconds, () => socket.destroy(new Error(`no answer in ${milliseconds} ms`)));
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", reject);
    socket.on("close", () => {
      const whole = Buffer.concat(chunks).toString("utf8");
      const end = whole.indexOf("\r\n\r\n");
      const [statusLine = "", ...lines] = whole.slice(0, end).split("\r\n");
      const headers = Object.fromEntries(
        lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
      );
      const text = whole.slice(end + 4);
      const body =
        /json/.test(headers["content-type"] ?? "") && !headers["transfer-encoding"] ? JSON.parse(text) : undefined;
      resolve({ status: Number(statusLine.split(" ")[1]), headers, text, body });
    });
  });
}
