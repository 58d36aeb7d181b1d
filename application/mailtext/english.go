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
					"The link works once, within 24 hours. If you ask for another mail, only the newest link works.",
					"If it was not you, there is nothing to do: do not use the link, and ignore this mail.",
				},
			}
		},
		models.MailReset: func(f facts) letter {
			return letter{
				subject: "Choose a new password for " + f.app,
				heading: "Choose a new password",
				before: []string{
					fmt.Sprintf("Somebody asked for a new password for your account at %s. If that was you, choose one here.", f.app),
				},
				button: "Choose a new password",
				after: []string{
					"The link works once, within 30 minutes. If you ask for another mail, only the newest link works. With the new password, you are logged out on all devices.",
					"If it was not you, ignore this mail: your password stays as it is. Do not pass the link on to anybody.",
				},
			}
		},
		models.MailEmailChanged: func(f facts) letter {
			return letter{
				subject: fmt.Sprintf("The e-mail address of your account at %s has changed", f.app),
				heading: "Your e-mail address has changed",
				before: []string{
					fmt.Sprintf("On %s, the e-mail address of your account at %s was changed. The account no longer uses this address.", englishTime(f), f.app),
					"If that was you, there is nothing to do.",
					fmt.Sprintf("If it was not you, somebody else may be using your account. Please tell those who run %s at once.", f.app),
				},
			}
		},
		models.MailPasswordChanged: func(f facts) letter {
			return letter{
				subject: fmt.Sprintf("The password of your account at %s has changed", f.app),
				heading: "Your password has changed",
				before: []string{
					fmt.Sprintf("On %s, the password of your account at %s was changed. Other devices were logged out.", englishTime(f), f.app),
					"If that was you, there is nothing to do.",
					fmt.Sprintf("If it was not you, go to %s and ask for a new password at once, as somebody who has forgotten it.", f.home),
				},
			}
		},
	},
	footer: func(f facts) string {
		return fmt.Sprintf("%s sent this mail by itself. Nobody reads answers to it.", f.app)
	},
}

func englishTime(f facts) string { return f.when.Format("2 January 2006 at 15:04 UTC") }
