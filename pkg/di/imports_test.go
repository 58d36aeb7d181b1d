package di_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module = "gofiber-auth/"
	root   = "../.."
)

// mayImport says, for each layer, which packages of ours it may import. What is not listed
// (cmd, pkg/di) may import everything.
var mayImport = map[string][]string{
	"domain":         {"domain"},
	"application":    {"application", "domain", "pkg/contextutil"},
	"infrastructure": {"infrastructure", "domain", "pkg/contextutil", "pkg/metrics", "migrations"},
	"interfaces":     {"interfaces", "domain", "pkg/contextutil", "pkg/metrics"},
	"migrations":     {},
	"pkg":            {"pkg"},
	"pkg/userevents": {"pkg/userevents"}, // other services take it without the rest

	"pkg/auth_code_store": {"domain"}, // it implements a port

	"cmd/test_subscriber": {"pkg/userevents"}, // it is such a service
}

// livesIn says, for a library, the only folders that may import it.
var livesIn = map[string][]string{
	"gorm.io/":                   {"infrastructure/postgres", "infrastructure/sqlite", "pkg/config"},
	"github.com/jackc/":          {"infrastructure/postgres", "pkg/config", "cmd/test_subscriber"},
	"github.com/glebarez/":       {"infrastructure/sqlite", "cmd/test_subscriber"},
	"github.com/pressly/":        {"infrastructure/postgres", "infrastructure/sqlite"},
	"github.com/nats-io/":        {"infrastructure/nats", "pkg/userevents", "cmd/test_subscriber"},
	"github.com/redis/":          {"infrastructure/redis"},
	"github.com/gofiber/":        {"interfaces/api", "pkg/di"},
	"github.com/valyala/":        {"interfaces/api"},
	"github.com/golang-jwt/":     {"application/serviceimpl", "infrastructure/oauth", "infrastructure/devidp"},
	"github.com/wneessen/":       {"infrastructure/mail"},
	"github.com/go-jose/":        {"infrastructure/oauth"},
	"golang.org/x/oauth2":        {"infrastructure/oauth"},
	"github.com/go-playground/":  {"application/serviceimpl"},
	"golang.org/x/crypto/bcrypt": {"infrastructure/hashing"},
}

// TestImports proves the dependency rule: imports point inward. Tests are left out, since
// what they bring together is not what the program is made of.
func TestImports(t *testing.T) {
	t.Parallel()
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != root:
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		files++
		for _, fault := range faultsOf(t, path, filepath.ToSlash(file)) {
			t.Error(fault)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 20 {
		t.Errorf("only %d files were read: is %s the module's root?", files, root)
	}
}

// faultsOf returns what a file imports and may not.
func faultsOf(t *testing.T, path, file string) (faults []string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	layer, _, _ := strings.Cut(file, "/")
	if layer == "test" || layer == "examples" { // neither is part of the service
		return nil
	}
	allowed, limited := mayImport[layer]
	for part, only := range mayImport {
		if strings.HasPrefix(file, part+"/") && len(part) > len(layer) {
			layer, allowed, limited = part, only, true
		}
	}
	forTests := strings.HasSuffix(filepath.Dir(file), "test")
	if strings.HasPrefix(file, "pkg/di/") || forTests {
		limited = false
	}
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		ours, isOurs := strings.CutPrefix(imported, module)
		switch {
		case isOurs && within(ours, []string{"test"}) && !forTests:
			faults = append(faults, file+" imports "+imported+": it is for tests alone")
		case isOurs && limited && !within(ours, allowed):
			faults = append(faults, file+" imports "+imported+": "+layer+" may import only "+strings.Join(allowed, ", "))
		case !isOurs && layer == "domain" && strings.Contains(strings.Split(imported, "/")[0], "."):
			faults = append(faults, file+" imports "+imported+": domain imports the standard library alone")
		case !isOurs:
			for library, folders := range livesIn {
				if strings.HasPrefix(imported, library) && !within(file, folders) {
					faults = append(faults, file+" imports "+imported+": it lives in "+strings.Join(folders, ", "))
				}
			}
		}
	}
	return faults
}

// within reports whether path is one of the folders or in one.
func within(path string, folders []string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return path == f || strings.HasPrefix(path, f+"/") })
}
