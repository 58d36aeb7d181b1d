// The events of the auth service, in order, each until it has been applied.

import { setTimeout as sleep } from "node:timers/promises";
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";

// follow applies events until the signal aborts. It waits for a stream that is not there yet.
export async function follow({ nc, stream, durable, apply, log, signal }) {
  while (!signal.aborted) {
    try {
      const manager = await jetstreamManager(nc);
      await manager.consumers.add(stream, {
        durable_name: durable,
        deliver_policy: DeliverPolicy.All, // a new durable begins with the oldest event
        ack_policy: AckPolicy.Explicit,
        max_ack_pending: 1, // one event at a time, whichever instance has it: this keeps the order
        max_deliver: -1, // again until it is applied
        ack_wait: nanos(10_000), // after a crash another instance gets it
      });
      const consumer = await jetstream(nc).consumers.get(stream, durable);
      const messages = await consumer.consume({ max_messages: 1, abort_on_missing_resource: true });
      signal.addEventListener("abort", () => messages.stop(), { once: true });
      if (signal.aborted) break;
      log("reading", { stream, durable });
      for await (const message of messages) await deal(message, apply, log);
    } catch (err) {
      log("waiting for the events", { error: err.message });
    }
    await sleep(1000, undefined, { signal }).catch(() => {}); // cut short by the abort
  }
}

// deal applies one message and tells the bus how that went.
async function deal(message, apply, log) {
  try {
    const event = decode(message);
    const news = await apply(event);
    message.ack();
    if (news) log("applied", { action: event.action, user: event.userID, version: event.version, request_id: event.requestID });
  } catch (err) {
    log(err instanceof Malformed ? "skipped" : "comes again", { sequence: message.seq, error: err.message });
    if (err instanceof Malformed) message.term();
    else message.nak(Math.min(100 * 2 ** (message.info.deliveryCount - 1), 10_000));
  }
}

class Malformed extends Error {}

// decode throws Malformed for what will never be an event. An event of another schema waits
// for a later version of this program.
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
    throw new Malformed("not an event");
  }
  return { userID: id, email, username, action, version, time: header("Event-Time"), requestID: header("X-Request-ID") };
}
