// The auth service itself, asked.

import { Refused } from "./tokens.js";

// Away says that the auth service does not answer as it should: try again later.
export class Away extends Error {}

// me returns who bears a token now. It throws Refused where the session has ended, or the user
// is disabled or deleted, and Away. The request id, if any, joins the log lines of both services.
export async function me(authURL, token, requestID) {
  const headers = { Authorization: `Bearer ${token}` };
  if (requestID) headers["X-Request-ID"] = requestID;
  let response;
  try {
    response = await fetch(`${authURL}/api/v1/users/me`, { headers, signal: AbortSignal.timeout(3000) });
    if (response.ok) return await response.json();
  } catch (cause) {
    throw new Away("the auth service does not answer", { cause });
  }
  if (response.status === 401) throw new Refused("unauthorized");
  throw new Away(`the auth service answers ${response.status}, request id ${response.headers.get("X-Request-ID")}`);
}
