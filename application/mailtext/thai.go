package mailtext

import (
	"fmt"

	"gofiber-auth/domain/models"
)

var thai = language{
	letters: map[models.MailKind]func(f facts) letter{
		models.MailVerify: func(f facts) letter {
			return letter{
				subject: "ยืนยันอีเมลของคุณสำหรับ " + f.app,
				heading: "ยืนยันอีเมลของคุณ",
				before: []string{
					fmt.Sprintf("มีการใช้อีเมลนี้กับบัญชีของ %s หากเป็นคุณ โปรดยืนยันว่าอีเมลนี้เป็นของคุณ", f.app),
				},
				button: "ยืนยันอีเมล",
				after: []string{
					"คุณต้องเข้าสู่ระบบหรือกรอกรหัสผ่าน ลิงก์นี้ใช้ได้เพียงครั้งเดียวภายใน 24 ชั่วโมง หากคุณขออีเมลใหม่ จะใช้ได้เฉพาะลิงก์ล่าสุดเท่านั้น",
					"หากไม่ใช่คุณ คุณไม่ต้องดำเนินการใด ๆ โปรดเพิกเฉยต่ออีเมลฉบับนี้",
				},
			}
		},
		models.MailVerifyPending: func(f facts) letter {
			return letter{
				subject: "ยืนยันอีเมลใหม่ของคุณสำหรับ " + f.app,
				heading: "ยืนยันอีเมลใหม่ของคุณ",
				before: []string{
					fmt.Sprintf("มีการขอเปลี่ยนอีเมลของบัญชี %s มาเป็นอีเมลนี้ หากเป็นคุณ โปรดยืนยันว่าอีเมลนี้เป็นของคุณ ระหว่างนี้บัญชีจะยังใช้อีเมลเดิม", f.app),
				},
				button: "ยืนยันอีเมลใหม่",
				after: []string{
					"คุณต้องเข้าสู่ระบบหรือกรอกรหัสผ่าน ลิงก์นี้ใช้ได้เพียงครั้งเดียวภายใน 24 ชั่วโมง หากคุณขออีเมลใหม่ จะใช้ได้เฉพาะลิงก์ล่าสุดเท่านั้น",
					"หากไม่ใช่คุณ คุณไม่ต้องดำเนินการใด ๆ โปรดเพิกเฉยต่ออีเมลฉบับนี้",
				},
			}
		},
		models.MailVerifyRegistration: func(f facts) letter {
			return letter{
				subject: "ลงทะเบียนกับ " + f.app + " ให้เสร็จสมบูรณ์",
				heading: "ลงทะเบียนให้เสร็จสมบูรณ์",
				before: []string{
					fmt.Sprintf("มีการใช้อีเมลนี้ลงทะเบียนกับ %s หากเป็นคุณ โปรดยืนยันว่าอีเมลนี้เป็นของคุณ จากนั้นบัญชีของคุณจะพร้อมใช้งาน", f.app),
				},
				button: "ยืนยันการลงทะเบียน",
				after: []string{
					"คุณต้องใช้ข้อมูลที่ใช้ลงทะเบียน เช่น รหัสผ่าน ลิงก์นี้ใช้ได้เพียงครั้งเดียวภายใน 24 ชั่วโมง",
					"หากไม่ใช่คุณ คุณไม่ต้องดำเนินการใด ๆ โปรดเพิกเฉยต่ออีเมลฉบับนี้ แล้วจะไม่มีการสร้างบัญชี",
				},
			}
		},
		models.MailReset: func(f facts) letter {
			return letter{
				subject: "ตั้งรหัสผ่านใหม่สำหรับ " + f.app,
				heading: "ตั้งรหัสผ่านใหม่",
				before: []string{
					fmt.Sprintf("มีผู้ขอตั้งรหัสผ่านใหม่สำหรับบัญชี %s ของคุณ หากเป็นคุณ โปรดตั้งรหัสผ่านใหม่ที่นี่", f.app),
				},
				button: "ตั้งรหัสผ่านใหม่",
				after: []string{
					"ลิงก์นี้ใช้ได้เพียงครั้งเดียวภายใน 30 นาที หากคุณขออีเมลใหม่ จะใช้ได้เฉพาะลิงก์ล่าสุดเท่านั้น เมื่อตั้งรหัสผ่านใหม่แล้ว บัญชีของคุณจะออกจากระบบในทุกอุปกรณ์",
					"หากไม่ใช่คุณ โปรดเพิกเฉยต่ออีเมลฉบับนี้ รหัสผ่านของคุณจะยังคงเดิม และโปรดอย่าส่งต่อลิงก์นี้ให้ผู้ใด",
				},
			}
		},
		models.MailUseProvider: func(f facts) letter {
			with := "ผู้ให้บริการที่คุณใช้ลงทะเบียน"
			if f.provider != "" {
				with = f.provider
			}
			return letter{
				subject: "วิธีเข้าสู่ระบบ " + f.app,
				heading: "วิธีเข้าสู่ระบบ",
				before: []string{
					fmt.Sprintf("มีผู้ขอตั้งรหัสผ่านใหม่สำหรับบัญชี %s ของคุณ บัญชีนี้ไม่มีรหัสผ่าน โปรดเข้าสู่ระบบด้วย %s", f.app, with),
					fmt.Sprintf("คุณเข้าสู่ระบบได้ที่ %s", f.home),
					"หากไม่ใช่คุณ คุณไม่ต้องดำเนินการใด ๆ",
				},
			}
		},
		models.MailEmailChangeStarted: func(f facts) letter {
			return letter{
				subject: fmt.Sprintf("มีการขอเปลี่ยนอีเมลของบัญชี %s ของคุณ", f.app),
				heading: "มีการขอเปลี่ยนอีเมลของคุณ",
				before: append([]string{
					fmt.Sprintf("มีการขอเปลี่ยนอีเมลของบัญชี %s ของคุณเมื่อวันที่ %s บัญชีจะยังใช้อีเมลนี้จนกว่าอีเมลใหม่จะได้รับการยืนยัน", f.app, thaiTime(f)),
				}, thaiAlarm(f)...),
			}
		},
		models.MailEmailChanged: func(f facts) letter {
			return letter{
				subject: fmt.Sprintf("อีเมลของบัญชี %s ของคุณถูกเปลี่ยนแล้ว", f.app),
				heading: "อีเมลของคุณถูกเปลี่ยนแล้ว",
				before: append([]string{
					fmt.Sprintf("อีเมลของบัญชี %s ของคุณถูกเปลี่ยนเมื่อวันที่ %s บัญชีนี้ไม่ได้ใช้อีเมลนี้อีกต่อไป", f.app, thaiTime(f)),
				}, thaiAdvice(f)...),
			}
		},
		models.MailEmailTaken: func(f facts) letter {
			return letter{
				subject: fmt.Sprintf("คุณมีบัญชี %s อยู่แล้ว", f.app),
				heading: "คุณมีบัญชีอยู่แล้ว",
				before: []string{
					fmt.Sprintf("มีการใช้อีเมลนี้กับบัญชีของ %s เมื่อวันที่ %s แต่อีเมลนี้มีบัญชีอยู่แล้ว จึงไม่มีการเปลี่ยนแปลงใด ๆ", f.app, thaiTime(f)),
					fmt.Sprintf("หากเป็นคุณ โปรดเข้าสู่ระบบที่ %s หากลืมรหัสผ่าน คุณขอตั้งรหัสผ่านใหม่ได้ที่นั่น", f.home),
					"หากไม่ใช่คุณ คุณไม่ต้องดำเนินการใด ๆ",
				},
			}
		},
		models.MailPasswordChanged: func(f facts) letter {
			return letter{
				subject: fmt.Sprintf("รหัสผ่านของบัญชี %s ของคุณถูกเปลี่ยนแล้ว", f.app),
				heading: "รหัสผ่านของคุณถูกเปลี่ยนแล้ว",
				before: append([]string{
					fmt.Sprintf("รหัสผ่านของบัญชี %s ของคุณถูกเปลี่ยนเมื่อวันที่ %s และอุปกรณ์อื่น ๆ ได้ออกจากระบบแล้ว", f.app, thaiTime(f)),
				}, thaiAlarm(f)...),
			}
		},
		models.MailIdentityLinked: func(f facts) letter {
			return letter{
				subject: fmt.Sprintf("เชื่อมต่อ %s กับบัญชี %s ของคุณแล้ว", f.provider, f.app),
				heading: fmt.Sprintf("เชื่อมต่อ %s แล้ว", f.provider),
				before: append([]string{
					fmt.Sprintf("มีการเชื่อมต่อการเข้าสู่ระบบด้วย %s กับบัญชี %s ของคุณเมื่อวันที่ %s", f.provider, f.app, thaiTime(f)),
				}, thaiAlarm(f)...),
			}
		},
		models.MailIdentityUnlinked: func(f facts) letter {
			return letter{
				subject: fmt.Sprintf("ยกเลิกการเชื่อมต่อ %s กับบัญชี %s แล้ว", f.provider, f.app),
				heading: fmt.Sprintf("ยกเลิกการเชื่อมต่อ %s แล้ว", f.provider),
				before: append([]string{
					fmt.Sprintf("มีการยกเลิกการเชื่อมต่อ %s กับบัญชี %s ของคุณเมื่อวันที่ %s และอุปกรณ์ที่เข้าสู่ระบบด้วยวิธีนี้ได้ออกจากระบบแล้ว", f.provider, f.app, thaiTime(f)),
				}, thaiAlarm(f)...),
			}
		},
		models.MailNewDevice: func(f facts) letter {
			device := f.device
			if device == "" {
				device = "ไม่ทราบชนิด"
			}
			return letter{
				subject: fmt.Sprintf("มีการเข้าสู่ระบบบัญชี %s ของคุณจากที่ใหม่", f.app),
				heading: "มีการเข้าสู่ระบบจากที่ใหม่",
				before: append([]string{
					fmt.Sprintf("มีการเข้าสู่ระบบบัญชี %s ของคุณเมื่อวันที่ %s จากอุปกรณ์หรือเครือข่ายที่ไม่เคยใช้มาก่อน", f.app, thaiTime(f)),
					fmt.Sprintf("อุปกรณ์: %s เครือข่าย: %s", device, f.network),
				}, thaiAlarm(f)...),
			}
		},
		models.MailAdminChangedEmail: func(f facts) letter {
			return letter{
				subject: fmt.Sprintf("อีเมลของบัญชี %s ของคุณถูกเปลี่ยนแล้ว", f.app),
				heading: "อีเมลของคุณถูกเปลี่ยนแล้ว",
				before: []string{
					fmt.Sprintf("ผู้ดูแลระบบของ %s เปลี่ยนอีเมลของบัญชีของคุณเมื่อวันที่ %s บัญชีนี้ไม่ได้ใช้อีเมลนี้อีกต่อไป", f.app, thaiTime(f)),
					fmt.Sprintf("หากคุณไม่ทราบเรื่องนี้มาก่อน โปรดติดต่อผู้ดูแล %s", f.app),
				},
			}
		},
		models.MailAdminChangedRole: func(f facts) letter {
			return letter{
				subject: fmt.Sprintf("บทบาทของบัญชี %s ของคุณถูกเปลี่ยนแล้ว", f.app),
				heading: "บทบาทของคุณถูกเปลี่ยนแล้ว",
				before: []string{
					fmt.Sprintf("ผู้ดูแลระบบของ %s เปลี่ยนบทบาทของบัญชีของคุณเป็น \u201c%s\u201d เมื่อวันที่ %s", f.app, f.role, thaiTime(f)),
					fmt.Sprintf("หากคุณไม่ทราบเรื่องนี้มาก่อน โปรดติดต่อผู้ดูแล %s", f.app),
				},
			}
		},
		models.MailAccountDeleted: func(f facts) letter {
			return letter{
				subject: fmt.Sprintf("บัญชี %s ของคุณถูกลบแล้ว", f.app),
				heading: "บัญชีของคุณถูกลบแล้ว",
				before: append([]string{
					fmt.Sprintf("บัญชี %s ของคุณถูกลบเมื่อวันที่ %s", f.app, thaiTime(f)),
				}, thaiAdvice(f)...),
			}
		},
		models.MailDeletedByAdmin: func(f facts) letter {
			return letter{
				subject: fmt.Sprintf("บัญชี %s ของคุณถูกลบแล้ว", f.app),
				heading: "บัญชีของคุณถูกลบแล้ว",
				before: []string{
					fmt.Sprintf("ผู้ดูแลระบบของ %s ลบบัญชีของคุณเมื่อวันที่ %s", f.app, thaiTime(f)),
					fmt.Sprintf("หากคุณไม่ทราบเรื่องนี้มาก่อน โปรดติดต่อผู้ดูแล %s", f.app),
				},
			}
		},
	},
	footer: func(f facts) string {
		return fmt.Sprintf("อีเมลฉบับนี้ส่งจาก %s โดยอัตโนมัติ โปรดอย่าตอบกลับ", f.app)
	},
}

