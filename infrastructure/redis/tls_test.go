package redis

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"gofiber-auth/domain"
	"gofiber-auth/test/redisserver"
)

// startTLS puts TLS before a server and returns its address, and who signed its certificate.
func startTLS(t *testing.T, target string, maxVersion uint16) (addr string, roots *x509.CertPool) {
	t.Helper()
	lender := httptest.NewTLSServer(nil) // of a certificate for 127.0.0.1
	defer lender.Close()
	roots = x509.NewCertPool()
	roots.AddCert(lender.Certificate())
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: lender.TLS.Certificates, MinVersion: tls.VersionTLS10, MaxVersion: maxVersion,
	})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	pass := func(to, from net.Conn) {
		defer to.Close()
		defer from.Close()
		_, _ = io.Copy(to, from) // it ends with either
	}
	wg.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", target)
			if err != nil {
				near.Close()
				continue
			}
			wg.Go(func() { pass(far, near) })
			wg.Go(func() { pass(near, far) })
		}
	})
	return l.Addr().String(), roots
}

func TestTLS(t *testing.T) {
	t.Parallel()
	server := redisserver.New(t)
	server.Password = secret
	server.Start(t)
	modern, roots := startTLS(t, server.Addr, 0)
	url := "rediss://:" + secret + "@" + modern
	store := NewOneTimeStore(connect(t, Options{URL: url, roots: roots}), "test")
	put(t, store, "key", "value")
	wantTaken(t, store, "key", "value")

	old, oldRoots := startTLS(t, server.Addr, tls.VersionTLS11)
	for name, test := range map[string]struct {
		o      Options
		reason string
	}{
		"a certificate of nobody":    {Options{URL: url, roots: x509.NewCertPool()}, "its TLS certificate is not trusted"},
		"a certificate of another":   {Options{URL: "rediss://localhost:" + port(t, modern), roots: roots}, "its TLS certificate is not trusted"},
		"TLS 1.1":                    {Options{URL: "rediss://" + old, roots: oldRoots}, "the TLS handshake fails"},
		"a server that speaks plain": {Options{URL: "rediss://:" + secret + "@" + server.Addr, roots: roots}, "no answer in time"},
	} {
		log := new(logBook)
		test.o.Log = log.logger()
		err := connect(t, test.o).Ping(t.Context())
		if !errors.Is(err, domain.ErrUnavailable) || !strings.Contains(log.String(), test.reason) {
			t.Errorf("%s: Ping() = %v, want %q in the log:\n%s", name, err, test.reason, log)
		}
		if strings.Contains(log.String(), secret) || strings.Contains(log.String(), "127.0.0.1") {
			t.Errorf("%s: too much was logged:\n%s", name, log)
		}
	}
}

func port(t *testing.T, addr string) string {
	t.Helper()
	_, p, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
