import { describe, expect, it } from 'vitest'
import { PlainClipboard } from './plain-clipboard.ts'

/** The bytes of a text as noVNC gives and takes them. */
const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

describe('[REM-5] the plain clipboard of a screen', () => {
  it('is Latin-1 until its server writes UTF-8, and UTF-8 from then on, both ways', () => {
    const clipboard = new PlainClipboard()
    expect([clipboard.read('plain'), clipboard.write('été'), clipboard.unsendable('5 € 会議室 €')]).toEqual([
      'plain',
      'été',
      ['€', '会', '議', '室'],
    ])
    expect(clipboard.read(utf8('été, 5 € 👨‍👩‍👧'))).toBe('été, 5 € 👨‍👩‍👧')
    expect([clipboard.write('été 会'), clipboard.unsendable('5 € 会議室')]).toEqual([utf8('été 会'), []])
    expect([clipboard.read('ascii'), clipboard.write('é')]).toEqual(['ascii', utf8('é')])
  })

  it.each(['été', 'naïve Ã', '© 2026', 'Ünlü: ß', '\u0080\u00ff', 'é€'])(
    'reads %j of a server with Latin-1 as it is, and goes on so',
    (text) => {
      const clipboard = new PlainClipboard()
      expect([clipboard.read(text), clipboard.write('é')]).toEqual([text, 'é'])
      clipboard.read(utf8('é'))
      expect([clipboard.read(text), clipboard.write('é')]).toEqual([text, text === 'é€' ? utf8('é') : 'é'])
    },
  )
})
