// Package frontend is an example of a front end of the service: the files of a page that
// registers people, logs them in and links their accounts at Google, Facebook and LINE. The
// service serves them in development.
package frontend

import "embed"

// Files holds index.html, for / and /auth/callback, and what it asks for at the root.
//
//go:embed index.html *.js *.css
var Files embed.FS
