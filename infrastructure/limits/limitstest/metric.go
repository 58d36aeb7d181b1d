package limitstest

import (
	"testing"

	"gofiber-auth/pkg/metrics"
)

// Metric returns the sum of all values of a metric.
func Metric(t *testing.T, m *metrics.Metrics, name string) (sum float64) {
	t.Helper()
	families, err := m.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, metric := range family.GetMetric() {
			sum += metric.GetCounter().GetValue() + metric.GetGauge().GetValue()
		}
	}
	return sum
}
