// The events of the auth service, in order, each until it has been applied.

import { setTimeout as sleep } from "node:timers/promises";
import { join } from "./join.js";
import { Gap } from "./users.js";

// follow applies events until the signal aborts. It waits for a stream that is not there yet.
export async function follow({ nc, stream, durable, users, snapshot, log, signal }) {
  let gap = 0; // an event before which others are missing
  while (!signal.aborted) {
    let messages;
    try {
      const consumer = await users.alone(() => join({ nc, stream, durable, users, snapshot, gap, log }));
      gap = 0;
      messages = await consumer.consume({ max_messages: 1, abort_on_missing_resource: true });
      signal.addEventListener("abort", () => messages.stop(), { once: true });
      if (signal.aborted) break;
      log("reading", { stream, durable });
      for await (const message of messages) await deal(message, users, log);
    } catch (err) {
      if (err instanceof Gap) gap = err.sequence;
      log("waiting for the events", { error: err.message });
    } finally {
      messages?.stop();
    }
    await sleep(1000, undefined, { signal }).catch(() => {}); // cut short by the abort
  }
}

// deal applies one message and tells the bus how that went. It throws Gap.
async function deal(message, users, log) {
  try {
    const event = decode(message);
    const news = await users.apply(event, message.seq);
    if (event) message.ack();
    else message.term("not an event");
    if (!event) log("skipped", { sequence: message.seq });
    else if (news) log("applied", { action: event.action, user: event.userID, version: event.version, request_id: event.requestID });
  } catch (err) {
    message.nak(Math.min(100 * 2 ** (message.info.deliveryCount - 1), 10_000));
    if (err instanceof Gap) throw err;
    log("comes again", { sequence: message.seq, error: err.message });
  }
}

// decode returns null for what will never be an event. It throws for an event of another
// schema, which waits for a later version of this program.
function decode(message) {
  const header = (name) => message.headers?.get(name) ?? "";
  const schema = header("Event-Schema");
  if (schema !== "" && schema !== "2") throw new Error("an event of another schema");
  const version = Number(header("User-Version"));
  let payload;
  try {
    payload = message.json();
  } catch {
    payload = null;
  }
  const { id, email, username, action } = payload ?? {};
  if (schema === "" || !id || !email || !username || !["created", "updated", "deleted"].includes(action) || !(version >= 1)) {
    return null;
  }
  return { userID: id, email, username, action, version, time: header("Event-Time"), requestID: header("X-Request-ID") };
}
