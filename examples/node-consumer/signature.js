// Events that come by HTTP instead of NATS, proved to come from the auth service.

import { createHmac, timingSafeEqual } from "node:crypto";

// verifySignature reports whether a request was signed with the auth service's
// BACKEND_SYNC_SECRET. It takes the headers of node:http, whose names are in lower case, and
// the body as it came: what was parsed and written again has another signature.
export function verifySignature(headers, rawBody, secret) {
  if (Buffer.byteLength(secret) < 32) throw new Error("BACKEND_SYNC_SECRET needs at least 32 bytes");
  const mac = createHmac("sha256", secret);
  for (const name of ["nats-msg-id", "user-version", "event-time"]) {
    mac.update(`${headers[name]}.`);
  }
  const wanted = Buffer.from(`sha256=${mac.update(rawBody).digest("hex")}`);
  const given = Buffer.from(headers["x-signature"] ?? "");
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
