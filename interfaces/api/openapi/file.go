package openapi

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"path"
	"sync"
)

// File is something to serve, with what its response says about it. Files do not change while
// the process runs; the caller must not change what they hold.
type File struct {
	ContentType string
	ETag        string // weak: the same for the body and its compressed form
	Body        []byte
	gzipped     func() []byte
}

// Gzip returns the body compressed. The first call does the work for all.
func (f File) Gzip() []byte { return f.gzipped() }

func newFile(name string, body []byte) File {
	sum := sha256.Sum256(body)
	return File{
		ContentType: contentType(name),
		ETag:        `W/"` + hex.EncodeToString(sum[:16]) + `"`,
		Body:        body,
		gzipped:     sync.OnceValue(func() []byte { return compress(body) }),
	}
}

// contentType is not left to package mime, which asks the machine that it runs on.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".yaml":
		return "application/yaml"
	default:
		return "text/plain; charset=utf-8"
	}
}

func compress(body []byte) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		panic(err) // the level is a constant
	}
	// A bytes.Buffer takes everything, so neither call can fail.
	_, _ = w.Write(body)
	_ = w.Close()
	return b.Bytes()
}
