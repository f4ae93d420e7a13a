import { Client } from "./client.ts";

const PASSWORD = "correct horse battery staple";

/** A customer of the fixtures who is logged in: `ada` or `grace`; of another tenant when the client is. */
export async function logIn(url: string, name: string, clientId = "demo-shop"): Promise<Client> {
  const body = { clientId, email: `${name}@example.com`, password: PASSWORD };
  const answer = await new Client(url).post("/api/v1/auth/login", body);
  if (answer.status !== 200) throw new Error(`${name} is not let in: ${answer.status} ${answer.text}`);
  return new Client(url, answer.body.access_token);
}

/** Registers a customer and logs them in. */
export async function newCustomer(url: string, name: string, clientId = "demo-shop"): Promise<Client> {
  const body = { clientId, email: `${name}@example.com`, password: PASSWORD };
  const answer = await new Client(url).post("/api/v1/auth/register", body);
  if (answer.status !== 201) throw new Error(`${name} is not registered: ${answer.status} ${answer.text}`);
  return logIn(url, name, clientId);
}
