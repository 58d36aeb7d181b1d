// The copy of the identities, and the profiles that belong to them.

import { readFile } from "node:fs/promises";
import pg from "pg";

// openUsers opens a PostgreSQL by its URL and makes the tables that are missing.
export async function openUsers(databaseURL) {
  const pool = new pg.Pool({ connectionString: databaseURL });
  pool.on("error", () => {}); // of an idle connection: the next query gets another one
  await pool.query(await readFile(new URL("schema.sql", import.meta.url), "utf8"));
  return new Users(pool);
}

class Users {
  constructor(pool) {
    this.pool = pool;
  }

  // apply applies an event exactly once, however often and however late it comes. It reports
  // whether the event was news. If it throws, the event shall come again.
  async apply(event) {
    const tx = await this.pool.connect();
    try {
      await tx.query("BEGIN");
      const moved = await tx.query(
        `INSERT INTO users_version (id, version) VALUES ($1, $2)
         ON CONFLICT (id) DO UPDATE SET version = excluded.version
         WHERE users_version.version < excluded.version`,
        [event.userID, event.version],
      );
      const news = moved.rowCount > 0;
      if (news) await change(tx, event);
      await tx.query("COMMIT");
      tx.release();
      return news;
    } catch (err) {
      tx.release(err); // closes the connection, and with it the transaction
      throw err;
    }
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

  close() {
    return this.pool.end();
  }
}

// change treats created and updated alike, as "this is the user now".
async function change(tx, { action, userID, email, username, time }) {
  if (action === "deleted") {
    await tx.query("DELETE FROM users_identity WHERE id = $1", [userID]); // the profile goes with it
    return;
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
}
