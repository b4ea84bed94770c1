import { describe, expect, it } from 'vitest'
import { SignalId } from '../../../contract/signals.ts'
import { sendingOf } from '../../testing/notifications/sending.ts'
import { composeMail } from './compose.ts'
import { signalWord } from './signalWords.ts'

describe('[INC-6] an e-mail', () => {
  it('says what, where, how grave, since when, and by which rule, in the language of its reader', () => {
    const mail = composeMail([sendingOf()], 'Contoso', 'fr')
    expect(mail.subject).toBe('#12 demande une action · Caméra de la salle, Salle Bleue (Siège, 2, Lyon) · Contoso')
    expect(mail.text).toContain('Important, depuis le 25 nov. 2026, 10:00 (Europe/Paris)')
    expect(mail.text).toContain('en raison de votre règle «\u00a0Les miens\u00a0»')
    expect(mail.html).toContain('<html lang="fr">')
  })

  it('tells several things in one, and counts what is too much', () => {
    const mail = composeMail(
      Array.from({ length: 53 }, () => sendingOf()),
      'Contoso',
      'en',
    )
    expect(mail.subject).toBe('53 notifications · Contoso')
    expect(mail.text).toContain('And 3 more.')
    expect(mail.text.match(/#12 needs action/gu)).toHaveLength(50)
  })

  it('has nothing of what a device or a person says as markup, as a header, or as what steers the eye', () => {
    const hostile = '<img src=x onerror=alert(1)>\r\nBcc: everybody@contoso.example\u202e&amp;"'
    const mail = composeMail([sendingOf({ detail: hostile, roomName: hostile })], hostile, 'en')
    expect(mail.html).not.toMatch(/<img|onerror=alert\(1\)>/u)
    expect(mail.html).toContain('&lt;img src=x onerror=alert(1)&gt;')
    expect(mail.html).toContain('&amp;amp;&quot;')
    for (const text of [mail.subject, mail.text, mail.html]) expect(text).not.toMatch(/^Bcc:|\u202e/mu)
    expect(mail.subject).not.toMatch(/[\r\n]/u)
  })

  it('calls every signal as people do, in both languages', () => {
    for (const signal of SignalId.options) {
      for (const language of ['en', 'fr'] as const) expect(signalWord(signal, language)).not.toBe(signal)
    }
  })
})
