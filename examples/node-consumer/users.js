// The copy of the identities, and the profiles that belong to them.

import { readFile } from "node:fs/promises";
import pg from "pg";

const locks = { tables: 1, alone: 2 };

// Gap says that events before one of a sequence are missing.
export class Gap extends Error {
  constructor(sequence) {
    super(`events before ${sequence} are not in the stream any more`);
    this.sequence = sequence;
  }
}

// openUsers opens a PostgreSQL by its URL and makes the tables that are missing.
export async function openUsers(databaseURL) {
  const pool = new pg.Pool({ connectionString: databaseURL });
  pool.on("error", () => {}); // of an idle connection: the next query gets another one
  for (const file of ["schema.sql", "position.sql"]) {
    const tables = await readFile(new URL(file, import.meta.url), "utf8");
    await pool.query(`SELECT pg_advisory_xact_lock(${locks.tables}); ${tables}`); // instances take turns
  }
  return new Users(pool);
}

class Users {
  constructor(pool) {
    this.pool = pool;
  }

  // apply applies an event exactly once, however often and however late it comes, and reports
  // whether it was news. A null is a message that is none. If apply throws, the event shall
  // come again; Gap says that it is not the next one.
  apply(event, sequence) {
    return this.transaction(async (tx) => {
      const next = await tx.query(
        "UPDATE stream_position SET sequence = greatest(sequence, $1::bigint) WHERE sequence >= $1::bigint - 1",
        [sequence],
      );
      if (next.rowCount === 0) throw new Gap(sequence);
      return event !== null && change(tx, event);
    });
  }

  // replace makes the copy what a snapshot says and returns the sequence to read on behind.
  // Other instances may apply events meanwhile: of two states of a user the higher version
  // stays, and who was here before the snapshot and is not in it was deleted for good.
  async replace(pages) {
    const before = await this.pool.query("SELECT id FROM users_identity");
    const gone = new Set(before.rows.map(({ id }) => id));
    const time = new Date();
    let behind;
    for await (const { users, streamSequence } of pages) {
      behind ??= streamSequence;
      await this.transaction(async (tx) => {
        for (const { id: userID, ...user } of users) {
          gone.delete(userID);
          await change(tx, { ...user, userID, action: "updated", time });
        }
      });
    }
    await this.pool.query("DELETE FROM users_identity WHERE id = ANY($1)", [[...gone]]); // their versions stay
    return behind;
  }

  // position returns the sequence of the last event, or undefined.
  async position() {
    const { rows } = await this.pool.query("SELECT sequence FROM stream_position");
    return rows.length === 0 ? undefined : Number(rows[0].sequence);
  }

  async moveTo(sequence) {
    await this.pool.query(
      "INSERT INTO stream_position (id, sequence) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET sequence = excluded.sequence",
      [sequence],
    );
  }

  // profile returns the profile of a user, "unknown" while the created event has not arrived,
  // or "deleted".
  async profile(id) {
    const { rows } = await this.pool.query(
      `SELECT v.id, i.username, p.display_name AS "displayName", p.bio FROM users_version v
       LEFT JOIN users_identity i ON i.id = v.id
       LEFT JOIN users_profile p ON p.id = v.id
       WHERE v.id = $1`,
      [id],
    );
    if (rows.length === 0) return "unknown";
    return rows[0].username === null ? "deleted" : rows[0];
  }

  // setProfile changes what a user says of himself or herself and returns what profile does.
  async setProfile(id, { displayName = null, bio = null }) {
    await this.pool.query(
      "UPDATE users_profile SET display_name = $2, bio = $3, updated_at = now() WHERE id = $1",
      [id, displayName, bio],
    );
    return this.profile(id);
  }

  // alone runs work unless another instance is at it: then it throws.
  alone(work) {
    return this.transaction(async (tx) => {
      const { rows } = await tx.query("SELECT pg_try_advisory_xact_lock($1) AS mine", [locks.alone]);
      if (!rows[0].mine) throw new Error("another instance is about to begin");
      return work();
    });
  }

  // transaction runs work in one transaction and returns what that does.
  async transaction(work) {
    const tx = await this.pool.connect();
    try {
      await tx.query("BEGIN");
      const result = await work(tx);
      await tx.query("COMMIT");
      tx.release();
      return result;
    } catch (err) {
      tx.release(err); // closes the connection, and with it the transaction
      throw err;
    }
  }

  close() {
    return this.pool.end();
  }
}

// change applies what is above the version that is there, and reports whether that was so. It
// treats created and updated alike, as "this is the user now".
async function change(tx, { action, userID, email, username, version, time }) {
  const moved = await tx.query(
    `INSERT INTO users_version (id, version) VALUES ($1, $2)
     ON CONFLICT (id) DO UPDATE SET version = excluded.version
     WHERE users_version.version < excluded.version`,
    [userID, version],
  );
  if (moved.rowCount === 0) return false; // old news
  if (action === "deleted") {
    await tx.query("DELETE FROM users_identity WHERE id = $1", [userID]); // the profile goes with it
    return true;
  }
  await tx.query(
    `INSERT INTO users_identity (id, email, username, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)
     ON CONFLICT (id) DO UPDATE SET email = excluded.email, username = excluded.username, updated_at = excluded.updated_at`,
    [userID, email, username, time],
  );
  await tx.query(
    `INSERT INTO users_profile (id, created_at, updated_at) VALUES ($1, $2, $2)
     ON CONFLICT (id) DO NOTHING`,
    [userID, time],
  );
  return true;
}
