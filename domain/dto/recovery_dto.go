package dto

// RefreshRequest is the body of POST /auth/refresh. In cookie mode the token comes by cookie.
type RefreshRequest struct {
	RefreshToken string `json:"refreshToken" validate:"required"`
}

// VerifyEmailRequest is the body of POST /auth/email/verify. Beside the token, which proves the
// mailbox, it proves the account, unless the request bears an access token of it.
type VerifyEmailRequest struct {
	Token    string  `json:"token" validate:"required"`
	Password string  `json:"password"`
	Ticket   string  `json:"ticket"`                               // of a pending registration by an identity
	Username *string `json:"username" validate:"omitnil,username"` // of a pending registration, in place of its own
}

// ForgotPasswordRequest is the body of POST /auth/password/forgot.
type ForgotPasswordRequest struct {
	Email string `json:"email" validate:"email_address"`
}

// ResetPasswordRequest is the body of POST /auth/password/reset.
type ResetPasswordRequest struct {
	Token    string `json:"token" validate:"required"`
	Password string `json:"password" validate:"required"`
}