// thaiAlarm is englishAlarm.
func thaiAlarm(f facts) []string {
	return []string{
		"หากเป็นคุณ คุณไม่ต้องดำเนินการใด ๆ",
		fmt.Sprintf("หากไม่ใช่คุณ โปรดไปที่ %s แล้วขอตั้งรหัสผ่านใหม่ทันทีโดยเลือกว่าลืมรหัสผ่าน", f.home),
	}
}

// thaiAdvice is englishAdvice.
func thaiAdvice(f facts) []string {
	return []string{
		"หากเป็นคุณ คุณไม่ต้องดำเนินการใด ๆ",
		fmt.Sprintf("หากไม่ใช่คุณ อาจมีผู้อื่นใช้บัญชีของคุณ โปรดแจ้งผู้ดูแล %s ทันที", f.app),
	}
}

var thaiMonths = [...]string{
	"มกราคม", "กุมภาพันธ์", "มีนาคม", "เมษายน", "พฤษภาคม", "มิถุนายน",
	"กรกฎาคม", "สิงหาคม", "กันยายน", "ตุลาคม", "พฤศจิกายน", "ธันวาคม",
}

// thaiTime counts years from the Buddha's death, as people in Thailand do.
func thaiTime(f facts) string {
	return fmt.Sprintf("%d %s %d เวลา %s น. (UTC)", f.when.Day(), thaiMonths[f.when.Month()-1], f.when.Year()+543, f.when.Format("15:04"))
}
