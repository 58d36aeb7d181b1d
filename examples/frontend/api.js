// Calls of the service. Everything that fails throws a Problem, so callers read as if all
// went well.

const base = document.querySelector('meta[name=api]').content.replace(/\/$/, '') + '/api/v1';

// A Problem is what went wrong. Its code is stable and for programs; texts.js has the words.
export class Problem extends Error {
  constructor(code, details = {}) {
    super(code);
    this.code = code;
    this.fields = details.errors ?? []; // of validation_failed: [{field, code}]
    this.ticket = details.ticket;       // of email_required
    this.status = details.status;       // 0 where nobody answered
    this.requestId = details.requestId; // finds the request in the service's log
  }
}

// call makes a request and returns the answer's body; null where it has none. withCookies is
// for what begins a log-in at a provider: the service ties it to this browser by a cookie.
export async function call(method, path, { body, token, withCookies = false } = {}) {
  const headers = {};
  if (body) headers['Content-Type'] = 'application/json';
  if (token) headers.Authorization = `Bearer ${token}`;

  let response;
  try {
    response = await fetch(base + path, {
      method,
      headers,
      body: body && JSON.stringify(body),
      credentials: withCookies ? 'include' : 'same-origin',
    });
  } catch {
    throw new Problem('network', { status: 0 });
  }
  if (response.status === 204) return null;

  const answer = await response.json().catch(() => ({})); // not of the service: a proxy's page, say
  if (!response.ok) throw new Problem(answer.code ?? 'internal', { ...answer, status: response.status });
  return answer;
}
