package mailtext

import (
	"fmt"

	"gofiber-auth/domain/models"
)

var english = language{
	letters: map[models.MailKind]func(f facts) letter{
		models.MailVerify: func(f facts) letter {
			return letter{
				subject: "Confirm your e-mail address for " + f.app,
				heading: "Confirm your e-mail address",
				before: []string{
					fmt.Sprintf("This address was given for an account at %s. If that was you, please confirm that the address is yours.", f.app),
				},
				button: "Confirm the address",
				after: []string{
					"You need to be logged in, or to type your password. The link works once, within 24 hours. If you ask for another mail, only the newest link works.",
					"If it was not you, there is nothing to do: ignore this mail.",
				},
			}
		},
		models.MailVerifyPending: func(f facts) letter {
			return letter{
				subject: "Confirm your new e-mail address for " + f.app,
				heading: "Confirm your new e-mail address",
				before: []string{
					fmt.Sprintf("An account at %s is to use this address from now on. If that was you, please confirm that the address is yours. Until then the account keeps its old address.", f.app),
				},
				button: "Confirm the new address",
				after: []string{
					"You need to be logged in, or to type your password. The link works once, within 24 hours. If you ask for another mail, only the newest link works.",
					"If it was not you, there is nothing to do: ignore this mail.",
				},
			}
		},
		models.MailVerifyRegistration: func(f facts) letter {
			return letter{
				subject: "Complete your registration at " + f.app,
				heading: "Complete your registration",
				before: []string{
					fmt.Sprintf("This address was given to register at %s. If that was you, please confirm that the address is yours. Then your account is ready.", f.app),
				},
				button: "Complete the registration",
				after: []string{
					"You need what you registered with, such as your password. The link works once, within 24 hours.",
					"If it was not you, there is nothing to do: ignore this mail, and there will be no account.",
				},
			}
		},
		models.MailReset: func(f facts) letter {
			return letter{
				subject: "Choose a new password for " + f.app,
				heading: "Choose a new password",
				before: []string{
					fmt.Sprintf("A new password was asked for, for your account at %s. If that was you, choose one here.", f.app),
				},
				button: "Choose a new password",
				after: []string{
					"The link works once, within 30 minutes. If you ask for another mail, only the newest link works. With the new password, you are logged out on all devices.",
					"If it was not you, ignore this mail: your password stays as it is. Do not pass the link on to anyone.",
				},
			}
		},
		models.MailUseProvider: func(f facts) letter {
			with := "the provider that you registered with"
			if f.provider != "" {
				with = f.provider
			}
			return letter{
				subject: "How to log in to " + f.app,
				heading: "How to log in",
				before: []string{
					fmt.Sprintf("A new password was asked for, for your account at %s. This account has no password: log in with %s.", f.app, with),
					fmt.Sprintf("You find the log-in at %s.", f.home),
					"If it was not you, there is nothing to do.",
				},
			}
		},
		models.MailEmailChangeStarted: func(f facts) letter {
			return letter{
				subject: fmt.Sprintf("The e-mail address of your account at %s is to change", f.app),
				heading: "Your e-mail address is to change",
				before: append([]string{
					fmt.Sprintf("On %s, another e-mail address was given for your account at %s. The account uses this address until the other one is confirmed.", englishTime(f), f.app),
				}, englishAlarm(f)...),
			}
		},
		models.MailEmailChanged: func(f facts) letter {
			return letter{
				subject: fmt.Sprintf("The e-mail address of your account at %s has changed", f.app),
				heading: "Your e-mail address has changed",
				before: append([]string{
					fmt.Sprintf("On %s, the e-mail address of your account at %s was changed. The account no longer uses this address.", englishTime(f), f.app),
				}, englishAdvice(f)...),
			}
		},
		models.MailEmailTaken: func(f facts) letter {
			return letter{
				subject: fmt.Sprintf("You have an account at %s already", f.app),
				heading: "You have an account already",
				before: []string{
					fmt.Sprintf("On %s, this address was given for an account at %s, but it has one already. Nothing has changed.", englishTime(f), f.app),
					fmt.Sprintf("If that was you, log in at %s. If you have forgotten your password, you can ask for a new one there.", f.home),
					"If it was not you, there is nothing to do.",
				},
			}
		},
		models.MailPasswordChanged: func(f facts) letter {
			return letter{
				subject: fmt.Sprintf("The password of your account at %s has changed", f.app),
				heading: "Your password has changed",
				before: append([]string{
					fmt.Sprintf("On %s, the password of your account at %s was changed. Other devices were logged out.", englishTime(f), f.app),
				}, englishAlarm(f)...),
			}
		},
		models.MailIdentityLinked: func(f facts) letter {
			return letter{
				subject: fmt.Sprintf("%s was linked to your account at %s", f.provider, f.app),
				heading: f.provider + " was linked",
				before: append([]string{
					fmt.Sprintf("On %s, a log-in by %s was linked to your account at %s.", englishTime(f), f.provider, f.app),
				}, englishAlarm(f)...),
			}
		},
		models.MailIdentityUnlinked: func(f facts) letter {
			return letter{
				subject: fmt.Sprintf("%s was unlinked from your account at %s", f.provider, f.app),
				heading: f.provider + " was unlinked",
				before: append([]string{
					fmt.Sprintf("On %s, the log-in by %s was unlinked from your account at %s. Devices that were logged in by it were logged out.", englishTime(f), f.provider, f.app),
				}, englishAlarm(f)...),
			}
		},
		models.MailNewDevice: func(f facts) letter {
			device := f.device
			if device == "" {
				device = "a device of an unknown kind"
			}
			return letter{
				subject: "A new log-in to your account at " + f.app,
				heading: "A new log-in",
				before: append([]string{
					fmt.Sprintf("On %s, your account at %s was logged in to from a device or a network that it had not been used from before.", englishTime(f), f.app),
					fmt.Sprintf("The device: %s. The network: %s.", device, f.network),
				}, englishAlarm(f)...),
			}
		},
		models.MailAdminChangedEmail: func(f facts) letter {
			return letter{
				subject: fmt.Sprintf("The e-mail address of your account at %s has changed", f.app),
				heading: "Your e-mail address has changed",
				before: []string{
					fmt.Sprintf("On %s, an administrator of %s changed the e-mail address of your account. The account no longer uses this address.", englishTime(f), f.app),
					fmt.Sprintf("If you did not expect this, please contact the operators of %s.", f.app),
				},
			}
		},
		models.MailAdminChangedRole: func(f facts) letter {
			return letter{
				subject: fmt.Sprintf("The role of your account at %s has changed", f.app),
				heading: "Your role has changed",
				before: []string{
					fmt.Sprintf("On %s, an administrator of %s changed the role of your account to \u201c%s\u201d.", englishTime(f), f.app, f.role),
					fmt.Sprintf("If you did not expect this, please contact the operators of %s.", f.app),
				},
			}
		},
		models.MailAccountDeleted: func(f facts) letter {
			return letter{
				subject: fmt.Sprintf("Your account at %s was deleted", f.app),
				heading: "Your account was deleted",
				before: append([]string{
					fmt.Sprintf("On %s, your account at %s was deleted.", englishTime(f), f.app),
				}, englishAdvice(f)...),
			}
		},
		models.MailDeletedByAdmin: func(f facts) letter {
			return letter{
				subject: fmt.Sprintf("Your account at %s was deleted", f.app),
				heading: "Your account was deleted",
				before: []string{
					fmt.Sprintf("On %s, an administrator of %s deleted your account.", englishTime(f), f.app),
					fmt.Sprintf("If you did not expect this, please contact the operators of %s.", f.app),
				},
			}
		},
	},
	footer: func(f facts) string {
		return fmt.Sprintf("%s sent this mail automatically. Please do not answer it.", f.app)
	},
}

// englishAlarm says what to do while the owner can still log in.
func englishAlarm(f facts) []string {
	return []string{
		"If that was you, there is nothing to do.",
		fmt.Sprintf("If it was not you, go to %s and ask for a new password at once, as if you had forgotten it.", f.home),
	}
}

// englishAdvice says what to do where a new password no longer helps.
func englishAdvice(f facts) []string {
	return []string{
		"If that was you, there is nothing to do.",
		fmt.Sprintf("If it was not you, someone else may have used your account. Please tell the operators of %s at once.", f.app),
	}
}

func englishTime(f facts) string { return f.when.Format("2 January 2006 at 15:04 UTC") }
