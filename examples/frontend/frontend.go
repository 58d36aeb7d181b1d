// Package frontend is an example of a front end of the service: the files of a page that
// registers people, logs them in, links their accounts at Google, Facebook and LINE, and lets
// them look after their account. The service serves them in development.
package frontend

import "embed"

// Files holds index.html, for /, /auth/callback and the links of mails, and what it asks for at
// the root.
//
//go:embed index.html *.js *.css
var Files embed.FS
