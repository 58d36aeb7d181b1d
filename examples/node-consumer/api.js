// The HTTP side of the service.

import { createServer } from "node:http";
import { Away, me } from "./auth-service.js";
import { Refused } from "./tokens.js";

const maxBody = 64 * 1024;

export function api({ verify, authURL, users, log }) {
  // read verifies the token by itself: fast, and it works while the auth service is away.
  async function read(request) {
    const claims = await verify(bearer(request));
    return users.profile(claims.sub);
  }

  // write asks the auth service, which knows of every log-out and every disabled user at once.
  async function write(request) {
    const token = bearer(request);
    await verify(token); // strangers do not cost a request
    const user = await me(authURL, token, request.headers["x-request-id"]);
    return users.setProfile(user.id, await body(request));
  }

  return createServer(async (request, response) => {
    const handler = { "GET /profiles/me": read, "PUT /profiles/me": write }[`${request.method} ${request.url}`];
    try {
      if (!handler) return reply(response, 404, { code: "not_found" });
      const profile = await handler(request);
      if (profile === "deleted") throw new Refused("unauthorized");
      if (profile === "unknown") throw new Away("the user's created event has not arrived yet");
      reply(response, 200, profile);
    } catch (err) {
      if (err instanceof Refused) {
        reply(response, 401, { code: err.code }, { "WWW-Authenticate": "Bearer" });
      } else if (err instanceof Away) {
        reply(response, 503, { code: "unavailable" }, { "Retry-After": "1" });
      } else if (err instanceof SyntaxError) {
        reply(response, 400, { code: "invalid_json" });
      } else {
        log("request failed", { error: err.message });
        reply(response, 500, { code: "internal" });
      }
    }
  });
}

function reply(response, status, value, headers = {}) {
  response.writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store", ...headers });
  response.end(JSON.stringify(value));
}

// bearer returns the token that a request bears, or "".
function bearer(request) {
  return /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1] ?? "";
}

// body returns the object that a request brings; it throws SyntaxError.
async function body(request) {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk;
    if (text.length > maxBody) throw new SyntaxError("too large");
  }
  const value = JSON.parse(text);
  if (typeof value !== "object" || value === null) throw new SyntaxError("not an object");
  return value;
}
