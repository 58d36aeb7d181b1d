package serviceimpl

import (
	"context"
	"crypto/subtle"
	"errors"
	"slices"

	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/services"
)

// List implements services.LinkedIdentities.
func (o *OAuth) List(ctx context.Context, p models.Principal) ([]models.OAuthProvider, error) {
	return o.Identities.OfUser(ctx, p.User.ID)
}

// Link implements services.LinkedIdentities.
func (o *OAuth) Link(ctx context.Context, p models.Principal, name string, in dto.ProofRequest) (services.OAuthStart, error) {
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
	if err := o.Proof.check(ctx, p, in.CurrentPassword); err != nil {
		return services.OAuthStart{}, err
	}
	return o.begin(provider, oauthFlow{UserID: p.User.ID, SessionID: p.Session.ID, Proved: hashOf(p.User.PasswordHash)})
}

// link ends a flow that Link began. The session in which it began must live and the password that
// proved it must be the account's still: the account may have a new owner by now.
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
		if subtle.ConstantTimeCompare(hashOf(user.PasswordHash), flow.Proved) != 1 {
			return domain.ErrInvalidState.Because(errors.New("the password has changed"))
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
		if err := r.Audit.Append(ctx, oneselfOf(ctx, o.NewID(), models.AuditLinked, user.ID, o.Now(), providerOf(identity.Provider))); err != nil {
			return err
		}
		return o.Mails.tell(ctx, r, models.MailIdentityLinked, user, mailProvider(identity.Provider))
	})
}

// Unlink implements services.LinkedIdentities.
func (o *OAuth) Unlink(ctx context.Context, p models.Principal, provider string, in dto.ProofRequest) error {
	if !slices.Contains(models.Providers(), provider) {
		return domain.ErrProviderUnknown
	}
	identities, err := o.Identities.OfUser(ctx, p.User.ID)
	switch {
	case err != nil:
		return err
	case !hasProvider(identities, provider): // the bearer may list them without a proof, too
		return domain.ErrNotFound
	}
	return o.Proof.startingOver(ctx, p, func(p models.Principal) error {
		if err := o.Proof.check(ctx, p, in.CurrentPassword); err != nil {
			return err
		}
		return o.Work.Do(ctx, func(ctx context.Context, r repositories.Set) error {
			user, err := lock(ctx, r, p, true)
			if err != nil {
				return err
			}
			return o.unlink(ctx, r, user, provider)
		})
	})
}

// unlink removes the locked user's identity at the provider.
func (o *OAuth) unlink(ctx context.Context, r repositories.Set, user models.User, provider string) error {
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
	if err := r.Identities.Delete(ctx, id); err != nil {
		return err
	}
	if err := r.Sessions.DeleteByMethod(ctx, user.ID, provider); err != nil {
		return err
	}
	return o.Mails.tell(ctx, r, models.MailIdentityUnlinked, user, mailProvider(provider))
}

func mailProvider(provider string) map[string]string {
	return map[string]string{models.MailProvider: provider}
}

// isOn reports whether people can log in through the provider.
func (o *OAuth) isOn(provider string) bool {
	_, err := o.Providers.Lookup(provider)
	return err == nil
}
