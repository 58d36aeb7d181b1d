package repositorytest_test

import (
	"errors"
	"testing"

	"gofiber-auth/domain"
	"gofiber-auth/domain/repositories/repositorytest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	repositorytest.Run(t, func(*testing.T) repositorytest.Store { return new(repositorytest.Memory).Store() })
}

func TestMemoryFailsWhenTold(t *testing.T) {
	t.Parallel()
	var m repositorytest.Memory
	m.Fail(domain.ErrUnavailable)
	if _, err := m.ByID(t.Context(), "x"); !errors.Is(err, domain.ErrUnavailable) {
		t.Fatalf("ByID() = %v, want %v", err, domain.ErrUnavailable)
	}
	if err := m.Do(t.Context(), nil); !errors.Is(err, domain.ErrUnavailable) {
		t.Fatalf("Do() = %v, want %v", err, domain.ErrUnavailable)
	}
	m.Fail(nil)
	if _, err := m.ByID(t.Context(), "x"); !errors.Is(err, domain.ErrNotFound) {
		t.Fatalf("ByID() = %v, want %v", err, domain.ErrNotFound)
	}
}
