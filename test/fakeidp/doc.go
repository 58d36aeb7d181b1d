// Package fakeidp plays Google, LINE and Facebook over HTTP on 127.0.0.1, and is stricter than they
// are. It holds its client to the documents of OAuth, OpenID Connect and the provider, and records
// each fault. A log-in can be answered with anything: see Answer.
package fakeidp
