// Package openapi holds the document that describes the HTTP API, and the pages that show it
// to people. It knows nothing of the web framework that serves them.
package openapi

import (
	"embed"
	"path"
	"sync"
)

// ContentSecurityPolicy is what the page at /docs needs: all of it comes from this service,
// and the pictures of its style sheet are in the style sheet.
const ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; " +
	"img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

//go:embed openapi.yaml
var document []byte

//go:embed assets/index.html assets/init.js assets/page.css
//go:embed assets/swagger-ui/*.js assets/swagger-ui/*.css assets/swagger-ui/*.txt
//go:embed assets/swagger-ui/LICENSE assets/swagger-ui/NOTICE
var assets embed.FS

// Document returns the OpenAPI document, in YAML. The caller must not change it.
func Document() []byte { return document }

// DocumentFile returns the OpenAPI document for /openapi.yaml.
func DocumentFile() File { return documentFile() }

// PageFile returns a file of the page at /docs by its name: "" is the page itself, the others
// it asks for as /docs/NAME.
func PageFile(name string) (File, bool) {
	f, ok := pageFiles()[name]
	return f, ok
}

var documentFile = sync.OnceValue(func() File { return newFile("openapi.yaml", document) })

// pageFiles is filled when the first reader comes: most processes never have one.
var pageFiles = sync.OnceValue(func() map[string]File {
	files := make(map[string]File)
	for _, dir := range []string{"assets", "assets/swagger-ui"} {
		entries, err := assets.ReadDir(dir)
		if err != nil {
			panic(err) // the folder is part of the program
		}
		for _, e := range entries {
			if e.IsDir() {
				continue
			}
			body, err := assets.ReadFile(path.Join(dir, e.Name()))
			if err != nil {
				panic(err)
			}
			files[e.Name()] = newFile(e.Name(), body)
		}
	}
	files[""] = files["index.html"]
	delete(files, "index.html")
	return files
})
