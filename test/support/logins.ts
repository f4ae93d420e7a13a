import { Client } from "./client.ts";
import { claimsOf } from "./tokens.ts";

/** A login that was tried, with what its line in the log has to say of it. */
export interface NotedLogin {
  readonly reqId: string;
  readonly letIn: boolean;
  readonly by: string;
  readonly client?: string;
  /** The customer's id; `"somebody"` where an address is nobody's. */
  readonly customer?: string;
}

/** Logs in and fails to, by whatever one can, with canaries in the place of what is personal or secret. */
export async function leaveLogins(url: string): Promise<NotedLogin[]> {
  const noted: NotedLogin[] = [];
  const nobody = new Client(url);
  const note = async (path: string, body: object, said: Omit<NotedLogin, "reqId" | "letIn">, by = nobody) => {
    const answer = await by.post(`/api/v1/${path}`, body);
    noted.push({ reqId: String(answer.headers["x-request-id"]), letIn: answer.status < 300, ...said });
    return answer;
  };
  const person = { clientId: "demo-shop", email: "CANARY-login@example.com", password: "CANARY-password" };
  await nobody.post("/api/v1/auth/register", { ...person, name: "CANARY-login" });
  const first = await nobody.post("/api/v1/auth/login", person);
  const customer = claimsOf(first.body.access_token).customer as string;
  const known = { by: "password", client: "demo-shop", customer };
  await note("auth/login", person, known);
  await note("auth/login", { ...person, password: "CANARY-wrong" }, known);
  const unknown = { ...known, customer: "somebody" };
  await note("auth/login", { ...person, email: "CANARY-nobody@example.com" }, unknown);
  await note("auth/login", { ...person, clientId: "CANARY-client" }, { by: "password", customer: "somebody" });
  const own = new Client(url, first.body.access_token);
  const change = { currentPassword: person.password, newPassword: "CANARY-newer password" };
  const changed = { ...known, by: "password to change it" };
  await note("users/password", { ...change, currentPassword: "CANARY-wrong" }, changed, own);
  await note("users/password", change, changed, own);
  const secret = { grant_type: "client_credentials", client_id: "demo-courier", client_secret: "demo-secret" };
  await note("auth/token", secret, { by: "secret", client: "demo-courier" });
  await note("auth/token", { ...secret, client_secret: "CANARY-wrong" }, { by: "secret", client: "demo-courier" });
  await note("auth/token", { ...secret, client_id: "CANARY-client" }, { by: "secret" });
  return noted;
}
