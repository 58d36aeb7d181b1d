// Access tokens, verified without asking anybody.

import { errors, jwtVerify } from "jose";

// Refused says that a token is not accepted; its code is what the client is told.
export class Refused extends Error {
  constructor(code, cause) {
    super(`the token is not accepted: ${code}`, { cause });
    this.code = code;
  }
}

// verifier returns a function that gives the claims of a token or throws Refused. It takes the
// auth service's JWT_SECRET, JWT_ISSUER and JWT_AUDIENCE; all are required, since the library
// takes a missing issuer for "any".
export function verifier({ secret, issuer, audience }) {
  const key = new TextEncoder().encode(secret);
  if (key.length < 32 || !issuer || !audience) {
    throw new Error("JWT_SECRET (at least 32 bytes), JWT_ISSUER and JWT_AUDIENCE are required");
  }
  const options = {
    algorithms: ["HS256"], // whatever the token's header says
    issuer,
    audience,
    requiredClaims: ["exp", "sub"],
  };
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, key, options);
      return payload; // sub is the user's id; sid, email, username and role are as of the log-in
    } catch (err) {
      throw new Refused(err instanceof errors.JWTExpired ? "token_expired" : "unauthorized", err);
    }
  };
}
