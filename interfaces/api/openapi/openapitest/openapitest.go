// Package openapitest holds HTTP tests to the OpenAPI document: what a test sees is what a
// client was promised.
package openapitest

import (
	"net/http"
	"slices"
	"testing"
)

// Validate fails the test unless the response is one that the document describes for the route
// of req: status, headers, media type, schema and formats of the body. It is stricter than the
// document where clients must not be: a field that the document does not name is a failure, so
// nothing is told by accident. For an address or method that the document does not have, the
// response must be the 404 or 405 of the service; an OPTIONS request may also end in 204.
//
// Body is the whole body, as it was before any compression; resp.Body is not touched.
func Validate(t testing.TB, req *http.Request, resp *http.Response, body []byte) {
	t.Helper()
	d, err := load()
	if err != nil {
		t.Fatalf("openapi.yaml: %v", err)
	}
	if err := d.check(req, resp, body); err != nil {
		t.Errorf("%s %s answered %d, not as openapi.yaml says: %v\nbody: %s",
			req.Method, req.URL.Path, resp.StatusCode, err, body)
	}
}

// Routes returns every route of the document as "GET /api/v1/users/{id}", sorted.
func Routes(t testing.TB) []string {
	t.Helper()
	d, err := load()
	if err != nil {
		t.Fatalf("openapi.yaml: %v", err)
	}
	var routes []string
	for path, item := range d.doc.Paths.Map() {
		for method := range item.Operations() {
			routes = append(routes, method+" "+path)
		}
	}
	slices.Sort(routes)
	return routes
}
