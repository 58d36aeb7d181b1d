// Calls of the service. Everything that fails throws a Problem, so callers read as if all
// went well.

const base = document.querySelector('meta[name=api]').content.replace(/\/$/, '') + '/api/v1';

// A Problem is what went wrong. Its code is stable and for programs; texts.js has the words.
export class Problem extends Error {
  constructor(code, details = {}) {
    super(code);
    this.code = code;
    this.fields = details.errors ?? [];       // of validation_failed: [{field, code}]
    this.ticket = details.ticket;             // of email_required
    this.status = details.status;             // 0 where nobody answered
    this.retryAfter = details.retryAfter;     // seconds, of rate_limited and overloaded; NaN: unknown
    this.requestId = details.requestId;       // finds the request in the service's log
  }
}

// call makes a request and returns the answer's body; null where it has none. Cookies go along:
// one ties a log-in at a provider to this browser, and in cookie mode one is the refresh token.
// patience is how many milliseconds an answer may take.
export async function call(method, path, { body, token, as = 'json', patience = 30_000 } = {}) {
  const headers = {};
  if (body) headers['Content-Type'] = 'application/json';
  if (token) headers.Authorization = `Bearer ${token}`;

  let response, content;
  try {
    response = await fetch(base + path, {
      method, headers, body: body && JSON.stringify(body), credentials: 'include', signal: AbortSignal.timeout(patience),
    });
    content = await response.blob();
  } catch {
    throw new Problem('network', { status: 0 });
  }
  if (response.ok && as === 'blob') return content;
  if (response.ok && content.size === 0) return null;

  const answer = await content.text().then(JSON.parse).catch(() => null); // null: not of the service, a proxy's page, say
  if (response.ok && answer) return answer;
  throw new Problem(answer?.code ?? 'internal', {
    ...answer, status: response.status, retryAfter: parseInt(response.headers.get('Retry-After'), 10),
  });
}
