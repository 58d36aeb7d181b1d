package openapi_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"regexp"
	"strings"
	"testing"

	"gofiber-auth/interfaces/api/openapi"
)

var link = regexp.MustCompile(`(?:src|href)="([^"]*)"`)

func TestThePageLoadsNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	page, ok := openapi.PageFile("")
	if !ok {
		t.Fatal("there is no page")
	}
	var problem bytes.Buffer
	if err := openapi.ProblemPage(&problem, openapi.Problem{Title: "T", Status: 404, Code: "not_found", Detail: "D"}); err != nil {
		t.Fatal(err)
	}
	for _, html := range []string{string(page.Body), problem.String()} {
		for _, m := range link.FindAllStringSubmatch(html, -1) {
			switch url := m[1]; {
			case url == "data:,", url == "/openapi.yaml", url == "/docs":
			case strings.HasPrefix(url, "/docs/"):
				if _, ok := openapi.PageFile(strings.TrimPrefix(url, "/docs/")); !ok {
					t.Errorf("%s is linked and not there", url)
				}
			default:
				t.Errorf("%s is linked and not ours", url)
			}
		}
		if strings.Contains(html, "<style") || strings.Contains(html, " style=") || regexp.MustCompile(`<script[^>]*>[^<]`).MatchString(html) {
			t.Error("something stands inline, which the Content-Security-Policy forbids")
		}
		if !strings.Contains(html, `<html lang="en">`) || !strings.Contains(html, `name="viewport"`) {
			t.Error("the language or the viewport is missing")
		}
	}
	for _, word := range []string{"unsafe", "http:", "https:", "*"} {
		if strings.Contains(openapi.ContentSecurityPolicy, word) {
			t.Errorf("the Content-Security-Policy allows %s", word)
		}
	}
}

func TestFilesSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"":                                 "text/html; charset=utf-8",
		"init.js":                          "text/javascript; charset=utf-8",
		"page.css":                         "text/css; charset=utf-8",
		"swagger-ui.css":                   "text/css; charset=utf-8",
		"swagger-ui-bundle.js":             "text/javascript; charset=utf-8",
		"LICENSE":                          "text/plain; charset=utf-8",
		"NOTICE":                           "text/plain; charset=utf-8",
		"swagger-ui-bundle.js.LICENSE.txt": "text/plain; charset=utf-8",
	} {
		f, ok := openapi.PageFile(name)
		if !ok {
			t.Errorf("there is no file %q", name)
			continue
		}
		if f.ContentType != want || len(f.Body) == 0 {
			t.Errorf("%q is %d bytes of %s, want %s", name, len(f.Body), f.ContentType, want)
		}
	}
	if _, ok := openapi.PageFile("../openapi.yaml"); ok {
		t.Error("a file outside of the page is there")
	}
}

func TestFilesCompressToThemselves(t *testing.T) {
	t.Parallel()
	f := openapi.DocumentFile()
	r, err := gzip.NewReader(bytes.NewReader(f.Gzip()))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(body, openapi.Document()) {
		t.Error("the document comes out another than it went in")
	}
	other, _ := openapi.PageFile("")
	if f.ETag == other.ETag || !strings.HasPrefix(f.ETag, `W/"`) {
		t.Errorf("the ETags %s and %s are not weak and different", f.ETag, other.ETag)
	}
}
