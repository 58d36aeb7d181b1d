package openapi_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gofiber-auth/interfaces/api/openapi"
	"gofiber-auth/interfaces/api/problem"
)

func TestEveryProblemIsDocumented(t *testing.T) {
	t.Parallel()
	doc := loadDocument(t)
	var want []string
	for _, e := range problem.Catalog() {
		want = append(want, e.Code)
	}
	slices.Sort(want)

	var got []string
	for _, code := range doc.Components.Schemas["Problem"].Value.Properties["code"].Value.Enum {
		got = append(got, code.(string))
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the document has the codes %v, the code has %v", got, want)
	}

	shown := make(map[string]bool)
	for _, op := range operations(doc) {
		redirected, _ := op.Extensions["x-redirect-errors"].([]any) // these stand in an address
		for _, code := range redirected {
			shown[fmt.Sprint(code)] = true
		}
		for _, response := range op.Responses.Map() {
			content := response.Value.Content.Get("application/problem+json")
			if content == nil {
				continue
			}
			for code := range content.Examples {
				shown[code] = true
			}
		}
	}
	for _, code := range want {
		if !shown[code] {
			t.Errorf("no response shows %s", code)
		}
	}
}

func TestProblemsReadAsTheServiceWritesThem(t *testing.T) {
	t.Parallel()
	doc := loadDocument(t)
	for _, e := range problem.Catalog() {
		shown, ok := doc.Components.Examples[e.Code]
		if !ok {
			t.Errorf("there is no example of %s", e.Code)
			continue
		}
		got := shown.Value.Value.(map[string]any)
		for member, want := range map[string]any{
			"type": e.Type, "title": e.Title, "status": float64(e.Status), "code": e.Code, "detail": e.Detail,
		} {
			if got[member] != want {
				t.Errorf("%s: the document has the %s %v, the service %v", e.Code, member, got[member], want)
			}
		}
	}
}

// The table of the document, the examples and the pages tell one story.
func TestTheTableOfProblemsIsTheirPages(t *testing.T) {
	t.Parallel()
	doc := loadDocument(t)
	rows := 0
	for line := range strings.Lines(doc.Info.Description) {
		rest, ok := strings.CutPrefix(line, "| [`")
		if !ok {
			continue
		}
		rows++
		code, _, _ := strings.Cut(rest, "`")
		shown, ok := doc.Components.Examples[code]
		if !ok {
			t.Errorf("the table has %s, which is no problem", code)
			continue
		}
		p := shown.Value.Value.(map[string]any)
		cells := strings.Split(strings.Trim(line, "|\n "), " | ")
		if want := fmt.Sprintf("[`%s`](%s)", code, p["type"]); cells[0] != want {
			t.Errorf("%s: the table links %s, want %s", code, cells[0], want)
		}
		if want := fmt.Sprint(p["status"]); cells[1] != want {
			t.Errorf("%s: the table says %s, the example %s", code, cells[1], want)
		}

		var page bytes.Buffer
		if err := openapi.ProblemPage(&page, openapi.Problem{Title: "A title", Status: 409, Code: code, Detail: "A detail."}); err != nil {
			t.Fatal(err)
		}
		advice := strings.ReplaceAll(cells[2], "`", "")
		for _, want := range []string{"A title", "A detail.", "409 Conflict", code, advice} {
			if !strings.Contains(page.String(), want) {
				t.Errorf("the page of %s lacks %q", code, want)
			}
		}
	}
	if want := len(problem.Catalog()); rows != want {
		t.Errorf("the table has %d problems, want %d", rows, want)
	}
}

func TestProblemPageEscapes(t *testing.T) {
	t.Parallel()
	var page bytes.Buffer
	err := openapi.ProblemPage(&page, openapi.Problem{Title: "<script>", Status: 400, Code: `"><img>`, Detail: "a & b"})
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script>", "<img>", "a & b"} {
		if strings.Contains(page.String(), bad) {
			t.Errorf("%q stands in the page as it came", bad)
		}
	}
}
