package middleware_test

import (
	"fmt"
	"io"
	"sort"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/google/go-cmp/cmp"

	"gofiber-auth/interfaces/api/middleware"
	"gofiber-auth/pkg/metrics"
)

func TestMetrics(t *testing.T) {
	t.Parallel()
	m := metrics.New("test")
	app := fiber.New(fiber.Config{
		ErrorHandler:   newApp(io.Discard, ok).Config().ErrorHandler,
		RequestMethods: append([]string{"ODD", "STRANGE"}, fiber.DefaultMethods...),
	})
	app.Use(middleware.Metrics(m))
	app.Get("/things/:id", ok)
	app.Post("/things/:id", func(*fiber.Ctx) error { return fiber.ErrUnsupportedMediaType })
	for _, path := range []string{"/things/1", "/things/2", "/secret/1", "/secret/2"} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "ODD", "STRANGE"} {
			send(t, app, requestTo(method, path))
		}
	}
	want := []string{
		"DELETE unmatched 404 2", "DELETE unmatched 405 2",
		"GET /things/:id 200 2", "GET unmatched 404 2",
		"HEAD /things/:id 200 2", "HEAD unmatched 404 2",
		"OPTIONS unmatched 404 2", "OPTIONS unmatched 405 2",
		"OTHER unmatched 404 4", "OTHER unmatched 405 4",
		"PATCH unmatched 404 2", "PATCH unmatched 405 2",
		"POST /things/:id 415 2", "POST unmatched 404 2",
		"PUT unmatched 404 2", "PUT unmatched 405 2",
	}
	var got []string
	observed := uint64(0)
	families, err := m.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, s := range f.GetMetric() {
			labels := map[string]string{}
			for _, l := range s.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			switch f.GetName() {
			case "http_requests_total":
				got = append(got, fmt.Sprint(labels["method"], " ", labels["route"], " ", labels["status"], " ", s.GetCounter().GetValue()))
			case "http_request_duration_seconds":
				observed += s.GetHistogram().GetSampleCount()
				if strings.Contains(labels["route"], "secret") {
					t.Errorf("a path is a label: %v", labels)
				}
			}
		}
	}
	sort.Strings(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("http_requests_total (-want +got):\n%s", diff)
	}
	if observed != 36 {
		t.Errorf("%d requests were timed, want 36", observed)
	}
}
