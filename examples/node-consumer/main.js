// A small Social service beside gofiber-auth: it follows the user events into its own tables
// and serves profiles to whoever bears an access token. It is there to be copied from;
// SERVICE_INTEGRATION.md explains it.

import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "@nats-io/transport-node";
import { api } from "./api.js";
import { follow } from "./events.js";
import { snapshot } from "./snapshot.js";
import { verifier } from "./tokens.js";
import { openUsers } from "./users.js";

const {
  PORT = "8080",
  AUTH_URL = "http://localhost:8088",
  NATS_URL = "nats://127.0.0.1:4222",
  NATS_STREAM_NAME = "USER_EVENTS",
  DURABLE = "social-node",
  DATABASE_URL,
  JWT_SECRET = "",
  JWT_ISSUER = "gofiber-auth",
  JWT_AUDIENCE = "gofiber-auth",
  SYNC_TOKEN, // without one the stream is read from its beginning
} = process.env;

const log = (message, data) => console.log(JSON.stringify({ time: new Date(), message, ...data }));

const verify = verifier({ secret: JWT_SECRET, issuer: JWT_ISSUER, audience: JWT_AUDIENCE });
const users = await openUsers(DATABASE_URL);

const server = api({ verify, authURL: AUTH_URL, users, log }).listen(Number(PORT), "127.0.0.1");
await once(server, "listening");
log("ready", { address: `http://127.0.0.1:${PORT}` });

const servers = NATS_URL.split(",");
const { username, password } = new URL(servers[0]); // the library does not read them from there
const nc = await connect({
  servers,
  name: DURABLE,
  inboxPrefix: `_INBOX_${DURABLE}`, // where a bus with permissions lets this service alone read answers
  user: decodeURIComponent(username) || undefined,
  pass: decodeURIComponent(password) || undefined,
  waitOnFirstConnect: true, // the bus may come later, and go and come back at any time
  maxReconnectAttempts: -1,
});
const stop = new AbortController();
const following = follow({
  nc, stream: NATS_STREAM_NAME, durable: DURABLE, users, log, signal: stop.signal,
  snapshot: SYNC_TOKEN && (() => snapshot(AUTH_URL, SYNC_TOKEN, stop.signal)),
});

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    server.close();
    stop.abort();
    await following; // the event under way is applied first
    await Promise.race([nc.flush(), sleep(1000, undefined, { ref: false })]); // and acknowledged, if the bus is there
    await nc.close();
    await users.close();
    log("stopped");
  });
}
