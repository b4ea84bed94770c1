import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { until } from '../../contract/testing/wait.ts'
import { leadTo, openBrowser } from './open.ts'

const link = 'http://127.0.0.1:4720/#token=only-once'
let folder: string

beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'rk-open-'))))
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

describe('opening the console in a browser', () => {
  it('[ACC-1] goes by a page that only its own account can read, and that can be taken away', () => {
    const page = leadTo(link, join(folder, 'pages'))
    const path = fileURLToPath(page.address)
    expect(page.address).not.toContain('only-once')
    expect([statSync(path).mode & 0o777, statSync(join(folder, 'pages')).mode & 0o777]).toEqual([0o600, 0o700])
    expect(readFileSync(path, 'utf8')).toContain(`content="0; url=${link}"`)
    page.remove()
    expect(existsSync(path)).toBe(false)
  })

  it('writes a link as text, whatever is in it', () => {
    const page = leadTo('http://127.0.0.1/"><script>', folder)
    expect(readFileSync(fileURLToPath(page.address), 'utf8')).not.toContain('<script>')
  })

  it.runIf(process.platform === 'linux')('[ACC-1] shows no token in the arguments of the program that opens it', async () => {
    // Stands in for xdg-open: it writes down how it was called.
    const said = join(folder, 'arguments')
    const program = join(folder, 'xdg-open')
    writeFileSync(program, `#!/bin/sh\nprintf '%s' "$*" > '${said}.new' && mv '${said}.new' '${said}'\n`)
    chmodSync(program, 0o755)
    vi.stubEnv('PATH', `${folder}${delimiter}${process.env['PATH'] ?? ''}`)
    vi.stubEnv('DISPLAY', ':0')
    openBrowser(link, join(folder, 'pages'))
    await until('the stand-in to be called', () => existsSync(said))
    const called = readFileSync(said, 'utf8')
    expect(called).not.toContain('only-once')
    const [name = ''] = readdirSync(join(folder, 'pages'))
    expect(called).toContain(name)
  })
})
