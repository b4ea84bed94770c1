import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { importedPackages, makeNotices } from './notices.ts'
import { root } from './paths.ts'

const { dependencies } = z
  .object({ dependencies: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')))
const notices = makeNotices()
const named = new Set(notices.map(({ name }) => name))

describe('the notice of licences', () => {
  it('has everything that is shipped, with a licence', () => {
    const aliases: Readonly<Record<string, string>> = { 'better-sqlite3': 'better-sqlite3-multiple-ciphers' }
    const shipped = [...new Set([...Object.keys(dependencies), ...importedPackages()])].map((name) => aliases[name] ?? name)
    expect(shipped.filter((name) => !named.has(name))).toEqual([])
    for (const { name, licence } of notices) expect([name, licence]).toEqual([name, expect.stringMatching(/^[\w(].{1,80}$/u)])
  })

  it('has the parts of both ends, and what they depend on', () => {
    const screens = ['vue', '@vue/reactivity', '@novnc/novnc', '@xterm/xterm', '@fontsource-variable/inter', 'electron']
    for (const name of [...screens, 'fastify', 'avvio', '@lydell/node-pty-linux-x64']) expect(named).toContain(name)
  })

  it('has no tool of tests, checks and builds', () => {
    const tools = ['vitest', 'eslint', 'electron-builder', 'typescript', 'fast-check', '@playwright/test', 'vite', 'rolldown']
    for (const name of tools) expect(named).not.toContain(name)
  })

  it('has the texts that come with them', () => {
    const without = notices.filter(({ text }) => text === '').map(({ name }) => name)
    expect(notices.find(({ name }) => name === 'vue')?.text).toContain('Permission is hereby granted')
    expect(without.length).toBeLessThan(notices.length / 4)
  })
})
