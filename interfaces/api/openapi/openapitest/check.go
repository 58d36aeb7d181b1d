package openapitest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// check returns what is wrong with the response to req.
func (d *document) check(req *http.Request, resp *http.Response, body []byte) error {
	if resp.Header.Get("X-Request-ID") == "" {
		return errors.New("there is no X-Request-ID")
	}
	if req.Method == http.MethodOptions && resp.StatusCode == http.StatusNoContent {
		return noBody(body)
	}
	route, err := d.route(req)
	if err != nil {
		return err
	}
	ref := route.Operation.Responses.Status(resp.StatusCode)
	if ref == nil && resp.StatusCode >= 400 {
		ref = route.Operation.Responses.Default()
	}
	if ref == nil {
		return errors.New("the document has no such status there")
	}
	hasBody := len(ref.Value.Content) > 0 && req.Method != http.MethodHead
	if err := d.checkAgainst(route, req, resp, body, hasBody); err != nil {
		return err
	}
	if !hasBody {
		return noBody(body)
	}
	if resp.StatusCode >= 400 && ref.Value.Content.Get("application/problem+json") != nil {
		return checkProblem(resp, body)
	}
	return nil
}

// route returns where req leads in the document. Where it leads nowhere, that is a route with
// nothing but the errors that any address may answer with.
func (d *document) route(req *http.Request) (*routers.Route, error) {
	asked := req.Clone(req.Context())
	if asked.Method == http.MethodHead {
		asked.Method = http.MethodGet // the same response without its body
	}
	if route, _, err := d.router.FindRoute(asked); err == nil {
		return route, nil
	}
	edge, ok := d.doc.Components.Responses["Edge"]
	if !ok {
		return nil, errors.New("the document has no response Edge")
	}
	op := &openapi3.Operation{Responses: openapi3.NewResponses(openapi3.WithName("default", edge.Value))}
	return &routers.Route{Spec: d.doc, Method: asked.Method, Operation: op}, nil
}

// checkAgainst compares the response with the one that the route has for its status.
func (d *document) checkAgainst(route *routers.Route, req *http.Request, resp *http.Response, body []byte, hasBody bool) error {
	asked := req.Clone(req.Context())
	asked.Method = http.MethodGet // openapi3filter looks at no response to a HEAD
	return openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: asked, Route: route},
		Status:                 resp.StatusCode,
		Header:                 resp.Header,
		Body:                   io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{
			IncludeResponseStatus:   true,
			ExcludeResponseBody:     !hasBody,
			SchemaValidationOptions: []openapi3.SchemaValidationOption{openapi3.WithStringFormatValidators(formats)},
		},
	})
}

func noBody(body []byte) error {
	if len(body) > 0 {
		return fmt.Errorf("there is a body of %d bytes, and there should be none", len(body))
	}
	return nil
}
