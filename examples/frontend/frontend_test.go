package frontend_test

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"gofiber-auth/domain/models"
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

// So they do for every fault of a password, and for all that the audit log may hold.
func TestEveryFaultAndDeedHasWords(t *testing.T) {
	t.Parallel()
	texts := file(t, "texts.js")
	words := []string{"common_password", "contains_identity", "breached_password", "required", "format", "too_short", "too_long"}
	for _, action := range models.AuditActions() {
		words = append(words, string(action))
	}
	for _, word := range words {
		if !strings.Contains(texts, "\n  "+word+": '") {
			t.Errorf("texts.js says nothing for %s", word)
		}
	}
}

// What would make the demo a bad example: tokens where they outlive the page, text that
// becomes HTML, somebody else's code.
func TestDemoIsAGoodExample(t *testing.T) {
	t.Parallel()
	bad := regexp.MustCompile(`localStorage|document\.cookie|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(`)
	elsewhere := regexp.MustCompile(`(src|href)="(https?:)?//|from '[^.]|import\(`)
	names, err := fs.Glob(frontend.Files, "*")
	if err != nil || len(names) < 3 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		text := file(t, name)
		if found := bad.FindString(text); found != "" {
			t.Errorf("%s has %s", name, found)
		}
		if found := elsewhere.FindString(text); found != "" {
			t.Errorf("%s loads from elsewhere: %s", name, found)
		}
	}
}
