package openapitest

import (
	"context"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"gofiber-auth/interfaces/api/openapi"
)

// document is the OpenAPI document, made strict for tests. It does not change once loaded.
type document struct {
	doc    *openapi3.T
	router routers.Router
}

var load = sync.OnceValues(func() (*document, error) {
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document())
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, err
	}
	seal(doc)
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return nil, err
	}
	for _, mediaType := range []string{"text/html", "text/css", "text/javascript"} {
		openapi3filter.RegisterBodyDecoder(mediaType, openapi3filter.PlainBodyDecoder)
	}
	return &document{doc, router}, nil
})

// seal forbids, in everything that a response holds, the fields that the document does not name.
func seal(doc *openapi3.T) {
	seen := make(map[*openapi3.Schema]bool)
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			for _, response := range op.Responses.Map() {
				for _, content := range response.Value.Content {
					sealSchema(content.Schema, seen)
				}
			}
		}
	}
}

func sealSchema(ref *openapi3.SchemaRef, seen map[*openapi3.Schema]bool) {
	if ref == nil || ref.Value == nil || seen[ref.Value] {
		return
	}
	s := ref.Value
	seen[s] = true
	if len(s.Properties) > 0 && s.Type.Is("object") && s.AdditionalProperties == (openapi3.AdditionalProperties{}) {
		no := false
		s.AdditionalProperties.Has = &no
	}
	for _, property := range s.Properties {
		sealSchema(property, seen)
	}
	for _, part := range s.AllOf {
		sealSchema(part, seen)
	}
	sealSchema(s.Items, seen)
}
