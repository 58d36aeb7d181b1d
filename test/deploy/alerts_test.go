package deploy

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"gofiber-auth/test/harness"
	"gofiber-auth/test/smtpsink"
)

const (
	alertsFile  = "../../deploy/prometheus/alerts.yml"
	runbookFile = "docs/operations.md"
)

// ruleFile is what Prometheus reads, and all that our file uses of it.
type ruleFile struct {
	Groups []struct {
		Name  string
		Rules []rule
	}
}

type rule struct {
	Alert       string
	Expr        string
	For         string
	Labels      struct{ Severity string }
	Annotations struct{ Summary, Description, Runbook string }
}

func readRules(t *testing.T) []rule {
	t.Helper()
	f, err := os.Open(alertsFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var file ruleFile
	decoder := yaml.NewDecoder(f)
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		t.Fatal(err)
	}
	var rules []rule
	for _, group := range file.Groups {
		rules = append(rules, group.Rules...)
	}
	if len(rules) < 10 {
		t.Fatalf("only %d rules were read", len(rules))
	}
	return rules
}

// Each alert says how urgent it is, what it means and where it stands what to do.
func TestAlertsSayWhatToDo(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../" + runbookFile)
	if err != nil {
		t.Fatal(err)
	}
	var headings []string
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(string(text), -1) {
		headings = append(headings, strings.ReplaceAll(strings.ToLower(m[1]), " ", "-"))
	}
	var seen []string
	for _, r := range readRules(t) {
		if r.Alert == "" || slices.Contains(seen, r.Alert) {
			t.Errorf("alert %q has no name of its own", r.Alert)
		}
		seen = append(seen, r.Alert)
		if !slices.Contains([]string{"page", "ticket"}, r.Labels.Severity) {
			t.Errorf("%s: severity %q", r.Alert, r.Labels.Severity)
		}
		if r.Annotations.Summary == "" || r.Annotations.Description == "" {
			t.Errorf("%s says too little: %+v", r.Alert, r.Annotations)
		}
		if _, err := time.ParseDuration(r.For); r.For != "" && err != nil {
			t.Errorf("%s: for: %v", r.Alert, err)
		}
		page, heading, _ := strings.Cut(r.Annotations.Runbook, "#")
		if page != runbookFile || !slices.Contains(headings, heading) {
			t.Errorf("%s: %s has no heading %q", r.Alert, page, heading)
		}
		if !strings.Contains(string(text), "`"+r.Alert+"`") {
			t.Errorf("%s does not name %s", runbookFile, r.Alert)
		}
	}
}

// A metric, label or result that was renamed would silence its alert, or never let it rest.
func TestAlertsAreAboutMetricsThatThereAre(t *testing.T) {
	t.Parallel()
	sink := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(sink.Close)
	b := startBus(t, shipped+"/nats-server.conf")
	mute, _ := smtpsink.Mute(t)
	s := startService(t, b.url("auth"), "SMTP_URL=smtp://"+mute, "BACKEND_SYNC_URL="+sink.URL, "BACKEND_SYNC_SECRET=a-secret-of-many-different-bytes-0123456789")
	s.mustRegister(t, "ada")
	if _, err := s.do(http.MethodPost, "/api/v1/auth/exchange", "", `{"code":"nobody's"}`, http.StatusBadRequest); err != nil {
		t.Fatal(err)
	}

	var wanted []selector
	for _, r := range readRules(t) {
		selectors := selectorsIn(r.Expr)
		if len(selectors) == 0 {
			t.Errorf("%s: no metric was found in %s", r.Alert, r.Expr)
		}
		wanted = append(wanted, selectors...)
	}
	for _, w := range wanted {
		if w.metric == "up" { // Prometheus makes it
			continue
		}
		harness.Eventually(t, w.metric+" is among the metrics", func() error {
			exposed, err := s.exposed(w.metric)
			if err == nil && !slices.ContainsFunc(exposed, w.covers) {
				err = fmt.Errorf("nothing like %+v among %q", w, exposed)
			}
			return err
		})
	}
}

// exposed returns the series of a metric at /metrics, as they stand there without their value.
func (s *service) exposed(metric string) ([]string, error) {
	answer, err := s.do(http.MethodGet, "/metrics", "", "", http.StatusOK)
	if err != nil {
		return nil, err
	}
	var series []string
	for line := range strings.Lines(string(answer)) {
		if name, _, _ := strings.Cut(line, "{"); strings.HasPrefix(line, metric+" ") || name == metric {
			series = append(series, line[:strings.LastIndex(strings.TrimSpace(line), " ")])
		}
	}
	return series, nil
}

// selector is what an expression asks of a metric.
type selector struct {
	metric   string
	labels   []string // that it has to have
	excluded []string // label="value" that an alert is not about, and which so must exist
}

func (s selector) covers(series string) bool {
	for _, label := range s.labels {
		if !strings.Contains(series, "{"+label+`="`) && !strings.Contains(series, ","+label+`="`) {
			return false
		}
	}
	for _, pair := range s.excluded {
		if !strings.Contains(series, pair) {
			return false
		}
	}
	return true
}

var (
	// A name that no parenthesis follows, and perhaps matchers. Those of the language are not
	// metrics, nor are the labels between parentheses behind by, on and the like.
	metricInExpr = regexp.MustCompile(`\b([a-z_:][a-z0-9_:]*)\s*(\{[^}]*\})?(\s*\()?`)
	labelLists   = regexp.MustCompile(`\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)`)
	durations    = regexp.MustCompile(`\[[^\]]*\]`)
	matcher      = regexp.MustCompile(`([a-z_]+)\s*(=~|!~|!=|=)\s*"([^"]*)"`)
	operators    = []string{"and", "or", "unless", "bool", "offset"}
)

func selectorsIn(expr string) []selector {
	expr = durations.ReplaceAllString(labelLists.ReplaceAllString(expr, " "), " ")
	var all []selector
	for _, m := range metricInExpr.FindAllStringSubmatch(expr, -1) {
		if m[3] != "" || slices.Contains(operators, m[1]) {
			continue
		}
		s := selector{metric: m[1]}
		for _, part := range matcher.FindAllStringSubmatch(m[2], -1) {
			if part[1] == "job" || part[1] == "instance" { // Prometheus adds them
				continue
			}
			s.labels = append(s.labels, part[1])
			if part[2] == "!=" {
				s.excluded = append(s.excluded, fmt.Sprintf("%s=%q", part[1], part[3]))
			}
		}
		all = append(all, s)
	}
	return all
}
