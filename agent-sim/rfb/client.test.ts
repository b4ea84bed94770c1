import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readVncPassword } from './client.ts'

it.each([
  ['by a byte order mark of UTF-8', Buffer.concat([Buffer.of(0xef, 0xbb, 0xbf), Buffer.from('sécret\r\nmore', 'utf8')])],
  ['by one of UTF-16', Buffer.concat([Buffer.of(0xff, 0xfe), Buffer.from('sécret\r\nmore', 'utf16le')])],
  ['without one', Buffer.from('sécret\nmore', 'latin1')],
])('[REM-9] the password of a VNC server is the first line of its file, as editors save it: %s', async (_how, bytes) => {
  const folder = mkdtempSync(join(tmpdir(), 'vnc-password-'))
  try {
    writeFileSync(join(folder, 'password'), bytes)
    expect(await readVncPassword(join(folder, 'password'))).toBe('sécret')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
