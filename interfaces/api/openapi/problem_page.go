package openapi

import (
	_ "embed"
	"html/template"
	"io"
	"net/http"
	"strings"
)

//go:embed assets/problem.html
var problemHTML string

var problemTemplate = template.Must(template.New("problem").Parse(problemHTML))

// Problem is a kind of problem as its page shows it.
type Problem struct {
	Title  string
	Status int // of HTTP
	Code   string
	Detail string
}

// ProblemPage writes the page of p, in HTML. It needs no more than ContentSecurityPolicy allows.
// It returns what w returns.
func ProblemPage(w io.Writer, p Problem) error {
	return problemTemplate.Execute(w, struct {
		Problem
		StatusText string
		Advice     string
	}{p, http.StatusText(p.Status), strings.ReplaceAll(advice[p.Code], "`", "")})
}
