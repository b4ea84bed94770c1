import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { mistakes, plantedBy, propertyTest } from './planted.ts'

/**
 * Plants one mistake after the other and runs the property test of access against each, which has to fail by a
 * disagreement with the model; for `npm test -- planted`, whose counts go to the file that ROOMKEEPER_COUNTS names.
 * Arguments: names of mistakes; without any, all of them.
 */

const root = fileURLToPath(new URL('../../../', import.meta.url))
const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', '--bail', '1', propertyTest]

/** What the test says with the mistake in place, and how it ends. */
function run(name: string): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, vitest, {
      cwd: root,
      // Colours would stand between the words that are looked for.
      env: { ...process.env, NO_COLOR: '1', [plantedBy]: name },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (output += String(bytes)))
    child.on('close', (code) => resolve({ code, output }))
  })
}

const wanted = process.argv.slice(2)
const failures: string[] = []
let passed = 0
for (const { name } of mistakes.filter((one) => wanted.length === 0 || wanted.includes(one.name))) {
  const { code, output } = await run(name)
  const found = code !== 0 ? /Disagreement: .*/.exec(output)?.[0] : undefined
  if (found === undefined) failures.push(`planted: ${name}${code === 0 ? '' : `: ${output.slice(-400)}`}`)
  else passed += 1
  process.stdout.write(`${found === undefined ? 'NOT FOUND' : 'found'}: ${name}${found === undefined ? '' : `: ${found.slice(0, 160)}`}\n`)
}
const file = process.env['ROOMKEEPER_COUNTS']
if (file !== undefined) writeFileSync(file, JSON.stringify({ passed, failed: failures.length, skipped: [], failures }))
process.exitCode = failures.length === 0 ? 0 : 1
