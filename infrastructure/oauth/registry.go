package oauth

import (
	"gofiber-auth/domain"
	"gofiber-auth/domain/services"
)

// Registry is the providers that are configured. It does not change.
type Registry struct {
	providers map[string]services.IdentityProvider
}

var _ services.IdentityProviders = (*Registry)(nil)

// NewRegistry returns the registry of the providers.
func NewRegistry(providers ...services.IdentityProvider) *Registry {
	r := &Registry{providers: make(map[string]services.IdentityProvider, len(providers))}
	for _, p := range providers {
		r.providers[p.Name()] = p
	}
	return r
}

// Lookup implements services.IdentityProviders.
func (r *Registry) Lookup(name string) (services.IdentityProvider, error) {
	p, ok := r.providers[name]
	if !ok {
		return nil, domain.ErrProviderUnknown
	}
	return p, nil
}
