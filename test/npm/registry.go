package npm

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	publicRegistry = "https://registry.npmjs.org"
	patience       = 10 * time.Minute // for one archive, on a slow line
)

// download writes the archive to a file, without npm.
func (p Package) download(ctx context.Context, file string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	address := registry(os.Getenv) + "/" + p.Name + "/-/" + p.archiveName()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", address, response.Status)
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, response.Body); err != nil {
		f.Close()
		return fmt.Errorf("%s: %w", address, err)
	}
	return f.Close()
}

// registry returns the address that npm would use: of its variable, which it knows in two
// spellings, or of the account's .npmrc, or else the public one.
func registry(getenv func(string) string) string {
	for _, name := range []string{"npm_config_registry", "NPM_CONFIG_REGISTRY"} {
		if address := getenv(name); address != "" {
			return strings.TrimRight(address, "/")
		}
	}
	file := getenv("NPM_CONFIG_USERCONFIG")
	if file == "" {
		file = filepath.Join(getenv("HOME"), ".npmrc")
	}
	settings, err := os.ReadFile(file)
	if err != nil {
		return publicRegistry // mostly there is none
	}
	for line := range strings.Lines(string(settings)) {
		name, value, _ := strings.Cut(line, "=")
		if address := strings.Trim(strings.TrimSpace(value), `"'`); strings.TrimSpace(name) == "registry" && address != "" {
			return strings.TrimRight(address, "/")
		}
	}
	return publicRegistry
}
