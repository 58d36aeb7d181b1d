// All users of the auth service, to begin from.

import { setTimeout as sleep } from "node:timers/promises";
import { Away } from "./auth-service.js";

// snapshot yields all users, page by page: {users: [{id, email, username, version}], streamSequence}.
// What changes while it reads is in the events behind the streamSequence of the first page.
export async function* snapshot(authURL, syncToken, signal) {
  let cursor = "";
  do {
    const page = await read(`${authURL}/api/v1/internal/users?limit=1000&cursor=${encodeURIComponent(cursor)}`, syncToken, signal);
    yield page;
    cursor = page.nextCursor;
  } while (cursor !== "");
}

// read repeats a request that the auth service cannot answer now.
async function read(url, syncToken, signal) {
  for (;;) {
    signal.throwIfAborted();
    const response = await fetch(url, {
      headers: { Authorization: `Bearer ${syncToken}` },
      redirect: "error", // which could take the token elsewhere
      signal: AbortSignal.timeout(10_000),
    });
    if (response.ok) return response.json();
    if (response.status !== 429 && response.status < 500) {
      throw new Away(`the auth service answers ${response.status} when asked for a snapshot`);
    }
    await sleep(1000 * (Number(response.headers.get("Retry-After")) || 1), undefined, { signal });
  }
}
