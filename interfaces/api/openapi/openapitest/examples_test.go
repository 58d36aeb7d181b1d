package openapitest

import (
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"gofiber-auth/interfaces/api/openapi"
)

// example is a value that the document shows, with the schema that it must follow.
type example struct {
	where  string
	schema *openapi3.SchemaRef
	value  any
}

func TestExamplesFollowTheirSchemas(t *testing.T) {
	t.Parallel()
	d, err := load()
	if err != nil {
		t.Fatal(err)
	}
	examples := documentExamples(t, d.doc)
	if len(examples) < 100 {
		t.Errorf("only %d examples were found", len(examples))
	}
	for _, e := range examples {
		err := e.schema.Value.VisitJSON(e.value, openapi3.EnableJSONSchema2020(), openapi3.MultiErrors(),
			openapi3.WithStringFormatValidators(formats))
		if err != nil {
			t.Errorf("%s: %v", e.where, err)
		}
	}
}

func TestFormatsAreChecked(t *testing.T) {
	t.Parallel()
	for line := range strings.Lines(string(openapi.Document())) {
		_, rest, ok := strings.Cut(line, "format: ")
		if !ok {
			continue
		}
		format := strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune(" ,}\n", r) })[0]
		if _, ok := formats[format]; !ok {
			t.Errorf("nobody checks the format %q", format)
		}
	}
}

func documentExamples(t *testing.T, doc *openapi3.T) []example {
	t.Helper()
	var examples []example
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			examples = append(examples, operationExamples(t, method+" "+path, op)...)
		}
		for _, p := range item.Parameters {
			examples = append(examples, example{path + " " + p.Value.Name, p.Value.Schema, p.Value.Example})
		}
	}
	for name, h := range doc.Components.Headers {
		examples = append(examples, example{"header " + name, h.Value.Schema, h.Value.Example})
	}
	for name, s := range doc.Components.Schemas {
		examples = append(examples, schemaExamples(name, s)...)
	}
	return examples
}

func operationExamples(t *testing.T, route string, op *openapi3.Operation) []example {
	t.Helper()
	var examples []example
	if op.RequestBody != nil {
		examples = append(examples, contentExamples(t, route+" request", op.RequestBody.Value.Content)...)
	}
	for _, p := range op.Parameters {
		if p.Value.Example != nil {
			examples = append(examples, example{route + " ?" + p.Value.Name, p.Value.Schema, p.Value.Example})
		}
	}
	for status, response := range op.Responses.Map() {
		examples = append(examples, contentExamples(t, route+" "+status, response.Value.Content)...)
	}
	return examples
}

// contentExamples returns the examples of each media type, of which there is at least one.
func contentExamples(t *testing.T, where string, content openapi3.Content) []example {
	t.Helper()
	var examples []example
	for mediaType, m := range content {
		where := where + " " + mediaType
		before := len(examples)
		if m.Example != nil {
			examples = append(examples, example{where, m.Schema, m.Example})
		}
		for name, e := range m.Examples {
			examples = append(examples, example{where + " " + name, m.Schema, e.Value.Value})
		}
		if len(examples) == before {
			t.Errorf("%s has no example", where)
		}
	}
	return examples
}

func schemaExamples(where string, ref *openapi3.SchemaRef) []example {
	if ref.Ref != "" {
		return nil // shown where it is defined
	}
	var examples []example
	for _, value := range ref.Value.Examples {
		examples = append(examples, example{where, ref, value})
	}
	for name, property := range ref.Value.Properties {
		examples = append(examples, schemaExamples(where+"."+name, property)...)
	}
	return examples
}
