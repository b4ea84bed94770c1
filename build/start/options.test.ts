import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../paths.ts'
import { readOptions } from './options.ts'

describe('options of npm start', () => {
  it('have defaults', () => {
    expect(readOptions([])).toMatchObject({ port: 4720, servicePort: 4721, rooms: 24, demo: true, open: true, json: false })
  })

  it('keep own data apart from the demo', () => {
    expect(readOptions([])).toMatchObject({ data: join(root, '.data') })
    expect(readOptions(['--no-demo'])).toMatchObject({ data: join(root, '.data', 'own') })
  })

  it.each([
    [['--port', '70000'], '--port'],
    [['--rooms', 'many'], '--rooms'],
    [['--service-port', '-1'], '--service-port'],
    [['--host', 'emacs'], '--host'],
    [['--hots', 'browser'], '--hots'],
    [['--no-demo', '--reset-demo'], 'exclude each other'],
  ])('%j is answered with what is wrong', (args, words) => {
    const answer = readOptions(args)
    expect(answer).toHaveProperty('wrong')
    expect(JSON.stringify(answer)).toContain(words)
  })
})
