package serviceimpl

import (
	"context"
	"errors"
	"slices"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/services"
)

// List implements services.LinkedIdentities.
func (o *OAuth) List(ctx context.Context, p models.Principal) ([]models.OAuthProvider, error) {
	return o.Identities.OfUser(ctx, p.User.ID)
}

// Link implements services.LinkedIdentities.
func (o *OAuth) Link(ctx context.Context, p models.Principal, name string) (services.OAuthStart, error) {
	provider, err := o.Providers.Lookup(name)
	if err != nil {
		return services.OAuthStart{}, err
	}
	identities, err := o.Identities.OfUser(ctx, p.User.ID)
	if err != nil {
		return services.OAuthStart{}, err
	}
	if hasProvider(identities, name) {
		return services.OAuthStart{}, domain.ErrProviderLinked
	}
	return o.begin(provider, oauthFlow{UserID: p.User.ID, SessionID: p.Session.ID})
}

// link ends a flow that Link began. The session in which it began must live still: somebody
// else may have proved meanwhile that the account is theirs.
func (o *OAuth) link(ctx context.Context, flow oauthFlow, identity models.ExternalIdentity) error {
	return o.Work.Do(ctx, func(ctx context.Context, r repositories.Set) error {
		user, err := r.Users.ForUpdate(ctx, flow.UserID)
		if err != nil {
			return missing(err, domain.ErrInvalidState)
		}
		if !user.IsActive {
			return domain.ErrAccountDisabled
		}
		session, err := r.Sessions.ByID(ctx, flow.SessionID)
		if err != nil {
			return missing(err, domain.ErrInvalidState)
		}
		if session.UserID != user.ID || !session.IsLive(o.Now()) {
			return domain.ErrInvalidState.Because(errors.New("the session has ended"))
		}
		identities, err := r.Identities.OfUser(ctx, user.ID)
		if err != nil {
			return err
		}
		for _, i := range identities {
			if i.Provider == identity.Provider && i.ProviderID == identity.Subject {
				return r.Identities.Save(ctx, o.refreshed(i, identity)) // another tab was faster
			}
		}
		if err := r.Identities.Create(ctx, o.newIdentity(user.ID, identity)); err != nil {
			return missing(err, domain.ErrInvalidState)
		}
		// The request is the provider's redirect; that the user makes it, the flow has proved.
		return r.Audit.Append(ctx, oneselfOf(ctx, o.NewID(), models.AuditLinked, user.ID, o.Now(), providerOf(identity.Provider)))
	})
}

// Unlink implements services.LinkedIdentities.
func (o *OAuth) Unlink(ctx context.Context, p models.Principal, provider string) error {
	if !slices.Contains(models.Providers(), provider) {
		return domain.ErrProviderUnknown
	}
	return o.Work.Do(ctx, func(ctx context.Context, r repositories.Set) error {
		user, err := lock(ctx, r, p, false)
		if err != nil {
			return err
		}
		identities, err := r.Identities.OfUser(ctx, user.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(identities, func(i models.OAuthProvider) bool { return i.Provider == provider })
		if i < 0 {
			return domain.ErrNotFound
		}
		id := identities[i].ID
		if !user.HasPassword() && !slices.ContainsFunc(identities, func(i models.OAuthProvider) bool { return i.ID != id && o.isOn(i.Provider) }) {
			return domain.ErrLastLoginMethod
		}
		if err := r.Audit.Append(ctx, entryOf(ctx, o.NewID(), models.AuditUnlinked, user.ID, o.Now(), providerOf(provider))); err != nil {
			return err
		}
		return r.Identities.Delete(ctx, id)
	})
}

// isOn reports whether people can log in through the provider.
func (o *OAuth) isOn(provider string) bool {
	_, err := o.Providers.Lookup(provider)
	return err == nil
}
