import assert from "node:assert/strict";
import { test } from "node:test";
import { verifySignature } from "./signature.js";

const secret = "0123456789abcdef0123456789abcdef";
const body = Buffer.from(
  '{"id":"01a20a45-9397-75dc-bc3e-43f4f9ea2036","email":"ada@example.com","username":"ada","action":"updated"}',
);
const headers = {
  "nats-msg-id": "0199aaaa-0000-7000-8000-000000000001",
  "user-version": "3",
  "event-time": "2026-11-23T21:17:41.655369Z",
  // printf %s "$ID.$VERSION.$TIME.$BODY" | openssl dgst -sha256 -hmac "$SECRET"
  "x-signature": "sha256=619f61d2509c7a5ae305bc022586b6fdf2e2b6f61d81927026a93385cdb211e8",
};

test("what the auth service signed is accepted, as bytes and as text", () => {
  assert.equal(verifySignature(headers, body, secret), true);
  assert.equal(verifySignature(headers, body.toString(), secret), true);
});

test("any change is refused", () => {
  for (const [name, value] of Object.entries(headers)) {
    const other = value.slice(0, -1) + (value.endsWith("8") ? "9" : "8");
    assert.equal(verifySignature({ ...headers, [name]: other }, body, secret), false, name);
    assert.equal(verifySignature({ ...headers, [name]: undefined }, body, secret), false, `no ${name}`);
    assert.equal(verifySignature({ ...headers, [name]: "" }, body, secret), false, `an empty ${name}`);
  }
  assert.equal(verifySignature(headers, `${body} `, secret), false, "body");
  assert.equal(verifySignature(headers, body, secret.replace("0", "1")), false, "secret");
});

test("a signature of another length or alphabet is refused", () => {
  const signature = headers["x-signature"];
  for (const other of [signature.slice(0, -1), `${signature}0`, signature.toUpperCase(), signature.slice("sha256=".length), "é".repeat(71)]) {
    assert.equal(verifySignature({ ...headers, "x-signature": other }, body, secret), false, other);
  }
});

test("a secret that can be guessed is an error", () => {
  for (const short of ["", "0123456789abcdef0123456789abcde"]) {
    assert.throws(() => verifySignature(headers, body, short), /BACKEND_SYNC_SECRET/);
  }
});
