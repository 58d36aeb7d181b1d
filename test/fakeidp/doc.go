// Package fakeidp plays Google, LINE and Facebook at once, over HTTP on 127.0.0.1, and is
// stricter than they are: whatever the documents of OAuth, OpenID Connect or the provider ask
// of a client is asked here, and a client that does otherwise is told on. What it answers can
// be anything: each log-in brings its own script, see Answer.
//
// The tests of the package run the real service against it, from the HTTP contract alone.
package fakeidp
