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
					"ลิงก์นี้ใช้ได้เพียงครั้งเดียวภายใน 24 ชั่วโมง หากคุณขออีเมลใหม่ จะใช้ได้เฉพาะลิงก์ล่าสุดเท่านั้น",
					"หากไม่ใช่คุณ คุณไม่ต้องดำเนินการใด ๆ โปรดอย่ากดลิงก์และเพิกเฉยต่ออีเมลฉบับนี้",
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
		models.MailEmailChanged: func(f facts) letter {
			return letter{
				subject: fmt.Sprintf("อีเมลของบัญชี %s ของคุณถูกเปลี่ยนแล้ว", f.app),
				heading: "อีเมลของคุณถูกเปลี่ยนแล้ว",
				before: []string{
					fmt.Sprintf("อีเมลของบัญชี %s ของคุณถูกเปลี่ยนเมื่อวันที่ %s บัญชีนี้ไม่ได้ใช้อีเมลนี้อีกต่อไป", f.app, thaiTime(f)),
					"หากคุณเป็นผู้เปลี่ยน คุณไม่ต้องดำเนินการใด ๆ",
					fmt.Sprintf("หากไม่ใช่คุณ อาจมีผู้อื่นกำลังใช้บัญชีของคุณ โปรดแจ้งผู้ดูแล %s ทันที", f.app),
				},
			}
		},
		models.MailPasswordChanged: func(f facts) letter {
			return letter{
				subject: fmt.Sprintf("รหัสผ่านของบัญชี %s ของคุณถูกเปลี่ยนแล้ว", f.app),
				heading: "รหัสผ่านของคุณถูกเปลี่ยนแล้ว",
				before: []string{
					fmt.Sprintf("รหัสผ่านของบัญชี %s ของคุณถูกเปลี่ยนเมื่อวันที่ %s และอุปกรณ์อื่น ๆ ได้ออกจากระบบแล้ว", f.app, thaiTime(f)),
					"หากคุณเป็นผู้เปลี่ยน คุณไม่ต้องดำเนินการใด ๆ",
					fmt.Sprintf("หากไม่ใช่คุณ โปรดไปที่ %s แล้วขอตั้งรหัสผ่านใหม่ทันทีโดยเลือกว่าลืมรหัสผ่าน", f.home),
				},
			}
		},
	},
	footer: func(f facts) string {
		return fmt.Sprintf("อีเมลฉบับนี้ส่งจาก %s โดยอัตโนมัติ โปรดอย่าตอบกลับ", f.app)
	},
}

var thaiMonths = [...]string{
	"มกราคม", "กุมภาพันธ์", "มีนาคม", "เมษายน", "พฤษภาคม", "มิถุนายน",
	"กรกฎาคม", "สิงหาคม", "กันยายน", "ตุลาคม", "พฤศจิกายน", "ธันวาคม",
}

// thaiTime counts years from the Buddha's death, as people in Thailand do.
func thaiTime(f facts) string {
	return fmt.Sprintf("%d %s %d เวลา %s น. (UTC)", f.when.Day(), thaiMonths[f.when.Month()-1], f.when.Year()+543, f.when.Format("15:04"))
}
