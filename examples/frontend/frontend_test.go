package frontend_test

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"gofiber-auth/examples/frontend"
	"gofiber-auth/interfaces/api/problem"
)

func file(t *testing.T, name string) string {
	t.Helper()
	text, err := fs.ReadFile(frontend.Files, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// People read a sentence for every code that the service may answer with.
func TestEveryCodeHasWords(t *testing.T) {
	t.Parallel()
	texts := file(t, "texts.js")
	for _, e := range problem.Catalog() {
		if !strings.Contains(texts, "\n  "+e.Code+": '") {
			t.Errorf("texts.js says nothing for %s", e.Code)
		}
	}
}

// What would make the demo a bad example: tokens where they outlive the page, text that
// becomes HTML, somebody else's code.
func TestDemoIsAGoodExample(t *testing.T) {
	t.Parallel()
	bad := regexp.MustCompile(`localStorage|document\.cookie|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(`)
	elsewhere := regexp.MustCompile(`(src|href)="(https?:)?//|from '[^.]|import\(`)
	for _, name := range []string{"index.html", "app.js", "api.js", "oauth.js", "texts.js", "style.css"} {
		text := file(t, name)
		if found := bad.FindString(text); found != "" {
			t.Errorf("%s has %s", name, found)
		}
		if found := elsewhere.FindString(text); found != "" {
			t.Errorf("%s loads from elsewhere: %s", name, found)
		}
	}
}
