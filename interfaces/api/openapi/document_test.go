package openapi_test

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"gofiber-auth/interfaces/api/openapi"
)

func loadDocument(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document())
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// operations returns every operation by "GET /path".
func operations(doc *openapi3.T) map[string]*openapi3.Operation {
	all := make(map[string]*openapi3.Operation)
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			all[method+" "+path] = op
		}
	}
	return all
}

func TestDocumentIsValid(t *testing.T) {
	t.Parallel()
	doc := loadDocument(t)
	if !strings.HasPrefix(doc.OpenAPI, "3.1.") {
		t.Errorf("openapi = %q, want 3.1", doc.OpenAPI)
	}
	if err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation(), openapi3.EnableSchemaPatternValidation()); err != nil {
		t.Error(err)
	}
}

func TestEveryOperationIsExplained(t *testing.T) {
	t.Parallel()
	doc := loadDocument(t)
	for route, op := range operations(doc) {
		if op.OperationID == "" || op.Summary == "" || op.Security == nil {
			t.Errorf("%s lacks an operationId, a summary or a word on security", route)
		}
		if len(op.Tags) != 1 || doc.Tags.Get(op.Tags[0]) == nil {
			t.Errorf("%s has the tags %v, want one that is explained", route, op.Tags)
		}
	}
}

// What every response of a kind carries, the routes cannot forget one by one.
func TestEveryResponseCarriesWhatItsStatusAsksFor(t *testing.T) {
	t.Parallel()
	for route, op := range operations(loadDocument(t)) {
		for status, ref := range op.Responses.Map() {
			want := []string{"X-Request-ID"}
			problem := ref.Value.Content.Get("application/problem+json") != nil
			switch {
			case status == "401":
				want = append(want, "WWW-Authenticate")
			case status == "503" && problem:
				want = append(want, "Retry-After")
			case strings.HasPrefix(status, "2") && strings.Contains(route, " /api/") && len(ref.Value.Content) > 0:
				want = append(want, "Cache-Control")
			case status == "304":
				want = append(want, "ETag")
			}
			for _, name := range want {
				if h := ref.Value.Headers[name]; h == nil || !h.Value.Required {
					t.Errorf("%s %s does not promise %s", route, status, name)
				}
			}
			if code, err := strconv.Atoi(status); err == nil && code >= 400 && !problem && route != "GET /health/ready" {
				t.Errorf("%s %s is no problem document", route, status)
			}
		}
		if op.Responses.Default() == nil {
			t.Errorf("%s says nothing about the statuses that it does not name", route)
		}
	}
}

func TestEveryOperationHasTheErrorsOfItsKind(t *testing.T) {
	t.Parallel()
	for route, op := range operations(loadDocument(t)) {
		var want []int
		if len(*op.Security) > 0 {
			want = append(want, http.StatusUnauthorized)
		}
		if strings.Contains(route, " /api/") {
			want = append(want, http.StatusInternalServerError, http.StatusServiceUnavailable)
		}
		if slices.Contains(op.Tags, "Users") {
			want = append(want, http.StatusForbidden)
		}
		if op.RequestBody != nil {
			want = append(want, http.StatusBadRequest, http.StatusRequestEntityTooLarge,
				http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity)
		}
		for _, status := range want {
			if op.Responses.Status(status) == nil {
				t.Errorf("%s does not have %d", route, status)
			}
		}
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
