// Where reading begins.

import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";

// join returns the durable consumer. Where that goes on behind the last event that was applied,
// nothing is to be done. Else, since this service is new, or was away for so long that events
// left the stream unread, it takes a snapshot of all users and begins behind that. Without a
// snapshot it begins with the oldest event that there is. Only one instance may join at a time.
export async function join({ nc, stream, durable, users, snapshot, gap, log }) {
  const manager = await jetstreamManager(nc);
  // In this order: other instances go on meanwhile.
  const consumer = await find(manager, stream, durable);
  const position = await users.position(); // undefined in a new database: then nothing below is true
  let { state } = await manager.streams.info(stream);
  const goesOn = consumer?.ack_floor.stream_seq <= position && position <= state.last_seq
    && Math.max(state.first_seq, gap) <= position + 1;
  if (!goesOn) {
    let behind = 0;
    if (snapshot) {
      behind = await users.replace(snapshot());
      ({ state } = await manager.streams.info(stream));
      if (behind > state.last_seq) behind = 0; // the snapshot knew another stream
    }
    log("beginning", { behind, snapshot: Boolean(snapshot) });
    if (consumer) await manager.consumers.delete(stream, durable);
    await users.moveTo(Math.max(behind, state.first_seq - 1, gap - 1));
    await create(manager, stream, durable, behind + 1);
  }
  return jetstream(nc).consumers.get(stream, durable);
}

async function find(manager, stream, durable) {
  try {
    return await manager.consumers.info(stream, durable);
  } catch (err) {
    if (err.name === "ConsumerNotFoundError") return undefined;
    throw err;
  }
}

// create makes the durable consumer, which all instances of this service share.
async function create(manager, stream, durable, first) {
  await manager.consumers.add(stream, {
    durable_name: durable,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: first, // or the oldest, if that is gone
    ack_policy: AckPolicy.Explicit,
    max_ack_pending: 1, // one event at a time, whichever instance has it: this keeps the order
    max_deliver: -1, // again until it is applied
    ack_wait: nanos(5_000), // after a crash another instance gets it
  });
}
